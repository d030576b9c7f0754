// Elements are made from text, never from markup: whatever a title or an answer holds stays text.

const data = JSON.parse(document.getElementById("data").textContent);

function byId(id) {
  return document.getElementById(id);
}

/** An element with attributes, event listeners (`onclick`) and children, which may be texts. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "color") element.style.background = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function makeSvg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

function number(value) {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}

function share(part, whole) {
  return whole ? `${((100 * part) / whole).toFixed(1)} %` : "";
}

function plural(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(count, 1)) / 3), units.length - 1);
  return `${number(Math.round((count / 1000 ** power) * 10) / 10)} ${units[power]}`;
}

/** A table; columns whose name starts with `#` hold numbers. */
function table(columns, rows) {
  const isNumber = columns.map((column) => column.startsWith("#"));
  const cells = (name, row) =>
    row.map((cell, at) => make(name, { class: isNumber[at] && "number" }, cell ?? ""));
  const head = make("tr", {}, ...cells("th", columns.map((column) => column.replace(/^#/, ""))));
  const body = rows.map((row) =>
    make("tr", {}, ...cells("td", row.map((cell) => (typeof cell === "number" ? number(cell) : cell)))),
  );
  return make("div", { class: "scroll" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
}

function copyButton(text) {
  const button = make("button", { type: "button", class: "copy", title: "Copy" }, "copy");
  button.addEventListener("click", async (event) => {
    event.stopPropagation();
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      // A page that was opened from disk may not be allowed to: the text is selected instead.
      getSelection().selectAllChildren(button.previousSibling);
    }
  });
  return button;
}

function copyable(text) {
  return make("span", {}, make("code", {}, text), copyButton(text));
}

function swatch(category) {
  return make("span", { class: "swatch", color: category.color });
}

/** An answer as it is shown. */
function answerText(value) {
  if (value === null) return "not answered";
  if (value === true) return "yes";
  if (value === false) return "no";
  if (Array.isArray(value)) return value.map(answerText).join(", ") || "none";
  if (typeof value === "object") {
    const nested = Object.entries(value.attributes ?? {}).map(([key, answer]) => `${key}: ${answerText(answer)}`);
    return [answerText(value.answer ?? null), ...nested].join("; ");
  }
  return String(value);
}

function shapeName(shape) {
  return shape.replaceAll("_", " ");
}
