// The last calls of the API, newest first.

import { count, element, replace, table } from "./dom.js";

const KEPT = 100;
const COLUMNS = [
  { label: "Time" }, { label: "Call" }, { label: "Status" }, { label: "Rows", number: true },
  { label: "ms", number: true }, { label: "Outcome" },
];
const place = document.getElementById("part-calls");
let calls = [];

export function changeCalls(added, isNew) {
  calls = [...added.reverse(), ...(isNew ? [] : calls)].slice(0, KEPT);
  draw();
}

function draw() {
  if (!calls.length) {
    replace(place, element("p", { class: "card soft" }, "No calls yet."));
    return;
  }
  const rows = calls.map((one) => ({ "data-call": one.seq, cells: [
    new Date(one.time * 1000).toLocaleTimeString("en-GB"),
    element("span", { class: "mono" }, `${one.method} ${shorten(one.path)}`),
    status(one.status),
    one.rows === null ? "" : count(one.rows),
    one.duration_ms.toFixed(one.duration_ms < 10 ? 1 : 0),
    element("span", { class: one.outcome === "answered" ? "soft" : "bad" }, one.outcome),
  ] }));
  replace(place, element("div", { class: "card" }, table(COLUMNS, rows)));
}

function status(code) {
  if (code === null) return element("span", { class: "bad" }, "none");
  const kind = code < 300 ? "good" : code === 404 || code === 429 ? "warn" : "bad";
  return element("span", { class: kind }, String(code));
}

// The path below the organizations: `my_org/lists/contacts`.
function shorten(path) {
  return path.replace(/^\/Portal\/Api\/organizations\//, "");
}
