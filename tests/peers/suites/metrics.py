"""The figures of train/metrics.h beside scikit-learn's, on random labels.

Some cases have classes that no clip has or that are never predicted, others equal probabilities or
body-level classes. Rates are percentages, which may differ by 1e-11: a hundred times what the sum
over classes rounds.
"""

import dataclasses
import zlib

import numpy as np
import sklearn.metrics as reference

from suites.engine import NoResult

CASES_PER_KIND = 20
RATES = ("Top-1", "Top-5", "macro F1", "micro F1", "body Top-1", "body macro F1", "body micro F1",
         "F1mean")
PER_CLASS = ("clips", "predicted", "correct", "precision", "recall", "F1")
TITLES = {"rates": lambda i: RATES[i],
          "classes": lambda c, i: f"{PER_CLASS[i]} of class {c}",
          "confusion": lambda label, c: f"clips of class {label} taken for {c}"}
TOLERANCE = 1e-11


def draw(generator, kind):
    """Probabilities [N,C], labels [N], body-level class of each class [C] or None."""
    clips, classes = int(generator.integers(1, 60)), int(generator.integers(2, 30))
    scores = generator.random((clips, classes))
    labels = generator.integers(0, classes, clips)
    body_of = None
    if kind == "absent classes":
        some = generator.choice(classes, max(classes // 3, 1), replace=False)
        labels = generator.choice(some, clips)
        scores[:, generator.choice(classes, classes // 2, replace=False)] /= 1e3
    elif kind == "ties":
        scores = np.floor(scores * 3) + 1
    elif kind == "nothing right":
        labels = (scores.argmax(1) + 1) % classes
    elif kind == "all right":
        labels = scores.argmax(1)
    elif kind == "body-level classes":
        body_of = np.sort(generator.integers(0, max(classes // 3, 1), classes))
        body_of = np.unique(body_of, return_inverse=True)[1]
    return scores / scores.sum(1, keepdims=True), labels, body_of


KINDS = ("random", "absent classes", "ties", "nothing right", "all right", "body-level classes")


def top5(labels, probabilities):
    """scikit-learn takes the last of equal scores first, the program the first: so reversed."""
    classes = probabilities.shape[1]
    if classes <= 5:
        return 1.0
    return reference.top_k_accuracy_score(classes - 1 - labels, probabilities[:, ::-1], k=5,
                                          labels=range(classes))


def f1(labels, predicted):
    """Macro over the classes of either, and micro."""
    return [100 * reference.f1_score(labels, predicted, average=average, zero_division=0)
            for average in ("macro", "micro")]


@dataclasses.dataclass
class Case:
    op: str
    name: str
    probabilities: np.ndarray
    labels: np.ndarray
    body_of: np.ndarray

    def prepare(self):
        labels, predicted = self.labels, self.probabilities.argmax(1)
        classes = range(self.probabilities.shape[1])
        rates = [100 * reference.accuracy_score(labels, predicted),
                 100 * top5(labels, self.probabilities), *f1(labels, predicted), 0, 0, 0, 0]
        if self.body_of is not None:
            body, predicted_body = self.body_of[labels], self.body_of[predicted]
            rates[4:7] = [100 * reference.accuracy_score(body, predicted_body),
                          *f1(body, predicted_body)]
            rates[7] = (rates[2] + rates[3] + rates[5] + rates[6]) / 4
        confusion = reference.confusion_matrix(labels, predicted, labels=classes)
        precision, recall, score, support = reference.precision_recall_fscore_support(
            labels, predicted, labels=classes, zero_division=0)
        self.theirs = {"rates": np.array(rates), "confusion": confusion,
                       "classes": np.stack([support, confusion.sum(0), np.diag(confusion),
                                            100 * precision, 100 * recall, 100 * score], 1)}

    def description(self):
        tensors = {"probabilities": self.probabilities, "labels": self.labels.astype(np.int64)}
        if self.body_of is not None:
            tensors["body_of"] = self.body_of.astype(np.int64)
        return {"steps": [{"op": "metrics"}], "returns": list(self.theirs)}, tensors

    def differences(self, results):
        if isinstance(results, NoResult):
            return [str(results)]
        lines = []
        for name, theirs in self.theirs.items():
            ours = results[name]
            for index in map(tuple, np.argwhere(~(abs(ours - theirs) <= TOLERANCE))):
                lines.append(f"{TITLES[name](*index)}: ours {ours[index]!r}, "
                             f"theirs {theirs[index]!r}")
        return lines[:3]


def collect(report, wanted):
    """Yields cases whose names are wanted."""
    for kind in KINDS:
        for number in range(CASES_PER_KIND):
            name = f"{kind}/{number}"
            if wanted(name):
                generator = np.random.default_rng(zlib.crc32(name.encode()))
                yield Case(kind, name, *draw(generator, kind))
