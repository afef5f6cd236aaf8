"""Which part of an explanation is the same every time? Stability of weights, ranks and top sets (Kalousis et al. 2007,
doi:10.1007/s10115-006-0040-8).

Given attributions of the same inputs, made again and again over seeds, references, ensemble members or dropout masks:
what differed between them is the caller's to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.similarity import contributions, spearman, top_share
from seqinterp.shapes import PlaceMap, Scores


@dataclass(frozen=True)
class Repeats:
    """What several explanations of the same inputs have in common.

    mean, deviation: contribution of each place and its standard deviation over the repeats (n - 1), `(batch, *places)`.
    sign_agreement: the share of repeats in which a place has the sign of its mean, `(batch, *places)`.
    spearman: mean rank correlation over all pairs of repeats, `(batch,)`; NaN where one is the same everywhere.
    surviving: the share of the `top` places of largest |contribution| that are among them in every repeat, `(batch,)`.
    top, repeats: how many places were asked for, and how many repeats were given.
    """

    mean: PlaceMap
    deviation: PlaceMap
    sign_agreement: PlaceMap
    spearman: Scores
    surviving: Scores
    top: int
    repeats: int


def repeats(attributions: Tensor | Sequence[Tensor], /, *, top: int = 10) -> Repeats:
    """What attributions of the same inputs, each `(batch, *features)` and one per repeat, have in common.

    A tensor `(repeat, batch, *features)` is such a sequence too.

    Raises:
        ShapeError: the repeats differ in shape.
        InputError: there are fewer than two, or `top` is no number of places.
    """
    given = list(attributions)
    if len(given) < 2:
        raise InputError(f"at least two repeats are needed to see what stays the same, but {len(given)} came")
    if len(shapes := {tuple(one.shape) for one in given}) > 1:
        raise ShapeError(f"repeats must be of the same inputs and have one shape, not {sorted(shapes)}")
    maps = [contributions(one).detach().double() for one in given]
    stacked = torch.stack(maps)
    mean = stacked.mean(dim=0)
    return Repeats(
        mean=mean,
        deviation=stacked.std(dim=0),
        sign_agreement=(stacked.sign() == mean.sign()).double().mean(dim=0),
        spearman=torch.stack([spearman(one, other) for one, other in combinations(maps, 2)]).mean(dim=0),
        surviving=_surviving(maps, top),
        top=top,
        repeats=len(given),
    )


def _surviving(maps: list[PlaceMap], top: int) -> Scores:
    """The share of a top set that every repeat agrees on; places that tie for the end count by their share."""
    shares = torch.stack([top_share(one.abs().flatten(1), top) for one in maps])
    return shares.amin(dim=0).sum(dim=1) / top
