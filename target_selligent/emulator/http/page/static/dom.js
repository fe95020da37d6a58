// Elements, tables and calls. Text from the emulator is only ever set as text, never as markup.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// A column is {label, number}; a cell is text or an element.
export function table(columns, rows, attributes = {}) {
  const kind = (column) => (column.number ? "number" : null);
  const head = columns.map((column) => element("th", { scope: "col", class: kind(column) }, column.label));
  const body = rows.map(({ cells, ...rest }) =>
    element("tr", rest, ...cells.map((cell, at) =>
      element("td", { "data-label": columns[at].label, class: kind(columns[at]) }, cell))));
  return element("table", { class: "stack", ...attributes },
    element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
}

export function value(text) {
  if (text === null) return element("span", { class: "soft" }, "null");
  if (text === "") return element("span", { class: "soft" }, "empty");
  return element("span", { class: "value" }, text);
}

// Replaces what a place shows. While a button is pressed it waits: a click on what is gone would be lost.
let isPressed = false;
const waiting = new Map();

export function replace(place, ...shown) {
  if (isPressed) waiting.set(place, shown);
  else place.replaceChildren(...shown);
}

addEventListener("pointerdown", () => { isPressed = true; }, true);
for (const name of ["pointerup", "pointercancel", "blur"]) {
  addEventListener(name, () => setTimeout(() => {
    isPressed = false;
    for (const [place, shown] of waiting) place.replaceChildren(...shown);
    waiting.clear();
  }));
}

export const count = (number) => number.toLocaleString("en");

export async function call(method, path, body) {
  const options = { method, headers: body === undefined ? {} : { "Content-Type": "application/json" } };
  if (body !== undefined) options.body = JSON.stringify(body);
  const response = await fetch(`/_emulator/${path}`, options);
  const text = await response.text();
  if (response.ok) return text ? JSON.parse(text) : null;
  let reason = text;
  try {
    const answer = JSON.parse(text);
    reason = answer.errors?.[0]?.description ?? answer.error?.description ?? answer.message ?? text;
  } catch { /* the text itself is the reason */ }
  throw Object.assign(new Error(reason), { status: response.status });
}

const problem = document.getElementById("problem");

export function show(error) {
  problem.textContent = error.message;
  problem.hidden = false;
}

// Does what a click asks for; a refusal is shown at the top of the page.
export async function attempt(action) {
  try {
    problem.hidden = true;
    return await action();
  } catch (error) {
    show(error);
    return undefined;
  }
}
