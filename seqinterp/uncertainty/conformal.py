"""Split-conformal prediction: intervals and sets that hold the truth as often as asked, whatever the model
(Vovk et al. 2005, doi:10.1007/b106715; Lei et al. 2018, arXiv:1604.04173; Romano et al. 2020, arXiv:2006.02544).

The promise, for examples like those calibrated on and never trained on: the mean share covered is at least `level`, and
less than 1 / (n + 1) above it where scores have no ties. It is an average over examples, not for each kind of them.
"""

from dataclasses import dataclass

import numpy as np

from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import ClassNumbers, ClassSets, ClassTable, Deviations, Labels, Logits, NewClassTable, NewNumbers
from seqinterp.uncertainty.checks import check_classes, check_deviations, check_level, check_probabilities, check_rows
from seqinterp.uncertainty.keys import RANGE, example_keys

LEVEL = 0.9


@dataclass(frozen=True)
class Intervals:
    """From `low` to `high`, one per example; infinite where too few examples were calibrated on for the level."""

    low: NewNumbers
    high: NewNumbers
    level: float


def finite_quantile(scores: Logits, level: float = LEVEL) -> float:
    """The ceil((n + 1) level)-th smallest score; infinite where there is none, n < level / (1 - level).

    Raises:
        InputError: no scores, scores that are NaN, or a level outside (0, 1).
    """
    check_level(level)
    if len(scores) == 0 or np.isnan(scores).any():
        raise InputError(f"at least one score, and none that is NaN, is needed to calibrate; {len(scores)} came")
    rank = int(np.ceil((len(scores) + 1) * level - 1e-9))  # 0.9 * 10 is 9, rounding aside
    return float("inf") if rank > len(scores) else float(np.partition(scores, rank - 1)[rank - 1])


def residual_intervals(targets: Labels, means: Logits, new_means: NewNumbers, *, level: float = LEVEL) -> Intervals:
    """Intervals of one width about new predictions, from the absolute errors of others.

    Raises:
        ShapeError: targets and means differ in length.
        InputError: numbers that are not finite, or a level outside (0, 1).
    """
    check_rows(targets=targets, means=means)
    check_rows(new_means=new_means)
    width = finite_quantile(np.abs(targets - means), level)
    return Intervals(new_means - width, new_means + width, level)


def scaled_intervals(
    targets: Labels,
    means: Logits,
    deviations: Deviations,
    new_means: NewNumbers,
    new_deviations: NewNumbers,
    *,
    level: float = LEVEL,
) -> Intervals:
    """Intervals as wide as the predicted standard deviations, times one factor that the errors of others decide.

    Raises:
        ShapeError: arrays that belong together differ in length.
        InputError: numbers that are not finite, deviations not above 0, or a level outside (0, 1).
    """
    check_rows(targets=targets, means=means, deviations=deviations)
    check_rows(new_means=new_means, new_deviations=new_deviations)
    check_deviations(deviations)
    check_deviations(new_deviations)
    width = finite_quantile(np.abs(targets - means) / deviations, level) * new_deviations
    return Intervals(new_means - width, new_means + width, level)


def threshold_sets(
    labels: ClassNumbers, probabilities: ClassTable, new_probabilities: NewClassTable, *, level: float = LEVEL
) -> ClassSets:
    """The classes whose probability reaches one threshold, LAC (Sadinle et al. 2019, arXiv:1609.00451).

    Of all ways the sets are smallest on average; a set may be empty.

    Raises:
        ShapeError: the tables do not fit one another.
        InputError: labels that are no columns, rows that are no probabilities, or a level outside (0, 1).
    """
    _check_tables(labels, probabilities, new_probabilities)
    scores = 1 - probabilities[np.arange(len(labels)), labels]
    sets: ClassSets = 1 - new_probabilities <= finite_quantile(scores, level)
    return sets


def sets_by_class(
    labels: ClassNumbers, probabilities: ClassTable, new_probabilities: NewClassTable, *, level: float = LEVEL
) -> ClassSets:
    """`threshold_sets` with a threshold for each class: the truth is covered within every class, rare ones too.

    Vovk 2012, arXiv:1209.2673 (conditional on the label). A class of too few held-out examples is in every set.

    Raises:
        ShapeError: the tables do not fit one another.
        InputError: labels that are no columns, rows that are no probabilities, or a level outside (0, 1).
    """
    _check_tables(labels, probabilities, new_probabilities)
    check_level(level)
    scores = 1 - probabilities[np.arange(len(labels)), labels]
    known = [scores[labels == kind] for kind in range(probabilities.shape[1])]
    limits = np.array([finite_quantile(own, level) if len(own) else np.inf for own in known])
    sets: ClassSets = 1 - new_probabilities <= limits
    return sets


def adaptive_sets(
    labels: ClassNumbers,
    probabilities: ClassTable,
    new_probabilities: NewClassTable,
    *,
    level: float = LEVEL,
    seed: int = 0,
) -> ClassSets:
    """The most probable classes until their probabilities add up to a threshold, APS (Romano et al. 2020).

    Sets are larger for harder examples. The class at the threshold is in by chance, a rule of `seed` and of the
    example's own probabilities; a set may be empty where the first class is at the threshold.

    Raises:
        ShapeError: the tables do not fit one another.
        InputError: labels that are no columns, rows that are no probabilities, or a level outside (0, 1).
    """
    _check_tables(labels, probabilities, new_probabilities)
    scores = _sums(probabilities, seed)[np.arange(len(labels)), labels]
    sets: ClassSets = _sums(new_probabilities, seed) <= finite_quantile(scores, level)
    return sets


def _sums(table: np.ndarray, seed: int) -> np.ndarray:
    """For each class the probabilities of those above it and a random part of its own; ties in order of columns."""
    chances = np.array(example_keys(table, seed, "adaptive sets")) / RANGE
    order = np.argsort(-table, axis=1, kind="stable")
    ranked = np.take_along_axis(table, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    sums = np.empty_like(table)
    np.put_along_axis(sums, order, before + chances[:, None] * ranked, axis=1)
    return sums


def _check_tables(labels: ClassNumbers, table: ClassTable, new_table: NewClassTable) -> None:
    """Refuse tables that are not probabilities of the same classes."""
    check_classes(labels, table, probabilities=True)
    check_rows(new_probabilities=new_table)
    check_probabilities(new_table)
    if new_table.shape[1] != table.shape[1]:
        raise ShapeError(f"there are {table.shape[1]} classes to calibrate on, but {new_table.shape[1]} in the new")
