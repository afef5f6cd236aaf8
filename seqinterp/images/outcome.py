"""How good a classifier is on images that it has not seen, and how sure one can be of that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp

from seqinterp.errors import InputError, ShapeError
from seqinterp.models.metrics import FEWEST_GROUPS, Estimate, Metrics, evaluate_predictions
from seqinterp.shapes import AnyNumbers, ClassNumbers, ClassTable, Groups

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class ImageOutcome:
    """Counts, rates and curves.

    Attributes:
        classes: their names, in the order of everything here.
        confusion: how many images of each true class (row) were called each class (column).
        report: one row per class: precision, recall, f1, support (how many images are of it).
        accuracy: the share of images that were called what they are.
        metrics: AUROC, average precision, losses, calibration and curves by class, that class against all others; for
            two classes the second alone (the first would say the same). Classes without any image, or of which all
            are, have none.
    """

    classes: tuple[str, ...]
    confusion: Counts
    report: pd.DataFrame
    accuracy: Estimate
    metrics: Mapping[str, Metrics]

    @property
    def auroc(self) -> float:
        """The area under the ROC curve; of more than two classes the mean over them, each against all others."""
        return float(np.mean([each.auroc.value for each in self.metrics.values()])) if self.metrics else float("nan")

    def __str__(self) -> str:
        """The numbers, with their intervals."""
        lines = [f"accuracy {self.accuracy} of {int(self.confusion.sum()):,} images"]
        lines += [f"AUROC {found.auroc} of {name} (over {found.resampled})" for name, found in self.metrics.items()]
        counts = pd.DataFrame(self.confusion, index=list(self.classes), columns=list(self.classes))
        lines += ["true class (rows) and what was called:", counts.to_string(), self.report.round(3).to_string()]
        return "\n".join(lines)


def judge_images(
    logits: AnyNumbers,
    labels: ClassNumbers,
    classes: Sequence[str],
    *,
    groups: Groups | None = None,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> ImageOutcome:
    """Judge logits (example, classes) against class numbers.

    `groups` are whom the images are of, as numbers: intervals are percentiles over `draws` resamplings of groups, or of
    images where there are no groups or fewer than ten (see `models.metrics`).

    Raises:
        ShapeError, InputError: logits that do not fit labels and classes or are not finite.
    """
    if logits.shape != (len(labels), len(classes)) or len(labels) == 0:
        raise ShapeError(
            f"judging {len(labels)} images of {len(classes)} classes needs logits of the shape"
            f" ({len(labels)}, {len(classes)}), but theirs is {logits.shape}"
        )
    if not np.isfinite(logits).all():
        raise InputError(f"{int((~np.isfinite(logits)).any(axis=1).sum())} images have logits that are NaN or infinite")
    called = logits.argmax(axis=1)
    confusion = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(confusion, (labels, called), 1)
    metrics = {}
    for number in range(1 if len(classes) == 2 else 0, len(classes)):
        own = (labels == number).astype(float)
        if 0 < own.sum() < len(own):
            margins = one_against_rest(logits, number)
            judged = evaluate_predictions(margins, own, groups=groups, draws=draws, level=level, seed=seed)
            metrics[classes[number]] = judged
    return ImageOutcome(
        classes=tuple(classes),
        confusion=confusion,
        report=class_report(confusion, classes),
        accuracy=_share(called == labels, groups, draws, level, seed),
        metrics=metrics,
    )


def one_against_rest(logits: ClassTable, number: int) -> NDArray[np.float64]:
    """The log odds of one class under the softmax of all: its logit - log sum exp of the others."""
    others = np.delete(logits, number, axis=1)
    return np.asarray(logits[:, number] - logsumexp(others, axis=1), dtype=np.float64)


def class_report(confusion: Counts, classes: Sequence[str]) -> pd.DataFrame:
    """Precision, recall, F1 and support of each class, from counts of true class (row) by called class (column).

    A class that was never called has no precision, one that has no images no recall: NaN.
    """
    if confusion.shape != (len(classes), len(classes)):
        raise ShapeError(
            f"{len(classes)} classes need {len(classes)} rows and columns of counts, but their shape is"
            f" {confusion.shape}"
        )
    right, called, support = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        table = {
            "class": list(classes),
            "precision": right / called,
            "recall": right / support,
            "f1": 2 * right / (called + support),
            "support": support,
        }
    return pd.DataFrame(table)


def _share(right: NDArray[np.bool_], groups: Groups | None, draws: int, level: float, seed: int) -> Estimate:
    """The share of right answers, with an interval over resampled groups."""
    if groups is not None and len(np.unique(groups)) < FEWEST_GROUPS:
        groups = None
    unit = np.arange(len(right)) if groups is None else np.unique(groups, return_inverse=True)[1]
    sizes, hits = np.bincount(unit), np.bincount(unit, weights=right)
    generator = np.random.default_rng(seed)
    drawn = (generator.integers(0, len(sizes), len(sizes)) for _ in range(draws))
    shares = [hits[rows].sum() / sizes[rows].sum() for rows in drawn]
    tail = 50 * (1 - level)
    low, high = np.percentile(shares, [tail, 100 - tail])
    return Estimate(float(right.mean()), float(low), float(high))
