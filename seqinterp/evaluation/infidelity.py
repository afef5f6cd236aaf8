"""Do the attributions foretell what a perturbation does to the score? Yeh et al. 2019, arXiv:1901.09392.

Infidelity is the mean over perturbations of (what the attributions foretell - what happens)^2, in squared score units.
Attributions are read in one of two ways. As contributions (the default), what is foretold is the sum over the places
that changed. As slopes, it is the sum over features of attribution times (input - perturbed input), as Yeh and captum
have it. On one-hot DNA both agree when attributions are zero where the inputs are.
"""

import torch
from torch import Tensor

from seqinterp.attribution.protocol import Score
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.replacements import (
    Replacement,
    at_least,
    each_example,
    flat_contributions,
    held,
    random_sets,
    row_scores,
    usual_replacement,
)
from seqinterp.shapes import Attributions, Inputs, Scores

KINDS = ("contributions", "slopes")


def infidelity(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    /,
    *,
    kind: str = "contributions",
    scaled: bool = False,
    share: float = 0.2,
    draws: int = 64,
    replacement: Replacement | None = None,
    seed: int = 0,
    cell: int = 1,
) -> Scores:
    """Infidelity over random sets of positions put to something else, `(batch,)`: smaller is better, 0 is perfect.

    kind: whether attributions are contributions or slopes (a gradient); see the top of this file.
    scaled: multiply the attributions of each example by the one number that makes its infidelity smallest. Attributions
        and their negatives are then the same.
    share: of the positions that are changed at once; at least one is. draws: perturbations per example.
    replacement: how (see `replacements`); without one, `random_base` for DNA and `mean_pixel` for images.
    cell: as in `deletion_curve`.

    Raises:
        ShapeError: the attributions do not fit the inputs, or the replacement cannot be used on them.
        InputError: a share that is not above 0 and up to 1, fewer than one draw, or attributions that are not finite.
    """
    _check_kind(kind)
    at_least("draws", draws, 1)
    flat_contributions(inputs, attributions)  # refuses what does not fit before the model is run
    put = replacement or usual_replacement(inputs)
    sizes = share_sizes(inputs, share)

    def measured(number: int) -> Tensor:
        one, own = inputs[number : number + 1], attributions[number : number + 1]
        masks = random_sets(one, sizes[number], sets=draws, seed=seed, cell=cell)
        perturbed = put(one, masks[None], draws=draws, seed=seed)
        return infidelity_of(score, one, own, perturbed, kind=kind, scaled=scaled)[0]

    return each_example(measured, len(inputs))


def infidelity_of(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    perturbed: Tensor,
    *,
    kind: str = "contributions",
    scaled: bool = False,
) -> Scores:
    """Infidelity over the perturbed inputs given, `(batch, draws, *features)`; see `infidelity`.

    With `kind="slopes"` it is captum.metrics.infidelity for the same perturbations, `scaled` its `normalize`.

    Raises:
        ShapeError: the three shapes do not fit together.
        InputError: an attribution is not finite.
    """
    _check_kind(kind)
    contributions = flat_contributions(inputs, attributions)
    if perturbed.ndim != inputs.ndim + 1 or (len(perturbed), *perturbed.shape[2:]) != tuple(inputs.shape):
        raise ShapeError(
            f"perturbed inputs must be (batch, draws, *features) for inputs of shape {tuple(inputs.shape)}, not"
            f" {tuple(perturbed.shape)}"
        )
    change = (inputs.unsqueeze(1) - perturbed).detach().cpu().double()
    if kind == "slopes":
        foretold = (attributions.detach().cpu().double().unsqueeze(1) * change).flatten(2).sum(dim=2)
    else:
        changed = (change != 0).any(dim=2).flatten(2)
        foretold = (contributions.unsqueeze(1) * changed).sum(dim=2)
    after = row_scores(score, perturbed.flatten(0, 1)).reshape(perturbed.shape[:2])
    happened = row_scores(score, inputs).unsqueeze(1) - after
    if scaled:
        foretold = foretold * _best_scale(foretold, happened).unsqueeze(1)
    return (foretold - happened).square().mean(dim=1)


def share_sizes(inputs: Inputs, share: float) -> list[int]:
    """How many places are a share of those each example holds: rounded, at least one.

    Raises:
        InputError: the share is not above 0 and up to 1, or an example holds nothing.
    """
    if not 0 < share <= 1:
        raise InputError(f"share must be above 0 and at most 1, not {share}")
    counts = held(inputs).flatten(1).sum(dim=1).tolist()
    if 0 in counts:
        raise InputError(f"example {counts.index(0)} holds nothing but N, so nothing can be taken away from it")
    return [max(1, round(share * count)) for count in counts]


def _best_scale(foretold: Tensor, happened: Tensor) -> Tensor:
    """The b that makes the mean of (b foretold - happened)^2 smallest, `(batch,)`; 0 where nothing is foretold."""
    own = foretold.square().sum(dim=1)
    return torch.where(own > 0, (foretold * happened).sum(dim=1) / own.clamp(min=torch.finfo(own.dtype).tiny), 0.0)


def _check_kind(kind: str) -> None:
    """Refuse a way of reading attributions that is not known."""
    if kind not in KINDS:
        raise InputError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
