"""Does the model look where it should not? The share of contributions outside a declared region, against chance
(shortcuts: Geirhos et al. 2020, arXiv:2004.07780).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqinterp.attribution.chance import generator
from seqinterp.attribution.protocol import Score
from seqinterp.errors import InputError
from seqinterp.evaluation.permutations import check_draws, tail
from seqinterp.evaluation.places import place_contributions, require_places
from seqinterp.shapes import Attributions, Inputs, PlaceMask, Scores


@dataclass(frozen=True, eq=False)
class ShortcutTest:
    """How much of the explanation lies outside the declared region.

    `share` is the mean over `examples` and `chance` what random shifts of the same maps give on average. `p_outside`
    is small where more lies outside than by chance, a sign of a shortcut; `p_inside` where more lies inside.
    `per_example` is `(batch,)`, NaN for a map of zeros; `mass` is the mean share of every place, so that its largest
    entries say where the model looks.
    """

    share: float
    chance: float
    p_outside: float
    p_inside: float
    examples: int
    per_example: np.ndarray
    mass: np.ndarray


def mass_outside(score: Score, inputs: Inputs, attributions: Attributions, /, *, region: PlaceMask) -> Scores:
    """Share of the size of all contributions that lies outside `region`, 0 to 1; smaller is better.

    `region` is True `(batch, *places)` where a model may look; chance is the share of places outside. NaN for a map of
    zeros.
    """
    return _outside(_shares(attributions, region), region)


def shortcut_test(
    inputs: Inputs, attributions: Attributions, *, region: PlaceMask, draws: int = 1000, seed: int = 0
) -> ShortcutTest:
    """Test over examples whether more of the contributions lies outside `region` than by chance.

    By chance is: each map moved by a random step, around the ends, so that peaks keep their width. The step of an
    example is drawn from the seed and its own values. Whether the model *uses* what it looks at there is another
    question: replace it and see the score.

    Raises:
        ShapeError: `region` does not have one entry per place.
        InputError: `region` is all places or none of some example, or all maps are zero.
    """
    check_draws(draws, seed)
    shares = _shares(attributions, region)
    allowed = region.cpu()
    flat = allowed.flatten(1)
    if bool((flat.all(dim=1) | ~flat.any(dim=1)).any()):
        raise InputError("the region of every example must hold some of its places and not all of them")
    each = _outside(shares, region)
    usable = ~torch.isnan(each)
    if not bool(usable.any()):
        raise InputError("the attributions are zero everywhere, so there is nothing to place")
    moved = _moved(shares[usable], allowed[usable])
    steps = [
        torch.randint(moved.shape[1], (draws,), generator=generator(seed, example, "shortcut"))
        for example in inputs.detach()[usable.to(inputs.device)]
    ]
    drawn = torch.stack([row[step] for row, step in zip(moved, steps, strict=True)]).mean(dim=0)
    means = np.concatenate([[float(each[usable].mean())], drawn.numpy()])
    return ShortcutTest(
        share=float(means[0]),
        chance=float((~flat[usable]).double().mean()),
        p_outside=tail(means),
        p_inside=tail(-means),
        examples=int(usable.sum()),
        per_example=each.numpy(),
        mass=shares[usable].mean(dim=0).numpy(),
    )


def _shares(attributions: Attributions, region: PlaceMask) -> Tensor:
    """Every place's share of the size of all contributions, `(batch, *places)`; NaN for a map of zeros."""
    size = place_contributions(attributions, magnitude=True)
    require_places("region", region, size)
    total = size.flatten(1).sum(dim=1).reshape(-1, *[1] * (size.ndim - 1))
    return size / total.where(total > 0, torch.nan)


def _outside(shares: Tensor, region: PlaceMask) -> Scores:
    """The share outside the region."""
    return (shares * ~region.cpu()).flatten(1).sum(dim=1)


def _moved(shares: Tensor, region: PlaceMask) -> Tensor:
    """The share outside the region for every step around the ends, `(batch, steps)`, as a circular correlation."""
    axes = tuple(range(1, shares.ndim))
    outside = torch.fft.fftn((~region).double(), dim=axes)
    together: Tensor = torch.fft.ifftn(outside * torch.fft.fftn(shares, dim=axes).conj(), dim=axes)
    return together.real.flatten(1)
