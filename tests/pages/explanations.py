"""The pages of `explain` and of `predict --html`: writes one per kind of model, and checks what is
theirs alone: the frames move, the overlays have their cells, the keyboard reads each of them, a
click on the timeline shows a window.
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
        listed = [line.split()[0] for line in clips]
    clip = listed[0]
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
            run("explain", clip, *model, "--from", "3", "--to", "3", "--output",
                folder + "/clip-frame.html")
            pages.append((folder + "/clip-frame.html", [f for f in figures if f != "moments"]))
            # A name that an address must spell out.
            timeline = folder + "/timeline #1, 100%.html"
            frames, keypoints = join_clips(data, listed[:3], folder)
            run("predict", "--weights", out + "/last.safetensors", "--frames", frames,
                "--keypoints", keypoints, "--clips", "2", "--window", "8", "--fps", "25",
                "--timeline", folder + "/timeline.csv", "--html", timeline, "--explain", "1")
            pages.append((timeline, ["strip", "window", "stretches"]))
            with open(folder + "/timeline.csv") as rows:
                explained = [row.split(",") for row in rows]
            pages += [(page, figures) for page in
                      ("%s/timeline #1, 100%%_window_%s-%s.html" % (folder, row[0], row[1])
                       for row in explained) if os.path.isfile(page)]
    return pages


def join_clips(data, clips, folder):
    """(frames, keypoints) of one recording of several clips. In the second nobody is seen."""
    number = 0
    folders = [folder + "/recording", folder + "/recording_pose"]
    for made in folders:
        os.makedirs(made)
    for i, clip in enumerate(clips):
        for frame in sorted(os.listdir("%s/frames/%s" % (data, clip))):
            number += 1
            stem = os.path.splitext(frame)[0]
            os.symlink(os.path.abspath("%s/frames/%s/%s" % (data, clip, frame)),
                       "%s/img_%05d%s" % (folders[0], number, os.path.splitext(frame)[1]))
            pose = "%s/img_%05d_keypoints.json" % (folders[1], number)
            if i == 1:
                with open(pose, "w") as file:
                    json.dump({"version": 1.3, "people": []}, file)
            else:
                os.symlink(os.path.abspath("%s/keypoints/%s/%s_keypoints.json"
                                           % (data, clip, stem)), pose)
    return folders


def check_explanation(browser, page, fail):
    """What only these pages do, on a page of theirs; fail(text) notes what is wrong."""
    name = os.path.splitext(os.path.basename(page))[0]
    browser.open(page)
    if count(browser, "section#clip"):
        variant = VARIANTS.get(name[len("clip-"):]) if name.startswith("clip-") else None
        check_clip(browser, page, variant[2] if variant else [], fail)
    elif count(browser, "section#stretches"):
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
    if browser.run(at) != min(before + 1, browser.run("Page.data.film.frames.length") - 1):
        fail("the right arrow does not move the frames")
    browser.key("ArrowLeft")
    if browser.run(at) != before:
        fail("the left arrow does not move the frames")
    data = browser.run("Page.data")
    if (count(browser, "#views") > 0) != (data["views"]["count"] > 1):
        fail("the page does not say of how many views it explains one")
    numbers = set(data["clip"]["frames"])
    if ("moments" in browser.run("[...document.querySelectorAll('section')].map((s) => s.id)")) \
            != (len(numbers) > 1):
        fail("frames are taken away from a clip of one, or not from one of several")
    boxes = len(data["entities"]) if data["clip"]["boxes"] else 0
    if count(browser, ".stage rect[data-tip]") != boxes:
        fail("%d boxes are drawn, not %d" % (count(browser, ".stage rect[data-tip]"), boxes))
    check_read(browser, "box", boxes, 1, fail)
    if count(browser, ".watch .maps svg") != len(data["clip"]["attention"]):
        fail("attention maps are missing")
    cells = data["map"]["height"] * data["map"]["width"]
    for overlay in ["cells"] * bool(data["cells"]) + ["cam 0"] * bool(data["class_maps"]):
        choose(browser, "overlay", overlay)
        if count(browser, ".stage .overlay rect") != cells:
            fail("overlay %s does not have %d cells" % (overlay, cells))
        check_read(browser, "cell of overlay " + overlay, cells, data["map"]["width"], fail)
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


def check_read(browser, what, expected, columns, fail):
    """The arrow keys read every mark on the picture, row by row, and say what the pointer reads."""
    if not expected:
        return
    browser.run("document.querySelector('.stage svg').focus()")
    read = []
    for i in range(expected):
        read.append(browser.run("""(() => {
          const here = document.querySelector('.stage svg > .here'), tip = document.getElementById('tip');
          return tip.hidden || here.getAttribute('visibility') !== 'visible' ? '' :
            ['x', 'y', 'width', 'height'].map((side) => here.getAttribute(side)).join(' ') + ': ' + tip.textContent;
        })()"""))
        if columns > 1 and (i + 1) % columns == 0:
            browser.key("ArrowDown")
            for _ in range(columns - 1):
                browser.key("ArrowLeft")
        else:
            browser.key("ArrowRight")
    selector = ".stage .overlay rect" if columns > 1 else ".stage svg > rect[data-tip]"
    shown = browser.run("""[...document.querySelectorAll('%s')].map((mark) =>
      ['x', 'y', 'width', 'height'].map((side) => mark.getAttribute(side)).join(' ') + ': ' + mark.dataset.tip)"""
                        % selector)
    if sorted(read) != sorted(shown):
        fail("the arrow keys read %d of %d: %s" % (len(set(read) & set(shown)), expected, what))
    browser.run("document.activeElement.blur()")


def check_timeline(browser, page, fail):
    browser.open(page)
    data = browser.run("Page.data")
    if count(browser, "#strip rect.window") != len(data["cells"]):
        fail("windows are missing in the strip")
    if count(browser, "#thumbnails img") != len(data["thumbnails"]):
        fail("pictures are missing")
    # Where a browser goes: a "#" that is not spelt out would end the name.
    for place in ["#window"] + ["#stretches"] * bool(data["links"]):
        link = browser.run("decodeURIComponent(new URL(document.querySelector('%s a').href)"
                           ".pathname)" % place)
        if not data["links"]:
            expected = data["explain"]["stem"]
            if not os.path.basename(link).startswith(expected):
                fail("%s links to %s, not to %s…" % (place, link, expected))
        elif os.path.basename(link) not in data["links"].values() or not os.path.isfile(link):
            fail("%s does not link to the page of a window, but to %s" % (place, link))
    hidden = sum(run[7] for run in data["runs"])
    told = browser.run("""(() => {
      const heads = [...document.querySelectorAll('#stretches thead th')];
      const column = heads.findIndex((head) => head.textContent === 'nobody visible');
      return column < 0 ? null : [...document.querySelectorAll('#stretches tbody tr')].map((row) => row.children[column].textContent);
    })()""")
    if (told is None) != (hidden == 0) or (told and "all" not in told and
                                           any(run[3] == run[7] for run in data["runs"])):
        fail("stretches with nobody in %d windows say %s" % (hidden, told))
    for run in data["runs"]:
        if run[3] == run[7] and str(run[6]) in data["links"]:
            fail("a window with nobody in it is explained")
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
