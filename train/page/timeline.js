// A long recording at a glance. The data are those of TimelinePage::data() in
// train/timeline_page.h.
"use strict";

{
  const data = Page.data, { entities, cells, runs } = data;
  const K = entities.length, parts = entities.map(Page.entityName);
  const START = 0, END = 1, SEEN = 2, TOP = 3, ALPHA = 4;
  const WINDOW = 6, UNSEEN = 7;  // of a run: its surest window, and in how many nobody is visible
  const name = (c) => data.names[c];
  const first = data.numbers_from, last = first + data.frames - 1;
  const clock = (seconds) => {
    const tenths = Math.round(10 * seconds), whole = Math.floor(tenths / 10);
    const two = (n) => String(n).padStart(2, "0"), tail = "." + (tenths % 10);
    return (whole >= 3600 ? Math.floor(whole / 3600) + ":" + two(Math.floor(whole / 60) % 60) : Math.floor(whole / 60)) + ":" + two(whole % 60) + tail;
  };
  // Frame n, counted from 1, is shown from (n−1)/fps to n/fps.
  const when = (from, to) => `frames ${from}–${to}` + (data.fps > 0 ? `, ${clock((from - first) / data.fps)}–${clock((to + 1 - first) / data.fps)}` : "");
  const at = (frame) => (data.fps > 0 ? clock((frame - first) / data.fps) : String(frame));

  // The eight actions that take up most of the recording have a lane each, the others share one.
  const windows = new Map();
  for (const cell of cells) windows.set(cell[TOP][0][0], (windows.get(cell[TOP][0][0]) || 0) + 1);
  const common = [...windows.keys()].sort((a, b) => windows.get(b) - windows.get(a)).slice(0, windows.size > 9 ? 8 : 9);
  const lane = (c) => { const i = common.indexOf(c); return i < 0 ? common.length : i; };
  const lanes = common.map(name).concat(windows.size > common.length ? ["other actions"] : []);
  const colour = (c) => (lane(c) < 8 && lane(c) < common.length ? Page.category(lane(c)) : "var(--quiet)");

  // ---- What it is -----------------------------------------------------------------------------

  const facts = Page.add(Page.main, "div", { class: "facts" });
  const fact = (value, text) => Page.add(facts, "div", { class: "fact" }, Page.el("b", {}, value), Page.el("span", {}, text));
  fact(String(data.frames), "frames" + (data.fps > 0 ? `, ${clock(data.frames / data.fps)} at ${data.fps} per second` : ""));
  fact(String(data.windows), `windows of ${data.window} frames, one every ${data.stride}`);
  fact(String(data.runs_in_all), "stretches of the same action");
  fact(name(common[0]), `the commonest action: ${Page.percent(windows.get(common[0]) / cells.length)} of the windows`);
  Page.add(Page.main, "p", { class: "quiet" }, "Every window has a likeliest action; nothing decides whether there is an action at all. Read a low confidence as “none of these, perhaps”." + (data.windows_per_cell > 1 ? ` There are more windows than this page can show: of every ${data.windows_per_cell} neighbours it shows the surest.` : "") + (data.cells_without_person ? ` In ${Page.count(data.cells_without_person, "window")} nobody is visible (hatched): every box is then the whole frame, or every joint is missing.` : ""));
  if (data.views > 1) Page.add(Page.main, "p", { class: "quiet" }, `Each window's probabilities are the mean over ${data.views} views of it. The page that explains a window shows the first of them alone, and says both.`);
  Page.beginContents(Page.main);

  // ---- The strip ------------------------------------------------------------------------------

  const strip = Page.figure(Page.main, {
    id: "strip", title: "The recording, action by action",
    look: "Look for tall, unbroken bars: there the model is sure for longer than one window. Click a window, or move with ← and →, to see it below.",
  });
  const width = 1100, left = Math.max(...lanes.concat(parts).map((n) => Page.textWidth(Page.shortened(n, 20)))) + 14, right = 10;
  const rowHeight = 26, routeHeight = 14, top = 6;
  const lanesBottom = top + lanes.length * rowHeight, routesTop = lanesBottom + 30, bottom = K ? routesTop + K * routeHeight : lanesBottom;
  const height = bottom + 24;
  const px = (frame) => left + ((frame - first) / (last + 1 - first)) * (width - left - right);
  // Windows overlap: a cell is drawn from its middle half a step to either side.
  const middles = cells.map((c) => (c[START] + c[END] + 1) / 2);
  const edge = (i) => (i === 0 ? first : i === cells.length ? last + 1 : (middles[i - 1] + middles[i]) / 2);
  const root = Page.svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img", tabindex: 0, "aria-label": "Timeline. Arrow keys move from window to window.", "data-tips": true, "data-values": cells.length, style: "min-width:900px;cursor:pointer" });
  root.append(Page.svg("defs", {}, Page.svg("pattern", { id: "nobody", width: 6, height: 6, patternUnits: "userSpaceOnUse" }, Page.svg("path", { d: "M0 6L6 0", stroke: "var(--quiet)", "stroke-width": 1 }))));
  lanes.forEach((text, i) => {
    const y = top + i * rowHeight;
    root.append(Page.svg("path", { class: "grid", d: `M${left} ${y + rowHeight - 1}H${width - right}` }), Page.svg("text", { x: left - 8, y: y + rowHeight - 8, "text-anchor": "end" }, Page.shortened(text, 20), Page.svg("title", {}, text)));
  });
  cells.forEach((cell, i) => {
    const [c, p] = cell[TOP][0], x = px(edge(i)), w = Math.max(px(edge(i + 1)) - x, 0.6), h = Math.max(p * (rowHeight - 4), 1);
    const y = top + (lane(c) + 1) * rowHeight - 1 - h;
    root.append(Page.svg("rect", { x, y, width: w, height: h, fill: colour(c), class: "window" }));
    if (!cell[SEEN]) root.append(Page.svg("rect", { x, y: top, width: w, height: lanesBottom - top, fill: "url(#nobody)" }));
  });
  for (const tick of Page.ticks(data.fps > 0 ? 0 : first, data.fps > 0 ? data.frames / data.fps : last, 8)) {
    const frame = data.fps > 0 ? first + tick * data.fps : tick;
    if (frame >= first && frame <= last) root.append(Page.svg("text", { x: px(frame), y: bottom + 16, "text-anchor": "middle", class: "quiet" }, data.fps > 0 ? clock(tick) : String(tick)));
  }
  if (K) {
    root.append(Page.svg("text", { x: left, y: routesTop - 8, class: "quiet" }, "Routing: α, the weight of the ST path: blue where a body part takes ST, orange where it takes TS"));
    // As a picture, a pixel per window: thousands of elements would be slow.
    const canvas = Object.assign(document.createElement("canvas"), { width: 1100, height: K });
    const draw = canvas.getContext("2d");
    cells.forEach((cell, i) => cell[ALPHA].forEach((alpha, k) => {
      const scaled = (frame) => ((px(frame) - left) / (width - left - right)) * canvas.width;
      draw.fillStyle = Page.rgb(Page.diverging(alpha));
      draw.fillRect(Math.floor(scaled(edge(i))), k, Math.ceil(scaled(edge(i + 1))) - Math.floor(scaled(edge(i))), 1);
    }));
    root.append(Page.svg("image", { href: canvas.toDataURL(), x: left, y: routesTop, width: width - left - right, height: K * routeHeight, preserveAspectRatio: "none", style: "image-rendering:pixelated", class: "routing" }));
    parts.forEach((text, k) => root.append(Page.svg("text", { x: left - 8, y: routesTop + (k + 0.5) * routeHeight + 4, "text-anchor": "end" }, text)));
  }
  const here = Page.svg("rect", { y: 1, height: bottom - 1, class: "here", "stroke-width": 2 });
  root.append(here);
  strip.append(root);
  if (K) Page.scale(strip, Page.diverging, "TS", "ST; pale: both alike");

  const tip = (i) => {
    const cell = cells[i];
    return when(cell[START], cell[END]) + "\n" + cell[TOP].map(([c, p]) => `${name(c)} ${Page.percent(p, 1)}`).join("\n") + (cell[SEEN] ? "" : "\nnobody is visible");
  };
  const under = (event) => {
    const box = root.getBoundingClientRect();
    const frame = first + ((((event.clientX - box.left) * width) / box.width - left) / (width - left - right)) * (last + 1 - first);
    return nearest(frame);
  };
  function nearest(frame) {
    let best = 0;
    middles.forEach((m, i) => { if (Math.abs(m - frame) < Math.abs(middles[best] - frame)) best = i; });
    return best;
  }
  root.addEventListener("pointermove", (event) => Page.tip.show(tip(under(event)), event.clientX, event.clientY));
  root.addEventListener("click", (event) => select(under(event), true));

  // ---- Thumbnails -----------------------------------------------------------------------------

  const thumbnails = Page.add(strip, "div", { class: "strip", id: "thumbnails", "aria-label": "Pictures along the recording" });
  const pictures = data.thumbnails.map(([frame, picture]) => {
    const number = frame + first;
    return Page.add(thumbnails, "button", { type: "button", "data-tip": `frame ${number}` + (data.fps > 0 ? ", " + at(number) : ""), "aria-label": `frame ${number}`, onclick: () => select(nearest(number), true) }, Page.el("img", { src: picture, alt: "", loading: "lazy" }));
  });

  // ---- A window -------------------------------------------------------------------------------

  const detail = Page.figure(Page.main, {
    id: "window", title: "The window chosen above",
    look: "Look how far the likeliest action is ahead of the next: a narrow lead is no decision.",
  });
  const panel = Page.add(detail, "div", { class: "columns", "aria-live": "polite" });
  let chosen = 0;
  const escaped = (text) => (/^[\w./:@%,+=-]+$/.test(text) ? text : "'" + text.replace(/'/g, "'\\''") + "'");

  function select(i, bring = false) {
    chosen = Math.min(Math.max(i, 0), cells.length - 1);
    const cell = cells[chosen];
    here.setAttribute("x", px(edge(chosen)) - 1);
    here.setAttribute("width", Math.max(px(edge(chosen + 1)) - px(edge(chosen)), 1) + 2);
    panel.replaceChildren();
    const what = Page.add(panel, "div"), how = Page.add(panel, "div");
    Page.add(what, "h3", { id: "window-frames" }, when(cell[START], cell[END]));
    if (!cell[SEEN]) Page.add(what, "p", { class: "note" }, "Nobody is visible in this window.");
    Page.marks(what, { rows: cell[TOP].map(([c, p]) => ({ name: name(c), values: [p], colour: colour(c), tip: `${name(c)}: ${Page.percent(p, 1)}` })), kinds: [{ name: "probability", colour: Page.category(0) }], low: 0, high: 1, x: "probability", label: "The likeliest actions of this window", width: 460 });
    if (K) Page.marks(how, { rows: parts.map((text, k) => ({ name: text, values: [cell[ALPHA][k]], colour: Page.category(k), tip: `${text}\nST ${Page.percent(cell[ALPHA][k], 1)}, TS ${Page.percent(1 - cell[ALPHA][k], 1)}` })), kinds: [{ name: "α of ST", colour: Page.category(0) }], low: 0, high: 1, x: "α of the ST path", label: "Routing of this window", width: 460, at: [{ value: 0.5, text: "both alike" }] });
    const file = data.links[cell[START]] || `${data.explain.stem}${cell[START]}-${cell[END]}.html`;
    const explained = Page.add(what, "p", {});
    if (data.links[cell[START]]) explained.append(Page.el("a", { href: Page.href(file) }, "Open the explanation of this window"), ": frames, attention, Grad-CAM, and what its answer rests on.");
    else {
      const command = `${data.explain.command} --from ${cell[START]} --to ${cell[END]} --output ${escaped(data.explain.folder + file)}`;
      explained.append("This command writes the explanation of this window: ", Page.el("code", {}, command), " ");
      const copy = Page.el("button", { type: "button", onclick: () => navigator.clipboard && navigator.clipboard.writeText(command).then(() => (copy.textContent = "copied")) }, "copy");
      Page.add(what, "p", { class: "controls" }, navigator.clipboard ? copy : null, Page.el("a", { href: Page.href(file) }, "open it, once written beside this page"));
    }
    pictures.forEach((button, n) => button.setAttribute("aria-current", data.thumbnails[n][0] + first >= cell[START] && data.thumbnails[n][0] + first <= cell[END]));
    const current = pictures.find((button) => button.getAttribute("aria-current") === "true");
    if (current && bring) thumbnails.scrollLeft = current.offsetLeft - thumbnails.offsetLeft - thumbnails.clientWidth / 2;
  }
  Page.reads(root, ([step]) => {
    select(chosen + step, true);
    Page.tip.beside(here, tip(chosen));
  }, () => {});
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest("input, select, textarea, svg[tabindex]")) return;
    const to = { ArrowRight: chosen + 1, ArrowLeft: chosen - 1, PageDown: chosen + 10, PageUp: chosen - 10, Home: 0, End: cells.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(to, true);
  });
  // A window with nobody in it is no example, however sure the model is.
  const sure = (cell) => (cell[SEEN] ? 1 : 0) + cell[TOP][0][1];
  const surest = cells.reduce((best, cell, i) => (sure(cell) > sure(cells[best]) ? i : best), 0);
  const linked = cells.findIndex((cell) => data.links[cell[START]]);
  select(linked >= 0 ? linked : surest);

  // ---- Stretches ------------------------------------------------------------------------------

  const unseen = runs.some((run) => run[UNSEEN]);
  const list = Page.figure(Page.main, {
    id: "stretches", title: "What happens when",
    look: "Sort by “mean”: stretches of many windows with a high mean are what the recording surely holds" + (unseen ? ", unless nobody is visible in them: without a person the model has nobody to look at." : ".") + (runs.length < data.runs_in_all ? ` These are the ${runs.length} longest of ${data.runs_in_all} stretches.` : ""),
  });
  Page.table(list, {
    columns: [{ name: "action", text: true }, { name: "from" }, { name: "to" }, { name: "windows", tip: "neighbouring windows with this action" }, { name: "mean", digits: 3, tip: "mean probability" }, { name: "highest", digits: 3, tip: "of one window" }, ...(unseen ? [{ name: "nobody visible", tip: "windows of the stretch in which nobody is visible" }] : []), { name: "explained", text: true }],
    rows: runs.map(([c, from, to, count, mean, most, window, hidden]) => [name(c), { show: at(from), sort: from }, { show: at(to), sort: to }, count, mean, most, ...(unseen ? [{ show: hidden === count ? "all" : hidden, sort: hidden }] : []), data.links[window] ? "yes" : "–"]),
  });
  if (Object.keys(data.links).length) {
    const pages = Page.add(list, "ul", { class: "plain" });
    for (const [frame, file] of Object.entries(data.links)) {
      const run = runs.find((r) => r[WINDOW] === +frame);
      Page.add(pages, "li", {}, Page.el("a", { href: Page.href(file) }, `${run ? name(run[0]) : "window"} at ${at(+frame)}`));
    }
  }
}
