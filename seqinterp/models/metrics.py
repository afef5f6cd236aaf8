"""How good the predictions are, and how sure one can be of that (percentile bootstrap; Efron, 1979)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import precision_recall_curve, roc_curve

from seqinterp.errors import InputError, ShapeError
from seqinterp.models.labels import binary_labels
from seqinterp.shapes import Logits

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
FEWEST_GROUPS = 10  # of fewer, replicates are too alike to say how much a number may vary
BLOCK = 50  # replicates that are counted at once
NAMES = ("auroc", "average_precision", "log_loss", "brier", "calibration_error")


@dataclass(frozen=True)
class Estimate:
    """A number and its bootstrap percentile interval.

    The calibration error is never negative and noise makes it larger, so its interval may lie above its value.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class CurvePoints:
    """The points of a curve, in order."""

    horizontal: Floats
    vertical: Floats


@dataclass(frozen=True)
class Metrics:
    """AUROC, average precision, log-loss (nats), Brier score, expected calibration error, and three curves.

    `roc` is true against false positive rate, `precision_recall` precision against recall, `calibration` the
    observed fraction of positives against the mean predicted probability in bins of equally many examples.
    `resampled` says what the intervals were drawn over: "groups" of related examples, or single "examples".
    """

    auroc: Estimate
    average_precision: Estimate
    log_loss: Estimate
    brier: Estimate
    calibration_error: Estimate
    roc: CurvePoints
    precision_recall: CurvePoints
    calibration: CurvePoints
    examples: int
    positives: int
    draws: int
    level: float
    seed: int
    resampled: str

    def estimates(self) -> Mapping[str, Estimate]:
        """The five numbers by name."""
        return {name: getattr(self, name) for name in NAMES}


@dataclass(frozen=True)
class _Ranked:
    """Examples in descending order of their logit, with what every replicate needs.

    Runs of equal logits are blocks; AUROC and average precision are sums over the positives alone, each of which
    asks how much stands before its block and through its block.
    """

    order: NDArray[np.intp]
    positive: NDArray[np.intp]  # ranks of the positives
    before: NDArray[np.intp]  # examples before the block of each positive
    through: NDArray[np.intp]  # examples up to the end of the block
    positives_before: NDArray[np.intp]
    positives_through: NDArray[np.intp]
    labels: Floats
    probability: Floats
    bin_starts: NDArray[np.intp]  # bins of equally many examples; equal logits share a bin
    terms: Floats  # (example, 2 + bin): log-loss, squared error, probability - label in the example's bin


def evaluate_predictions(
    logits: Logits,
    labels: object,
    *,
    groups: NDArray[np.integer] | None = None,
    draws: int = 1000,
    bins: int = 10,
    level: float = 0.95,
    seed: int = 0,
) -> Metrics:
    """Judge logits (example,) against labels of 0 and 1.

    Intervals are percentiles over `draws` resamplings of the examples, or of whole groups where `groups` is given:
    related examples are not independent evidence, and an interval that treats them so is too narrow. Of fewer than
    10 groups the examples are resampled all the same, since replicates of so few groups hardly differ (those of one
    not at all); such an interval is too narrow where examples of a group are alike. Replicates without both classes
    have no AUROC and are left out. Calibration bins are fixed on the full data. Raises InputError for logits that
    are not finite and for labels other than 0 and 1 or of one class.
    """
    values = binary_labels(labels, what="the judged data")
    _check(logits, values, groups, draws)
    if groups is not None and len(np.unique(groups)) < FEWEST_GROUPS:
        groups = None
    ranked = _rank(np.asarray(logits, dtype=np.float64), values, bins)
    point = _statistics(ranked, np.ones((1, len(values)), dtype=np.int64))[0]
    replicates = np.concatenate([_statistics(ranked, weights) for weights in _resample(ranked, groups, draws, seed)])
    if np.isnan(replicates[:, 0]).all():
        raise InputError(
            f"none of the {draws} bootstrap replicates held both classes, so there is no interval; "
            "give more examples of the rarer class or more draws"
        )
    tail = 50 * (1 - level)
    low, high = np.nanpercentile(replicates, [tail, 100 - tail], axis=0)
    found = {name: Estimate(float(point[i]), float(low[i]), float(high[i])) for i, name in enumerate(NAMES)}
    false_rate, true_rate, _ = roc_curve(values, logits)
    precision, recall, _ = precision_recall_curve(values, logits, drop_intermediate=True)
    return Metrics(
        **found,
        roc=CurvePoints(false_rate, true_rate),
        precision_recall=CurvePoints(recall[::-1], precision[::-1]),
        calibration=_calibration_curve(ranked),
        examples=len(values),
        positives=int(values.sum()),
        draws=draws,
        level=level,
        seed=seed,
        resampled="examples" if groups is None else "groups",
    )


def _check(logits: Floats, labels: Floats, groups: NDArray[np.integer] | None, draws: int) -> None:
    """Refuse what cannot be judged."""
    if logits.shape != labels.shape:
        raise ShapeError(f"there are {len(labels)} labels but the logits have the shape {logits.shape}")
    if not np.isfinite(logits).all():
        raise InputError(f"{int((~np.isfinite(logits)).sum())} of the {len(logits)} logits are NaN or infinite")
    if groups is not None and groups.shape != labels.shape:
        raise ShapeError(f"there are {len(labels)} labels but the groups have the shape {groups.shape}")
    if draws < 1:
        raise InputError(f"a bootstrap interval needs at least one draw, but draws is {draws}")


def _rank(logits: Floats, labels: Floats, bins: int) -> _Ranked:
    """Sort once; everything a replicate needs follows from weighted sums in this order."""
    order = np.argsort(-logits, kind="stable")
    ranked, labels = logits[order], labels[order]
    starts = np.append(0, np.flatnonzero(np.diff(ranked)) + 1)
    stops = np.append(starts[1:], len(ranked))
    positive = np.flatnonzero(labels)
    block = np.searchsorted(starts, positive, side="right") - 1
    # A bin that would start inside a block starts with the block.
    wanted = (np.arange(1, bins) * len(ranked)) // bins
    bin_starts = np.unique(np.append(0, starts[np.searchsorted(starts, wanted, side="right") - 1]))
    probability = expit(ranked)
    in_bin = np.searchsorted(bin_starts, np.arange(len(ranked)), side="right") - 1
    residuals = np.where(in_bin[:, None] == np.arange(len(bin_starts)), (probability - labels)[:, None], 0)
    log_loss = np.logaddexp(0, np.where(labels == 1, -ranked, ranked))
    return _Ranked(
        order=order,
        positive=positive,
        before=starts[block],
        through=stops[block],
        positives_before=np.searchsorted(positive, starts[block]),
        positives_through=np.searchsorted(positive, stops[block]),
        labels=labels,
        probability=probability,
        bin_starts=bin_starts,
        terms=np.column_stack([log_loss, (probability - labels) ** 2, residuals]),
    )


def _resample(ranked: _Ranked, groups: NDArray[np.integer] | None, draws: int, seed: int) -> Iterator[Counts]:
    """How often each ranked example is drawn, (replicate, example), a block of replicates at a time."""
    generator = np.random.default_rng(seed)
    units = np.arange(len(ranked.order)) if groups is None else np.unique(groups, return_inverse=True)[1][ranked.order]
    count = int(units.max()) + 1
    for start in range(0, draws, BLOCK):
        drawn = [
            np.bincount(generator.integers(0, count, count, dtype=np.int32), minlength=count)
            for _ in range(min(BLOCK, draws - start))
        ]
        yield np.stack(drawn) if groups is None else np.stack(drawn)[:, units]


def _statistics(ranked: _Ranked, weights: Counts) -> Floats:
    """The numbers of NAMES (replicate, 5) for weighted examples (replicate, example); NaN where a class is missing.

    AUROC is the weighted share of pairs (positive, negative) in the right order, ties counting one half; average
    precision the sum over positives of the precision at their block, sum_n (R_n - R_{n-1}) P_n.
    """
    every = np.pad(np.cumsum(weights, axis=1), ((0, 0), (1, 0)))
    weight = weights[:, ranked.positive]
    true = np.pad(np.cumsum(weight, axis=1), ((0, 0), (1, 0)))
    total, positives = every[:, -1], true[:, -1]
    negatives = total - positives
    taken, hits = every[:, ranked.through], true[:, ranked.positives_through]
    false_before = every[:, ranked.before] - true[:, ranked.positives_before]
    ahead = (false_before + taken - hits) / 2  # negatives ranked before the positive, ties by half
    sums = weights @ ranked.terms
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.column_stack(
            [
                1 - (weight * ahead).sum(axis=1) / (positives * negatives),
                (weight * hits / np.maximum(taken, 1)).sum(axis=1) / positives,
                sums[:, 0] / total,
                sums[:, 1] / total,
                np.abs(sums[:, 2:]).sum(axis=1) / total,
            ]
        )
    values[(positives == 0) | (negatives == 0)] = np.nan
    return values


def _calibration_curve(ranked: _Ranked) -> CurvePoints:
    """Mean predicted probability and observed fraction of positives per bin, ascending."""
    sizes = np.diff(np.append(ranked.bin_starts, len(ranked.labels)))
    predicted = np.add.reduceat(ranked.probability, ranked.bin_starts) / sizes
    observed = np.add.reduceat(ranked.labels, ranked.bin_starts) / sizes
    return CurvePoints(predicted[::-1], observed[::-1])
