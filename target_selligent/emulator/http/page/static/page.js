// The page: its parts, and the stream of events that keeps them current.

import { count, element } from "./dom.js";
import { changeCalls } from "./calls.js";
import { changeFaults, changeOptions } from "./settings.js";
import { openLists, refreshLists } from "./lists.js";

const PARTS = ["lists", "calls", "faults", "switches"];
const COUNTERS = [
  ["requests", "calls"], ["loads", "List loads"], ["rows", "rows"], ["segment_loads", "Segment loads"],
  ["segment_rows", "keys"], ["faults", "faults"], ["quota_429", "over quota"], ["busy_429", "busy"],
];

function openPart() {
  const [part, ...place] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const open = PARTS.includes(part) ? part : "lists";
  for (const name of PARTS) {
    document.getElementById(`part-${name}`).hidden = name !== open;
    const link = document.querySelector(`#tabs a[href="#${name}"]`);
    if (name === open) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (open === "lists") openLists(place);
}

function changeCounters(counters) {
  const shown = COUNTERS.filter(([name], at) => at < 3 || counters[name]);
  document.getElementById("counters").replaceChildren(...shown.map(([name, label]) =>
    element("div", {}, element("dt", {}, label), element("dd", { "data-counter": name }, count(counters[name])))));
}

function showConnection(text, kind) {
  const live = document.getElementById("live");
  live.textContent = text;
  live.className = `badge ${kind}`;
}

const events = new EventSource("/_emulator/events");
let isFirst = true;
events.onopen = () => { isFirst = true; showConnection("live", "good"); };
events.onerror = () => showConnection("not connected", "bad");
events.onmessage = ({ data }) => {
  const event = JSON.parse(data);
  if (event.counters) changeCounters(event.counters);
  if (event.options) changeOptions(event.options);
  if (event.faults) changeFaults(event.faults);
  if (event.calls || event.calls_dropped || isFirst) changeCalls(event.calls ?? [], event.calls_dropped || isFirst);
  if (event.data !== undefined || event.options) refreshLists();
  isFirst = false;
};

addEventListener("hashchange", openPart);
openPart();
