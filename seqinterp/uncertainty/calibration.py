"""Are predicted standard deviations right? (Kuleshov et al. 2018, arXiv:1807.00263.)"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, spearmanr

from seqinterp.errors import InputError
from seqinterp.shapes import Deviations, Labels, Logits, Series
from seqinterp.uncertainty.checks import check_deviations, check_level, check_rows

LEVELS = (0.5, 0.8, 0.9, 0.95)
CURVE_LEVELS = tuple(np.linspace(0.05, 0.95, 19).round(2).tolist())


@dataclass(frozen=True)
class Coverage:
    """The share of targets inside central intervals, `covered`, that should hold the share `levels` of them.

    `standard_error` is that of `covered` if the intervals were right, sqrt(level (1 - level) / n).
    """

    levels: Series
    covered: Series
    standard_error: Series

    @property
    def error(self) -> float:
        """The mean distance of `covered` from `levels`: the calibration error of regression, over these levels."""
        return float(np.abs(self.covered - self.levels).mean())


@dataclass(frozen=True)
class ErrorsByDeviation:
    """How far predictions miss, beside how far they said they might.

    inside: the share with |error| <= 2 standard deviations: 0.954 if errors are Gaussian and the deviations right.
    rank_correlation: of |error| and standard deviation (Spearman); NaN where all deviations are equal.
    deviations, root_mean_square: by bins of equally many examples, in the order of the standard deviation: its root
        mean square and that of the errors, which are equal where it is right.
    calibration_error: mean |root_mean_square - deviations| / deviations over the bins (Levi et al. 2022,
        arXiv:1905.11659).
    """

    inside: float
    rank_correlation: float
    deviations: Series
    root_mean_square: Series
    calibration_error: float


def coverage(targets: Labels, means: Logits, deviations: Deviations, levels: Sequence[float] = LEVELS) -> Coverage:
    """How many targets lie inside the central Gaussian intervals; with many levels, the calibration curve.

    The interval of a level is mean +- z standard deviations, z the Gaussian quantile of (1 + level) / 2.

    Raises:
        ShapeError: the arrays differ in length.
        InputError: numbers that are not finite, deviations that are not above 0, or a level outside (0, 1).
    """
    _check(targets, means, deviations)
    if not levels:
        raise InputError("at least one level is needed, such as 0.9")
    for level in levels:
        check_level(level)
    asked = np.asarray(levels, dtype=np.float64)
    score = np.abs(targets - means) / deviations
    covered = (score[:, None] <= norm.ppf((1 + asked) / 2)).mean(axis=0)
    return Coverage(asked, covered, np.sqrt(asked * (1 - asked) / len(targets)))


def errors_by_deviation(targets: Labels, means: Logits, deviations: Deviations, *, bins: int = 10) -> ErrorsByDeviation:
    """The figure of error against standard deviation, in numbers. Ties share no order: equal deviations, one bin.

    Raises:
        ShapeError: the arrays differ in length.
        InputError: numbers that are not finite, deviations that are not above 0, or fewer than one bin.
    """
    _check(targets, means, deviations)
    errors = targets - means
    groups = equal_bins(deviations, bins)
    counts = np.bincount(groups)
    said = np.sqrt(np.bincount(groups, weights=deviations**2) / counts)
    seen = np.sqrt(np.bincount(groups, weights=errors**2) / counts)
    constant = np.ptp(deviations) == 0 or np.ptp(np.abs(errors)) == 0
    return ErrorsByDeviation(
        inside=float((np.abs(errors) <= 2 * deviations).mean()),
        rank_correlation=float("nan") if constant else float(spearmanr(np.abs(errors), deviations).statistic),
        deviations=said,
        root_mean_square=seen,
        calibration_error=float((np.abs(seen - said) / said).mean()),
    )


def equal_bins(values: Logits, bins: int) -> np.ndarray:
    """Which of about `bins` bins of equally many examples each value is in, from 0; equal values are never parted.

    Raises:
        InputError: fewer than one bin.
    """
    if bins < 1:
        raise InputError(f"bins must be 1 or more, not {bins}")
    ranked = np.sort(values)
    starts = np.searchsorted(ranked, ranked[(np.arange(bins) * len(ranked)) // bins])
    edges = ranked[np.unique(starts)]
    return np.asarray(np.searchsorted(edges, values, side="right") - 1)


def _check(targets: Labels, means: Logits, deviations: Deviations) -> None:
    """Refuse what cannot be judged."""
    check_rows(targets=targets, means=means, deviations=deviations)
    check_deviations(deviations)
