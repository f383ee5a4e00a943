// The guided tour: six questions, each answered by doing something above. The answers are read from the
// model that is in this page, while it runs: another training may give others.
"use strict";

Playground.tour = function () {
  const { state, parts, classes, clips, models, T, K } = Playground;
  const part = (entity) => Math.max(0, parts.indexOf(entity));
  const withMac = 0, withoutMac = 1;
  const probability = (answer, c) => Page.percent(answer.probabilities[c], 1);
  const likeliest = (answer) => Views.likeliest(answer.probabilities);
  const named = (answer) => `“${classes[likeliest(answer)]}” (${probability(answer, likeliest(answer))})`;
  const changed = (k, what) => Playground.range(K).map((i) => ({ ...Playground.untouched(), ...(k === null || i === k ? what : {}) }));

  // Asks about every clip, one after the other, and lets the page live between them.
  async function survey(ask) {
    const found = [];
    for (let clip = 0; clip < clips.length; ++clip) {
      found.push(ask(clip));
      await new Promise((go) => setTimeout(go, 0));
    }
    return found;
  }
  // The clip in which a change takes most from the class that was likeliest.
  async function mostTelling(changes) {
    const losses = await survey((clip) => {
      const before = Playground.baseline(withMac, clip), c = likeliest(before);
      return before.probabilities[c] - Playground.ask(withMac, clip, changes).probabilities[c];
    });
    return losses.indexOf(Math.max(...losses));
  }
  const begin = (clip) => { Playground.play(false); Playground.choose({ model: withMac, clip }); Playground.putBack(); };

  // What a stop's own change is compared with: undo() takes that change out of a scene.
  const unchanged = () => ({ time: "recorded", model: withMac, parts: changed(null, {}) });
  function changesMore(stop) {
    const rest = JSON.parse(JSON.stringify({ time: state.time, model: state.model, parts: state.parts }));
    stop.undo(rest);
    return JSON.stringify(rest) !== JSON.stringify(unchanged());
  }

  const face = part("face");
  const stops = [
    {
      title: "Cover the face",
      question: "Cover the face: which class goes, and which comes?",
      doing: "In “Body parts”, switch “cover” on for the face.",
      clip: () => mostTelling({ parts: changed(face, { covered: true }) }),
      act: () => { state.parts[face].covered = true; },
      done: () => state.parts[face].covered,
      undo: (scene) => { scene.parts[face].covered = false; },
      found: (answer, before) => likeliest(answer) === likeliest(before)
        ? `${named(before)} stays: it has ${probability(answer, likeliest(before))} now. This action is not read from the face alone; try the head, or the hands.`
        : `“${classes[likeliest(before)]}” goes, from ${probability(before, likeliest(before))} to ${probability(answer, likeliest(before))}, and ${named(answer)} comes. What told them apart were pixels in the box of the face.`,
    },
    {
      title: "Freeze time",
      question: "Is a single picture enough to tell the action?",
      doing: "Press “Frozen”, then move through the moments: each is shown to the model eight times over.".replace("eight", T),
      clip: () => mostTelling({ order: Array(T).fill(Math.floor(T / 2)) }),
      act: () => Playground.setTime("frozen"),
      done: () => state.time === "frozen",
      undo: (scene) => { scene.time = "recorded"; },
      survey: () => survey((clip) => {
        const c = likeliest(Playground.baseline(withMac, clip));
        return c === likeliest(Playground.ask(withMac, clip, { order: Array(T).fill(Math.floor(T / 2)) })) ? c : null;
      }),
      found(answer, before, kept) {
        const c = likeliest(before), stay = kept.filter((k) => k !== null);
        return `Without motion “${classes[c]}” has ${probability(answer, c)} instead of ${probability(before, c)}; the answer is ${named(answer)}. The model trained with MAC keeps its answer on ${stay.length} of the ${clips.length} clips when their middle moment is frozen` + (stay.length ? `: ${stay.map((k) => classes[k]).join(", ")}. Those show in a posture.` : ".");
      },
    },
    {
      title: "Turn time around",
      question: "Does the model know which way time runs?",
      doing: "Press “Backwards”. Then “Shuffled”, a few times.",
      clip: () => mostTelling({ order: Playground.range(T).reverse() }),
      act: () => Playground.setTime("backwards"),
      done: () => state.time === "backwards" || state.time === "shuffled",
      undo: (scene) => { scene.time = "recorded"; },
      found(answer, before) {
        const c = likeliest(before), how = state.time === "backwards" ? "Backwards" : "Shuffled";
        return likeliest(answer) === c
          ? `${how}, it is still ${named(answer)}, before ${probability(before, c)}: this clip looks much the same in that order. Try another clip.`
          : `${how}, “${classes[c]}” goes from ${probability(before, c)} to ${probability(answer, c)}, and the answer is ${named(answer)}. The same frames, in another order: so it does read the order.`;
      },
    },
    {
      title: "Drag a box",
      question: "If a box looks elsewhere, whose tokens change?",
      doing: "Drag a box of a hand away from the hand (or Tab to it and use the arrow keys). Look at the tokens below.",
      clip: async () => state.clip,
      act: () => { state.part = part("right hand"); Object.assign(state.parts[state.part], { dx: -25, dy: -25 }); },
      done: () => state.parts.some((p) => !p.unseen && Math.hypot(p.dx, p.dy) > 5),
      undo: (scene) => scene.parts.forEach((p) => Object.assign(p, { dx: 0, dy: 0, scale: 1 })),
      found(answer, before) {
        const read = Views.tokenChange(answer.entities, before.entities, answer.shapes.entities), after = Views.tokenChange(answer.st, before.st, answer.shapes.st);
        const own = read.map((v, k) => [v, k]).filter(([v]) => v > 1e-6).map(([v, k]) => `${parts[k]} (by ${Page.percent(v)})`);
        const others = after.filter((v, k) => v > 1e-6 && read[k] <= 1e-6).length, c = likeliest(before);
        return `As read from the boxes, only the tokens of ${own.join(" and ") || "no body part"} change: no pixel moved, another place was read. After the ST path, the tokens of ${others} other ${others === 1 ? "body part has" : "body parts have"} changed as well, because attention mixes them. “${classes[c]}” has ${probability(answer, c)}, before ${probability(before, c)}.`;
      },
    },
    {
      title: "Route by hand",
      question: "Which path is right when they disagree?",
      doing: "Move the slider of all body parts from TS to ST and back.",
      clip: async () => {
        const apart = await survey((clip) => {
          const [st, ts] = [1, 0].map((alpha_st) => Playground.ask(withMac, clip, { parts: changed(null, { alpha_st }) }).probabilities);
          return st.reduce((sum, p, c) => sum + Math.abs(p - ts[c]), 0);
        });
        return apart.indexOf(Math.max(...apart));
      },
      act: () => state.parts.forEach((p) => (p.alpha_st = 0)),
      done: () => state.parts.every((p) => p.alpha_st !== null),
      undo: (scene) => scene.parts.forEach((p) => (p.alpha_st = null)),
      found() {
        const [st, ts, routed] = [1, 0, null].map((alpha_st) => Playground.ask(state.model, state.clip, { order: state.order, parts: state.parts.map((p) => ({ ...p, alpha_st })) }));
        const same = likeliest(st) === likeliest(ts);
        return `ST alone says ${named(st)}, TS alone ${named(ts)}; the router says ${named(routed)}. ` + (same ? "On this clip the two paths agree." : `They disagree, and the router follows ${likeliest(routed) === likeliest(st) ? "ST" : likeliest(routed) === likeliest(ts) ? "TS" : "neither"}: the action is “${classes[clips[state.clip].label]}”.`);
      },
    },
    {
      title: "Without MAC",
      question: "What did MAC change inside the model?",
      doing: "Change between the two models, and compare the diagonals of “How alike the two paths describe a body part”.",
      clip: async () => state.clip,
      act: () => { state.model = withoutMac; },
      done: () => state.model === withoutMac,
      // It tells of the clip as it was recorded, whatever has been changed.
      undo: (scene) => Object.assign(scene, unchanged()),
      found() {
        const [a, b] = [withMac, withoutMac].map((model) => Views.agreement(Playground.baseline(model, state.clip).similarity, K));
        const gap = (x) => x.same - x.other, two = (v) => Page.number(v, 2);
        return `Trained with MAC, the two paths describe the same body part with a cosine of ${two(a.same)} and different ones with ${two(a.other)}: ${two(gap(a))} apart. Without, ${two(b.same)} and ${two(b.other)}: ${two(gap(b))} apart. ` +
          (gap(a) > gap(b) ? "With MAC the two paths tell the body parts from each other more clearly." : "On this clip MAC did not set the body parts further apart: try another one.") +
          ` On this clip the first model says ${named(Playground.baseline(withMac, state.clip))}, the second ${named(Playground.baseline(withoutMac, state.clip))}.`;
      },
    },
  ];

  // ---- The card ---------------------------------------------------------------------------------

  const card = Playground.tourPlace;
  Page.add(card, "h2", {}, "A tour of six questions");
  const list = Page.add(card, "ol");
  const steps = stops.map((stop, i) => Page.el("button", { type: "button", onclick: () => go(i) }, `${i + 1}  ${stop.title}`));
  list.append(...steps.map((step) => Page.el("li", {}, step)));
  const question = Page.add(card, "p", { class: "question" }), doing = Page.add(card, "p");
  const bar = Page.controls(card);
  const show = Page.add(bar, "button", { type: "button", id: "tour-show", onclick: () => { stops[at].act(); Playground.update(); } }, "Do it for me");
  const next = Page.add(bar, "button", { type: "button", id: "tour-next", onclick: () => go((at + 1) % stops.length) }, "Next question");
  const found = Page.add(card, "p", { class: "found", role: "status" });
  let at = -1, surveyed = null, turn = 0;

  function tell(answer, before) {
    const stop = stops[at], done = at >= 0 && surveyed !== null && stop.done();
    card.classList.toggle("done", done);
    card.dataset.stop = at;
    steps.forEach((step, i) => i === at ? step.setAttribute("aria-current", "step") : step.removeAttribute("aria-current"));
    if (surveyed === null) return;
    if (done) steps[at].textContent = `${at + 1}  ${stop.title} ✓`;
    found.textContent = done ? stop.found(answer, before, surveyed) + (changesMore(stop) ? " More is changed than this question is about: put the rest back to see this change alone." : "") : "The answer appears here when you have tried it. What do you expect?";
  }
  // Goes to a stop: looks for the clip on which it tells most, and puts that back as it was recorded. A
  // reader who changes something while it looks keeps the clip and the changes.
  async function go(i) {
    const mine = ++turn, stop = stops[i];
    at = i;
    surveyed = null;
    question.textContent = stop.question;
    doing.textContent = stop.doing;
    found.textContent = "Looking for a clip that shows it …";
    show.disabled = true;
    if (Playground.answer) tell(Playground.answer, Playground.baseline(state.model, state.clip));
    const scene = () => JSON.stringify([state.clip, state.model, state.order, state.parts]), asked = scene();
    const clip = await stop.clip(), survey_ = stop.survey ? await stop.survey() : [];
    if (mine !== turn) return;  // the reader has gone on
    surveyed = survey_;
    show.disabled = false;
    if (scene() === asked) begin(clip);
    else Playground.update();
  }
  Playground.listeners.push((_, answer, before) => tell(answer, before));
  Playground.goToStop = go;
  return go(0);
};
