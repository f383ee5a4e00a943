#!/usr/bin/env python3
"""Opens every kind of page in headless Chromium and Firefox and checks what a reader would notice:
no message on the console, no request to anywhere (Chromium tells), every figure there and not empty,
nothing wider than a phone's window or a sheet of paper, text that stands out in light and dark, and
figures that answer the keyboard.

    tests/pages/check.py [--program build/microdualnet] [--browsers chromium,firefox] [--keep DIR]
                         [PAGE.html ...]

Without pages it renders a small dataset, trains for a moment, and has the program write them.
"""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browsers import add_browsers, installed  # noqa: E402
from explanations import check_explanation, write_explanations  # noqa: E402

# Of each figure: its id, how many drawings are in it, what they hold beside axes and words, and its
# sentence.
FIGURES = """[...document.querySelectorAll('section.figure')].map((figure) => ({
  id: figure.id,
  heading: figure.querySelector('h2, h3')?.textContent || '',
  sentence: figure.querySelector(':scope > p.look')?.textContent || '',
  drawings: figure.querySelectorAll('.drawing svg, .drawing table, .drawing canvas, .drawing li').length,
  marks: [...figure.querySelectorAll('.drawing svg :is(path, rect, circle, image), .drawing canvas, .drawing td, .drawing li')]
    .filter((mark) => !mark.matches('.grid, .axis, .here') && !mark.closest('.legend, .controls, defs, details')).length,
  seen: figure.querySelector('.drawing').getBoundingClientRect().height}))"""

# The least contrast of any text against what lies behind it (WCAG), and where.
CONTRAST = """(() => {
  const channels = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = channels(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.5) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  let worst = { ratio: 99, text: '' };
  for (const node of document.querySelectorAll('h1,h2,h3,h4,p,li,a,td,th,summary,label,option,button,.legend span,.fact span,.fact b,svg text')) {
    const text = [...node.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent).join('').trim();
    if (!text || !node.getClientRects().length) continue;
    const inDrawing = node.closest('svg');
    const style = getComputedStyle(node);
    let behind = ground(inDrawing ? inDrawing.parentElement : node);
    // A number in a square stands on the square that was drawn before it.
    const square = inDrawing && node.previousElementSibling;
    if (square && square.tagName === 'rect' && node.getAttribute('text-anchor') === 'middle' && square.getAttribute('fill')?.startsWith('rgb'))
      behind = channels(square.getAttribute('fill'));
    const a = light(channels(inDrawing ? style.fill : style.color).slice(0, 3)), b = light(behind);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst.ratio) worst = { ratio, text: node.tagName + ' "' + text.slice(0, 40) + '"' };
  }
  return worst;
})()"""

# A drawing that takes the keyboard shows a value after an arrow key.
# Marks whose value the pointer reads and the keyboard does not: neither they nor their drawing can
# have the focus.
UNREACHED = """[...document.querySelectorAll('[data-tip]')]
  .filter((mark) => !mark.closest('button, a[href], input, select, summary, [tabindex]'))
  .map((mark) => mark.tagName + ' in #' + mark.closest('section')?.id + ': ' + mark.dataset.tip)"""

# Numbers with a hyphen for a minus sign, in what is read and in what the pointer shows. Commands and
# settings are quoted as they are.
HYPHENS = r"""(() => {
  const texts = [...document.querySelectorAll('[data-tip], [aria-label]')]
    .map((mark) => (mark.dataset.tip || '') + ' ' + (mark.getAttribute('aria-label') || ''));
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    if (!walk.currentNode.parentElement.closest('code, pre, script, style, #made'))
      texts.push(walk.currentNode.textContent);
  }
  return texts.filter((text) => /(^|[\s(,:])-\d|\de-\d/.test(text));
})()"""

# How the pages write numbers.
NUMBERS = """JSON.stringify([Page.number(-0.051, 2), Page.number(-0.004, 2), Page.number(-2), Page.number(1e-7),
  Page.fixed(-1.25, 1), Page.fixed(null), Page.percent(-0.5), Page.points(-0.031), Page.points(0.031), Page.points(-1e-9)])"""
WRITTEN = '["−0.05","0.00","−2","1e−7","−1.3","–","−50\u00a0%","−3.1 points","+3.1 points","no change"]'

# The width of A4 in CSS pixels, without its margins of a centimetre.
PAPER = 718

KEYBOARD = "[...document.querySelectorAll('svg[tabindex]')].length"


def counted(count, what):
    return "%d %s%s" % (count, what, "" if count == 1 else "s")


def check_in(browser, page, expected, failures):
    """Appends to `failures` what is wrong with a page in this browser."""
    def fail(text):
        failures.append("%s in %s: %s" % (os.path.basename(page), browser.name, text))

    if not os.path.isfile(page):
        return fail("there is no file " + page)
    check_page(browser, page, expected, fail)
    check_report(browser, page, fail)
    check_explanation(browser, page, fail)


def check_page(browser, page, expected, fail):
    """Says by `fail` what is wrong with a page at one of the widths, in dark, on paper or in use."""
    for width, dark in ((1400, False), (390, False), (1400, True), (390, True)):
        where = "%d px, %s: " % (width, "dark" if dark else "light")
        browser.open(page, width=width, dark=dark)
        for trouble in browser.troubles():
            fail(where + trouble)
        figures = browser.run(FIGURES)
        if not figures:
            fail(where + "there is no figure")
        for figure in figures:
            name = "figure #" + figure["id"]
            if not figure["heading"]:
                fail(where + name + " has no heading")
            if not figure["sentence"].strip().endswith((".", ")")):
                fail(where + name + " has no sentence")
            if figure["drawings"] == 0 or figure["marks"] == 0 or figure["seen"] < 20:
                fail(where + name + " is empty: %s" % figure)
        ids = [figure["id"] for figure in figures]
        if len(set(ids)) != len(ids):
            fail(where + "two figures have one id: %s" % sorted(ids))
        for wanted in expected:
            if wanted not in ids:
                fail(where + "figure #%s is missing; there are %s" % (wanted, ids))
        wide = browser.run("document.documentElement.scrollWidth")
        if wide > width:
            fail(where + "the page is %d px wide" % wide)
        for text in browser.run(HYPHENS)[:5]:
            fail(where + "a hyphen for a minus sign: " + text)
        contrast = browser.run(CONTRAST)
        if contrast["ratio"] < 4.5:
            fail(where + "contrast %.2f of %s" % (contrast["ratio"], contrast["text"]))

    numbers = browser.run(NUMBERS)
    if numbers != WRITTEN:
        fail("numbers are written %s, not %s" % (numbers, WRITTEN))
    browser.open(page, width=PAPER, paper=True)
    wide = browser.run("document.documentElement.scrollWidth")
    if wide > PAPER:
        fail("printed, the page is %d px wide, not %d" % (wide, PAPER))

    # The keyboard: every drawing that can have the focus says a value, and another after an arrow.
    browser.open(page)
    for i in range(browser.run(KEYBOARD)):
        browser.run("document.querySelectorAll('svg[tabindex]')[%d].focus()" % i)
        said = []
        for key in (None, "ArrowDown", "ArrowRight"):
            if key:
                browser.key(key)
            said.append(browser.run("document.getElementById('tip').hidden ? '' : "
                                    "document.getElementById('tip').textContent"))
        values = browser.run("+document.querySelectorAll('svg[tabindex]')[%d].dataset.values" % i)
        if not all(said[1:]) or (values > 1 and len(set(said)) == 1):
            fail("drawing %d does not answer the arrow keys: %s" % (i, browser.run(
                "document.querySelectorAll('svg[tabindex]')[%d].getAttribute('aria-label')" % i)))
    for mark in browser.run(UNREACHED)[:5]:
        fail("the keyboard does not reach " + mark)
    # Sorting: a click turns the first table's order.
    turned = browser.run("""(() => {
      const button = document.querySelector('thead button');
      if (!button) return true;
      button.closest('details')?.setAttribute('open', '');
      const table = button.closest('table');
      const first = () => table.querySelector('tbody').textContent;
      button.click(); const once = first(); button.click();
      return once !== first() && table.querySelector('[aria-sort]') !== null;
    })()""")
    if not turned:
        fail("a table does not sort")
    for trouble in browser.troubles():
        fail("after use: " + trouble)


def check_report(browser, page, fail):
    """What only reports do; fail(text) notes what is wrong."""
    browser.open(page)
    hidden = browser.run("""(() => {
      const drawing = document.querySelector('#confusion .drawing');
      return drawing ? drawing.scrollWidth - drawing.clientWidth : 0;
    })()""")
    if hidden > 0:
        fail("at 1400 px, %d px of the confusion matrix are to be scrolled to" % hidden)
    lines = browser.run("""[...document.querySelectorAll('#loss-ce .legend path')]
      .map((line) => line.getAttribute('stroke') + ' ' + line.getAttribute('stroke-dasharray'))""")
    if len(set(lines)) != len(lines):
        fail("of %d curves, only %d differ in colour or dash" % (len(lines), len(set(lines))))


REPORT = ["rates", "routing", "routing-classes", "classes", "confusion", "mistakes", "loss-ce",
          "loss-mac", "accuracy", "rate", "made", "clips-mistake", "clips-unsure"]


def write_pages(program, folder):
    """[(page, ids of the figures it must have)] of a small run and of what lacks parts of it."""
    def run(*arguments):
        subprocess.run([program, *arguments], check=True, stdout=subprocess.DEVNULL)

    data, runs = os.path.join(folder, "data"), {}
    run("synth", "--out", data, "--subjects", "5", "--clips-per-class", "5")
    for name, config in (("full", "configs/demo.json"), ("tsm", "configs/demo-tsm.json")):
        runs[name] = os.path.join(folder, name)
        run("train", "--config", config, "--data", data, "--out", runs[name], "--epochs", "2",
            "--val-every", "1")
        run("eval", "--weights", runs[name] + "/best.safetensors", "--data", data, "--split",
            "test", "--json-file", runs[name] + "/test.json", "--report",
            runs[name] + "/evaluated.html")
    run("report", runs["tsm"], runs["full"], "--out", folder + "/compared.html")
    old = os.path.join(folder, "old")
    os.makedirs(old)
    with open(runs["full"] + "/test.json") as source, open(old + "/test.json", "w") as target:
        target.write(source.read())
    run("report", old)
    pages = [(many_classes(run, folder), ["rates", "classes", "confusion"]),
             (many_runs(run, folder, runs["full"]), ["compared", "loss-ce"])]
    no_paths = ["rates", "classes", "confusion", "loss-ce", "accuracy", "made", "clips-mistake"]
    return [*pages, *write_explanations(run, folder, data),
            (runs["full"] + "/report.html", REPORT), (runs["full"] + "/evaluated.html", REPORT),
            (runs["tsm"] + "/report.html", no_paths),
            (folder + "/compared.html", ["compared"] + REPORT),
            (old + "/report.html", ["rates", "routing", "routing-classes", "classes", "confusion",
                                    "made"])]


def many_classes(run, folder, classes=60):
    """The report of an evaluation of so many classes that was not computed by any model."""
    draw = random.Random(1)
    matrix = [[(20 if t == p else 0) + (draw.random() < 0.1) for p in range(classes)]
              for t in range(classes)]
    own = os.path.join(folder, "classes")
    os.makedirs(own)
    with open(own + "/test.json", "w") as file:
        json.dump({
            "clips": sum(map(sum, matrix)),
            "action": {"top1": 80.0, "top5": 95.0, "f1_macro": 78.0},
            "classes": [{"name": "touching or scratching part %d" % c, "clips": sum(matrix[c]),
                         "correct": matrix[c][c], "predicted": sum(row[c] for row in matrix),
                         "recall": 100 * matrix[c][c] / sum(matrix[c]),
                         "precision": 80.0, "f1": 80.0}
                        for c in range(classes)],
            "confusion": matrix}, file)
    run("report", own)
    return own + "/report.html"


def many_runs(run, folder, one, count=10):
    """The report of a run beside copies of itself."""
    copies = ["%s/copy-%d" % (folder, i) for i in range(count)]
    for copy in copies:
        os.makedirs(copy)
        for name in ("log.jsonl", "test.json"):
            shutil.copy(os.path.join(one, name), copy)
    run("report", *copies, "--out", folder + "/many.html")
    return folder + "/many.html"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="build/microdualnet")
    add_browsers(parser)
    parser.add_argument("--keep", help="folder for the pages that are written")
    parser.add_argument("pages", nargs="*", help="check these pages instead")
    options = parser.parse_args()
    browsers = installed(options, "pages-check")
    if not browsers:
        return 0
    with tempfile.TemporaryDirectory(prefix="mdn-pages-") as temporary:
        if options.pages:
            pages = [(page, []) for page in options.pages]
        else:
            folder = options.keep or temporary
            os.makedirs(folder, exist_ok=True)
            pages = write_pages(options.program, folder)
        failures = []
        for browser_of in browsers:
            with browser_of() as browser:
                print("pages-check: %s in %s" % (counted(len(pages), "page"), browser.version()),
                      flush=True)
                for page, expected in pages:
                    check_in(browser, page, expected, failures)
    for failure in failures:
        print("pages-check: " + failure, file=sys.stderr)
    print("pages-check: %s, %s, %s" % (counted(len(pages), "page"),
                                       counted(len(browsers), "browser"),
                                       counted(len(failures), "failure")))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
