"""Does an explanation depend on what the model learned? Sanity checks by randomised parameters (Adebayo et al. 2018,
arXiv:1810.03292).

Layers are re-initialised on a copy of the model, one after another from the output down (cascading) or one at a time
(independent), and the explanations of the copy are compared with those of the model. One that stays the same does not
explain the model. Every stage carries the proof that it took place: by how much each layer's weights changed, and
how the scores of the copy correlate with the model's.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import torch

from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.rows import by_rows
from seqinterp.errors import InputError, ModelError
from seqinterp.evaluation.reinitialise import execution_order, reinitialise
from seqinterp.evaluation.similarity import contributions, magnitudes, pearson, spearman, ssim, top_k_overlap
from seqinterp.shapes import Attributions, Inputs, Scores

ORDERS = ("cascading", "independent")


@dataclass(frozen=True)
class Stage:
    """One randomised copy, and how alike its explanations are to the model's.

    layer: the layer re-initialised last.
    changes: for each layer re-initialised so far ||new - old|| / ||old|| of its parameters; 0 where a layer came back
        as it was (a normalisation that never left its start), so that it proves nothing.
    score_change: largest |score of the copy - score| over the inputs; 0 where the model does not use the layer.
    score_correlation: Pearson over the inputs between the scores of the copy and of the model; NaN where one scores
        all inputs alike.
    spearman, ssim, top_k: similarity of the magnitudes, `(batch,)`; 1 is the same explanation.
    signed: Spearman of the contributions with their signs, `(batch,)`. A method that multiplies by the input keeps
        its magnitudes where the input is strong; what the model adds to them is the sign.
    """

    layer: str
    changes: Mapping[str, float]
    score_change: float
    score_correlation: float
    spearman: Scores
    ssim: Scores
    top_k: Scores
    signed: Scores

    @property
    def proven(self) -> bool:
        """Whether the layer randomised last is another than it was, and the model scores these inputs otherwise."""
        return self.changes[self.layer] > 0 and self.score_change != 0


def parameter_randomisation(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    /,
    *,
    explainer: Explainer,
    order: str = "cascading",
    top: int = 10,
    seed: int = 0,
) -> tuple[Stage, ...]:
    """The similarity of |attributions| after each stage of randomisation, first the layer nearest to the output.

    The user's model is never touched: layers are re-initialised on copies, each with random numbers of its own (of
    `seed` and its name), the same on every device and whatever was randomised before; the global random state is left
    alone. Layers without parameters are skipped.

    Raises:
        InputError: `order` is neither "cascading" nor "independent", or `top` is no number of places.
        ModelError: the model cannot be copied, or no layer of it could be changed.
    """
    if order not in ORDERS:
        raise InputError(f"order must be one of {', '.join(ORDERS)}, not {order!r}")
    with torch.no_grad():
        own_scores = by_rows(score, inputs)
    compare = partial(_compared, inputs=inputs, own=attributions, own_scores=own_scores, top=top)
    copies = _cascading(score, inputs, seed) if order == "cascading" else _independent(score, inputs, seed)
    stages = tuple(compare(copy, explainer(copy, inputs).detach(), changes=changes) for copy, changes in copies)
    if not any(stage.proven for stage in stages):
        raise ModelError(
            "no layer of the model has parameters that re-initialising changes and its scores show, so there is nothing"
            " to randomise; give a model that has learned something"
        )
    return stages


def randomised_similarity(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    /,
    *,
    explainer: Explainer,
    order: str = "cascading",
    seed: int = 0,
) -> Scores:
    """Mean Spearman correlation of |attributions| over the stages that are proven; smaller is better.

    1 for an explanation that ignores the model. A map that became the same everywhere at some stage has no order
    there, and that stage does not count for it; NaN where none does.
    """
    places = magnitudes(attributions)[:1].numel()
    stages = parameter_randomisation(
        score, inputs, attributions, explainer=explainer, order=order, seed=seed, top=min(10, places)
    )
    return torch.stack([stage.spearman for stage in stages if stage.proven]).nanmean(dim=0)


def _cascading(score: Score, inputs: Inputs, seed: int) -> Iterator[tuple[Score, dict[str, float]]]:
    """One copy, a layer more re-initialised at each stage, with the changes so far."""
    copy = copied(score)
    changes: dict[str, float] = {}
    for name in execution_order(copied(score), inputs)[::-1]:
        changes[name] = reinitialise(copy, name, seed=seed)
        yield copy, dict(changes)


def _independent(score: Score, inputs: Inputs, seed: int) -> Iterator[tuple[Score, dict[str, float]]]:
    """A fresh copy for each layer, that layer alone re-initialised."""
    for name in execution_order(copied(score), inputs)[::-1]:
        copy = copied(score)
        yield copy, {name: reinitialise(copy, name, seed=seed)}


def copied(score: Score) -> Score:
    """A copy of a score that shares no weight with it; ModelError where there can be none."""
    try:
        return deepcopy(score)
    except (RuntimeError, TypeError) as error:
        raise ModelError(
            f"the model cannot be copied ({error}), and it is never randomised itself; build it so that copy.deepcopy"
            " works, without locks, open files or tensors that carry a graph"
        ) from error


def _compared(
    copy: Score,
    found: Attributions,
    *,
    changes: dict[str, float],
    inputs: Inputs,
    own: Attributions,
    own_scores: Scores,
    top: int,
) -> Stage:
    """What a stage says, the layer changed last at its head."""
    with torch.no_grad():
        scores = by_rows(copy, inputs)
    before, now = magnitudes(own), magnitudes(found)
    return Stage(
        layer=next(reversed(changes)),
        changes=changes,
        score_change=float((scores - own_scores).abs().max()),
        score_correlation=float(pearson(scores[None], own_scores[None])),
        spearman=spearman(before, now),
        ssim=ssim(before, now),
        top_k=top_k_overlap(before, now, top=top),
        signed=spearman(contributions(own), contributions(found)),
    )
