// One clip explained. The data are those of clip_page_data() in train/explain/clip_page.h.
"use strict";

{
  const data = Page.data, { clip, film, entities, classes } = data;
  const parts = entities.map(Page.entityName), S = clip.side;
  const T = clip.frames.length, K = entities.length;
  const numbered = (t) => `frame ${clip.frames[t] + 1}`;
  const order = classes.map((_, c) => c);
  const predicted = 0;  // classes begin with the likeliest

  // ---- What it is -----------------------------------------------------------------------------

  const facts = Page.add(Page.main, "div", { class: "facts" });
  const fact = (value, text) => Page.add(facts, "div", { class: "fact" }, Page.el("b", {}, value), Page.el("span", {}, text));
  fact(classes[predicted], `predicted, with ${Page.percent(data.probabilities[predicted], 1)}`);
  if (data.label === null) fact("–", "the true action is not known here");
  else if (data.label === predicted) fact("✓ " + classes[data.label], "the true action");
  else fact("✗ " + classes[data.label], `the true action, to which the model gives ${Page.percent(data.probabilities[data.label], 1)}`);
  const distinct = new Set(clip.frames).size;
  fact(`${distinct} of ${film.count}`, 
    distinct < T ? (distinct === 1 ? `frame of the clip, which the model reads ${T} times` : `frames of the clip that the model reads, some more than once: it reads ${T} in all`)
    : T === 1 ? "frame of the clip that the model reads: the middle one"
    : `frames of the clip that the model reads: the middle one of each of ${T} equal parts`);
  fact(data.facts.preset, `model; weights ${data.facts.weights}`);
  // The timeline that links here may say the mean over several views of the clip.
  if (data.views.count > 1) {
    const best = data.views.mean.indexOf(Math.max(...data.views.mean));
    Page.add(Page.main, "p", { class: "note", id: "views" }, `This page explains one of ${data.views.count} views of these frames, the first: it gives “${classes[best]}” ${Page.percent(data.probabilities[best], 1)}. The timeline has the mean over all ${data.views.count} views, which is ${Page.percent(data.views.mean[best], 1)}.`);
  }
  if (data.keypoints && !data.person) Page.add(Page.main, "p", { class: "note" }, "Nobody is visible in any frame that the model reads: every box is the whole frame, or every joint is missing.");
  Page.beginContents(Page.main);

  // ---- The clip: frames, overlays, attention --------------------------------------------------

  const watch = Page.figure(Page.main, {
    id: "clip", title: "The clip as the model reads it",
    look: "Move through the frames with ← and →: watch " + [clip.boxes.length && "whether the boxes stay on the body parts", K && "which body parts and moments look at each other", !K && "where Grad-CAM finds what speaks for a class"].filter(Boolean).join(", and ") + ".",
  });
  watch.classList.add("watch");
  const left = Page.add(watch, "div"), right = Page.add(watch, "div");
  const stage = Page.add(left, "div", { class: "stage" });
  const caption = Page.add(left, "p", { class: "quiet", role: "status" });
  const state = { at: 0, entity: 0, layer: 0, overlay: "" };
  let place = { at: 0 };  // which box or cell the keyboard reads
  const cellBox = (i) => [i % data.map.width, Math.floor(i / data.map.width)];

  // Cells of the feature map over the picture: values in 0…1.
  function lay(root, values, colour, tip) {
    const w = S / data.map.width, h = S / data.map.height;
    const layer = Page.svg("g", { class: "overlay" });
    values.forEach((value, i) => {
      const [x, y] = cellBox(i), told = colour(value);
      layer.append(Page.svg("rect", { x: x * w, y: y * h, width: w, height: h, fill: told.fill, "fill-opacity": told.opacity, "data-tip": tip(value, i) }));
    });
    root.append(layer);
  }
  const heat = Page.ramp(["#1b0c41", "#781c6d", "#ed6925", "#fcffa4"]);

  function overlay(root, t) {
    const [kind, which] = state.overlay.split(" ");
    if (kind === "cells") {
      const read = data.cells[t * K + state.entity].map((v) => v / 1000), most = Math.max(...read, 1e-9);
      lay(root, read, (v) => ({ fill: Page.onPictures(state.entity), opacity: 0.8 * v / most }),
        (v) => `${parts[state.entity]} reads ${Page.percent(v, 1)} of its token from this cell`);
    }
    if (kind === "cam") {
      const map = data.class_maps[+which];
      lay(root, map.frames[t].map((v) => v / 1000), (v) => ({ fill: Page.rgb(heat(v)), opacity: 0.15 + 0.6 * v }),
        (v) => `${Page.percent(v)} of the clip's strongest place for “${classes[map.class]}”`);
    }
  }

  // A frame of the film, with the boxes of the nearest frame that the model reads.
  function drawn(i) {
    const t = film.nearest[i], read = film.frames[i] === clip.frames[t];
    const shown = { ...clip, frames: [film.frames[i]], pictures: film.pictures.length ? [film.pictures[i]] : [], joints: [film.joints[i]], boxes: clip.boxes.length ? [clip.boxes[t]] : [] };
    const root = Page.frame(shown, 0, entities);
    const boxes = Page.boxesOf(root);
    boxes.forEach((box, k) => {
      const own = data.visible[t][k];
      if (!own) box.setAttribute("stroke-dasharray", "3 3");
      if (!read) box.setAttribute("opacity", 0.35);
      // Another's box must not hide the cells, nor be taken for the one that reads them.
      const faded = state.overlay === "cells" ? k !== state.entity : state.overlay !== "";
      if (faded) for (const line of [box, box.previousSibling]) line.setAttribute("opacity", 0.25);
      box.dataset.tip += own ? "" : "\nnot visible in this frame: the box of the nearest frame in which it is, or the whole frame";
    });
    overlay(root, t);
    // Cells lie over the boxes, for the keyboard as for the pointer.
    const cells = [...root.querySelectorAll(".overlay rect")];
    Page.readsTips(root, cells.length ? cells : boxes, { columns: cells.length ? data.map.width : 1, place });
    return { root, t, read };
  }

  // Spatial maps are those of frame t, temporal ones those of the chosen body part.
  const maps = Page.add(right, "div", { class: "maps" });
  function attend(t) {
    maps.replaceChildren();
    const moments = clip.frames.map((number) => String(number + 1));
    for (const name of Object.keys(Page.transformers)) {
      const layers = clip.attention[name];
      if (!layers) continue;
      const spatial = name.endsWith("spatial"), map = layers[Math.min(state.layer, layers.length - 1)];
      const box = Page.add(maps, "div", {}, Page.el("h4", {}, Page.transformers[name]), Page.el("p", { class: "quiet" }, spatial ? numbered(t) : parts[state.entity]));
      Page.attention(box, name, map[spatial ? t : state.entity], spatial ? parts : moments, { size: spatial ? 28 : Math.max(6, Math.min(28, 224 / T)) });
    }
  }
  function show() {
    const { root, t, read } = drawn(state.at), focused = stage.contains(document.activeElement);
    stage.replaceChildren(root);
    if (focused) root.focus({ preventScroll: true });
    stage.classList.toggle("unread", !read);
    caption.textContent = read
      ? `Frame ${film.frames[state.at] + 1}: the model's frame ${t + 1} of ${T}.`
      : `Frame ${film.frames[state.at] + 1}: the model does not read it. Boxes and maps are those of ${numbered(t)}.`;
    attend(t);
    ticks.forEach((tick) => tick.setAttribute("aria-current", +tick.dataset.t === t && read));
  }

  const strip = Page.add(left, "div", { class: "strip", "aria-label": "Frames that the model reads" });
  const ticks = clip.frames.map((number, t) => {
    const tick = Page.add(strip, "button", { type: "button", "data-t": t, "data-tip": numbered(t), "aria-label": numbered(t), onclick: () => slider.set(film.frames.indexOf(number)) },
      clip.pictures.length ? Page.el("img", { src: clip.pictures[t], alt: "" }) : Page.el("span", {}, String(number + 1)));
    return tick;
  });

  const controls = Page.controls(left);
  const play = Page.add(controls, "button", { type: "button", onclick: () => toggle() }, "▶ Play");
  const slider = Page.slider(controls, "Frame", film.frames.length, (i, output) => {
    state.at = i;
    output.textContent = String(film.frames[i] + 1);
    show();
  });
  slider.input.id = "scrubber";
  const more = Page.controls(left);
  const redraw = (name) => (value) => {
    state[name] = name === "overlay" ? value : +value;
    if (name === "overlay") place = { at: 0 };
    show();
  };
  const overlays = [["", "nothing"]];
  if (data.cells.length) overlays.push(["cells", "cells that the body part reads"]);
  data.class_maps.forEach((map, i) => overlays.push(["cam " + i, `Grad-CAM: ${classes[map.class]}` + (map.class === predicted ? " (predicted)" : map.class === data.label ? " (true)" : "")]));
  if (overlays.length > 1) Page.choice(more, "Over the picture", overlays, redraw("overlay")).id = "overlay";
  if (K) Page.choice(more, "Body part", parts.map((name, k) => [k, name]), redraw("entity")).id = "entity";
  const layers = Math.max(0, ...Object.values(clip.attention).map((l) => l.length));
  if (layers > 1) Page.choice(more, "Layer", [...Array(layers).keys()].map((l) => [l, l + 1]), redraw("layer")).id = "layer";
  if (clip.boxes.length) Page.entityLegend(left, entities);
  if (K) Page.add(right, "p", { class: "quiet" }, "Mean over the heads. A row says how much one token looks at each; it adds up to 100\u00a0%.");
  if (K) Page.scale(right, Page.sequential, "0", "four times even attention, or more");
  if (data.class_maps.length || data.cells.length)
    Page.add(left, "p", { class: "quiet" }, "Cells are those of the backbone's last stage. Each sees a larger part of the picture than its square: through the backbone it also sees its neighbours, and the frames before and after.");

  if (data.class_maps.length) {
    Page.scale(left, heat, "Grad-CAM: 0", "the strongest place of the clip");
    Page.add(left, "p", { class: "quiet" }, "Grad-CAM may be strong beside the person: the model also reads the picture as a whole. What is taken away, below, says what decides.");
  }

  let timer = null;
  function toggle() {
    if (timer) clearInterval(timer);
    timer = timer ? null : setInterval(() => slider.set((state.at + 1) % film.frames.length), 120);
    play.textContent = timer ? "❚❚ Pause" : "▶ Play";
  }
  // Arrow keys move the frames, unless a control or a drawing has them.
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest("input, select, textarea, svg[tabindex]") && !(stage.contains(event.target) && !event.key.startsWith("Arrow"))) return;
    const read = film.frames.map((_, i) => i).filter((i) => film.frames[i] === clip.frames[film.nearest[i]]);
    const to = {
      ArrowRight: () => Math.min(state.at + 1, film.frames.length - 1),
      ArrowLeft: () => Math.max(state.at - 1, 0),
      PageDown: () => read.find((i) => i > state.at) ?? state.at,
      PageUp: () => read.filter((i) => i < state.at).pop() ?? state.at,
      Home: () => 0,
      End: () => film.frames.length - 1,
    }[event.key];
    if (!to) return;
    event.preventDefault();
    slider.set(to());
  });
  Page.add(left, "p", { class: "quiet" }, "Keys: ← → a frame, Page Up and Page Down to the next frame that the model reads, Home, End. With the focus on the picture, ← → ↑ ↓ read its boxes, or the cells over it.");
  slider.set(film.frames.indexOf(clip.frames[0]));

  // ---- Routing --------------------------------------------------------------------------------

  if (clip.alpha.length) {
    const routing = Page.figure(Page.main, {
      id: "routing", title: "Which path each body part takes",
      look: data.router
        ? "α is the weight that the router gives to the ST path; the TS path has the rest. Right of the middle a body part trusts the ST path (the body first, then time), left of it the TS path (time first)."
        : "α is the weight of the ST path. This model has no router: both paths weigh the same.",
    });
    Page.marks(routing, {
      rows: parts.map((name, k) => ({ name, values: [clip.alpha[k]], colour: Page.category(k), tip: `${name}\nST ${Page.percent(clip.alpha[k], 1)}, TS ${Page.percent(1 - clip.alpha[k], 1)}` })),
      kinds: [{ name: "α of ST", colour: Page.category(0) }], low: 0, high: 1, x: "α of the ST path", label: "Routing weight of each body part", at: [{ value: 0.5, text: "both alike" }],
    });
  }

  // ---- Probabilities --------------------------------------------------------------------------

  const kinds = [{ name: "the model", values: data.probabilities, colour: Page.category(0) }];
  if (data.alone.st.length) kinds.push({ name: "ST path alone", values: data.alone.st, colour: Page.category(1) }, { name: "TS path alone", values: data.alone.ts, colour: Page.category(2) });
  const answer = Page.figure(Page.main, {
    id: "answer", title: "What the model answers",
    look: kinds.length > 1 ? "Look for a class on which the paths disagree: there the router's choice matters." : "Look how far the first class is ahead of the second.",
  });
  const truth = (c) => classes[c] + (c === data.label ? " (true)" : "");
  Page.marks(answer, {
    rows: order.map((c) => ({ name: truth(c), values: kinds.map((k) => k.values[c]), tip: truth(c) + "\n" + kinds.map((k) => `${k.name}: ${Page.percent(k.values[c], 1)}`).join("\n") })),
    kinds, low: 0, high: 1, x: "probability", label: "Probability of the likeliest classes",
  });

  // ---- Occlusion ------------------------------------------------------------------------------

  const taken = data.occlusions;
  const told = (o) => ({
    covered: () => `${parts[o.entity]} covered`,
    unseen: () => `${parts[o.entity]} not visible`,
    dropped: () => (o.frames[0] === o.frames[1] ? `${o.frames[0] + 1} dropped` : `${o.frames[0] + 1}–${o.frames[1] + 1} dropped`),
    still: () => `all frames show ${o.frames[0] + 1}`,
    backwards: () => "played backwards",
  })[o.kind]();
  function effect(holder, rows, kindsOf, c) {
    const base = data.probabilities[c];
    const line = (o) => `${told(o)}: ${Page.percent(o.probabilities[c], 1)} (${Page.points(o.probabilities[c] - base)}); likeliest: ${classes[o.likeliest]}`;
    Page.marks(holder, {
      rows: rows.map(({ name, all }) => ({ name, values: kindsOf.map((k) => { const o = all.find((a) => k.has.includes(a.kind)); return o ? o.probabilities[c] : null; }), tip: `${classes[c]}, ${Page.percent(base, 1)} with nothing taken away\n` + all.map(line).join("\n") })),
      kinds: kindsOf, low: 0, high: 1, x: `probability of “${classes[c]}”`, label: `Probability of ${classes[c]} with something taken away`, at: [{ value: base, text: "nothing taken away" }],
    });
  }
  const chosen = (figure, draw) => {
    const bar = Page.controls(figure), holder = Page.add(figure, "div");
    Page.choice(bar, "Class", order.map((c) => [c, truth(c)]), (c) => { holder.replaceChildren(); draw(holder, +c); });
  };
  const table = (figure, list) => Page.numbers(figure, {
    columns: [{ name: "taken away", text: true }, ...order.map((c) => ({ name: truth(c), digits: 3 })), { name: "likeliest then", text: true }],
    rows: [["nothing", ...data.probabilities, classes[predicted]], ...list.map((o) => [told(o), ...o.probabilities, classes[o.likeliest]])],
  });
  // The box of a body part that is visible in no frame is the whole frame: covering it covers all.
  const seen = (k) => data.visible.some((frame) => frame[k]);
  const ofParts = taken.filter((o) => o.entity !== undefined && seen(o.entity)), ofFrames = taken.filter((o) => o.entity === undefined);
  if (ofParts.length) {
    const figure = Page.figure(Page.main, {
      id: "parts", title: "With a body part taken away",
      look: "The further left of the line a body part's mark lies, the more the class rests on that body part.",
    });
    const ways = [
      { name: "covered: its box painted over in every frame", has: ["covered"], colour: Page.category(1) },
      { name: clip.pictures.length ? "not visible: its box becomes the whole frame" : "not visible: all its joints are missing", has: ["unseen"], colour: Page.category(0) },
    ].filter((w) => ofParts.some((o) => w.has.includes(o.kind)));
    chosen(figure, (holder, c) => effect(holder, parts.map((name, k) => ({ name, all: ofParts.filter((o) => o.entity === k) })).filter(({ all }) => all.length), ways, c));
    const notes = [];
    const hidden = parts.filter((_, k) => !seen(k));
    if (hidden.length) notes.push(`${hidden.join(", ")}: visible in no frame, so that there is nothing to take away.`);
    if (clip.pictures.length) notes.push("Covered: the pixels of the box are painted grey, which is 0 after normalising, and the model still looks there. The box of another body part that lies behind it is covered as well: the head's box holds the face's.");
    if (data.keypoints) notes.push(clip.pictures.length ? "Not visible: the body part's joints count as not found in any frame, so that its box is the whole frame, as in training; the pixels stay." : "Not visible: the body part's joints count as not found in any frame, as in training.");
    Page.add(figure, "p", { class: "quiet" }, notes.join(" "));
    table(figure, ofParts);
  }
  if (ofFrames.length) {
    const figure = Page.figure(Page.main, {
      id: "moments", title: "With frames taken away",
      look: "A mark far left of the line is a moment that the class rests on; if “all frames show one” changes nothing, the model did not need motion.",
    });
    const ways = [{ name: "frames dropped", has: ["dropped", "still", "backwards"], colour: Page.category(3) }];
    chosen(figure, (holder, c) => effect(holder, ofFrames.map((o) => ({ name: told(o), all: [o] })), ways, c));
    Page.add(figure, "p", { class: "quiet" }, "A dropped frame shows the nearest frame that is left, boxes and joints included, so that the motion stops there. The clip keeps its length.");
    table(figure, ofFrames);
  }

  // ---- MAC ------------------------------------------------------------------------------------

  if (data.similarity) {
    const { cosines, loss, trained } = data.similarity;
    const figure = Page.figure(Page.main, {
      id: "mac", title: "How alike the two paths describe each body part",
      look: "The MAC loss (mutual action consistency) asks that both paths describe the same body part alike, and different ones differently. ★ marks the positives, the same body part in both paths: each should be the largest of its row and of its column.",
    });
    Page.matrix(figure, {
      rows: parts.map((p) => "ST " + p), columns: parts.map((p) => "TS " + p), size: 44, down: "ST path", across: "TS path", label: "Similarity of the paths' tokens",
      cell: (i, j) => {
        const v = cosines[i * K + j];
        return { colour: Page.sequential((v + 1) / 2), text: (i === j ? "★ " : "") + Page.number(v, 2), tip: `ST ${parts[i]} and TS ${parts[j]}: ${Page.number(v, 3)}` + (i === j ? "\nthe positive" : "\na negative") };
      },
    });
    Page.scale(figure, Page.sequential, Page.number(-1), "1, cosine of the tokens, mean over frames");
    Page.add(figure, "p", { class: "quiet" }, `The positive is the largest of its row for ${data.similarity.rows_right} of ${K} body parts, and of its column for ${data.similarity.columns_right}. The MAC loss of this clip alone is ${Page.number(loss, 3)}; in training, the matrix also has the body parts of the other clips of the batch.` + (trained ? "" : " This model was trained without the MAC loss (mac_weight 0): nothing made its paths alike."));
  }

  // ---- What there is not, and what it took ----------------------------------------------------

  if (data.missing.length) {
    const section = Page.add(Page.main, "section", { id: "missing" }, Page.el("h2", {}, "What this page does not have"));
    Page.add(section, "ul", { class: "plain" }, data.missing.map((text) => Page.el("li", {}, text)));
  }
  const how = Page.figure(Page.main, {
    id: "how", title: "How this was computed",
    look: "Look here for what a figure stands for: nothing on this page is estimated.",
  });
  Page.add(how, "ul", { class: "plain" }, [
    `${data.facts.passes_text}, ${data.facts.seconds} s.`,
    `The model read ${data.facts.frames} frames of ${data.facts.size}×${data.facts.size} pixels, as evaluation does (one view).`,
    "Every probability is the model's answer to an input of its own.",
    ...(data.class_maps.length ? ["Grad-CAM: ∂logit/∂feature, averaged per channel over all places and frames, times the features; negative sums are left out."] : []),
  ].map((text) => Page.el("li", {}, text)));
}
