"""The pages of `explain` and of `predict --html`: writes one per kind of model, and checks what is
theirs alone: the frames move, the overlays have their cells, a click on the timeline shows a window.
"""
import json
import os

# A config over `tiny`; the figures that its page has, and those that it must not have.
ALL = ["clip", "routing", "answer", "parts", "moments", "mac", "how"]
VARIANTS = {
    "full": ({}, ALL, ["missing"]),
    "st": ({"paths": "st"}, ["clip", "answer", "parts", "moments", "how"], ["routing", "mac"]),
    "mean": ({"fusion": "mean", "mac_weight": 0}, ALL, []),
    "rgb": ({"modality": "rgb", "regions": "fixed"}, ALL, []),
    "none": ({"modality": "rgb", "regions": "none"}, ["clip", "answer", "moments", "how"],
             ["routing", "mac", "parts"]),
    "pose": ({"modality": "pose"}, ALL, []),
}


def write_explanations(run, folder, data):
    """[(page, ids of the figures it must have)]; run(*words) runs the program."""
    pages = []
    with open(data + "/test.txt") as clips:
        clip = clips.readline().split()[0]
    for name, (changes, figures, _) in VARIANTS.items():
        config, out = "%s/%s.json" % (folder, name), "%s/explained-%s" % (folder, name)
        with open(config, "w") as file:
            json.dump({"preset": "tiny", "classes": 16, **changes}, file)
        run("train", "--config", config, "--data", data, "--out", out, "--epochs", "1", "--val",
            "none")
        model = ["--weights", out + "/last.safetensors", "--data", data]
        page = "%s/clip-%s.html" % (folder, name)
        run("explain", clip, *model, "--output", page)
        pages.append((page, figures))
        if name == "full":
            timeline = folder + "/timeline.html"
            run("predict", *model, "--clip", clip, "--window", "12", "--fps", "25", "--timeline",
                folder + "/timeline.csv", "--html", timeline, "--explain", "1")
            pages.append((timeline, ["strip", "window", "stretches"]))
    return pages


def check_explanation(browser, page, fail):
    """What only these pages do, on a page of theirs; fail(text) notes what is wrong."""
    name = os.path.basename(page)
    if name.startswith("clip-"):
        check_clip(browser, page, VARIANTS[name[len("clip-"):-len(".html")]][2], fail)
    elif name == "timeline.html":
        check_timeline(browser, page, fail)


def choose(browser, list_, value):
    browser.run("(() => { const s = document.querySelector('#%s'); s.value = '%s';"
                "s.dispatchEvent(new Event('change')); })()" % (list_, value))


def count(browser, selector):
    return browser.run("document.querySelectorAll('%s').length" % selector)


def check_clip(browser, page, absent, fail):
    browser.open(page)
    for section in absent:
        if count(browser, "#" + section):
            fail("#%s should not be there" % section)
    text = browser.run("document.body.innerText")
    for wrong in ("undefined", "NaN", "[object"):
        if wrong in text:
            fail("the page says " + wrong)
    at = "+document.getElementById('scrubber').value"
    before = browser.run(at)
    browser.key("ArrowRight")
    if browser.run(at) != before + 1:
        fail("the right arrow does not move the frames")
    browser.key("ArrowLeft")
    if browser.run(at) != before:
        fail("the left arrow does not move the frames")
    data = browser.run("Page.data")
    boxes = len(data["entities"]) if data["clip"]["boxes"] else 0
    if count(browser, ".stage rect[data-tip]") != boxes:
        fail("%d boxes are drawn, not %d" % (count(browser, ".stage rect[data-tip]"), boxes))
    if count(browser, ".watch .maps svg") != len(data["clip"]["attention"]):
        fail("attention maps are missing")
    cells = data["map"]["height"] * data["map"]["width"]
    for overlay in ["cells"] * bool(data["cells"]) + ["cam 0"] * bool(data["class_maps"]):
        choose(browser, "overlay", overlay)
        if count(browser, ".stage .overlay rect") != cells:
            fail("overlay %s does not have %d cells" % (overlay, cells))
        if "%" not in browser.run("document.querySelector('.stage .overlay rect').dataset.tip"):
            fail("a cell of overlay %s does not say its value" % overlay)
    if data["cells"]:
        # What a box reads lies around the box: the cell with the highest weight holds a part of it.
        choose(browser, "overlay", "cells")
        apart = browser.run("""(() => {
          const cells = [...document.querySelectorAll('.stage .overlay rect')];
          const most = cells.reduce((a, b) => (+b.getAttribute('fill-opacity') > +a.getAttribute('fill-opacity') ? b : a));
          const box = document.querySelector('.stage rect[data-tip]');
          const [a, b] = [most, box].map((node) => node.getBoundingClientRect()), w = a.width / 2;
          return a.right + w < b.left || b.right < a.left - w || a.bottom + w < b.top || b.bottom < a.top - w;
        })()""")
        if apart:
            fail("the cells that a body part reads lie away from its box")


def check_timeline(browser, page, fail):
    browser.open(page)
    data = browser.run("Page.data")
    if count(browser, "#strip rect.window") != len(data["cells"]):
        fail("windows are missing in the strip")
    if count(browser, "#thumbnails img") != len(data["thumbnails"]):
        fail("pictures are missing")
    link = browser.run("document.querySelector('#window a').getAttribute('href')")
    if link not in data["links"].values():
        fail("the window that is explained is not linked, but " + link)
    if not os.path.isfile(os.path.join(os.path.dirname(page), link)):
        fail("the page that is linked is not there: " + link)
    frames = "document.getElementById('window-frames').textContent"
    # A click on the right end shows the last window, the left arrow the one before.
    browser.run("(() => { const s = document.querySelector('#strip svg[tabindex]'), "
                "b = s.getBoundingClientRect(); s.dispatchEvent(new MouseEvent('click', "
                "{bubbles: true, clientX: b.right - 12, clientY: b.top + 20})); })()")
    first, fps = data["numbers_from"], data["fps"]
    for cell in data["cells"][:-30:-1]:
        expected = "frames %d–%d" % (cell[0], cell[1])
        if fps:
            expected += ", %s–%s" % (clock((cell[0] - first) / fps),
                                     clock((cell[1] + 1 - first) / fps))
        if browser.run(frames) != expected:
            fail("not %s, but %s" % (expected, browser.run(frames)))
        browser.key("ArrowLeft")


def clock(seconds):
    tenths = int(10 * seconds + 0.5)
    return "%d:%02d.%d" % (tenths // 600, tenths // 10 % 60, tenths % 10)
