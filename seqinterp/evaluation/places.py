"""Maps as one number per place: what the questions of this room compare, rank and count."""

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.similarity import contributions
from seqinterp.shapes import AnyNumbers, Attributions, Flags, PlaceMap, PositionMap


def place_contributions(attributions: Attributions, *, magnitude: bool = False) -> PlaceMap:
    """The sum over bases or channels, `(batch, *places)` in double precision on the CPU; its size with `magnitude`.

    Features on a single axis are places themselves.

    Raises:
        InputError: a number is not finite, or there is no example.
    """
    if len(attributions) == 0:
        raise InputError("at least one example is needed to compare attributions, but none came")
    values = attributions.detach().cpu().double()
    if not bool(torch.isfinite(values).all()):
        first = int((~torch.isfinite(values)).flatten(1).any(dim=1).nonzero()[0])
        raise InputError(f"attributions must be finite numbers, but example {first} holds others")
    summed = contributions(values)
    return summed.abs() if magnitude else summed


def require_places(name: str, given: Tensor, places: Tensor) -> None:
    """Raise ShapeError unless `given` has one entry for every place of every example."""
    if given.shape != places.shape:
        raise ShapeError(
            f"{name} must have shape {tuple(places.shape)}, one entry per place of every example, but it has"
            f" {tuple(given.shape)}"
        )


def varies(maps: AnyNumbers) -> Flags:
    """Which maps have an order at all: not the same number everywhere."""
    flat = maps.reshape(len(maps), -1)
    return np.asarray((flat != flat[:, :1]).any(axis=1))


def rank_correlations(maps: AnyNumbers, others: AnyNumbers) -> AnyNumbers:
    """Spearman correlation of every one of `maps` with every one of `others`, all of which vary, `(maps, others)`."""
    return np.asarray(_unit_ranks(maps) @ _unit_ranks(others).T)


def _unit_ranks(maps: AnyNumbers) -> AnyNumbers:
    """Every map as ranks of mean 0 and length 1."""
    ranks = rankdata(maps.reshape(len(maps), -1), axis=1)
    ranks = ranks - ranks.mean(axis=1, keepdims=True)
    return np.asarray(ranks / np.linalg.norm(ranks, axis=1, keepdims=True))


def top_shares(values: PlaceMap, counts: Tensor) -> PositionMap:
    """How much of every place is among the `counts` largest of its example, `(batch, places)`; sums to `counts`.

    1 in the top, 0 out of it; places tied at the edge divide what is left evenly, as the mean over all orders of them.
    """
    flat = values.flatten(1)
    last = flat.sort(dim=1, descending=True).values.gather(1, (counts - 1).clamp(min=0).unsqueeze(1))
    above, tied = flat > last, flat == last
    left = counts - above.sum(dim=1)
    share = (left / tied.sum(dim=1)).clamp(0, 1).unsqueeze(1)
    return above.double() + tied.double() * share
