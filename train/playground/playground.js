// The playground: what the reader has changed (Playground.state), the controls that change it, and the
// answer of the model to it. Every change asks the model again; nothing shown is prepared.
"use strict";

// A property of the window, so that whoever drives the page finds it.
var Playground = {
  models: Page.data.models,  // {name, mac_weight, bytes, number}: number once it is open
  clips: Page.data.clips,    // {name, label, frames, boxes, number}
  listeners: [],             // called with (state, answer, before) after each answer
  baselines: new Map(),      // answers to clips as they are
};

// ---- State ----------------------------------------------------------------------------------------

Playground.untouched = () => ({ covered: false, unseen: false, dx: 0, dy: 0, scale: 1, alpha_st: null });
Playground.range = (count) => [...Array(count).keys()];

// Puts the clip back as it was recorded; model, clip and moment stay.
Playground.putBack = function () {
  const { state, T, K } = Playground;
  Object.assign(state, { time: "recorded", order: Playground.range(T), parts: Playground.range(K).map(Playground.untouched) });
};

// Which moments show which frames. A shuffle is drawn anew each time, and never the order itself.
Playground.setTime = function (time) {
  const { state, T } = Playground, inOrder = Playground.range(T);
  state.time = time;
  if (time === "recorded") state.order = inOrder;
  if (time === "backwards") state.order = inOrder.reverse();
  if (time === "frozen") state.order = Array(T).fill(state.at);
  if (time === "shuffled")
    do {
      const left = Playground.range(T);
      state.order = inOrder.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0]);
    } while (T > 1 && state.order.every((frame, t) => frame === t));
};

// ---- Asking the model -----------------------------------------------------------------------------

Playground.modelNumber = function (index) {
  const model = Playground.models[index];
  if (model.number === undefined) {
    const opened = Engine.openModel(model.name, Engine.decoded(model.bytes));
    model.number = opened.model;
    model.opened = opened;
  }
  return model.number;
};
Playground.clipNumber = function (index) {
  const clip = Playground.clips[index];
  if (clip.number === undefined) clip.number = Engine.openClip(Playground.modelNumber(0), clip);
  return clip.number;
};
// The answer of a model to a clip, changed or not: {order, parts}.
Playground.ask = (model, clip, changes = {}) =>
  Engine.answer({ model: Playground.modelNumber(model), clip: Playground.clipNumber(clip), ...changes });
// To the clip as it is. Asked once.
Playground.baseline = function (model, clip) {
  const key = model + " " + clip;
  if (!Playground.baselines.has(key)) Playground.baselines.set(key, Playground.ask(model, clip));
  return Playground.baselines.get(key);
};

// Bytes that the compiled engine holds.
Playground.memory = () => Engine.compiled.HEAPU8.length;

// Asks, and shows the answer. Several changes before the next frame are asked about once; where no
// frame comes, as in a tab behind another, a timer does. Where there is no answer, the page says so:
// what it still shows is of the one before.
Playground.update = function () {
  if (Playground.waiting) return;
  Playground.waiting = true;
  const soon = document.hidden ? (run) => setTimeout(run, 0) : requestAnimationFrame;
  soon(() => {
    Playground.waiting = false;
    try {
      Playground.answerNow();
    } catch (error) {
      Playground.showFailure(error);
      throw error;
    }
  });
};
Playground.answerNow = function () {
  const { state } = Playground;
  const before = Playground.baseline(state.model, state.clip);
  const answer = Playground.ask(state.model, state.clip, { order: state.order, parts: state.parts });
  Playground.answer = answer;
  for (const listener of Playground.listeners) listener(state, answer, before);
};

// ---- The page -------------------------------------------------------------------------------------

// Buttons of which one is pressed: options [[value, text], …]; returns show(value).
Playground.segments = function (parent, label, options, change) {
  const holder = Page.add(parent, "div", { class: "segments", role: "group", "aria-label": label });
  const buttons = options.map(([value, text, tip]) =>
    Page.add(holder, "button", { type: "button", "data-tip": tip, onclick: () => change(value) }, text));
  return (chosen) => buttons.forEach((button, i) => button.setAttribute("aria-pressed", options[i][0] === chosen));
};

Playground.build = function ({ classes, config }) {
  const T = config.frames, K = config.entities.length, S = config.size;
  const parts = config.entities.map(Page.entityName);
  Object.assign(Playground, { T, K, S, parts, classes });
  const state = (Playground.state = { model: 0, clip: 0, at: Math.floor(T / 2), part: 0 });
  Playground.putBack();
  const { listeners, update, clips } = Playground;

  Page.add(Page.main, "p", {}, "A trained model, running in this page. Change the clip or the model, and everything below is computed again. ",
    Page.el("span", { class: "quiet" }, `Each clip shows a person of the ${Page.data.split} list, whom the model has never seen, in ${T} moments; of each action it is the first clip that the model trained with MAC answers rightly, if there is one.`));
  Playground.tourPlace = Page.add(Page.main, "section", { class: "tour", "aria-label": "Guided tour" });

  const bench = Page.add(Page.main, "div", { class: "bench" });
  const left = Page.add(bench, "section", { id: "scene", "aria-label": "The clip" });
  const middle = Page.add(bench, "section", { id: "answer", "aria-label": "The answer" });
  const right = Page.add(bench, "section", { id: "parts", "aria-label": "Body parts and their router" });

  // ---- The clip ---------------------------------------------------------------------------------

  Page.add(left, "h2", {}, "What the model is shown");
  const top = Page.controls(left);
  const clipList = Page.el("select", { id: "clip", onchange: () => Playground.choose({ clip: +clipList.value }) },
    clips.map((clip, i) => Page.el("option", { value: i }, classes[clip.label])));
  top.append(Page.el("label", {}, "Clip", clipList));
  Page.add(top, "button", { type: "button", id: "put-back", onclick: () => { Playground.putBack(); update(); } }, "Put everything back");
  const showScene = Playground.scene(Page.add(left, "div", { class: "scene" }), state, update);

  const strip = Page.add(left, "div", { class: "moments", role: "group", "aria-label": "Moments" });
  const thumbnails = Playground.range(T).map((t) => {
    const canvas = Page.el("canvas", { width: S, height: S, "aria-hidden": "true" }), number = Page.el("span");
    const button = Page.add(strip, "button", { type: "button", "aria-label": `Moment ${t + 1}`, onclick: () => Playground.goTo(t) }, canvas, number);
    return { button, canvas, number };
  });
  const film = Page.controls(left);
  film.classList.add("scene-controls");
  const play = Page.add(film, "button", { type: "button", id: "play", onclick: () => Playground.play() }, "▶ Play");
  const scrubber = Page.el("input", { type: "range", id: "scrubber", min: 0, max: T - 1, step: 1, "aria-label": "Moment", oninput: () => Playground.goTo(+scrubber.value) });
  const place = Page.el("output");
  film.append(scrubber, place);
  const showTime = Playground.segments(Page.controls(left), "Time", [
    ["recorded", "As recorded"], ["frozen", "Frozen", "All moments show this frame; move to another to freeze that one"],
    ["shuffled", "Shuffled", "The frames in a random order; press again for another"], ["backwards", "Backwards"]],
    (time) => { Playground.setTime(time); update(); });
  Page.add(left, "p", { class: "quiet" }, "Drag a box to move it, or its corner to resize it. With the keyboard: Tab to a box, then the arrow keys, + and −.");

  Playground.goTo = function (t) {
    state.at = t;
    if (state.time === "frozen") Playground.setTime("frozen");
    update();
  };
  Playground.play = function (on = !Playground.player) {
    clearInterval(Playground.player);
    Playground.player = on ? setInterval(() => Playground.goTo((state.at + 1) % T), 250) : null;
    play.textContent = on ? "❚❚ Pause" : "▶ Play";
  };
  Playground.choose = function (changes) {
    if (changes.clip !== undefined && changes.clip !== state.clip) Playground.putBack();
    Object.assign(state, changes);
    update();
  };

  listeners.push((_, answer) => {
    clipList.value = state.clip;
    scrubber.value = state.at;
    showTime(state.time);
    const shown = state.order[state.at];
    place.textContent = `${state.at + 1} of ${T}` + (shown === state.at ? "" : `: frame ${shown + 1}`);
    const side = S * S * 4;
    thumbnails.forEach(({ button, canvas, number }, t) => {
      canvas.getContext("2d").putImageData(new ImageData(answer.pictures.subarray(t * side, (t + 1) * side), S, S), 0, 0);
      number.textContent = String(state.order[t] + 1);
      button.setAttribute("aria-current", t === state.at);
    });
    showScene(answer);
  });

  // ---- The answer -------------------------------------------------------------------------------

  Page.add(middle, "h2", {}, "What it answers");
  const showModel = Playground.segments(Page.controls(middle), "Model", Playground.models.map((model, i) => [i, model.name.replace(/^t/, "T")]), (model) => Playground.choose({ model }));
  const box = Page.add(middle, "div", { class: "answer", role: "status" });
  Playground.showFailure = (error) => box.replaceChildren(Page.el("b", {}, "No answer"), Page.el("span", {}, `${error.message}. What is shown below belongs to the last answer: put everything back, or load the page again.`));
  const bars = Views.classes(middle, classes);
  Page.add(middle, "p", { class: "quiet keys" }, Page.el("span", {}, Page.el("span", { class: "key" }), " now"), Page.el("span", {}, Page.el("span", { class: "key was" }), " with nothing changed"), Page.el("span", {}, "✓ what the person does"));
  const speed = Page.add(middle, "p", { class: "quiet", id: "speed" });
  listeners.push((_, answer, before) => {
    showModel(state.model);
    const now = Views.likeliest(answer.probabilities), was = Views.likeliest(before.probabilities), truth = clips[state.clip].label;
    box.replaceChildren(
      Page.el("b", {}, `${classes[now]} ${Page.percent(answer.probabilities[now])}`),
      Page.el("span", {}, (now === truth ? "right" : `wrong: it is ${classes[truth]}`) + `; with nothing changed: ${classes[was]} ${Page.percent(before.probabilities[was])}`));
    bars(answer.probabilities, before.probabilities, truth);
    speed.textContent = `Computed here in ${Page.number(answer.milliseconds, 1)} ms` + (answer.backbone_ran ? "." : "; the frames are the same as before, so that only what follows the backbone was.");
  });

  // ---- Body parts and the router ------------------------------------------------------------------

  Page.add(right, "h2", {}, "Body parts and their router");
  Page.add(right, "p", { class: "quiet" }, "α is how much a body part takes of the ST path (body first, then time); the TS path (time first) gives the rest. ",
    Page.el("span", { class: "key router" }), " what the router chose. Move a slider to choose by hand.");
  const all = Page.add(right, "div", { class: "alpha all" });
  const rows = parts.map((name, k) => {
    const row = Page.add(right, "div", { class: "part", "data-part": config.entities[k] });
    Page.add(row, "span", { class: "swatch", style: `border-color:${Page.onPictures(k)}`, "aria-hidden": "true" });
    const button = Page.add(row, "button", { type: "button", class: "name", "data-tip": "Show its moments' attention below", onclick: () => { state.part = k; update(); } }, name);
    const box_ = (key, text, tip) => {
      const input = Page.el("input", { type: "checkbox", "aria-label": `${name} ${text}`, "data-tip": tip, onchange: () => { state.parts[k][key] = input.checked; state.part = k; update(); } });
      Page.add(row, "label", {}, input, text);
      return input;
    };
    const covered = box_("covered", "cover", "Its box is painted over in every frame");
    const unseen = box_("unseen", "hide", "Its joints count as not found: its box becomes the whole frame");
    return { button, covered, unseen, ...Playground.alpha(row, `α of ${name}`, (value) => { state.parts[k].alpha_st = value; update(); }) };
  });
  const together = Playground.alpha(all, "α of all body parts", (value) => { state.parts.forEach((part) => (part.alpha_st = value)); update(); });
  listeners.push((_, answer) => {
    rows.forEach(({ button, covered, unseen, show }, k) => {
      button.setAttribute("aria-pressed", k === state.part);
      covered.checked = state.parts[k].covered;
      unseen.checked = state.parts[k].unseen;
      show(answer.alpha[2 * k], answer["router alpha"][2 * k], state.parts[k].alpha_st !== null);
    });
    const mean = (name) => Playground.range(K).reduce((sum, k) => sum + answer[name][2 * k] / K, 0);
    together.show(mean("alpha"), mean("router alpha"), state.parts.some((part) => part.alpha_st !== null));
  });

  // ---- Tokens, attention, agreement ----------------------------------------------------------------

  const wide = Page.add(Page.main, "div", { class: "columns" });
  const tokens = Page.figure(wide, { id: "tokens", title: "Tokens", look: "Each square is what the model knows of one body part at one moment. Watch which squares change when you cover, drag or freeze something." });
  const kinds = [["entities", "as read from the boxes"], ["st", "after the ST path"], ["ts", "after the TS path"], ["fused", "fused by α"]];
  const bar = Page.controls(tokens);
  let kind = "entities", difference = false;
  Page.choice(bar, "Tokens", kinds, (value) => { kind = value; if (Playground.answer) update(); }, kind);
  const only = Page.el("input", { type: "checkbox", onchange: () => { difference = only.checked; update(); } });
  bar.append(Page.el("label", {}, only, "show the change only"));
  const drawTokens = Views.tokens(tokens, parts, T);
  Page.scale(tokens, Page.diverging, "negative", "positive");
  const similarity = Page.figure(wide, { id: "mac", title: "How alike the two paths describe a body part", look: "MAC asks for large numbers on the diagonal (the same body part in both paths) and small ones beside it. Compare the two models." });
  const matrix = Page.add(similarity, "div");
  Page.scale(similarity, Page.sequential, Page.number(-1), "1, cosine, mean over moments");
  const attention = Page.figure(Page.main, { id: "attention", title: "Attention", look: "A row is who looks, a column who is looked at; the mean over heads. Follow one body part through the moments, or choose another one." });
  let layer = 0;
  Page.choice(Page.controls(attention), "Layer", Playground.range(config.layers).map((l) => [l, l + 1]), (value) => { layer = +value; if (Playground.answer) update(); });
  const maps = Page.add(attention, "div", { class: "maps4" });
  Page.scale(attention, Page.sequential, "0", "4 times even attention, or more");
  listeners.push((_, answer, before) => {
    drawTokens(answer[kind], before[kind], answer.shapes[kind][3], difference);
    Views.attention(maps, answer, { parts, moment: state.at, part: state.part, layer, T });
    Views.similarity(matrix, answer.similarity, parts);
  });
};

// A slider of α with a mark at the router's own choice, and a button that gives it back.
Playground.alpha = function (parent, label, change) {
  const holder = parent.classList.contains("alpha") ? parent : Page.add(parent, "div", { class: "alpha" });
  const input = Page.el("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": label, oninput: () => change(+input.value) });
  const mark = Page.el("span", { class: "router" }), output = Page.el("output");
  const back = Page.el("button", { type: "button", "aria-label": label + ": as the router has it", onclick: () => change(null) }, "router");
  holder.append(Page.el("span", {}, parent === holder ? "all: TS" : "TS"), Page.el("span", { class: "track" }, input, mark), Page.el("span", {}, "ST"), output, back);
  return {
    show(alpha, router, byHand) {
      if (document.activeElement !== input || Math.abs(+input.value - alpha) > 0.006) input.value = alpha;
      // A thumb's centre stops half its width before the ends.
      mark.style.left = `calc(8px + ${router} * (100% - 16px))`;
      output.textContent = Page.percent(alpha, 1);
      back.disabled = !byHand;
    },
  };
};

// The frame with the boxes that the model reads: they can be dragged, resized, and moved by keys.
// Returns show(answer).
Playground.scene = function (holder, state, update) {
  const { S, K, T, parts } = Playground;
  const canvas = Page.add(holder, "canvas", { width: S, height: S, "aria-hidden": "true" });
  const root = Page.svg("svg", { viewBox: `0 0 ${S} ${S}`, role: "group", "aria-label": "The frame and the boxes of its body parts" });
  holder.append(root);
  let boxes = [];  // at this moment, with every change: [K][x1, y1, x2, y2]
  // A box stays with its centre in the frame, and a side between 4 pixels and the frame's.
  const move = function (k, dx, dy, scale = 1) {
    const part = state.parts[k], [x1, y1, x2, y2] = boxes[k], within = (v) => Math.min(Math.max(v, 0), S);
    if (part.unseen) return;
    const x = (x1 + x2) / 2, y = (y1 + y2) / 2, side = Math.max(x2 - x1, y2 - y1), least = Math.min(x2 - x1, y2 - y1);
    const times = Math.min(Math.max(scale, 4 / least), Math.max(S / side, 1));
    const to = [within(x + dx), within(y + dy)], half = [((x2 - x1) / 2) * times, ((y2 - y1) / 2) * times];
    part.dx += to[0] - x;
    part.dy += to[1] - y;
    part.scale *= times;
    // Several events may come before the next answer: each goes on from the one before.
    boxes[k] = [to[0] - half[0], to[1] - half[1], to[0] + half[0], to[1] + half[1]];
    state.part = k;
    update();
  };
  const keys = { ArrowLeft: [-2, 0], ArrowRight: [2, 0], ArrowUp: [0, -2], ArrowDown: [0, 2], "+": [0, 0, 1.1], "=": [0, 0, 1.1], "-": [0, 0, 1 / 1.1] };
  const groups = parts.map((name, k) => {
    const outer = Page.svg("rect", { class: "outer" }), inner = Page.svg("rect", { class: "inner", stroke: Page.onPictures(k) });
    const handle = Page.svg("rect", { class: "handle", width: 4.4, height: 4.4, fill: Page.onPictures(k), stroke: "#000", "stroke-width": 0.5 });
    const text = Page.svg("text", {}, name);
    const group = Page.svg("g", { class: "box", tabindex: 0, role: "button", "aria-label": `Box of ${name}: arrow keys move it, + and − resize it`, "data-part": k }, outer, inner, text, handle);
    group.addEventListener("keydown", (event) => {
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      move(k, ...keys[event.key]);
    });
    let last = null;
    const at = (event) => {
      const box = root.getBoundingClientRect();
      return [((event.clientX - box.left) * S) / box.width, ((event.clientY - box.top) * S) / box.height];
    };
    group.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      group.setPointerCapture(event.pointerId);
      group.focus({ preventScroll: true, focusVisible: false });
      last = { place: at(event), resizes: event.target === handle };
      state.part = k;
      update();
    });
    group.addEventListener("pointermove", (event) => {
      if (!last) return;
      const place = at(event), [x1, y1, x2, y2] = boxes[k];
      const centre = [(x1 + x2) / 2, (y1 + y2) / 2], from = last.place;
      last.place = place;
      if (!last.resizes) return move(k, place[0] - from[0], place[1] - from[1]);
      const far = ([x, y]) => Math.hypot(x - centre[0], y - centre[1]);
      move(k, 0, 0, far(place) / Math.max(far(from), 1));
    });
    for (const end of ["pointerup", "pointercancel"]) group.addEventListener(end, () => (last = null));
    root.append(group);
    return { group, outer, inner, handle, text };
  });

  return function (answer) {
    const side = S * S * 4, t = state.at;
    canvas.getContext("2d").putImageData(new ImageData(answer.pictures.subarray(t * side, (t + 1) * side), S, S), 0, 0);
    boxes = Playground.range(K).map((k) => [...answer.boxes.subarray((t * K + k) * 4, (t * K + k + 1) * 4)]);
    groups.forEach(({ group, outer, inner, handle, text }, k) => {
      const [x1, y1, x2, y2] = boxes[k];
      for (const rect of [outer, inner]) Page.fill(rect, { x: x1, y: y1, width: x2 - x1, height: y2 - y1 }, []);
      Page.fill(handle, { x: Math.min(x2, S) - 4.4, y: Math.min(y2, S) - 4.4, visibility: state.parts[k].unseen || k !== state.part ? "hidden" : "visible" }, []);
      Page.fill(text, { x: Math.max(x1, 0) + 1.5, y: Math.max(y1, 0) + 5.2, visibility: k === state.part ? "visible" : "hidden" }, []);
      group.classList.toggle("chosen", k === state.part);
      group.classList.toggle("unseen", state.parts[k].unseen);
    });
    // Small boxes lie over large ones, so that each can be taken; the focus stays where it was.
    const area = (k) => (boxes[k][2] - boxes[k][0]) * (boxes[k][3] - boxes[k][1]);
    const order = Playground.range(K).sort((a, b) => area(b) - area(a));
    if (order.some((k, i) => root.children[i] !== groups[k].group) && !root.contains(document.activeElement))
      for (const k of order) root.append(groups[k].group);
  };
};
