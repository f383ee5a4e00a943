// The last script: everything it begins is there.
"use strict";

Playground.ready = (async function () {
  const began = performance.now();
  const waiting = Page.add(Page.main, "p", { class: "note", role: "status" }, "Compiling the engine …");
  // Does one part of the beginning; the page says where it fails, and why.
  const step = async function (failure, work) {
    try {
      return await work();
    } catch (error) {
      waiting.textContent = `${failure} (${error.message})`;
      throw error;
    }
  };
  await step("The engine does not run here. It needs a browser with WebAssembly, its vectors (SIMD) and its exceptions: Chromium 95 or Firefox 100, or a later one.", Engine.start);
  await step("The playground cannot show this page's models and clips.", () => {
    const number = Playground.modelNumber(0);
    Playground.build(Playground.models[number].opened);
    Playground.answerNow();
  });
  waiting.remove();
  Playground.firstAnswer = performance.now() - began;
  Playground.tour();
})();
