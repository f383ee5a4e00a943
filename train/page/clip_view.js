// A clip as the network sees it: the frame with joints and entity boxes, and the attention of the
// four transformers. The data are those of clip_json() in train/page/clip_data.h.
"use strict";

// Which joints of BODY_25 a limb connects (SPEC §3).
Page.limbs = [[1, 8], [1, 2], [1, 5], [2, 3], [3, 4], [5, 6], [6, 7], [8, 9], [9, 10], [10, 11], [8, 12], [12, 13], [13, 14], [1, 0], [0, 15], [15, 17], [0, 16], [16, 18], [14, 19], [19, 20], [14, 21], [11, 22], [22, 23], [11, 24]];
Page.entityName = (name) => name.replace(/_/g, " ");

// Frame t of a clip. entities: names. The boxes say what they are: Page.readsTips(…, Page.boxesOf(…)).
Page.frame = function (clip, t, entities) {
  const S = clip.side, u = S / 112;
  const number = clip.frames[t];
  const root = Page.svg("svg", { viewBox: `0 0 ${S} ${S}`, role: "img", "aria-label": `Frame ${number + 1} of ${clip.name}` });
  if (clip.pictures.length) root.append(Page.svg("image", { href: clip.pictures[t], width: S, height: S, preserveAspectRatio: "none" }));
  const joints = clip.joints[t];
  if (joints) {
    for (const [a, b] of Page.limbs)
      if (joints[a] && joints[b]) root.append(Page.svg("path", { d: `M${joints[a][0]} ${joints[a][1]}L${joints[b][0]} ${joints[b][1]}`, stroke: "#fff", "stroke-width": 1.1 * u, opacity: 0.85 }));
    for (const joint of joints)
      if (joint) root.append(Page.svg("circle", { cx: joint[0], cy: joint[1], r: 1.3 * u, fill: "#fff", stroke: "#000", "stroke-width": 0.5 * u }));
  }
  (clip.boxes[t] || []).forEach(([x1, y1, x2, y2], k) => {
    const tip = Page.entityName(entities[k]) + (clip.alpha.length ? `\nST ${Page.percent(clip.alpha[k])}, TS ${Page.percent(1 - clip.alpha[k])}` : "");
    const box = { x: x1, y: y1, width: x2 - x1, height: y2 - y1, fill: "transparent" };
    root.append(Page.svg("rect", { ...box, stroke: "#000", "stroke-width": 2.4 * u, opacity: 0.45 }),
      Page.svg("rect", { ...box, stroke: Page.onPictures(k), "stroke-width": 1.4 * u, "data-tip": tip }));
  });
  return root;
};

Page.boxesOf = (frame) => [...frame.querySelectorAll(":scope > rect[data-tip]")];

// Okabe and Ito's colours as they are: pictures are as dark in a light page as in a dark one.
Page.onPictures = (k) => ["#56B4E9", "#E69F00", "#00C490", "#F0E442", "#F08040", "#E39CC6", "#FFFFFF", "#9AD4F5"][k % 8];
Page.entityLegend = (parent, entities) =>
  Page.legend(parent, entities.map((name, k) => ({ name: Page.entityName(name), mark: Page.svg("rect", { x: 1.5, y: 1.5, width: 11, height: 11, fill: "#555", stroke: Page.onPictures(k), "stroke-width": 3 }) })));

// What the four transformers are called.
Page.transformers = {
  "st.spatial": "ST 1: body parts of a frame",
  "st.temporal": "ST 2: frames of a body part",
  "ts.temporal": "TS 1: frames of a body part",
  "ts.spatial": "TS 2: body parts of a frame",
};

// One attention map: row i is how much of each token i takes. `map` is its L×L weights in per mille.
Page.attention = function (parent, name, map, names, { size = 20 } = {}) {
  const L = names.length;
  return Page.matrix(parent, {
    rows: names, columns: names, size, label: Page.transformers[name] || name, down: "looks", across: "at",
    cell: (i, j) => {
      const weight = map[i * L + j] / 1000;
      // Even attention is 1/L: the scale reaches four times that.
      return { colour: Page.sequential(Math.min(1, (weight * L) / 4)), tip: `${names[i]} looks at ${names[j]}: ${Page.percent(weight, 1)}\n(even: ${Page.percent(1 / L, 1)})` };
    },
  });
};

// The maps of all transformers of a clip at frame t (spatial) and entity k (temporal), of a layer.
// The holder is emptied first.
Page.attentionMaps = function (holder, clip, entities, t, k, layer) {
  holder.replaceChildren();
  const parts = entities.map(Page.entityName), frames = clip.frames.map((f) => String(f + 1));
  for (const name of Object.keys(Page.transformers)) {
    if (!clip.attention[name]) continue;
    const spatial = name.endsWith("spatial"), layers = clip.attention[name];
    const sequences = layers[Math.min(layer, layers.length - 1)];
    const box = Page.add(holder, "div", {}, Page.el("h4", {}, Page.transformers[name]));
    Page.attention(box, name, sequences[Math.min(spatial ? t : k, sequences.length - 1)], spatial ? parts : frames, { size: spatial ? 20 : Math.max(6, Math.min(19, 160 / frames.length)) });
  }
};
