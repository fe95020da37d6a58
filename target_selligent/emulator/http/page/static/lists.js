// Lists, and of one List: its records, fields and Segments.

import { call, count, element, replace, show, table, value } from "./dom.js";

const TAKE = 50;
const overview = document.getElementById("lists");
const detail = document.getElementById("list");
const head = element("div", {});
const content = element("div", {});
const search = element("input", { type: "search", placeholder: "Find a text in any value", "aria-label": "Search" });
const back = element("button", { type: "button" }, "Back");
const next = element("button", { type: "button" }, "Next");
const range = element("span", { class: "soft", id: "range" });
const bar = element("div", { class: "bar" }, search, back, range, next);
detail.append(element("div", { class: "card" }, head, bar, content));

let place = null;          // {organization, list, part, segment}
let lists = [];
let starts = [0];          // where each page up to this one begins
let following = null;      // where the next page begins
let drawing = 0;           // number of the latest drawing: an older answer is dropped

export const hashOf = (...parts) => `#lists/${parts.map(encodeURIComponent).join("/")}`;

// A place is the part of the address behind `#lists/`: organization, List, records or fields or segments, Segment.
export function openLists([organization, list, part = "records", segment]) {
  const before = JSON.stringify(place);
  place = list ? { organization, list, part, segment } : null;
  const isElsewhere = JSON.stringify(place) !== before;
  if (isElsewhere) {
    starts = [0];
    search.value = "";
  }
  refreshLists();
  // Who clicks does not wait for the pause between two drawings.
  if (isElsewhere) endPause();
}

const LONGEST_PAUSE = 5000;
let isRefreshing = false;
let isStale = false;
let endPause = () => {};

// While a run goes on, something changes all the time. The page takes about a tenth of the emulator's time.
export async function refreshLists() {
  isStale = true;
  if (isRefreshing) return;
  isRefreshing = true;
  while (isStale) {
    isStale = false;
    const begun = performance.now();
    try {
      await draw();
    } catch (error) {
      show(error);
    }
    const taken = performance.now() - begun;
    await new Promise((done) => {
      endPause = done;
      setTimeout(done, isStale ? Math.min(Math.max(200, 9 * taken), LONGEST_PAUSE) : 0);
    });
  }
  isRefreshing = false;
}

async function draw() {
  if (document.getElementById("part-lists").hidden) return;
  lists = await call("GET", "lists");
  drawOverview();
  const open = place && lists.find((one) => one.organization === place.organization && one.api_name === place.list);
  detail.hidden = !open;
  if (open) {
    drawHead(open);
    await drawContent();
  }
}

function drawOverview() {
  if (!lists.length) {
    replace(overview, element("p", { class: "card soft" }, "No Lists yet. They appear here when a run creates them."));
    return;
  }
  const columns = [
    { label: "List" }, { label: "Organization" }, { label: "Type" }, { label: "Fields", number: true },
    { label: "Records", number: true }, { label: "Segments", number: true },
  ];
  const rows = lists.map((one) => ({
    "aria-current": place && place.organization === one.organization && place.list === one.api_name ? "true" : null,
    cells: [
      element("a", { href: hashOf(one.organization, one.api_name) }, one.api_name), one.organization, one.type,
      count(one.fields), count(one.records), count(one.segments),
    ],
  }));
  replace(overview, element("div", { class: "card" }, table(columns, rows)));
}

function drawHead(open) {
  const parts = [["records", "Records"], ["fields", "Fields"], ["segments", "Segments"]];
  const links = parts.map(([part, label]) => element("a", {
    href: hashOf(open.organization, open.api_name, part),
    "aria-current": part === (place.segment ? "segments" : place.part) ? "true" : null,
  }, label));
  replace(head,
    element("h2", {}, open.api_name, " ", element("small", {}, `${open.name}, ${open.type}`)),
    element("nav", { class: "inner", "aria-label": "Parts of the List" }, ...links),
    ...(place.segment ? [element("h3", {}, `Members of Segment ${place.segment}`)] : []),
  );
}

async function drawContent() {
  const number = ++drawing;
  const at = { ...place };
  const query = new URLSearchParams({ list: at.list, organization: at.organization });
  const start = starts.at(-1);
  bar.hidden = at.part === "fields";
  search.placeholder = at.part === "segments" ? "Find a Segment by name" : "Find a text in any value";
  let drawn;
  if (at.part === "fields") {
    drawn = fieldsTable(await call("GET", `fields?${query}`));
  } else if (at.part === "segments") {
    query.set("search", search.value);
    query.set("skip", start);
    query.set("take", TAKE + 1);
    drawn = segmentsTable(await call("GET", `segments?${query}`), at, start, number);
  } else {
    query.set("search", search.value);
    query.set("after", start);
    query.set("take", TAKE);
    if (at.segment) query.set("segment", at.segment);
    drawn = recordsTable(await call("GET", `records?${query}`), number);
  }
  if (number === drawing && drawn) replace(content, drawn);
}

function drawBar(shown, total, first, after) {
  following = after;
  back.disabled = starts.length < 2;
  next.disabled = after === null;
  const from = first + (shown ? 1 : 0);
  range.textContent = `${count(from)} to ${count(first + shown)}${total === null ? "" : ` of ${count(total)}`}`;
}

function recordsTable(page, number) {
  if (number !== drawing) return null;
  drawBar(page.rows.length, search.value ? null : page.count, (starts.length - 1) * TAKE, page.next);
  if (!page.rows.length) return element("p", { class: "soft" }, "No records.");
  const order = [...page.fields.keys()].sort((one, other) => rank(page, other) - rank(page, one) || one - other);
  const columns = order.map((position) => ({ label: page.fields[position] }));
  const rows = page.rows.map((row) => ({ cells: order.map((position) => value(row[position])) }));
  return element("div", { class: "wide" }, table(columns, rows));
}

// The key fields come first.
const rank = (page, position) => (page.keys.includes(page.fields[position]) ? 1 : 0);

function fieldsTable(fields) {
  const rows = fields.map((one) => ({ cells: [
    one.name, one.length ? `${one.data_type}(${one.length})` : one.data_type, one.content, one.allow_null ? "yes" : "no",
  ] }));
  return table([{ label: "Field" }, { label: "Type" }, { label: "Content" }, { label: "Takes null" }], rows);
}

function segmentsTable(page, at, start, number) {
  if (number !== drawing) return null;
  const shown = page.segments.slice(0, TAKE);
  drawBar(shown.length, null, start, page.segments.length > TAKE ? start + TAKE : null);
  if (!shown.length) return element("p", { class: "soft" }, "No Segments.");
  const rows = shown.map((one) => ({ cells: [
    element("a", { href: hashOf(at.organization, at.list, "records", one.api_name) }, one.api_name),
    one.type,
    count(one.members),
    element("span", {}, one.first.map((key) => key.map((part) => part ?? "null").join(", ")).join(" · "),
      one.members > one.first.length ? " …" : ""),
  ] }));
  const keys = `First keys (${page.keys.join(", ")})`;
  return table([{ label: "Segment" }, { label: "Type" }, { label: "Members", number: true }, { label: keys }], rows);
}

let typing;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => { starts = [0]; refreshContent(); }, 200);
});
back.addEventListener("click", () => { starts.pop(); refreshContent(); });
next.addEventListener("click", () => { starts.push(following); refreshContent(); });

function refreshContent() {
  drawContent().catch(show);
}
