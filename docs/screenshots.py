#!/usr/bin/env python3
"""Takes the screenshots of the documentation again, in headless Chromium, from the demo's pages:

    make demo && docs/screenshots.py [runs/demo]
"""
import os
import sys

docs = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(docs, "..", "tests", "pages"))
from browser import Browser, find_chromium  # noqa: E402

# Picture: page below the demo's folder, window's width, and where it begins and ends: the tops of
# two elements.
PICTURES = {
    "report.png": ("full/report.html", 1200, "header", "#routing-classes"),
}


def main():
    runs = sys.argv[1] if len(sys.argv) > 1 else "runs/demo"
    if not find_chromium():
        sys.exit("screenshots: there is no Chromium (install chromium, or set CHROMIUM)")
    with Browser() as browser:
        for picture, (page, width, first, after) in PICTURES.items():
            browser.open(os.path.join(runs, page), width=width)
            top, bottom = (browser.run("Math.round(document.querySelector('%s')"
                                       ".getBoundingClientRect().top + scrollY)" % name)
                           for name in (first, after))
            browser.screenshot(os.path.join(docs, picture), (0, top, width, bottom - top))
            print("docs/" + picture)


if __name__ == "__main__":
    main()
