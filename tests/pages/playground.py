#!/usr/bin/env python3
"""Opens playground.html in headless Chromium and Firefox, whichever are here, and does what a reader
does: scrubs, covers, drags with mouse, finger and keys, freezes time, routes by hand, changes the model,
walks the tour. Checks that logits are those of build/microdualnet within 1e-5, how fast answers come,
and what pages are checked for (check.py): no message, no request, no overflow, contrast.

    tests/pages/playground.py --engine build/playground/engine.js [--keep DIR] [PAGE.html]

Without a page it trains two small models and packs one. With a page, --dataset and --weights name what
it was packed of, by default the demo's.
"""
import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browsers import add_browsers, installed  # noqa: E402
from check import CONTRAST, UNREACHED, counted  # noqa: E402

# The limits that the page must keep.
LOGITS = 1e-5
FIRST_ANSWER_MS, PASS_MS, PAGE_BYTES = 1000, 50, 12_000_000

SETTLED = """(async () => {
  await Playground.ready;
  while (Playground.waiting) await new Promise((go) => setTimeout(go, 5));
  return true;
})()"""
# Until the tour has found its clip.
TOURED = """(async () => {
  await Playground.ready;
  const button = document.getElementById('tour-show');
  while (button.disabled || Playground.waiting) await new Promise((go) => setTimeout(go, 20));
  return true;
})()"""
NOW = "[...Playground.answer.probabilities]"


def run(*arguments):
    """Runs a program; what it says is shown where it fails."""
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit("%s\nplayground-check: failed: %s" % (done.stdout, " ".join(arguments)))


def read_tensors(path):
    """The f32 tensors of a safetensors file: {name: [numbers]}."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
        data = file.read()
    found = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = entry["data_offsets"]
            found[name] = struct.unpack("<%df" % ((end - begin) // 4), data[begin:end])
    return found


def write_tensors(path, tensors):
    """tensors: {name: (shape, numbers)}, as f32."""
    header, data = {}, b""
    for name, (shape, numbers) in tensors.items():
        packed = struct.pack("<%df" % len(numbers), *numbers)
        header[name] = {"dtype": "F32", "shape": shape,
                        "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def small_page(options, folder):
    """Packs a page of two models that saw little: (page, dataset, weights)."""
    data, weights = folder + "/data", []
    run(options.program, "synth", "--out", data, "--subjects", "5", "--clips-per-class", "5")
    for name in ("demo", "demo-no-mac"):
        out = folder + "/" + name
        run(options.program, "train", "--config", "configs/%s.json" % name, "--data", data, "--out",
            out, "--epochs", "3", "--val", "none")
        weights.append(out + "/last.safetensors")
    page = folder + "/playground.html"
    run(options.packer, "--engine", options.engine, "--dataset", data, "--with-mac", weights[0],
        "--without-mac", weights[1], "--output", page)
    return page, data, weights


def native(program, weights, *arguments):
    """What `trace` writes."""
    with tempfile.TemporaryDirectory(prefix="mdn-native-") as folder:
        run(program, "trace", "--weights", weights, "--output", folder + "/all.safetensors",
            *arguments)
        return read_tensors(folder + "/all.safetensors")


def furthest(a, b):
    return max(abs(x - y) for x, y in zip(a, b)) if len(a) == len(b) else float("inf")


def check_numbers(browser, program, dataset, weights, fail):
    """The page's tensors beside the program's, of both models: clips as they are, and one whose
    moments are exchanged and one box of which is moved. Returns the largest difference of logits."""
    clips = browser.run("Playground.clips.map((clip) => clip.name)")
    worst = 0
    for model, file in enumerate(weights):
        for i, clip in enumerate(clips):
            if i % 4 and len(clips) > 6:  # of 16 clips, 4
                continue
            theirs = native(program, file, "--dataset", dataset, "--clip", clip)
            ours = browser.run("""(() => { const a = Playground.ask(%d, %d);
              return { logits: [...a.logits], alpha: [...a.alpha], fused: [...a.fused] }; })()"""
                               % (model, i))
            for name in ("logits", "alpha", "fused"):
                apart = furthest(ours[name], theirs[name])
                if name == "logits":
                    worst = max(worst, apart)
                if not apart <= LOGITS:
                    fail("%s of %s by model %d are %.1e apart" % (name, clip, model, apart))
    # The same done by hand to the input: backwards, and the third box 10 pixels to the right.
    T, K = browser.run("[Playground.T, Playground.K]")
    source = native(program, weights[0], "--dataset", dataset, "--clip", clips[0])
    frames, boxes = source["frames"], list(source["boxes"])
    picture, side = len(frames) // T, int((len(frames) // T // 3) ** 0.5)
    for t in range(T):
        for x in (0, 2):
            boxes[(t * K + 2) * 4 + x] += 10
    turned = [frames[t * picture:(t + 1) * picture] for t in reversed(range(T))]
    moved = [boxes[t * K * 4:(t + 1) * K * 4] for t in reversed(range(T))]
    with tempfile.TemporaryDirectory(prefix="mdn-native-") as folder:
        write_tensors(folder + "/in.safetensors", {
            "frames": ([1, T, side, side, 3], sum(turned, ())),
            "boxes": ([1, T, K, 4], sum(moved, []))})
        theirs = native(program, weights[0], "--input", folder + "/in.safetensors")
    ours = browser.run("""[...Playground.ask(0, 0, { order: Playground.range(Playground.T).reverse(),
      parts: Playground.range(Playground.K).map((k) => ({ dx: k === 2 ? 10 : 0 })) }).logits]""")
    apart = furthest(ours, theirs["logits"])
    if not apart <= LOGITS:
        fail("logits of a changed clip are %.1e apart" % apart)
    return max(worst, apart)


class Reader:
    """Uses the page as a reader does, and remembers what the answer was before."""

    def __init__(self, browser, fail):
        self.browser, self.fail = browser, fail

    def settle(self):
        self.browser.run(SETTLED)

    def put_back(self):
        self.browser.run("document.getElementById('put-back').click()")
        self.settle()

    def changes(self, what, do, of=NOW):
        """Whether the answer is another after `do`, and the same again once all is put back."""
        self.put_back()
        before = self.browser.run(of)
        do()
        self.settle()
        if self.browser.run(of) == before:
            self.fail(what + " changes nothing")
        self.put_back()
        if self.browser.run(of) != before:
            self.fail("putting back after '%s' does not restore the answer" % what)

    def click(self, selector):
        self.browser.run("document.querySelector(%s).click()" % json.dumps(selector))

    def press(self, text):
        self.browser.run("[...document.querySelectorAll('button')].find((b) => b.textContent === %s)"
                         ".click()" % json.dumps(text))

    def slide(self, selector, value):
        self.browser.run("(() => { const s = document.querySelector(%s); s.value = %s;"
                         "s.dispatchEvent(new Event('input')); })()" % (json.dumps(selector), value))

    def centre_of_box(self, k):
        """Where box k can be taken with a finger: on screen, and with no other box above it."""
        return self.browser.run("""(() => {
          document.querySelector('.scene').scrollIntoView({ block: 'center' });
          const group = document.querySelector('.box[data-part="%d"]'), box = group.querySelector('.inner').getBoundingClientRect();
          for (let y = box.top + 2; y < box.bottom; y += 3)
            for (let x = box.left + 2; x < box.right; x += 3)
              if (document.elementFromPoint(x, y)?.closest('.box') === group) return [x, y];
          return null;
        })()""" % k)

    def drag(self, k, touch):
        start = self.centre_of_box(k)
        if start is None:
            self.fail("box %d cannot be taken" % k)
            return
        self.browser.drag(start, (start[0] + 50, start[1] + 40), touch)
        self.settle()
        part = self.browser.run("Playground.state.parts[%d]" % k)
        if part["dx"] <= 2 or part["dy"] <= 2:
            self.fail("box %d does not follow %s: %s" % (k, "a finger" if touch else "the mouse",
                                                         part))


def use(browser, fail):
    """Everything that can be changed, once by each way to do it."""
    reader = Reader(browser, fail)
    browser.run(TOURED)
    reader.settle()
    K, T = browser.run("[Playground.K, Playground.T]")
    for k in range(K):
        reader.changes("covering part %d" % k,
                       lambda: reader.click(".part:nth-of-type(%d) input" % (k + 2)))
    row = "[data-part=torso] "
    reader.changes("hiding the torso",
                   lambda: reader.click(row + "label:nth-of-type(2) input"))
    for touch in (False, True):
        reader.changes("dragging a box", lambda: reader.drag(K - 1, touch))
    for key in ("ArrowRight", "ArrowUp", "+"):
        def with_key():
            browser.run("document.querySelector('.box[data-part=\"1\"]').focus()")
            browser.key(key)
        reader.changes("the key %s on a box" % key, with_key)
    for time in ("Frozen", "Shuffled", "Backwards"):
        reader.changes(time, lambda: reader.press(time))
    reader.changes("routing by hand", lambda: reader.slide(".alpha.all input", 0.03))
    alpha = browser.run("[...Playground.answer.alpha]")
    if alpha != browser.run("[...Playground.answer['router alpha']]"):
        fail("after putting back, alpha is not the router's")
    # The ends of the slider are the two paths alone, and give other answers than each other.
    said = []
    for end in (0, 1):
        reader.slide(".alpha.all input", end)
        reader.settle()
        said.append(browser.run(NOW))
        if browser.run("[...Playground.answer.alpha].filter((_, i) => i %% 2 === 0).some((a) => a !== %d)" % end):
            fail("alpha does not follow the slider")
    if said[0] == said[1]:
        fail("ST alone and TS alone give one answer")
    reader.put_back()
    # Scrubbing shows another frame; frozen, it also asks about another.
    pictures = "[...Playground.answer.pictures].reduce((sum, v, i) => (sum * 31 + v) % 1000003, 7)"
    shown = "document.querySelector('.scene canvas').toDataURL()"
    reader.slide("#scrubber", 0)
    reader.settle()
    first = browser.run(shown)
    reader.slide("#scrubber", T - 1)
    reader.settle()
    if browser.run(shown) == first:
        fail("scrubbing shows the same frame")
    reader.press("Frozen")
    reader.settle()
    frozen = browser.run(pictures)
    browser.run("document.getElementById('scrubber').focus()")
    browser.key("ArrowLeft")
    reader.settle()
    if browser.run("Playground.state.at") != T - 2 or browser.run(pictures) == frozen:
        fail("the left arrow on the scrubber does not freeze another frame")
    reader.put_back()
    before = browser.run(NOW)
    reader.press("Trained without MAC")
    reader.settle()
    if browser.run(NOW) == before:
        fail("the other model gives the same answer")
    reader.press("Trained with MAC")
    reader.settle()
    if browser.run(NOW) != before:
        fail("the first model gives another answer when it is chosen again")


def hurry(browser, fail):
    """Changes that come before the answer to the one before, and while the tour looks for a clip."""
    reader = Reader(browser, fail)
    reader.put_back()
    inside = browser.run("""(async () => {
      const box = document.querySelector('.box[data-part="1"]');
      for (let i = 0; i < 200; ++i) box.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
      await %s;
      const { S, K, state, answer } = Playground, at = (state.at * K + 1) * 4;
      return (answer.boxes[at] + answer.boxes[at + 2]) / 2 <= S + 1e-3;
    })()""" % SETTLED)
    if not inside:
        fail("many keys at once move the centre of a box out of the frame")
    reader.put_back()
    kept = browser.run("""(async () => {
      const { state, clips } = Playground, now = () => JSON.stringify([state.clip, state.parts]);
      Playground.goToStop(0);
      Playground.choose({ clip: (state.clip + 1) %% clips.length });
      state.parts[1].covered = true;
      const chosen = now();
      await %s;
      return now() === chosen;
    })()""" % TOURED)
    if not kept:
        fail("the tour takes away what the reader chose while it looked for a clip")
    reader.click("#tour-show")
    reader.settle()
    told = browser.run("document.querySelector('.tour .found').textContent")
    if "More is changed" not in told:
        fail("the tour tells of two changes as if they were one: " + told)
    reader.put_back()


def break_answer(browser, fail):
    """A question that has no answer: the page must not show the last one as if it were."""
    browser.run("Playground.state.parts[0].alpha_st = 7, Playground.update()")
    browser.run(SETTLED)
    said = browser.run("document.querySelector('.answer').textContent")
    if not said.startswith("No answer") or "between 0 and 1" not in said:
        fail("an answer that fails is shown as: " + said)
    Reader(browser, fail).put_back()
    if browser.run("document.querySelector('.answer').textContent").startswith("No answer"):
        fail("after a failed answer the page does not answer again")


def take_tour(browser, fail):
    """Each stop has a question; doing what it says brings an answer that is read from the model."""
    stops = browser.run("document.querySelectorAll('.tour ol button').length")
    if stops != 6:
        fail("the tour has %d stops" % stops)
    for stop in range(stops):
        browser.run("Playground.goToStop(%d)" % stop)
        browser.run(TOURED)
        found = "document.querySelector('.tour .found').textContent"
        asked = browser.run(found)
        if "when you have tried it" not in asked:
            fail("stop %d answers before it is tried: %s" % (stop + 1, asked))
        browser.run("document.getElementById('tour-show').click()")
        browser.run(SETTLED)
        told = browser.run(found)
        if told == asked or "%" not in told or any(w in told for w in ("undefined", "NaN", "null")):
            fail("stop %d says: %s" % (stop + 1, told))
        # A stop tells the model's own probabilities.
        now = browser.run("[...Playground.answer.probabilities].map((p) => (100 * p).toFixed(1))")
        if stop < 3 and not any(p + "\u00a0%" in told for p in now):
            fail("stop %d does not tell what the model says: %s" % (stop + 1, told))
    done = browser.run("[...document.querySelectorAll('.tour ol button')]"
                       ".filter((b) => b.textContent.endsWith('✓')).length")
    if done != stops:
        fail("%d of %d stops count as done" % (done, stops))


def check_browser(browser, options, page, dataset, weights, failures):
    def fail(text):
        failures.append("%s: %s" % (browser.name, text))

    for width, dark in ((1400, False), (390, False), (1400, True), (390, True)):
        where = "%d px, %s: " % (width, "dark" if dark else "light")
        browser.open(page, width=width, dark=dark)
        browser.run(TOURED)
        for trouble in browser.troubles():
            fail(where + trouble)
        wide = browser.run("document.documentElement.scrollWidth")
        if wide > width:
            fail(where + "the page is %d px wide" % wide)
        contrast = browser.run(CONTRAST)
        if contrast["ratio"] < 4.5:
            fail(where + "contrast %.2f of %s" % (contrast["ratio"], contrast["text"]))
        if options.screenshots:
            os.makedirs(options.screenshots, exist_ok=True)
            browser.run("Playground.answerNow()")
            browser.screenshot("%s/%s-%d-%s.png" % (options.screenshots, browser.name, width,
                                                    "dark" if dark else "light"))
    browser.open(page)
    browser.run(TOURED)
    first = browser.run("Playground.firstAnswer")
    passes = browser.run("""(() => {
      const times = { whole: [], head: [] };
      for (let i = 0; i < 10; ++i)
        for (const frame of [0, 1]) {
          times.whole.push(Playground.ask(0, 0, { order: Array(Playground.T).fill(frame) }).milliseconds);
          times.head.push(Playground.ask(0, 0, { order: Array(Playground.T).fill(frame) }).milliseconds);
        }
      // The fastest: the others waited for something else that runs on this machine.
      return [Math.min(...times.whole), Math.min(...times.head), Playground.memory()];
    })()""")
    if not options.untimed:
        if first > FIRST_ANSWER_MS:
            fail("the first answer takes %.0f ms" % first)
        if passes[0] > PASS_MS:
            fail("a forward pass takes %.1f ms" % passes[0])
    apart = check_numbers(browser, options.program, dataset, weights, fail)
    use(browser, fail)
    take_tour(browser, fail)
    hurry(browser, fail)
    for mark in browser.run(UNREACHED)[:5]:
        fail("the keyboard does not reach " + mark)
    for trouble in browser.troubles():
        fail("after use: " + trouble)
    break_answer(browser, fail)
    print("playground-check: %s: first answer %.0f ms, forward pass %.1f ms, behind the backbone "
          "%.1f ms, memory %.0f MB, logits within %.1e" %
          (browser.version(), first, passes[0], passes[1], passes[2] / 1e6, apart))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="build/microdualnet")
    parser.add_argument("--packer", default="build/pack_playground")
    parser.add_argument("--engine", default="build/playground/engine.js")
    parser.add_argument("--dataset", default="runs/demo/data")
    parser.add_argument("--weights", nargs=2, default=[
        "runs/demo/full/best.safetensors", "runs/playground/no-mac/best.safetensors"])
    parser.add_argument("--screenshots", help="folder for pictures of the page")
    parser.add_argument("--untimed", action="store_true", help="on a machine that is busy")
    add_browsers(parser)
    parser.add_argument("page", nargs="?")
    options = parser.parse_args()
    browsers = installed(options, "playground-check")
    if not browsers:
        return 0
    failures = []
    with tempfile.TemporaryDirectory(prefix="mdn-playground-") as folder:
        page, dataset, weights = (options.page, options.dataset, options.weights) \
            if options.page else small_page(options, folder)
        size = os.path.getsize(page)
        if size > PAGE_BYTES:
            failures.append("the page has %.1f MB" % (size / 1e6))
        for browser_of in browsers:
            with browser_of() as browser:
                check_browser(browser, options, page, dataset, weights, failures)
    for failure in failures:
        print("playground-check: " + failure, file=sys.stderr)
    print("playground-check: %s, %s, %s" % ("%.1f MB" % (size / 1e6),
                                            counted(len(browsers), "browser"),
                                            counted(len(failures), "failure")))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
