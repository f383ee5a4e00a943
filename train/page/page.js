// What every page is made of: elements, figures, tips, tables that sort, and sliders. C++ has
// computed the data (Page.data); scripts only draw them and react. A script's order of work is that
// of the page: each call below adds to the end of its parent.
"use strict";

// A property of the window, so that whoever drives the page finds it.
var Page = {
  data: JSON.parse(document.getElementById("data").textContent),
  main: document.querySelector("main"),
};

// ---- Elements ---------------------------------------------------------------------------------

// An element with attributes and children; text children are text, never HTML. An attribute whose
// name begins with "on" is a listener; null and false leave an attribute or child out.
Page.fill = function (node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
};
Page.el = (tag, attributes, ...children) =>
  Page.fill(document.createElement(tag), attributes, children);
Page.svg = (tag, attributes, ...children) =>
  Page.fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
Page.add = function (parent, tag, attributes, ...children) {
  const node = Page.el(tag, attributes, ...children);
  parent.append(node);
  return node;
};

// ---- Numbers ----------------------------------------------------------------------------------

// A number as every page writes it: with so many decimals, or with those that it has. A minus is a
// minus sign, as wide as a plus, and what rounds to zero has none.
Page.number = function (x, digits) {
  const text = digits === undefined ? String(x) : x.toFixed(digits);
  return text.replaceAll("-", Number(text) === 0 ? "" : "−");
};
Page.fixed = (x, digits = 1) => (x === null || x === undefined ? "–" : Page.number(x, digits));
Page.percent = (share, digits = 0) => Page.number(100 * share, digits) + "\u00a0%";
// A difference of two shares, in points and with its sign.
Page.points = function (difference) {
  const text = Page.number(100 * difference, 1);
  return text === "0.0" ? "no change" : (difference > 0 ? "+" : "") + text + " points";
};
Page.count = (n, one, many) => n + " " + (n === 1 ? one : many || one + "s");

// The address of a file, its name being any: "#" and "?" would begin something else.
Page.href = (path) => path.split("/").map(encodeURIComponent).join("/");

// ---- Figures ----------------------------------------------------------------------------------

// A figure: a heading, one sentence that says what to look for, and the returned element to draw
// into. It joins the list of contents.
Page.figure = function (parent, { id, title, look, level = 2 }) {
  const section = Page.add(parent, "section", { class: "figure", id });
  Page.add(section, "h" + level, { id: id + "-title" }, title);
  section.setAttribute("aria-labelledby", id + "-title");
  if (look) Page.add(section, "p", { class: "look quiet" }, look);
  if (Page.contents)
    Page.contents.append(Page.el("li", {}, Page.el("a", { href: "#" + id }, title)));
  return Page.add(section, "div", { class: "drawing" });
};

// The list of contents that figures join from here on.
Page.beginContents = function (parent) {
  Page.contents = Page.add(Page.add(parent, "nav", { class: "contents", "aria-label": "Figures" }), "ul");
};

// The numbers of a figure, folded away behind the drawing.
Page.numbers = function (drawing, table, label = "The numbers as a table") {
  const details = Page.add(drawing.parentNode, "details", {}, Page.el("summary", {}, label));
  Page.table(Page.add(details, "div", { class: "drawing" }), table);
};

// ---- Tips -------------------------------------------------------------------------------------

// One tip for the page. It shows the text of the element under the pointer, or with the focus.
Page.tip = {
  node: Page.add(document.body, "div", { id: "tip", role: "status", hidden: true }),
  show(text, x, y) {
    const { node } = Page.tip;
    Page.tip.again = null;
    node.textContent = text;
    node.hidden = false;
    const { width, height } = node.getBoundingClientRect();
    node.style.left = Math.max(4, Math.min(x + 14, innerWidth - width - 4)) + "px";
    node.style.top = (y + 18 + height < innerHeight ? y + 18 : Math.max(4, y - height - 12)) + "px";
  },
  // What the keyboard shows stays beside its element, also where the page scrolls to it.
  beside(element, text) {
    const box = element.getBoundingClientRect();
    Page.tip.show(text, box.left + box.width / 2, box.top + box.height / 2);
    Page.tip.again = () => Page.tip.beside(element, text);
  },
  hide() {
    Page.tip.node.hidden = true;
    Page.tip.again = null;
  },
};
// An element with data-tip says it on hover and focus.
document.addEventListener("pointermove", (event) => {
  const told = event.target.closest && event.target.closest("[data-tip]");
  if (told) Page.tip.show(told.dataset.tip, event.clientX, event.clientY);
  else if (!(event.target.closest && event.target.closest("[data-tips]"))) Page.tip.hide();
});
document.addEventListener("focusin", (event) => {
  if (event.target.dataset && event.target.dataset.tip && event.target.matches(":focus-visible"))
    Page.tip.beside(event.target, event.target.dataset.tip);
});
document.addEventListener("focusout", Page.tip.hide);
document.addEventListener("scroll", () => (Page.tip.again || Page.tip.hide)(), true);
document.addEventListener("keydown", (event) => event.key === "Escape" && Page.tip.hide());

// ---- Tables -----------------------------------------------------------------------------------

// columns: [{name, tip, text, digits}]; rows: arrays of cells, a cell being a number, a string, null
// (shown as a dash), or {show, sort} where the two differ. Clicking a column's name sorts by it;
// rows that lack the value come last. `marked` (optional) says which rows stand out.
Page.table = function (parent, { columns, rows, caption, sortable = true, marked = () => false }) {
  const table = Page.add(parent, "table");
  if (caption) Page.add(table, "caption", {}, caption);
  const value = (cell) => (cell !== null && typeof cell === "object" ? cell.sort : cell);
  const shown = (cell, column) => {
    if (cell === null || cell === undefined) return "–";
    if (typeof cell === "object") return cell.show;
    return typeof cell === "number" ? Page.number(cell, column.digits) : String(cell);
  };
  const body = Page.el("tbody");
  const fill = (order) =>
    body.replaceChildren(
      ...order.map((row) =>
        Page.el("tr", { class: marked(row) ? "marked" : null },
          row.map((cell, c) =>
            Page.el(c === 0 ? "th" : "td", { scope: c === 0 ? "row" : null, class: columns[c].text ? "text" : null },
              shown(cell, columns[c]))))));
  let by = -1, down = false;
  const heads = columns.map((column, c) =>
    Page.el("th", { scope: "col", class: column.text ? "text" : null },
      sortable && rows.length > 1
        ? Page.el("button", { type: "button", "data-tip": column.tip, onclick: () => sort(c) }, column.name)
        : Page.el("span", { "data-tip": column.tip, tabindex: column.tip ? 0 : null }, column.name)));
  function sort(c) {
    // Numbers first show their largest, names their first.
    const numbers = rows.some((row) => typeof value(row[c]) === "number");
    down = by === c ? !down : numbers;
    by = c;
    const compare = (a, b) => {
      const x = value(a[c]), y = value(b[c]);
      const missing = (x === null || x === undefined) - (y === null || y === undefined);
      if (missing || x === y) return missing;
      const order = numbers ? x - y : String(x).localeCompare(String(y));
      return down ? -order : order;
    };
    heads.forEach((head, i) => head.removeAttribute("aria-sort") || (i === c && head.setAttribute("aria-sort", down ? "descending" : "ascending")));
    fill([...rows].sort(compare));
  }
  Page.add(table, "thead", {}, Page.el("tr", {}, heads));
  table.append(body);
  fill(rows);
  return table;
};

// ---- Controls ---------------------------------------------------------------------------------

Page.controls = (parent) => Page.add(parent, "div", { class: "controls" });

// A list to choose from: options [[value, text], …]; change(value) is called at once, for `initial`
// or the first, and at each choice.
Page.choice = function (parent, label, options, change, initial) {
  const select = Page.el("select", { onchange: () => change(select.value) },
    options.map(([value, text]) => Page.el("option", { value }, text)));
  if (initial !== undefined) select.value = initial;
  parent.append(Page.el("label", {}, label, select));
  change(select.value);
  return select;
};

// A slider over 0 … count-1, for the arrow keys as well; change(i, output) is called at once for
// `initial`, and at each step, and may write what it stands for into the output. set(i) moves it.
Page.slider = function (parent, label, count, change, initial = 0) {
  const output = Page.el("output");
  const input = Page.el("input", { type: "range", min: 0, max: count - 1, step: 1, value: initial, oninput: () => change(+input.value, output) });
  parent.append(Page.el("label", {}, label, input), output);
  change(initial, output);
  return {
    input,
    set(i) {
      input.value = i;
      change(+input.value, output);
    },
  };
};

// A legend: entries [{name, mark}], the mark an SVG element of `width`×14 or a colour.
Page.legend = function (parent, entries, width = 14) {
  Page.add(parent, "div", { class: "legend" },
    entries.map(({ name, mark }) =>
      Page.el("span", {},
        Page.svg("svg", { width, height: 14, "aria-hidden": "true" },
          typeof mark === "string" ? Page.svg("rect", { width, height: 14, rx: 2, fill: mark }) : mark),
        name)));
};
