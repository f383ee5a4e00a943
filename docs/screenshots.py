#!/usr/bin/env python3
"""Takes the screenshots of the documentation again, in headless Chromium, from the demo's pages:

    make demo && docs/screenshots.py [runs/demo]

The pages of `explain` and of a timeline, which the demo does not write, are written from its model.
"""
import os
import subprocess
import sys
import tempfile

docs = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(docs, "..", "tests", "pages"))
from browser import Browser, find_chromium  # noqa: E402

# Picture: page below the demo's folder or among those written here, window's width, and where it
# begins and ends: the tops of two elements.
PICTURES = {
    "report.png": ("full/report.html", 1200, "header", "#routing-classes"),
    "explain.png": ("clip.html", 1200, "header", "#routing"),
    "timeline.png": ("timeline.html", 1200, "header", "#stretches"),
}
# On the picture of a clip: what lies over it, and for which body part. Its page begins with neither.
CLIP, OVERLAY, ENTITY = "patting legs", "cells", "4"


def test_clips(runs):
    """[(name, action)] of the demo's test list."""
    with open(runs + "/data/labels.txt") as file:
        names = [line.rstrip("\n").split("\t")[1] for line in file]
    with open(runs + "/data/test.txt") as file:
        return [(line.split()[0], names[int(line.split()[2])]) for line in file]


def join_clips(runs, clips, folder):
    """One recording of several clips: links to their files, numbered on."""
    number = 0
    for kind in ("frames", "keypoints"):
        os.makedirs("%s/%s/recording" % (folder, kind))
    for clip in clips:
        for frame in sorted(os.listdir("%s/data/frames/%s" % (runs, clip))):
            number += 1
            stem = os.path.splitext(frame)[0]
            for kind, old, new in (("frames", frame, ".jpg"),
                                   ("keypoints", stem + "_keypoints.json", "_keypoints.json")):
                os.symlink(os.path.abspath("%s/data/%s/%s/%s" % (runs, kind, clip, old)),
                           "%s/%s/recording/img_%05d%s" % (folder, kind, number, new))


def write_pages(runs, folder):
    """clip.html and timeline.html."""
    program = os.path.join(docs, "..", "build", "microdualnet")
    weights = ["--weights", runs + "/full/best.safetensors"]
    clips = test_clips(runs)
    clip = next(name for name, action in clips if action == CLIP)
    subprocess.run([program, "explain", clip, "--data", runs + "/data", *weights, "--output",
                    folder + "/clip.html"], check=True)
    # Everything that one person does.
    person = clip.split("_")[0]
    join_clips(runs, [name for name, _ in clips if name.split("_")[0] == person], folder)
    subprocess.run([program, "predict", *weights, "--frames", folder + "/frames/recording",
                    "--keypoints", folder + "/keypoints/recording", "--window", "36", "--stride",
                    "6", "--fps", "25", "--timeline", folder + "/timeline.csv", "--html",
                    folder + "/timeline.html", "--explain", "3"], check=True)


def main():
    runs = sys.argv[1] if len(sys.argv) > 1 else "runs/demo"
    if not find_chromium():
        sys.exit("screenshots: there is no Chromium (install chromium, or set CHROMIUM)")
    with tempfile.TemporaryDirectory(prefix="mdn-screenshots-") as folder, Browser() as browser:
        write_pages(runs, folder)
        for picture, (page, width, first, after) in PICTURES.items():
            path = os.path.join(folder, page)
            browser.open(path if os.path.exists(path) else os.path.join(runs, page), width=width)
            for choice, value in (("overlay", OVERLAY), ("entity", ENTITY)):
                browser.run("(() => { const s = document.getElementById('%s'); if (!s) return; "
                            "s.value = '%s'; s.dispatchEvent(new Event('change')); })()"
                            % (choice, value))
            top, bottom = (browser.run("Math.round(document.querySelector('%s')"
                                       ".getBoundingClientRect().top + scrollY)" % name)
                           for name in (first, after))
            browser.screenshot(os.path.join(docs, picture), (0, top, width, bottom - top))
            print("docs/" + picture)


if __name__ == "__main__":
    main()
