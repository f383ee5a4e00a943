"""What the timed peers share: what their process takes of the machine, and being run in rounds."""

import json
import sys


def peak_rss_mib():
    """Not getrusage(): its peak includes what the process was before it became this program."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def print_measurements(measure, serve):
    """One line of JSON; if `serve`, one for each line of the standard input instead, so that the
    process can be timed in rounds with others and starts and compiles only once."""
    if not serve:
        print(json.dumps(measure()))
        return
    for _ in sys.stdin:
        print(json.dumps(measure()), flush=True)
