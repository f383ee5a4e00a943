// The last script: everything it begins is there.
"use strict";

Playground.ready = (async function () {
  const began = performance.now();
  const waiting = Page.add(Page.main, "p", { class: "note", role: "status" }, "Compiling the engine …");
  try {
    await Engine.start();
    const number = Playground.modelNumber(0);
    Playground.build(Playground.models[number].opened);
    waiting.remove();
    Playground.answerNow();
    Playground.firstAnswer = performance.now() - began;
    Playground.tour();
  } catch (error) {
    waiting.textContent = `The playground does not run here: ${error.message}. It needs a browser with WebAssembly, its vectors (SIMD) and its exceptions: Chromium 95 or Firefox 100, or a later one.`;
    throw error;
  }
})();
