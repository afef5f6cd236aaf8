"""Maps as one number per place: what the questions of this room compare, rank and count."""

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.similarity import contributions
from seqinterp.shapes import AnyNumbers, Attributions, Flags, PlaceMap


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
