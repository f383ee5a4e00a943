// What the playground shows of an answer, each drawing a function of the state and the answer:
// probabilities, tokens, attention, and how alike the two paths are.
"use strict";

const Views = {};

// ---- Probabilities --------------------------------------------------------------------------------

// One bar per class, in the order of the classes, so that nothing jumps; a tick where it was before
// anything was changed.
Views.classes = function (parent, names) {
  const holder = Page.add(parent, "div", { class: "classes", role: "group", "aria-label": "Probability of each class" });
  const rows = names.map((name) => {
    const bar = Page.el("div", { class: "bar" }), was = Page.el("div", { class: "was" });
    const label = Page.el("span", { class: "name" }, name), output = Page.el("output");
    const row = Page.add(holder, "div", { class: "class" }, label, Page.el("div", { class: "track" }, bar, was), output);
    return { row, bar, was, label, output };
  });
  return function (now, before, truth) {
    const best = Views.likeliest(now);
    rows.forEach(({ row, bar, was, label, output }, c) => {
      row.classList.toggle("best", c === best);
      bar.style.width = 100 * now[c] + "%";
      was.style.left = 100 * before[c] + "%";
      label.textContent = names[c] + (c === truth ? " ✓" : "");
      output.textContent = Page.percent(now[c], 1);
      row.title = `${names[c]}: ${Page.percent(now[c], 2)}; unchanged ${Page.percent(before[c], 2)}`;
    });
  };
};
Views.likeliest = (values) => values.indexOf(Math.max(...values));

// ---- Tokens ---------------------------------------------------------------------------------------

// K×T tokens of D numbers, each token a small square of D cells.
Views.tokens = function (parent, parts, moments) {
  const K = parts.length, T = moments;
  const holder = Page.add(parent, "div", { class: "tokens" });
  const names = Page.add(holder, "div", { class: "names" }, parts.map((p) => Page.el("span", {}, p)));
  names.style.gridTemplateRows = `repeat(${K}, 1fr)`;
  const grid = Page.add(holder, "div", { class: "grid" });
  const canvas = Page.add(grid, "canvas", { "aria-hidden": "true" });
  const root = Page.svg("svg", { viewBox: `0 0 ${T} ${K}`, preserveAspectRatio: "none", role: "img", "aria-label": "Tokens" });
  const cells = [];
  for (let k = 0; k < K; ++k)
    for (let t = 0; t < T; ++t) {
      const cell = Page.svg("rect", { x: t, y: k, width: 1, height: 1, fill: "transparent", "data-tip": "" });
      root.append(cell);
      cells.push(cell);
    }
  grid.append(root);
  Page.readsTips(root, cells, { columns: T });
  Page.add(holder, "div", { class: "frames" }, [...Array(T).keys()].map((t) => Page.el("span", {}, String(t + 1))));

  // tokens, before: [T,K,D]; difference: draw what has changed instead of what is there.
  return function (tokens, before, D, difference) {
    const side = Math.ceil(Math.sqrt(D)), gap = 1, step = side + gap;
    canvas.width = T * step - gap;
    canvas.height = K * step - gap;
    const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
    let most = 1e-9;
    for (const value of before) most = Math.max(most, Math.abs(value));
    most *= difference ? 0.5 : 0.7;
    for (let t = 0; t < T; ++t)
      for (let k = 0; k < K; ++k) {
        let square = 0, moved = 0;
        for (let d = 0; d < D; ++d) {
          const at = (t * K + k) * D + d, change = tokens[at] - before[at];
          square += tokens[at] ** 2;
          moved += change ** 2;
          const rgb = Page.diverging(0.5 + 0.5 * Math.min(1, Math.max(-1, (difference ? change : tokens[at]) / most)));
          const x = t * step + (d % side), y = k * step + Math.floor(d / side), pixel = 4 * (y * canvas.width + x);
          image.data.set([...rgb, 255], pixel);
        }
        cells[k * T + t].dataset.tip = `${parts[k]}, moment ${t + 1}\nlength ${Page.number(Math.sqrt(square), 2)}, changed by ${Page.number(Math.sqrt(moved), 2)}`;
      }
    context.putImageData(image, 0, 0);
  };
};

// How far each body part's tokens have moved, as a share of their length: [K].
Views.tokenChange = function (tokens, before, [, T, K, D]) {
  const moved = Array(K).fill(0), whole = Array(K).fill(1e-9);
  for (let t = 0; t < T; ++t)
    for (let k = 0; k < K; ++k)
      for (let d = 0; d < D; ++d) {
        const at = (t * K + k) * D + d;
        moved[k] += (tokens[at] - before[at]) ** 2;
        whole[k] += before[at] ** 2;
      }
  return moved.map((m, k) => Math.sqrt(m / whole[k]));
};

// ---- Attention ------------------------------------------------------------------------------------

// weights [1,S,heads,L,L]: the mean over heads of one sequence, in per mille as Page.attention has it.
Views.attentionMap = function (weights, [, , heads, L], sequence) {
  const map = new Array(L * L).fill(0);
  for (let h = 0; h < heads; ++h)
    for (let i = 0; i < L * L; ++i) map[i] += (1000 * weights[(sequence * heads + h) * L * L + i]) / heads;
  return map;
};

// The maps of the four transformers at a layer: of a moment where body parts look at each other, of a
// body part where moments do.
Views.attention = function (holder, answer, { parts, moment, part, layer, T }) {
  holder.replaceChildren();
  const moments = [...Array(T).keys()].map((t) => String(t + 1));
  for (const name of Object.keys(Page.transformers)) {
    const tensor = `${name}.${layer}`, spatial = name.endsWith("spatial");
    if (!answer[tensor]) continue;
    const box = Page.add(holder, "div", {}, Page.el("h3", {}, Page.transformers[name]), Page.el("p", { class: "quiet" }, spatial ? `moment ${moment + 1}` : parts[part]));
    Page.attention(box, name, Views.attentionMap(answer[tensor], answer.shapes[tensor], spatial ? moment : part), spatial ? parts : moments, { size: 26 });
  }
};

// ---- The two paths --------------------------------------------------------------------------------

Views.similarity = function (holder, cosines, parts) {
  holder.replaceChildren();
  const K = parts.length;
  Page.matrix(holder, {
    rows: parts.map((p) => "ST " + p), columns: parts.map((p) => "TS " + p), size: 44, least: 28, down: "ST path", across: "TS path", label: "Similarity of the paths' tokens",
    cell: (i, j) => {
      const v = cosines[i * K + j];
      return { colour: Page.sequential((v + 1) / 2), text: Page.number(v, 2), tip: `ST ${parts[i]} and TS ${parts[j]}: ${Page.number(v, 3)}` + (i === j ? "\nthe same body part: MAC makes these alike" : "\ndifferent body parts: MAC makes these differ") };
    },
  });
};

// The mean cosine of the same body part in both paths, and of different ones.
Views.agreement = function (cosines, K) {
  let same = 0, other = 0;
  for (let i = 0; i < K; ++i)
    for (let j = 0; j < K; ++j) i === j ? (same += cosines[i * K + j] / K) : (other += cosines[i * K + j] / (K * (K - 1)));
  return { same, other };
};
