"""What can be said of the model itself, before any method: no explanation is better than what it explains."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import mannwhitneyu, spearmanr

from seqinterp.attribution.dna import is_dna
from seqinterp.errors import InputError, ModelError
from seqinterp.evaluation.order_of_bases import COPIES, OrderTest, order_test
from seqinterp.evaluation.scorecard.bench import Bench
from seqinterp.evaluation.similarity import pearson
from seqinterp.evaluation.symmetry import shift_change, strand_change
from seqinterp.shapes import Labels, Scores

BOUND = 0.005  # of bootstrap draws: one untrained network in 40 passed at 0.025
ROWS = 40_000  # that the untrained copies are shown; a large model has fewer copies


@dataclass(frozen=True)
class ModelFacts:
    """Numbers about the scores of a model.

    order: against shuffles and untrained copies, None where it cannot be asked; why_no_order says so.
    labelled: how well the scores follow the labels: AUROC, or Spearman's correlation where labels are not two classes;
    labelled_low, its bound from below (one in 200 guesses is above chance by it), and chance, what guessing gives. None
    without labels.
    randomised_correlation, randomised_labelled: of the copies with random weights: mean |correlation| of their scores
        with the model's, and how well these follow the labels; at chance they know nothing.
    strand_change, shift_change: median |change of the score|, in standard deviations of the scores; NaN where all
    inputs score the same.
    """

    order: OrderTest | None
    why_no_order: str
    labelled: float | None
    labelled_low: float | None
    chance: float | None
    strand_change: float | None
    shift_change: float | None
    randomised_correlation: float | None = None
    randomised_labelled: float | None = None


def model_facts(bench: Bench, labels: Labels | None) -> ModelFacts:
    """Look at the scores of the inputs, of their shuffles, of the other strand."""
    order, why = _order(bench)
    labelled, low, chance = (None, None, None) if labels is None else _labelled(bench.scores, labels, bench.seed)
    dna = is_dna(bench.inputs)
    movable = bench.inputs.ndim > 2 and bench.inputs.shape[-1] > 1
    return ModelFacts(
        order=order,
        why_no_order=why,
        labelled=labelled,
        labelled_low=low,
        chance=chance,
        strand_change=_median(strand_change(bench.score, bench.inputs), bench.spread) if dna else None,
        shift_change=_median(shift_change(bench.score, bench.inputs, seed=bench.seed), bench.spread)
        if movable
        else None,
        randomised_correlation=_mean(abs(_pearson(copy.scores, bench.scores)) for copy in bench.full_copies),
        randomised_labelled=None
        if labels is None
        else _mean(_labelled(copy.scores, labels, bench.seed)[0] for copy in bench.full_copies),
    )


def _mean(values: Iterable[float]) -> float | None:
    """The mean of those that are numbers; None without any."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else None


def _pearson(one: Scores, other: Scores) -> float:
    """Correlation over examples; NaN where one does not vary."""
    return float(pearson(one[None], other[None].cpu()))


def _order(bench: Bench) -> tuple[OrderTest | None, str]:
    """The test against untrained copies, or why there is none."""
    if not is_dna(bench.inputs):
        return None, "only DNA has shuffles that keep what an untrained network reads; give labels"
    copies = max(19, min(COPIES, ROWS // (4 * len(bench.inputs))))
    try:
        return order_test(bench.score, bench.inputs, copies=copies, seed=bench.seed), ""
    except (InputError, ModelError) as error:
        return None, str(error)


def _labelled(scores: Scores, labels: Labels, seed: int) -> tuple[float, float, float]:
    """How well scores follow labels, its lower bound by bootstrap, and what guessing gives."""
    numbers = scores.cpu().numpy()
    two = len(np.unique(labels)) == 2
    measure = _auroc if two else _rank_correlation
    random = np.random.default_rng(seed)
    again = []
    for _ in range(500):
        drawn = random.integers(len(labels), size=len(labels))
        if len(np.unique(labels[drawn])) > 1 and len(np.unique(numbers[drawn])) > 1:
            again.append(measure(numbers[drawn], labels[drawn]))
    chance = 0.5 if two else 0.0
    if len(np.unique(numbers)) == 1 or not again:
        return chance, chance, chance
    return measure(numbers, labels), float(np.quantile(again, BOUND)), chance


def _auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """The chance that the higher label scores higher."""
    high = labels == labels.max()
    return float(mannwhitneyu(scores[high], scores[~high]).statistic / (high.sum() * (~high).sum()))


def _rank_correlation(scores: np.ndarray, labels: np.ndarray) -> float:
    return float(spearmanr(scores, labels).statistic)


def _median(change: torch.Tensor, spread: float) -> float:
    """The median size of changes, in standard deviations of the scores."""
    return float(change.abs().median()) / spread if spread > 0 else float("nan")
