// Fault rules and switches: what makes calls fail, and how the emulator answers.

import { attempt, call, element, replace, table } from "./dom.js";

const KINDS = {
  status: ["status", "message", "retry_after", "when"],
  result_code: ["result_code", "message", "when"],
  busy: ["retry_after"], quota: ["seconds"],
  partial: ["rows", "field_name", "message", "validation_code"],
  not_json: ["when"], truncate: [], delay: ["seconds"], hang: ["seconds", "when"],
  reset: ["when", "body_bytes"], close: ["when", "body_bytes"],
};
const COMMON = ["method", "path", "skip", "times", "probability"];
const PARTS = {
  method: { label: "Method", options: ["*", "GET", "POST", "PUT", "DELETE"] },
  path: { label: "Path (regular expression)", placeholder: "/data/load$" },
  skip: { label: "Calls that pass first", number: 0 },
  times: { label: "How often (0: always)", number: 1 },
  probability: { label: "Chance (0 to 1)", number: 1 },
  status: { label: "HTTP status", number: 503 },
  message: { label: "Message", placeholder: "Fault on demand" },
  retry_after: { label: "Retry-After (seconds)", number: "" },
  result_code: { label: "result_code", placeholder: "Failed" },
  seconds: { label: "Seconds", number: "" },
  rows: { label: "Rows, by index", placeholder: "0, 7" },
  field_name: { label: "Field", placeholder: "MAIL" },
  validation_code: { label: "Validation code", options: ["Unknown", "InvalidFieldCount", "MaxStringLengthExceeded", "InvalidType"] },
  when: { label: "When", options: ["before", "after"] },
  body_bytes: { label: "Bytes of the body first", number: 0 },
};
const SWITCHES = [
  ["organizations", "Organizations", "list"], ["api_key", "Key", "text"], ["api_secret", "Secret (not shown)", "secret"],
  ["denied", "Denied operationIds", "list"], ["rate_limit", "Calls per window", "number"],
  ["rate_window", "Window (seconds)", "number"], ["latency_ms", "Latency (ms)", "number"],
  ["bulk_latency_ms", "Further latency of bulk calls (ms)", "number"],
  ["latency_per_row", "Further latency of a List load for each row (ms)", "number"], ["body_limit", "Largest body (bytes)", "number"],
  ["body_reset", "Reset the connection above it", "boolean"], ["max_rows", "Most rows of a bulk call", "number"],
  ["upload_seconds", "Time for a body (seconds)", "number"], ["parallel_bulk", "Parallel bulk calls on a List", "boolean"],
  ["missing_status", "Status of what is missing", [404, 400, 200]], ["unseen_calls", "Calls that do not see a new List", "number"],
  ["record_index_base", "Number of the first row", [0, 1]], ["invalid_rows", "Invalid rows are", ["listed", "counted", "whole"]],
  ["case_insensitive_keys", "Ignore case in keys", "boolean"],
  ["segment_load_inserts", "Segment loads create unknown records", "boolean"],
  ["unique_index_required_above_rows", "Rows from which a load needs an index", "number"],
];

const faults = document.getElementById("part-faults");
const rules = element("div", {});
const kind = element("select", { name: "kind" }, ...Object.keys(KINDS).map((name) => element("option", {}, name)));
const parts = element("div", { class: "form" });
const form = element("form", { class: "card", id: "new-fault" },
  element("h2", {}, "Set a fault"), parts,
  element("button", { class: "main" }, "Set"));
faults.append(rules, form);
kind.addEventListener("change", drawForm);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => { await call("POST", "faults", readForm()); drawForm(); });
});
drawForm();

function drawForm() {
  const names = [...COMMON, ...KINDS[kind.value]];
  parts.replaceChildren(element("label", {}, "Kind", kind), ...names.map((name) => {
    const { label, options, number, placeholder } = PARTS[name];
    const choices = name === "when" && ["reset", "close"].includes(kind.value) ? [...options, "during"] : options;
    const input = choices
      ? element("select", { name }, ...choices.map((choice) => element("option", {}, choice)))
      : element("input", { name, placeholder, value: number ?? null, type: number === undefined ? "text" : "number", step: "any" });
    return element("label", {}, label, input);
  }));
}

function readForm() {
  const rule = {};
  for (const input of form.elements) {
    if (!input.name || input.value.trim() === "") continue;
    if (input.name === "rows") rule.rows = input.value.split(",").map(Number);
    else rule[input.name] = input.type === "number" ? Number(input.value) : input.value;
  }
  return rule;
}

export function changeFaults(active) {
  if (!active.length) {
    replace(rules, element("p", { class: "card soft" }, "No faults are set."));
    return;
  }
  const columns = [
    { label: "Kind" }, { label: "Calls" }, { label: "Turn" }, { label: "Matched", number: true },
    { label: "Hit", number: true }, { label: "" },
  ];
  const rows = active.map((one) => ({ "data-fault": one.id, cells: [
    one.kind === "status" ? `status ${one.status}` : one.kind,
    element("span", { class: "mono" }, `${one.method === "*" ? "any method" : one.method} ${one.path || "any path"}`),
    describeTurn(one), String(one.seen), String(one.fired),
    element("button", { type: "button", onclick: () => attempt(() => call("DELETE", `faults/${one.id}`)) }, "Remove"),
  ] }));
  const clear = () => attempt(() => call("DELETE", "faults"));
  replace(rules, element("div", { class: "card" }, element("h2", {}, "Faults that are set"), table(columns, rows),
    element("div", { class: "bar" }, element("button", { type: "button", onclick: clear }, "Remove all"))));
}

function describeTurn(one) {
  const times = one.times ? `${one.times} ${one.times === 1 ? "call" : "calls"}` : "every call";
  const chance = one.probability < 1 ? `, chance ${one.probability}` : "";
  return `${times}${one.skip ? ` after ${one.skip}` : ""}${chance}`;
}

const switches = document.getElementById("part-switches");
const inputs = new Map(SWITCHES.map(([name, , type]) => [name, makeInput(name, type)]));
switches.append(
  element("div", { class: "card" },
    element("p", { class: "soft" }, "A change applies at once. An empty number means: no limit."),
    element("div", { class: "form" }, ...SWITCHES.map(([name, label]) => element("label", {}, label, inputs.get(name))))),
  element("div", { class: "card" },
    element("p", {}, "A reset drops all data, calls and faults. The switches stay."),
    element("button", { type: "button", onclick: reset }, "Reset the emulator")),
);

function makeInput(name, type) {
  const attributes = { name, onchange: () => attempt(() => change(name, type)), onblur: () => changeOptions(known) };
  if (Array.isArray(type)) return element("select", attributes, ...type.map((one) => element("option", {}, String(one))));
  if (type === "boolean") return element("input", { ...attributes, type: "checkbox" });
  return element("input", {
    ...attributes, type: { number: "number", secret: "password" }[type] ?? "text", step: "any", autocomplete: "off",
  });
}

let known = {};

async function change(name, type) {
  const input = inputs.get(name);
  let changed = input.value;
  if (type === "boolean") changed = input.checked;
  else if (type === "list") changed = input.value.split(",").map((one) => one.trim()).filter(Boolean);
  else if (type === "number") changed = input.value === "" ? null : Number(input.value);
  else if (Array.isArray(type)) changed = type.find((one) => String(one) === input.value);
  try {
    await call("PATCH", "options", { [name]: changed });
    if (type === "secret") input.value = "";
  } catch (error) {
    changeOptions(known);
    throw error;
  }
}

export function changeOptions(options) {
  known = options;
  for (const [name, , type] of SWITCHES) {
    const input = inputs.get(name);
    // What a person types is left alone until it is done.
    if (input === document.activeElement && ["text", "number"].includes(input.type)) continue;
    if (type === "boolean") input.checked = options[name];
    else if (type === "list") input.value = options[name].join(", ");
    else if (type !== "secret") input.value = options[name] ?? "";
  }
}

function reset() {
  if (confirm("Drop all data, calls and faults?")) attempt(() => call("POST", "reset"));
}
