"""Counts of what was run, per suite and op, and what failed or was skipped, with reasons."""

import collections
import re

from suites.engine import NoResult

# Messages of the engine that refuse what its headers say it does not take: the reason.
REFUSALS = [
    (r"weight \[.*\b0\b.*\] is empty|no last axis in \[.*\b0\]|must not have an empty last axis",
     "an empty axis to multiply over, to normalise or to join: refused (engine/ops.h)"),
    (r"eps must be positive.*, not (-|nan)|momentum must be in \[0, 1\], not (-|[1-9])",
     "an eps or a momentum outside its range: refused (engine/ops.h)"),
]


def refusal(results):
    return next((reason for pattern, reason in REFUSALS if re.search(pattern, str(results))), None)


class Report:
    def __init__(self, suite):
        self.suite = suite
        self.passed = collections.Counter()
        self.failed = collections.Counter()
        self.skipped = collections.Counter()
        self.reasons = collections.Counter()
        self.failures = []  # (case's name, lines)
        self.notes = []

    def skip(self, op, reason):
        self.skipped[op] += 1
        self.reasons[reason] += 1

    def result(self, op, name, lines):
        """`lines` says what differs: none, and the case has passed."""
        if lines:
            self.failed[op] += 1
            self.failures.append((name, lines))
        else:
            self.passed[op] += 1

    def not_understood(self, op, name, error):
        """A newer release may call its functions in another way."""
        self.result(op, name, [f"not understood: {error!r}"])

    def judge(self, case, results):
        """Skips what the engine refuses as its headers say it does."""
        reason = refusal(results) if isinstance(results, NoResult) and results.refused else None
        if reason:
            self.skip(case.op, reason)
        else:
            self.result(case.op, case.name, case.differences(results))

    def note(self, text):
        self.notes.append(text)

    def counts(self):
        """Run, passed, failed, skipped."""
        passed, failed = self.passed.total(), self.failed.total()
        return passed + failed, passed, failed, self.skipped.total()

    def show(self, shown):
        print(f"\n{self.suite}")
        print(f"  {'op':<46}{'run':>7}{'passed':>8}{'failed':>8}{'skipped':>9}")
        for op in sorted({*self.passed, *self.failed, *self.skipped}):
            row(op, self.passed[op] + self.failed[op], self.passed[op], self.failed[op],
                self.skipped[op])
        row("in all", *self.counts())
        if self.reasons:
            print("  skipped because:")
            for reason, count in self.reasons.most_common():
                print(f"  {count:>7}  {reason}")
        for note in self.notes:
            print(f"  note: {note}")
        for name, lines in self.failures[:shown]:
            print(f"  FAIL {name}")
            for line in lines:
                print(f"       {line}")
        if len(self.failures) > shown:
            print(f"  … and {len(self.failures) - shown} more: --failures {len(self.failures)}")


def row(title, run, passed, failed, skipped):
    print(f"  {title:<46}{run:>7}{passed:>8}{failed or '':>8}{skipped or '':>9}")
