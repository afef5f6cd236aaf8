"""Are predicted probabilities right? The expected calibration error (Naeini et al. 2015, doi:10.1609/aaai.v29i1.9602)
in bins of equally many examples (Nixon et al. 2019, arXiv:1904.01685).
"""

from dataclasses import dataclass

import numpy as np

from seqinterp.errors import InputError
from seqinterp.shapes import ClassNumbers, ClassTable, Labels, Logits, Numbers, Series
from seqinterp.uncertainty.calibration import equal_bins
from seqinterp.uncertainty.checks import check_classes, check_rows


@dataclass(frozen=True)
class Reliability:
    """The share that came true, `observed`, beside the mean probability, `predicted`, by bins of `counts` examples.

    `error` is the mean |observed - predicted| over examples, the expected calibration error: 0 at best. Noise makes it
    larger, so of few examples it is above 0 for right probabilities, too.
    """

    predicted: Series
    observed: Series
    counts: Numbers
    error: float


def binary_reliability(labels: Labels, probabilities: Logits, *, bins: int = 10) -> Reliability:
    """The reliability of the probability of "yes", of labels 0 and 1.

    Raises:
        ShapeError: the arrays differ in length.
        InputError: labels other than 0 and 1, probabilities outside [0, 1], or fewer than one bin.
    """
    check_rows(labels=labels, probabilities=probabilities)
    if not np.isin(labels, (0, 1)).all():
        raise InputError("labels must be 0 or 1; use class_reliability for several classes")
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise InputError("probabilities must lie in [0, 1]; logits become such by 1 / (1 + exp(-logit))")
    return _reliability(labels, probabilities, bins)


def class_reliability(labels: ClassNumbers, probabilities: ClassTable, *, bins: int = 10) -> Reliability:
    """The reliability of the largest probability: is the class it names the right one that often?

    Raises:
        ShapeError: the arrays do not fit one another.
        InputError: labels that are no columns, rows that are no probabilities, or fewer than one bin.
    """
    check_classes(labels, probabilities, probabilities=True)
    right = probabilities.argmax(axis=1) == labels
    return _reliability(right.astype(np.float64), probabilities.max(axis=1), bins)


def _reliability(outcome: Labels, probability: Logits, bins: int) -> Reliability:
    """Both means by bin of probability."""
    groups = equal_bins(probability, bins)
    counts = np.bincount(groups).astype(np.float64)
    predicted = np.bincount(groups, weights=probability) / counts
    observed = np.bincount(groups, weights=outcome) / counts
    return Reliability(predicted, observed, counts, float((np.abs(observed - predicted) * counts).sum() / counts.sum()))
