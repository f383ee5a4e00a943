// The kinds of drawing that pages share: colours, heat maps, curves, rows of marks. All are inline
// SVG in the colours of page.css, show their values on hover, and take the keyboard where they hold
// many values: focus a drawing, then use the arrow keys.
"use strict";

// ---- Colours ----------------------------------------------------------------------------------

Page.category = (i) => `var(--c${i % 8})`;

// Perceptually even maps, told by stops between which they are linear.
Page.ramp = function (stops) {
  const channels = stops.map((stop) => [1, 3, 5].map((at) => parseInt(stop.slice(at, at + 2), 16)));
  return function (x) {
    const place = Math.min(Math.max(x, 0), 1) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    return channels[low].map((c, i) => Math.round(c + (place - low) * (channels[low + 1][i] - c)));
  };
};
// viridis backwards: small values are light, as on paper. [0,1] → [r,g,b].
Page.sequential = Page.ramp(["#fdf6d8", "#fde725", "#a0da39", "#4ac16d", "#1fa187", "#277f8e", "#365c8d", "#46327e", "#440154"]);
// α of ST: 0 (TS) orange, ½ pale, 1 (ST) blue; told apart by every kind of colour vision.
Page.diverging = Page.ramp(["#8f3f00", "#d55e00", "#f0b078", "#f4f1ea", "#93bfdf", "#2b7fb8", "#004a80"]);
Page.rgb = ([r, g, b]) => `rgb(${r},${g},${b})`;
// Black or white, whichever reads better on a colour.
Page.ink = ([r, g, b]) => {
  const linear = (c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) > 0.18 ? "#000" : "#fff";
};

// A bar that explains a colour map: text for its two ends (and the middle).
Page.scale = function (parent, map, ...texts) {
  const stops = [...Array(13).keys()].map((i) =>
    Page.svg("stop", { offset: i / 12, "stop-color": Page.rgb(map(i / 12)) }));
  const id = "scale" + (Page.scales = (Page.scales || 0) + 1);
  Page.add(parent, "div", { class: "legend" },
    Page.el("span", {}, texts[0],
      Page.svg("svg", { width: 140, height: 12, "aria-hidden": "true" },
        Page.svg("defs", {}, Page.svg("linearGradient", { id }, stops)),
        Page.svg("rect", { width: 140, height: 12, fill: `url(#${id})` })),
      texts.slice(1).join(" · ")));
};

// ---- Text in drawings -------------------------------------------------------------------------

// Pixels that a text takes, roughly: SVG has no layout of its own.
// Chinese, Japanese and Korean signs are as wide as they are high.
Page.textWidth = (text, size = 12) => size * [...String(text)].reduce((w, c) => w + (c >= "\u1100" ? 1 : /[A-Zmw]/.test(c) ? 0.72 : 0.58), 0);
// The end is kept: "touching or scratching head" and "… neck" differ there.
Page.shortened = (text, letters) => (text.length <= letters ? text : text.slice(0, Math.ceil(letters / 2) - 1) + "…" + text.slice(-Math.floor(letters / 2)));
// A drawing's width, no wider than the page: text in it stays as large as it is.
Page.fitting = (width) => Math.min(width, Math.max(280, Page.main.clientWidth - 8));
// About `count` round numbers that cover low … high.
Page.ticks = function (low, high, count) {
  const rough = (high - low || 1) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; ++i) ticks.push(+(i * step).toPrecision(12));
  return ticks;
};

// ---- Heat maps --------------------------------------------------------------------------------

// Where the squares of a matrix lie, and how wide the whole is.
Page.matrixPlace = function ({ rows, columns, size, across = "", down = "", letters = 22 }) {
  const longest = (names) => Math.max(...names.map((n) => Page.textWidth(Page.shortened(n, letters))), 10);
  const left = longest(rows) + 10 + (down ? 16 : 0), slanted = longest(columns);
  const upright = slanted <= size - 2;
  const top = (upright ? 18 : slanted * 0.72 + 14) + (across ? 16 : 0);
  return { left, top, upright, width: left + columns.length * size + (upright ? 4 : slanted * 0.72 + 6) };
};
// rows, columns: names. cell(r, c) → null (no square) or {colour: [r,g,b], text, tip}. Names on the
// left and, slanted, above; `across` and `down` say what columns and rows are. Squares have the side
// `size`, or what fits the page but not less than `least`; a text that does not fit its square is
// left out.
Page.matrix = function (parent, { rows, columns, cell, size = 24, least = size, across = "", down = "", label, letters = 22 }) {
  const place = (side) => Page.matrixPlace({ rows, columns, size: side, across, down, letters });
  while (size > least && place(size).width > Page.main.clientWidth - 8) --size;
  const { left, top, upright, width } = place(size), height = top + rows.length * size + 2;
  const font = size < 22 ? 9 : 11;
  // Names are 12 pixels high: of rows that are less, every second or third has its name.
  const named = (i) => i % Math.ceil(11 / size) === 0;
  const root = Page.svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: 0, "aria-label": label + ". Arrow keys read its values.", "data-tips": true, "data-values": rows.length * columns.length });
  if (across) root.append(Page.svg("text", { x: left, y: 12, class: "quiet" }, across + " →"));
  if (down) root.append(Page.svg("text", { x: 12, y: top, class: "quiet", transform: `rotate(-90 12 ${top})`, "text-anchor": "end" }, "← " + down));
  rows.forEach((name, r) => named(r) &&
    root.append(Page.svg("text", { x: left - 6, y: top + r * size + size / 2 + 4, "text-anchor": "end" }, Page.shortened(name, letters), Page.svg("title", {}, name))));
  columns.forEach((name, c) => {
    if (!named(c)) return;
    const x = left + c * size + size / 2, y = top - 6;
    root.append(upright
      ? Page.svg("text", { x, y, "text-anchor": "middle" }, name)
      : Page.svg("text", { x: x + 3, y, transform: `rotate(-45 ${x + 3} ${y})` }, Page.shortened(name, letters), Page.svg("title", {}, name)));
  });
  const cells = rows.map((_, r) => columns.map((_, c) => cell(r, c)));
  cells.forEach((line, r) => line.forEach((told, c) => {
    if (!told) return;
    root.append(Page.svg("rect", { x: left + c * size, y: top + r * size, width: size, height: size, fill: Page.rgb(told.colour), stroke: "var(--ground)", "stroke-width": 1 }));
    if (told.text && Page.textWidth(told.text, font) <= size)
      root.append(Page.svg("text", { x: left + (c + 0.5) * size, y: top + (r + 0.5) * size + 4, "text-anchor": "middle", "font-size": font, style: `fill:${Page.ink(told.colour)}` }, told.text));
  }));
  const here = Page.svg("rect", { width: size, height: size, class: "here", visibility: "hidden" });
  root.append(here);
  let at = [0, 0];
  const show = (r, c, x, y) => {
    const told = r >= 0 && c >= 0 && r < rows.length && c < columns.length && cells[r][c];
    here.setAttribute("visibility", told ? "visible" : "hidden");
    if (!told) return Page.tip.hide();
    at = [r, c];
    here.setAttribute("x", left + c * size);
    here.setAttribute("y", top + r * size);
    x === undefined ? Page.tip.beside(here, told.tip) : Page.tip.show(told.tip, x, y);
  };
  root.addEventListener("pointermove", (event) => {
    const box = root.getBoundingClientRect();
    show(Math.floor((event.clientY - box.top - top) / size), Math.floor((event.clientX - box.left - left) / size), event.clientX, event.clientY);
  });
  Page.reads(root, ([right, downwards]) => {
    at = [Math.min(Math.max(at[0] + downwards, 0), rows.length - 1), Math.min(Math.max(at[1] + right, 0), columns.length - 1)];
    show(...at);
  }, () => here.setAttribute("visibility", "hidden"));
  parent.append(root);
  return root;
};

// A drawing that arrow keys read: step([right, down]) at each key, and with [0,0] at the focus.
Page.reads = function (root, step, leave) {
  const keys = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  root.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    step(keys[event.key]);
  });
  root.addEventListener("focus", () => root.matches(":focus-visible") && step([0, 0]));
  root.addEventListener("pointerleave", () => { Page.tip.hide(); leave(); });
  root.addEventListener("blur", leave);
};

// Arrow keys read the tips of a drawing's marks, which the pointer reads as well: cells of a grid with
// so many columns, or a list. `place.at`, which of them is read, may outlive the drawing.
Page.readsTips = function (root, marks, { columns = 1, place = { at: 0 } } = {}) {
  if (!marks.length) return root;
  root.setAttribute("tabindex", 0);
  root.setAttribute("aria-label", root.getAttribute("aria-label") + ". Arrow keys read its values.");
  root.setAttribute("data-values", marks.length);
  const here = Page.svg("rect", { class: "here", visibility: "hidden", "vector-effect": "non-scaling-stroke", "pointer-events": "none" });
  root.append(here);
  const within = (i, count) => Math.min(Math.max(i, 0), count - 1);
  Page.reads(root, ([right, down]) => {
    const at = within(place.at, marks.length);
    // A list has one direction.
    const row = within(Math.floor(at / columns) + down + (columns === 1 ? right : 0), marks.length / columns);
    const mark = marks[(place.at = row * columns + (columns === 1 ? 0 : within((at % columns) + right, columns)))];
    for (const side of ["x", "y", "width", "height"]) here.setAttribute(side, mark.getAttribute(side));
    here.setAttribute("visibility", "visible");
    Page.tip.beside(here, mark.dataset.tip);
  }, () => here.setAttribute("visibility", "hidden"));
  return root;
};

// ---- Curves -----------------------------------------------------------------------------------

// Two kinds of line, for training and validation, in each of four ways.
Page.dashes = [null, "7 4", "2 3", "9 3 2 3", "14 4", "6 3 2 3 2 3", "4 8", "14 3 5 3"];
// Those of run i: together with its colour, 32 runs differ.
Page.runDash = (i, kind) => Page.dashes[2 * ((i + Math.floor(i / 8)) % 4) + kind];

// series: [{name, colour, dash, points: [[x, y], …]}], y null where there is none. Hover, or the
// arrow keys, read the values at a place.
Page.curves = function (parent, { series, x, label, from, to, low, high, digits = 3, width = 560, height = 260 }) {
  width = Page.fitting(width);
  series = series.filter((s) => s.points.some((p) => p[1] !== null));
  const all = series.flatMap((s) => s.points.filter((p) => p[1] !== null));
  if (!all.length) return null;
  const xs = all.map((p) => p[0]), ys = all.map((p) => p[1]);
  const x0 = from !== undefined ? from : Math.min(...xs), x1 = to !== undefined ? to : Math.max(...xs, x0 + 1e-9);
  const y0 = low !== undefined ? low : Math.min(...ys), y1 = high !== undefined ? high : Math.max(...ys, y0 + 1e-9);
  const left = 52, right = 12, top = 10, bottom = 38;
  const px = (v) => left + ((v - x0) / (x1 - x0)) * (width - left - right);
  const py = (v) => height - bottom - ((v - y0) / (y1 - y0)) * (height - top - bottom);
  const root = Page.svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img", tabindex: 0, "aria-label": label + ". Arrow keys read its values.", "data-tips": true, style: `max-width:${width * 1.3}px` });
  for (const tick of Page.ticks(y0, y1, 5))
    root.append(Page.svg("path", { class: "grid", d: `M${left} ${py(tick)}H${width - right}` }), Page.svg("text", { x: left - 6, y: py(tick) + 4, "text-anchor": "end", class: "quiet" }, Page.number(tick)));
  for (const tick of Page.ticks(x0, x1, 6))
    root.append(Page.svg("text", { x: px(tick), y: height - bottom + 16, "text-anchor": "middle", class: "quiet" }, Page.number(tick)));
  root.append(Page.svg("path", { class: "axis", d: `M${left} ${top}V${height - bottom}H${width - right}` }),
    Page.svg("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle", class: "quiet" }, x));
  for (const s of series) {
    const d = s.points.map((p, i) => p[1] === null ? "" : (i && s.points[i - 1][1] !== null ? "L" : "M") + px(p[0]).toFixed(1) + " " + py(Math.min(Math.max(p[1], y0), y1)).toFixed(1)).join("");
    root.append(Page.svg("path", { d, fill: "none", stroke: s.colour, "stroke-width": 2, "stroke-dasharray": s.dash, "stroke-linejoin": "round" }));
    // Few points are seen as points: a single one would have no line at all.
    if (s.points.length <= 30)
      for (const p of s.points) if (p[1] !== null) root.append(Page.svg("circle", { cx: px(p[0]), cy: py(p[1]), r: 3.2, fill: s.colour }));
  }
  const here = Page.svg("path", { class: "here", visibility: "hidden", "stroke-width": 1.5 });
  root.append(here);
  const places = [...new Set(xs)].sort((a, b) => a - b);
  root.setAttribute("data-values", places.length);
  let at = 0;
  const show = (i, clientX, clientY) => {
    at = i;
    const place = places[i];
    here.setAttribute("d", `M${px(place)} ${top}V${height - bottom}`);
    here.setAttribute("visibility", "visible");
    const lines = series.map((s) => [s, s.points.find((p) => p[0] === place)]).filter(([, p]) => p && p[1] !== null).map(([s, p]) => `${s.name}: ${Page.number(p[1], digits)}`);
    const text = `${x} ${Page.number(+place.toFixed(2))}\n` + lines.join("\n");
    clientX === undefined ? Page.tip.beside(here, text) : Page.tip.show(text, clientX, clientY);
  };
  root.addEventListener("pointermove", (event) => {
    const box = root.getBoundingClientRect();
    const v = x0 + (((event.clientX - box.left) * width / box.width - left) / (width - left - right)) * (x1 - x0);
    show(places.reduce((best, p, i) => (Math.abs(p - v) < Math.abs(places[best] - v) ? i : best), 0), event.clientX, event.clientY);
  });
  Page.reads(root, ([right_]) => show(Math.min(Math.max(at + right_, 0), places.length - 1)), () => here.setAttribute("visibility", "hidden"));
  parent.append(root);
  if (series.length > 1)
    Page.legend(parent, series.map((s) => ({ name: s.name, mark: Page.svg("path", { d: "M0 7H34", stroke: s.colour, "stroke-width": 3, "stroke-dasharray": s.dash }) })), 34);
  return root;
};

// ---- Marks in rows ----------------------------------------------------------------------------

// A mark of 12 pixels around (x, y): shape as well as colour tells kinds apart.
Page.mark = function (kind, x, y, colour) {
  const shapes = [
    () => Page.svg("circle", { cx: x, cy: y, r: 5.5, fill: colour, stroke: "var(--text)", "stroke-width": 0.8 }),
    () => Page.svg("path", { d: `M${x - 5.5} ${y + 5}L${x} ${y - 6}L${x + 5.5} ${y + 5}Z`, fill: "none", stroke: colour, "stroke-width": 2.2 }),
    () => Page.svg("rect", { x: x - 4.8, y: y - 4.8, width: 9.6, height: 9.6, fill: "none", stroke: colour, "stroke-width": 2.2 }),
    () => Page.svg("path", { d: `M${x - 5} ${y - 5}L${x + 5} ${y + 5}M${x - 5} ${y + 5}L${x + 5} ${y - 5}`, stroke: colour, "stroke-width": 2.6 }),
    () => Page.svg("path", { d: `M${x} ${y - 6.5}L${x + 6.5} ${y}L${x} ${y + 6.5}L${x - 6.5} ${y}Z`, fill: colour }),
  ];
  return shapes[kind % shapes.length]();
};

// rows: [{name, values: [v|null, …], span: [low, high]|undefined, bar: [low, high]|undefined, tip}];
// a mark per value of `kinds` [{name, colour}] along low … high. `span` is a thin line, `bar` a
// thick one: a spread or an interval behind the marks. `at` draws a vertical line with its text.
Page.marks = function (parent, { rows, kinds, low, high, x, label, at = [], letters = 24, width = 620, step = 24 }) {
  width = Page.fitting(width);
  const left = Math.max(...rows.map((r) => Page.textWidth(Page.shortened(r.name, letters))), 40) + 12;
  const right = 18, top = at.length ? 22 : 8, bottom = 36, height = top + rows.length * step + bottom;
  const px = (v) => left + ((Math.min(Math.max(v, low), high) - low) / (high - low)) * (width - left - right);
  const root = Page.svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", tabindex: 0, "aria-label": label + ". Arrow keys read its values.", "data-tips": true, "data-values": rows.length, style: "max-width:100%;height:auto" });
  for (const tick of Page.ticks(low, high, 5))
    root.append(Page.svg("path", { class: "grid", d: `M${px(tick)} ${top}V${height - bottom}` }), Page.svg("text", { x: px(tick), y: height - bottom + 15, "text-anchor": "middle", class: "quiet" }, Page.number(tick)));
  for (const line of at)
    root.append(Page.svg("path", { d: `M${px(line.value)} ${top - 4}V${height - bottom}`, stroke: "var(--quiet)", "stroke-dasharray": "4 3" }), Page.svg("text", { x: px(line.value), y: 13, class: "quiet", "text-anchor": px(line.value) > width - 90 ? "end" : px(line.value) < left + 40 ? "start" : "middle" }, line.text));
  // Where the window is too narrow for it, what the axis shows is said below the drawing.
  const fits = Page.textWidth(x) < width - left;
  if (fits) root.append(Page.svg("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle", class: "quiet" }, x));
  rows.forEach((row, r) => {
    const y = top + (r + 0.5) * step;
    root.append(Page.svg("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, Page.shortened(row.name, letters), Page.svg("title", {}, row.name)));
    if (row.span) root.append(Page.svg("path", { d: `M${px(row.span[0])} ${y}H${px(row.span[1])}`, stroke: "var(--quiet)", "stroke-width": 1.5 }));
    if (row.bar) root.append(Page.svg("path", { d: `M${px(row.bar[0])} ${y}H${px(row.bar[1])}`, stroke: row.barColour || "var(--line)", "stroke-width": 9, "stroke-linecap": "butt", opacity: 0.55 }));
    row.values.forEach((v, k) => v !== null && v !== undefined && root.append(Page.mark(k, px(v), y, row.colour || kinds[k].colour)));
  });
  const here = Page.svg("rect", { x: 1, width: width - 2, height: step, class: "here", visibility: "hidden", "stroke-width": 1.5 });
  root.append(here);
  let row = 0;
  const show = (r, x_, y_) => {
    here.setAttribute("visibility", rows[r] ? "visible" : "hidden");
    if (!rows[r]) return Page.tip.hide();
    row = r;
    here.setAttribute("y", top + r * step);
    x_ === undefined ? Page.tip.beside(here, rows[r].tip) : Page.tip.show(rows[r].tip, x_, y_);
  };
  root.addEventListener("pointermove", (event) => {
    const box = root.getBoundingClientRect();
    show(Math.floor(((event.clientY - box.top) * height / box.height - top) / step), event.clientX, event.clientY);
  });
  Page.reads(root, ([, down]) => show(Math.min(Math.max(row + down, 0), rows.length - 1)), () => here.setAttribute("visibility", "hidden"));
  parent.append(root);
  if (!fits) Page.add(parent, "div", { class: "legend quiet" }, x);
  if (kinds.length > 1) Page.legend(parent, kinds.map((k, i) => ({ name: k.name, mark: Page.mark(i, 7, 7, k.colour) })));
  return root;
};
