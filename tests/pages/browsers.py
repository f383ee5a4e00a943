"""The browsers that pages are checked in: those of `--browsers` that are installed."""
from browser import Browser, find_chromium
from firefox import Firefox, find_firefox

KNOWN = {"chromium": (Browser, find_chromium), "firefox": (Firefox, find_firefox)}


def add_browsers(parser):
    parser.add_argument("--browsers", default=",".join(KNOWN), help="which of them: %(default)s")


def installed(options, check):
    """Their classes; `check` is who says which are left out."""
    found = []
    for name in options.browsers.split(","):
        if name not in KNOWN:
            raise SystemExit("%s: there is no browser %s; known are %s"
                             % (check, name, ", ".join(KNOWN)))
        if KNOWN[name][1]():
            found.append(KNOWN[name][0])
        else:
            print("%s: skipped in %s, which is not installed (%s=PATH names one)"
                  % (check, name.title(), name.upper()))
    return found
