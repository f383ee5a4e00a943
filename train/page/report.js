// The figures of a report: one run, or several beside each other. The data are those of
// train/report/: run_data.h says what a run has, evaluation_data.h what an evaluation has.
"use strict";

(() => {
  const { main, data, add, fixed, percent } = Page;
  const runs = data.runs;
  const several = runs.length > 1;
  const runColour = (i) => Page.category(i);
  const entityNames = (evaluation) => evaluation.entities.map(Page.entityName);
  const classes = (evaluation) => evaluation.rates.classes;
  // Classes that have clips; others would be blank rows.
  const present = (evaluation) => classes(evaluation).map((_, c) => c).filter((c) => classes(evaluation)[c].clips > 0);
  // All samples of clips that had one outcome are alike: an interval without width would look sure.
  const interval = (m) => m.low === m.high && m.chance !== 100 ? "not known" : `${fixed(m.low)} to ${fixed(m.high)}\u00a0%`;

  // What the rates are, where they are first drawn.
  function meanings(parent, names) {
    const said = {
      "Top-1": "the likeliest action is the right one.",
      "Top-5": "the right action is among the five likeliest.",
      "F1 macro": "the mean over the actions of F1 = 2 · right / (clips of the action + clips that were given it): a rare action counts as much as a frequent one.",
      "body Top-1": "the likeliest action belongs to the right body-level class, a group of actions such as all of the head.",
      "F1mean": "the mean of four F1: macro and micro (which equals Top-1), of the actions and of the body-level classes.",
    };
    add(parent, "ul", { class: "plain quiet" }, names.filter((name) => said[name]).map((name) => Page.el("li", {}, `${name}: ${said[name]}`)));
  }

  // ---- Several runs beside each other -----------------------------------------------------------

  // What is behind the names, and the answer of each run in a line.
  function eachRun(parent) {
    add(parent, "ul", { class: "plain" }, runs.map((run) => {
      return Page.el("li", {}, Page.el("b", {}, run.name), run.evaluation
        ? ` names the right action in ${run.rate}. ${run.model}`
        : " has not been evaluated.");
    }));
    add(parent, "p", {}, "Which body part chose which path, and what is taken for what: ",
      Page.el("a", { href: "#one" }, "one run in detail"), ".");
  }

  function comparison(parent) {
    const evaluated = runs.filter((run) => run.evaluation);
    eachRun(parent);
    if (evaluated.length) {
      const names = [...new Set(evaluated.flatMap((run) => run.evaluation.metrics.map((m) => m.name)))];
      const drawing = Page.figure(parent, {
        id: "compared", title: "The runs beside each other",
        look: "Compare the marks with the width of the bars: where the bars of two runs overlap widely, other clips could turn their order round.",
      });
      const metric = (run, name) => run.evaluation.metrics.find((m) => m.name === name);
      Page.marks(drawing, {
        rows: names.flatMap((name) => evaluated.map((run) => {
          const m = metric(run, name);
          return { name: `${name}, ${run.name}`, values: [m ? m.value : null], bar: m && [m.low, m.high], colour: runColour(runs.indexOf(run)), barColour: runColour(runs.indexOf(run)), tip: m ? `${run.name}, ${name}: ${fixed(m.value)} %\n95 % interval ${interval(m)}` : `${run.name}: not known` };
        })),
        kinds: [{ name: "rate", colour: "var(--text)" }], low: 0, high: 100, x: "percent; bars: 95 % intervals over clips (bootstrap; Wilson's at 0 and 100 %)", label: "Rates of all runs", letters: 40,
      });
      meanings(drawing, names);
      if (data.differences.length)
        add(drawing.parentNode, "ul", { class: "plain" }, data.differences.map((text) => Page.el("li", {}, text)));
      Page.numbers(drawing, {
        columns: [{ name: "run" }, { name: "evaluation" }, { name: "clips" }, ...names.flatMap((name) => [{ name, digits: 2 }, { name: "95 % interval" }])],
        rows: evaluated.map((run) => [run.name, run.evaluation_name, run.evaluation.rates.clips,
          ...names.flatMap((name) => { const m = metric(run, name); return m ? [m.value, { show: interval(m), sort: m.low }] : [null, null]; })]),
      });
    }
    curves(parent);
  }

  // ---- Curves -----------------------------------------------------------------------------------

  function curves(parent) {
    const known = runs.filter((run) => run.curves);
    if (!known.length) return;
    const zip = (xs, ys) => xs.map((x, i) => [x, ys[i] === undefined ? null : ys[i]]);
    const label = (run, name) => (several ? `${run.name}: ${name}` : name);
    const ofSteps = (column, name, k) => known.map((run) => ({ name: label(run, name), dash: several ? Page.runDash(runs.indexOf(run), 0) : null, colour: several ? runColour(runs.indexOf(run)) : Page.category(k), points: zip(run.curves.steps.x, run.curves.steps[column] || []) }));
    const ofEpochs = (column, name, k) => known.map((run) => ({ name: label(run, name), colour: several ? runColour(runs.indexOf(run)) : Page.category(k), dash: several ? Page.runDash(runs.indexOf(run), 1) : Page.dashes[k], points: zip(run.curves.epochs.x, run.curves.epochs[column]) }));
    const most = (series) => Math.max(...series.flatMap((s) => s.points.map((p) => p[1] || 0)), 1e-9);
    const last = Math.max(...known.flatMap((run) => [...run.curves.epochs.x, ...run.curves.steps.x]));
    const draw = (id, title, look, series, options = {}) => {
      // A model without two paths logs a MAC loss of 0.
      series = series.filter((s) => s.points.some((p) => p[1]));
      if (!series.length) return;
      const drawing = Page.figure(parent, { id, title, look, level: 3 });
      Page.curves(drawing, { series, x: "epoch", label: title, from: 0, to: last, low: 0, high: most(series) * 1.02, ...options });
    };
    add(parent, "h2", {}, "How the training went");
    if (known.length > 32) add(parent, "p", { class: "quiet" }, "Colours and dashes tell 32 runs apart; from the 33rd on they repeat. Hover or the arrow keys name each run.");
    const columns = add(parent, "div", { class: "columns" });
    parent = columns;
    draw("loss-ce", "Cross-entropy", "Training should fall and flatten; validation that rises while training falls is overfitting.",
      [...ofSteps("loss_ce", "training, mean of steps", 0), ...ofEpochs("val_loss", "validation", 1)]);
    draw("loss-mac", "MAC loss", "The MAC loss (mutual action consistency) asks that both paths describe the same body part of a clip alike. New paths are alike by themselves, so it may rise first; it falls as they come to agree in what they have learnt. Flat at a high value means that they never agreed.",
      ofSteps("loss_mac", "training, mean of steps", 2));
    draw("accuracy", "Accuracy", "Training far above validation at the end is overfitting; curves that still rise there ask for a longer training.",
      [...ofSteps("top1", "training Top-1, mean of steps", 0), ...ofEpochs("val_top1", "validation Top-1", 1), ...(several ? [] : ofEpochs("val_top5", "validation Top-5", 2))], { high: 100, digits: 2 });
    draw("rate", "Learning rate", "Compare its height with the loss above at the same epoch: the last improvements come when it is small.",
      ofSteps("lr", "learning rate", 3), { digits: 7 });
  }

  // ---- One run ----------------------------------------------------------------------------------

  function facts(parent, run) {
    const evaluation = run.evaluation;
    const box = add(parent, "div", { class: "facts" });
    for (const m of evaluation.metrics)
      add(box, "div", { class: "fact" }, Page.el("b", {}, fixed(m.value) + "\u00a0%"), Page.el("span", {}, m.name), Page.el("span", {}, "95 %: " + interval(m)));
    add(box, "div", { class: "fact" }, Page.el("b", {}, String(evaluation.rates.clips)), Page.el("span", {}, `clips, of ${present(evaluation).length} classes`), Page.el("span", {}, evaluation.origin.split ? `list “${evaluation.origin.split}”` : ""));
    add(parent, "ul", { class: "plain" }, run.summary.map((text) => Page.el("li", {}, text)));
  }

  function rates(parent, evaluation) {
    const n = evaluation.rates.clips;
    const drawing = Page.figure(parent, {
      id: "rates", title: "How well, and how sure",
      look: `The bar is the 95 % interval over the ${n} clips (bootstrap; Wilson's at 0 and 100 %): it should lie far to the right of chance and of always naming the most frequent class.`,
    });
    Page.marks(drawing, {
      rows: evaluation.metrics.map((m) => ({ name: m.name, values: [m.value, m.chance, m.frequent], bar: [m.low, m.high], barColour: "var(--c0)", tip: `${m.name}: ${fixed(m.value, 2)} %\n95 % interval: ${interval(m)}\nchance: ${m.chance === null ? "no simple formula" : fixed(m.chance, 2) + " %"}\nmost frequent class: ${fixed(m.frequent, 2)} %` })),
      kinds: [{ name: "the model", colour: "var(--c0)" }, { name: "chance: a class drawn evenly", colour: "var(--c1)" }, { name: "always the most frequent class of these clips", colour: "var(--c2)" }],
      low: 0, high: 100, x: "percent", label: "Rates with their intervals", step: 30,
    });
    if (!several) meanings(drawing, evaluation.metrics.map((m) => m.name));
    Page.numbers(drawing, {
      columns: [{ name: "rate" }, { name: "percent", digits: 2 }, { name: "95 % from", digits: 2 }, { name: "to", digits: 2 }, { name: "chance", digits: 2 }, { name: "most frequent class", digits: 2 }],
      rows: evaluation.metrics.map((m) => [m.name, m.value, m.low, m.high, m.chance, m.frequent]),
    });
  }

  function routing(parent, evaluation) {
    const { routing } = evaluation, names = entityNames(evaluation);
    if (!routing) return;
    const spread = routing.entities.every((e) => e.quantiles);
    const drawing = Page.figure(parent, {
      id: "routing", title: "Which path each body part chose",
      look: "α is the weight that the router gives to the ST path; the TS path has the rest. Left of the middle a body part takes more of TS (time first, then body), right of it more of ST (body first, then time); a long bar means that the choice depends on the clip.",
    });
    Page.marks(drawing, {
      rows: names.map((name, k) => {
        const e = routing.entities[k], q = e.quantiles;
        return { name, values: [e.mean], colour: Page.rgb(Page.diverging(e.mean)), span: q && [q[0], q[4]], bar: q && [q[1], q[3]], tip: `${name}: mean weight of ST ${fixed(e.mean, 3)}` + (q ? `, deviation ${fixed(e.deviation, 3)}\n5, 25, 50, 75, 95 % of clips below: ${q.map((v) => fixed(v, 2)).join(", ")}` : "") };
      }),
      kinds: [{ name: "mean", colour: "var(--text)" }], low: 0, high: 1, at: [{ value: 0.5, text: "both alike" }],
      x: spread ? "α of ST: mean; thick bar: the middle half of the clips; thin line: 5 to 95 %" : "α of ST: mean", label: "Routing weight of each body part", step: 30,
    });
    Page.numbers(drawing, {
      columns: [{ name: "body part" }, { name: "mean", digits: 3 }, { name: "deviation", digits: 3 }, ...[5, 25, 50, 75, 95].map((q) => ({ name: q + " %", digits: 3 }))],
      rows: names.map((name, k) => [name, routing.entities[k].mean, routing.entities[k].deviation, ...(routing.entities[k].quantiles || Array(5).fill(null))]),
    });

  }

  function routingPerClass(parent, evaluation) {
    const { routing } = evaluation, names = entityNames(evaluation);
    if (!routing) return;
    const rows = present(evaluation);
    const drawing = Page.figure(parent, {
      id: "routing-classes", title: "The choice per action",
      look: "A row that differs in colour from the others is an action for which the model looks at the body in another order.",
    });
    const holder = Page.el("div", {});
    Page.choice(Page.controls(drawing), "Order of the actions: ", [["list", "as in the dataset"], ...names.map((name, k) => [String(k), "by " + name])], (by) => {
      holder.replaceChildren();
      const order = by === "list" ? rows : [...rows].sort((a, b) => routing.classes[b][+by].mean - routing.classes[a][+by].mean);
      Page.matrix(holder, {
        rows: [...order.map((c) => classes(evaluation)[c].name), "all clips"], columns: names, size: 34, label: "Mean weight of ST per action and body part",
        cell: (r, k) => {
          const c = order[r], e = r < order.length ? routing.classes[c][k] : routing.entities[k];
          const what = r < order.length ? `${classes(evaluation)[c].name} (${Page.count(classes(evaluation)[c].clips, "clip")})` : "all clips";
          return { colour: Page.diverging(e.mean), text: fixed(100 * e.mean, 0), tip: `${what}, ${names[k]}\nST ${fixed(e.mean, 3)}, TS ${fixed(1 - e.mean, 3)}` + (e.deviation !== undefined ? `\ndeviation over the clips ${fixed(e.deviation, 3)}` : "") };
        },
      });
    });
    drawing.append(holder);
    Page.scale(drawing, Page.diverging, "TS (0)", "ST (100): mean weight of ST in percent");
    Page.numbers(drawing, {
      columns: [{ name: "action" }, ...names.flatMap((name) => [{ name, digits: 3 }, { name: "±", tip: "deviation of " + name, digits: 3 }])],
      rows: rows.map((c) => [classes(evaluation)[c].name, ...routing.classes[c].flatMap((e) => [e.mean, e.deviation === undefined ? null : e.deviation])]),
    });
  }

  function perClass(parent, evaluation) {
    const rows = present(evaluation), paths = evaluation.paths;
    const drawing = Page.figure(parent, {
      id: "classes", title: paths ? "Each action by ST alone, TS alone, and both" : "Accuracy per action",
      look: paths
        ? "Where the open mark of one path lies far left of the full one, the model needs the other path for this action (a path alone is the same trained model with α set to 1 for that path in every body part; it was not trained for that)."
        : "Look for the actions far on the left: these are the ones that the model does not know.",
    });
    if (paths)
      add(drawing, "p", {}, "Over all clips: " + paths.top1.map((p) => `${p.name} ${fixed(p.value)} % (95 %: ${interval(p)})`).join("; ") + ".");
    const holder = Page.el("div", {});
    const value = (c) => classes(evaluation)[c].recall;
    const orders = [["accuracy", "worst first"], ["list", "as in the dataset"], ...(paths ? [["st", "by ST alone"], ["ts", "by TS alone"]] : [])];
    Page.choice(Page.controls(drawing), "Order of the actions: ", orders, (by) => {
      const keys = { accuracy: value, st: (c) => paths.classes[c].st, ts: (c) => paths.classes[c].ts };
      const order = by === "list" ? rows : [...rows].sort((a, b) => keys[by](a) - keys[by](b));
      holder.replaceChildren();
      Page.marks(holder, {
        rows: order.map((c) => {
          const own = classes(evaluation)[c], span = evaluation.recall_intervals[c];
          const alone = paths && paths.classes[c];
          return { name: own.name, values: alone ? [own.recall, alone.st, alone.ts] : [own.recall], bar: span, tip: `${own.name}: ${own.correct} of ${Page.count(own.clips, "clip")} right, ${fixed(own.recall)} %\n95 % interval (Wilson): ${fixed(span[0])} to ${fixed(span[1])} %` + (alone ? `\nST alone ${fixed(alone.st)} %, TS alone ${fixed(alone.ts)} %` : "") };
        }),
        kinds: [{ name: paths ? "both, by the router" : "recall", colour: "var(--text)" }, ...(paths ? [{ name: "ST alone", colour: "var(--c0)" }, { name: "TS alone", colour: "var(--c1)" }] : [])],
        low: 0, high: 100, x: "percent of the action's clips that are right; bars: 95 % interval (Wilson)", label: "Accuracy per action",
      });
    });
    drawing.append(holder);
    add(drawing, "p", { class: "quiet" }, "Recall is the share of the action's clips that are named rightly. Wilson's interval holds the shares under which such a count would be no surprise; it suits few clips as well, and never leaves 0 to 100 %.");
    Page.numbers(drawing, {
      columns: [{ name: "action" }, { name: "clips" }, { name: "recall", digits: 1 }, { name: "from", digits: 1 }, { name: "to", digits: 1 }, { name: "ST alone", digits: 1 }, { name: "TS alone", digits: 1 }, { name: "precision", digits: 1 }, { name: "F1", digits: 1 }],
      rows: rows.map((c) => { const own = classes(evaluation)[c], alone = paths && paths.classes[c], span = evaluation.recall_intervals[c]; return [own.name, own.clips, own.recall, span[0], span[1], alone ? alone.st : null, alone ? alone.ts : null, own.precision, own.f1]; }),
    });
    const absent = classes(evaluation).filter((c) => c.clips === 0).map((c) => c.name);
    if (absent.length) add(drawing.parentNode, "p", { class: "quiet" }, `${Page.count(absent.length, "class has", "classes have")} no clip here and no row: ${absent.slice(0, 12).join(", ")}${absent.length > 12 ? ", …" : ""}.`);
  }

  function confusion(parent, evaluation) {
    const matrix = evaluation.rates.confusion, all = classes(evaluation);
    const seen = all.map((_, c) => c).filter((c) => all[c].clips > 0 || all[c].predicted > 0);
    const shown = seen.filter((c) => all[c].clips > 0);
    // Beside the words where half of the page is enough, else above them.
    const size = 25, names = (list) => list.map((c) => all[c].name);
    const { width } = Page.matrixPlace({ rows: names(shown), columns: names(seen), size, down: "true" });
    const columns = width < main.clientWidth / 2 - 16 ? add(parent, "div", { class: "columns" }) : parent;
    const drawing = Page.figure(columns, {
      id: "confusion", title: "What is taken for what",
      look: "Each row is a true action, each column what the model said: dark squares off the diagonal are its confusions.",
    });
    const holder = Page.el("div", {});
    const wrong = (c) => all[c].clips - all[c].correct;
    const orders = {
      list: (list) => list,
      worst: (list) => [...list].sort((a, b) => all[a].recall - all[b].recall),
      together: grouped,
    };
    // Chains each class to the one it is most confused with, both ways counted.
    function grouped(list) {
      const left = [...list].sort((a, b) => wrong(b) - wrong(a)), chain = [left.shift()];
      while (left.length) {
        const last = chain[chain.length - 1];
        const tie = (c) => matrix[last][c] + matrix[c][last];
        const next = left.reduce((best, c) => (tie(c) > tie(best) ? c : best), left[0]);
        chain.push(next);
        left.splice(left.indexOf(next), 1);
      }
      return chain;
    }
    Page.choice(Page.controls(drawing), "Order of the actions: ", [["list", "as in the dataset"], ["worst", "worst first"], ["together", "confused ones beside each other"]], (by) => {
      const order = orders[by](seen), rows = order.filter((c) => all[c].clips > 0);
      holder.replaceChildren();
      Page.matrix(holder, {
        rows: names(rows), columns: names(order), size, least: 12, down: "true", across: "said", label: "Confusion matrix",
        cell: (r, c) => {
          const truth = rows[r], said = order[c], count = matrix[truth][said], share = count / all[truth].clips;
          return { colour: Page.sequential(share), text: count ? String(count) : "", tip: `“${all[truth].name}” ${truth === said ? "named rightly" : `taken for “${all[said].name}”`}: ${count} of ${Page.count(all[truth].clips, "clip")} (${percent(share, 1)})` };
        },
      });
    });
    drawing.append(holder);
    Page.scale(drawing, Page.sequential, "0", "100 % of the action's clips; numbers are clips");
    if (evaluation.confusions.length) {
      const words = Page.figure(columns, {
        id: "confusion-words", title: "The largest confusions in words",
        look: "A right class that came second, with almost the probability of the wrong one, is a near miss; a wrong class that was given nearly all of it is a mistake of another kind.",
      });
      add(words, "ul", { class: "plain" }, evaluation.confusions.map((c) => Page.el("li", {}, c.text)));
    }
    const pairs = matrix.flatMap((row, t) => row.map((count, p) => [t, p, count])).filter(([t, p, count]) => t !== p && count > 0);
    Page.numbers(drawing, {
      columns: [{ name: "true" }, { name: "said", text: true }, { name: "clips" }, { name: "of" }, { name: "percent", digits: 1 }],
      rows: pairs.sort((a, b) => b[2] - a[2]).slice(0, 200).map(([t, p, count]) => [all[t].name, all[p].name, count, all[t].clips, (100 * count) / all[t].clips]),
    }, "All confusions as a table");
  }

  // ---- Clips ------------------------------------------------------------------------------------

  function oneClip(parent, evaluation, clip) {
    const names = classes(evaluation).map((c) => c.name), entities = evaluation.entities;
    const box = add(parent, "article", { class: "clip" });
    add(box, "h3", {}, clip.predicted === clip.label ? `“${names[clip.label]}”, named rightly` : `“${names[clip.label]}”, taken for “${names[clip.predicted]}”`,
      Page.el("span", { class: "quiet" }, ` — ${clip.name}`));
    const left = add(box, "div", { class: "frame" }), right = add(box, "div");
    const picture = add(left, "div");
    const maps = Page.el("div", { class: "maps" });
    let t = 0, k = 0, layer = 0;
    const place = { at: 0 };
    const layers = Math.max(0, ...Object.values(clip.attention).map((l) => l.length));
    const redraw = () => Page.attentionMaps(maps, clip, entities, t, k, layer);
    Page.slider(Page.controls(left), "Frame", clip.frames.length, (i, output) => {
      t = i;
      output.textContent = `${clip.frames[i] + 1}`;
      const frame = Page.frame(clip, i, entities);
      picture.replaceChildren(Page.readsTips(frame, Page.boxesOf(frame), { place }));
      redraw();
    }, Math.floor(clip.frames.length / 2));
    // The five best classes, as bars.
    Page.marks(right, {
      rows: clip.top.map(([c, p]) => ({ name: (c === clip.label ? "✓ " : "") + names[c], values: [100 * p], bar: [0, 100 * p], barColour: c === clip.label ? "var(--c2)" : "var(--c1)", colour: c === clip.label ? "var(--c2)" : "var(--c1)", tip: `${names[c]}: ${percent(p, 1)}${c === clip.label ? " (the right one)" : ""}` })),
      kinds: [{ name: "probability", colour: "var(--text)" }], low: 0, high: 100, x: "probability in percent; ✓ is the right action", label: "The five best classes of this clip", width: 460, step: 20,
    });
    if (clip.alpha.length)
      add(right, "p", { class: "quiet" }, "Weight of ST: " + clip.alpha.map((a, i) => `${Page.entityName(entities[i])} ${fixed(a, 2)}`).join(", ") + ".");
    if (layers) {
      const controls = Page.controls(right);
      Page.choice(controls, "Frames of ", entities.map((name, i) => [String(i), Page.entityName(name)]), (v) => { k = +v; redraw(); });
      if (layers > 1) Page.choice(controls, "Layer ", [...Array(layers).keys()].map((l) => [String(l), String(l + 1)]), (v) => { layer = +v; redraw(); });
      right.append(maps);
    }
  }

  function clips(parent, evaluation) {
    if (!evaluation.clips.length) return;
    const groups = [
      ["mistake", "Its surest mistakes", "Ask of each picture whether you would have known better: a wrong box, a hidden hand, or two actions that look alike."],
      ["unsure", "Where it was least sure", "The two best classes lie closest here; see whether the attention goes to the body part that tells them apart."],
      ["right", "What it knows", "See which body part and which moment the paths look at when the answer is right."],
    ];
    add(parent, "h2", { id: "clips" }, "Clips: what it saw, where it looked, what it said");
    Page.contents.append(Page.el("li", {}, Page.el("a", { href: "#clips" }, "Clips")));
    add(parent, "p", { class: "quiet" }, "Each picture is what the network sees, with joints and the boxes of the body parts. A row of an attention map says how much a body part, or a frame, takes of each other (mean over heads; light: less than even, dark: four times even or more).");
    if (evaluation.entities.length) Page.entityLegend(parent, evaluation.entities);
    if (evaluation.clips.some((c) => Object.keys(c.attention).length)) Page.scale(parent, Page.sequential, "0", "even is a quarter of the way; dark: four times even");
    for (const [group, title, look] of groups) {
      const chosen = evaluation.clips.filter((clip) => clip.group === group);
      if (!chosen.length) continue;
      const drawing = Page.figure(parent, { id: "clips-" + group, title, look, level: 3 });
      for (const clip of chosen) oneClip(drawing, evaluation, clip);
    }
  }

  function mistakes(parent, evaluation) {
    if (!evaluation.mistakes.length) return;
    const names = classes(evaluation).map((c) => c.name);
    const drawing = Page.figure(parent, {
      id: "mistakes", title: "Most confident mistakes",
      look: "High numbers under “given” with low ones under “right” are clips to watch: often the label, the keypoints or the cut is wrong.",
    });
    Page.table(drawing, {
      columns: [{ name: "clip", text: true }, { name: "true", text: true }, { name: "said", text: true }, { name: "given", tip: "probability of what was said", digits: 3 }, { name: "right", tip: "probability of the right action", digits: 3 }],
      rows: evaluation.mistakes.map((m) => [m.clip, names[m.truth], names[m.predicted], m.given, m.right]),
    });
  }

  // ---- How it was made --------------------------------------------------------------------------

  function duration(seconds) {
    if (seconds < 60) return `${fixed(seconds, 1)} s`;
    const minutes = Math.round(seconds / 60);
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  }

  function made(parent, run) {
    const evaluation = run.evaluation, origin = (evaluation && evaluation.origin) || {}, training = run.training && run.training.origin;
    const drawing = Page.figure(parent, {
      id: "made", title: "Configuration, machine and time",
      look: "To compare with another run, check first that data, list, number of clips and seed are what you think they are.",
    });
    const rows = [["folder of the run", run.folder]];
    const put = (name, value) => value !== undefined && value !== null && value !== "" && rows.push([name, String(value)]);
    put("dataset", origin.data);
    put("evaluated", evaluation && (origin.split ? `${evaluation.rates.clips} clips of the list “${origin.split}”` : `${evaluation.rates.clips} clips (${run.evaluation_name}.json)`));
    put("weights", origin.weights);
    put("epoch of the weights", origin.epoch);
    put("steps behind the weights", origin.step);
    put("clips without a visible person", evaluation && evaluation.without_person);
    put("time of the evaluation", origin.seconds && duration(origin.seconds));
    if (run.curves) {
      const { epochs, seconds, steps_in_all } = run.curves;
      put("training", `${Page.count(epochs.x.length, "epoch")}, ${Page.count(steps_in_all, "step")}, ${duration(seconds)}`);
    }
    const machine = (o) => `${o.processor}, ${Page.count(o.threads, "thread")}, ${o.device}`;
    if (origin.processor) put("evaluated on", machine(origin));
    if (training) put("trained on", machine(training));
    put("program", origin.program);
    Page.table(drawing, { columns: [{ name: "what" }, { name: "value", text: true }], rows, sortable: false });
    const settings = origin.settings && Object.keys(origin.settings).length ? origin.settings : training && training.settings;
    if (settings && Object.keys(settings).length)
      Page.numbers(drawing, { columns: [{ name: "setting" }, { name: "value", text: true }], rows: Object.entries(settings), sortable: false }, "Settings of the training");
    const config = (evaluation && evaluation.config) || (run.training && run.training.config);
    if (config)
      Page.numbers(drawing, { columns: [{ name: "key" }, { name: "value", text: true }], rows: Object.entries(config).map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]), sortable: false }, "Configuration of the model (docs/SPEC.md §8)");
  }

  function oneRun(parent, run) {
    if (run.evaluation) {
      facts(parent, run);
      // Beside each other where the window is wide.
      const top = add(parent, "div", { class: "columns" });
      rates(top, run.evaluation);
      routing(top, run.evaluation);
      const middle = add(parent, "div", { class: "columns" });
      routingPerClass(middle, run.evaluation);
      perClass(middle, run.evaluation);
      confusion(parent, run.evaluation);
      clips(parent, run.evaluation);
      mistakes(parent, run.evaluation);
    }
    if (!several) curves(parent);
    made(parent, run);
  }

  // ---- The page ---------------------------------------------------------------------------------

  const missing = runs.flatMap((run) => run.missing);
  if (several) {
    Page.beginContents(main);
    comparison(main);
    add(main, "h2", { id: "one" }, "One run in detail");
  }
  const details = Page.el("div");
  const show = (i) => {
    details.replaceChildren();
    Page.beginContents(details);
    oneRun(details, runs[i]);
  };
  if (several) Page.choice(Page.controls(main), "Run: ", runs.map((run, i) => [String(i), run.name]), (i) => show(+i), String(runs.length - 1));
  else show(0);
  main.append(details);
  if (missing.length) {
    add(main, "h2", {}, "What this page cannot show");
    for (const text of missing) add(main, "p", { class: "note" }, text);
  }
  add(main, "p", { class: "quiet" }, `Written by ${data.program}. The page needs nothing outside itself.`);
})();
