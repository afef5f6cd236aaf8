"""Does the score depend on the order of the bases, more than that of an untrained network?

Inputs are held against their own dinucleotide shuffles, which have the same composition. The contrast of a network is
ranked among those of copies with random weights: an untrained network is one of them, so for it every rank is equally
likely (a permutation test; Phipson & Smyth 2010, doi:10.2202/1544-6115.1585).
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from seqinterp.attribution.dna import require_dna
from seqinterp.attribution.dna_baselines import dinucleotide_shuffle
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.errors import InputError
from seqinterp.evaluation.parameter_randomisation import copied
from seqinterp.evaluation.permutations import tail
from seqinterp.evaluation.reinitialise import execution_order, reinitialise
from seqinterp.shapes import AnyNumbers, Inputs

DRAWS = 3
COPIES = 99


@dataclass(frozen=True)
class OrderTest:
    """What shuffling does to the scores.

    change: mean of (score - mean score of its shuffles) over its standard error, a paired t statistic.
    spread: log of the standard deviation of the scores over that of the shuffles'.
    composition: Spearman over examples between score and mean score of the shuffles: what composition alone says.
    p_value: of a contrast at least as strong among `copies` untrained networks of the same build.
    """

    change: float
    spread: float
    composition: float
    p_value: float
    copies: int


def order_test(
    score: Score, inputs: Inputs, /, *, copies: int = COPIES, draws: int = DRAWS, seed: int = 0
) -> OrderTest:
    """Hold the scores of inputs against those of `draws` shuffles each, and both against `copies` untrained networks.

    The contrast is the larger of |change| and |spread|, each in standard deviations over all networks. Inputs that the
    model scores low hold nothing to be destroyed: give some that it scores high.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: fewer than 3 examples, or fewer than 19 copies, with which 0.05 cannot be reached.
        ModelError: the model cannot be copied, or has no parameters.
    """
    require_dna(inputs, "the test of the order of bases")
    if len(inputs) < 3 or copies < 19:
        raise InputError(f"at least 3 examples and 19 copies are needed, not {len(inputs)} and {copies}")
    shuffled = dinucleotide_shuffle(inputs, draws=draws, seed=seed).flatten(0, 1)
    names = execution_order(copied(score), inputs)
    own = _scores(score, inputs, shuffled)
    found = [_contrast(*own)]
    copy = copied(score)
    for number in range(copies):
        for name in names:
            reinitialise(copy, name, seed=seed + number + 1)
        found.append(_contrast(*_scores(copy, inputs, shuffled)))
    table = np.abs(np.array(found))
    finite = np.where(np.isfinite(table), table, np.nan)
    deviation = np.nanstd(finite, axis=0)
    strength = (table / np.where(deviation > 0, deviation, 1.0)).max(axis=1)
    return OrderTest(
        change=found[0][0],
        spread=found[0][1],
        composition=_composition(*own),
        p_value=tail(strength),
        copies=copies,
    )


def _scores(score: Score, inputs: Inputs, shuffled: Tensor, /) -> tuple[AnyNumbers, AnyNumbers]:
    """The score of each input `(batch,)`, and of its shuffles `(batch, draws)`."""
    with torch.no_grad():
        found = by_rows(score, torch.cat([inputs, shuffled.to(inputs)])).detach().cpu().double().numpy()
    return found[: len(inputs)], found[len(inputs) :].reshape(len(inputs), -1)


def _contrast(own: AnyNumbers, others: AnyNumbers) -> tuple[float, float]:
    """How the scores differ from those of the shuffles: in the mean, and in their spread.

    The first is infinite where all differ by the same; the second says nothing, 0, where one of both does not vary.
    """
    gap = own - others.mean(axis=1)
    return _ratio(gap.mean(), gap.std(ddof=1) / np.sqrt(len(gap))), _log_ratio(own.std(), others.std())


def _ratio(size: float, error: float) -> float:
    """size / error, with 0 / 0 = 0."""
    if error > 0:
        return float(size / error)
    return float(np.sign(size) * np.inf) if size != 0 else 0.0


def _log_ratio(one: float, other: float) -> float:
    """log(one / other), 0 where one of both is 0."""
    return float(np.log(one / other)) if one > 0 and other > 0 else 0.0


def _composition(own: AnyNumbers, others: AnyNumbers) -> float:
    """The rank correlation of scores with those of the shuffles; 0 where one does not vary."""
    shuffled = others.mean(axis=1)
    if own.std() == 0 or shuffled.std() == 0:
        return 0.0
    return float(spearmanr(own, shuffled).statistic)
