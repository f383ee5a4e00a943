"""Puts the engine beside the test suites of ONNX, PyTorch and scikit-learn.

    python3 tests/peers/run_suites.py [--suite NAME] [--only PATTERN] [--failures N]

Prints, for each suite, how many cases of each op were run, passed, failed and were skipped, why
they were skipped, and what differs in those that failed. Exit code 1 if any failed, 2 if a package
is missing. suites/cases.py says how far apart two results may be.
"""

import argparse
import fnmatch
import importlib
import pathlib
import sys
import warnings

# Module of suites/: title, the packages that it needs.
SUITES = {
    "onnx_nodes": ("ONNX: node cases", ["torch", "numpy", "onnx"]),
    "opinfo": ("PyTorch: OpInfo samples, forward and gradients", ["torch", "numpy", "expecttest"]),
    "own_ops": ("the engine's own ops, composed in PyTorch, forward and gradients",
                ["torch", "numpy"]),
    "optimizers": ("torch.optim: AdamW and SGD", ["torch", "numpy"]),
    "metrics": ("scikit-learn: metrics", ["torch", "numpy", "sklearn"]),
}
DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def missing_packages(suites):
    """Names for pip."""
    missing = []
    for package in dict.fromkeys(p for suite in suites for p in SUITES[suite][1]):
        try:
            importlib.import_module(package)
        except ImportError:
            missing.append(DISTRIBUTIONS.get(package, package))
    return missing


def run(suite, program, only):
    from suites import engine
    from suites.report import Report
    report = Report(SUITES[suite][0])
    cases = list(importlib.import_module(f"suites.{suite}").collect(
        report, lambda name: fnmatch.fnmatch(name, only)))
    descriptions = {}
    for i, case in enumerate(cases):
        try:
            case.prepare()
            descriptions[str(i)] = case.description()
        except Exception as error:  # of theirs: one failure, not the end of all
            report.not_understood(case.op, case.name, error)
    results = engine.compute(program, descriptions)
    for i in descriptions:
        report.judge(cases[int(i)], results[i])
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", choices=SUITES, action="append", help="default: all")
    parser.add_argument("--only", default="*", metavar="PATTERN",
                        help="only cases whose names match, such as 'softmax/*'")
    parser.add_argument("--failures", type=int, default=20, metavar="N",
                        help="show at most N failures per suite (default 20)")
    parser.add_argument("--program", default="build/run_cases")
    arguments = parser.parse_args()
    suites = arguments.suite or list(SUITES)
    missing = missing_packages(suites)
    if missing:
        print(f"peers: missing for {sys.executable}: {', '.join(missing)}\n"
              "peers: install them with pip, or name another interpreter with PYTHON=",
              file=sys.stderr)
        return 2
    if not pathlib.Path(arguments.program).exists():
        print(f"peers: {arguments.program} is missing: make build/run_cases", file=sys.stderr)
        return 2

    warnings.simplefilter("ignore")  # the suites overflow and divide by zero on purpose
    reports = []
    for suite in suites:
        reports.append(run(suite, arguments.program, arguments.only))
        reports[-1].show(arguments.failures)
    versions = [f"{DISTRIBUTIONS.get(p, p)} {sys.modules[p].__version__}"
                for p in dict.fromkeys(p for s in suites for p in SUITES[s][1])
                if hasattr(sys.modules[p], "__version__")]
    run_in_all, passed, failed, skipped = map(sum, zip(*(report.counts() for report in reports)))
    print(f"\n{', '.join(versions)}")
    print(f"in all: {run_in_all} run, {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
