"""Do methods agree? Rank correlations between methods, the places that most of them name, and what settings change
(Krishna et al. 2022, arXiv:2202.01602; the multiverse after Steegen et al. 2016, doi:10.1177/1745691616658637).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from scipy.stats import rankdata

from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.permutations import check_draws, example_order
from seqinterp.evaluation.places import place_contributions
from seqinterp.evaluation.similarity import spearman, top_share
from seqinterp.shapes import Attributions, PairTable, PlaceMap, PlaceMask


@dataclass(frozen=True, eq=False)
class Agreement:
    """Mean Spearman correlation over examples between every two methods, with a 95 % bootstrap interval over examples.

    `mean`, `low` and `high` are `(methods, methods)`; `per_example` is `(methods, methods, batch)`, NaN where a map is
    the same everywhere, and `counted` is how many examples are not. A pair without any is NaN.
    """

    names: tuple[str, ...]
    mean: PairTable
    low: PairTable
    high: PairTable
    counted: np.ndarray
    per_example: np.ndarray


@dataclass(frozen=True, eq=False)
class Multiverse:
    """The range of every place's rank over settings, `(batch, *places)` each; rank 1 is the largest contribution.

    `best` is the smallest rank and `worst` the largest; `by_setting` is `(settings, batch, *places)`.
    """

    names: tuple[str, ...]
    best: PlaceMap
    worst: PlaceMap
    by_setting: torch.Tensor

    def always_top(self, top: int) -> PlaceMask:
        """Places among the `top` largest in every setting."""
        return self.worst <= top

    def ever_top(self, top: int) -> PlaceMask:
        """Places among the `top` largest in at least one setting."""
        return self.best <= top


def agreement(
    attributions: Mapping[str, Attributions], *, magnitude: bool = False, draws: int = 1000, seed: int = 0
) -> Agreement:
    """How alike the methods rank the places of the same examples, for every two of them.

    Signed contributions are compared, or their size with `magnitude`. The examples drawn again are the same for all
    pairs, and do not depend on the order they came in.

    Raises:
        ShapeError: the attributions of two methods differ in shape.
        InputError: fewer than two methods, or settings that cannot be used.
    """
    check_draws(draws, seed)
    names, maps = _maps(attributions, "methods", magnitude=magnitude)
    count, examples = maps.shape[:2]
    table = np.full((count, count, examples), np.nan)
    for one in range(count):
        for other in range(one, count):
            table[one, other] = table[other, one] = spearman(maps[one], maps[other]).numpy()
    ordered = table[:, :, example_order(maps.transpose(0, 1), seed)]
    again = np.random.default_rng(seed).integers(examples, size=(draws, examples))
    mean, low, high = (np.full((count, count), np.nan) for _ in range(3))
    for one, other in [*combinations(range(count), 2), *((i, i) for i in range(count))]:
        values = ordered[one, other]
        for summary, number in zip((mean, low, high), _interval(values, again), strict=True):
            summary[one, other] = summary[other, one] = number
    return Agreement(names, mean, low, high, (~np.isnan(table)).sum(axis=2), table)


def consensus(
    attributions: Mapping[str, Attributions], *, top: int = 10, methods: int | None = None, magnitude: bool = True
) -> PlaceMask:
    """The places among the `top` largest of at least `methods` methods, `(batch, *places)`; None is more than half.

    Places that tie for the last ranks share the vote of a method.

    Raises:
        ShapeError: the attributions of two methods differ in shape.
        InputError: fewer than two methods, more asked for than there are, or `top` beyond the number of places.
    """
    names, maps = _maps(attributions, "methods", magnitude=magnitude)
    needed = len(names) // 2 + 1 if methods is None else methods
    if not 1 <= needed <= len(names):
        raise InputError(f"methods must be from 1 to the {len(names)} that came, not {needed}")
    votes = torch.stack([top_share(rows.flatten(1), top) for rows in maps]).sum(dim=0)
    return (votes >= needed - 1e-9).reshape(maps.shape[1:])


def multiverse(attributions: Mapping[str, Attributions], *, magnitude: bool = True) -> Multiverse:
    """What rank every place has over all settings (baseline, steps, window ...) of a method; ties share their mean.

    Raises:
        ShapeError: the attributions of two settings differ in shape.
        InputError: fewer than two settings.
    """
    names, maps = _maps(attributions, "settings", magnitude=magnitude)
    ranks = torch.from_numpy(rankdata(-maps.flatten(2).numpy(), axis=2)).reshape(maps.shape)
    return Multiverse(names, ranks.amin(dim=0), ranks.amax(dim=0), ranks)


def _interval(values: np.ndarray, again: np.ndarray) -> tuple[float, float, float]:
    """The mean of what is defined, and the 95 % interval of the means of examples drawn again."""
    known = ~np.isnan(values)
    if not known.any():
        return np.nan, np.nan, np.nan
    counts = known[again].sum(axis=1)
    means = np.where(known, values, 0)[again].sum(axis=1)[counts > 0] / counts[counts > 0]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(values[known].mean()), float(low), float(high)


def _maps(
    attributions: Mapping[str, Attributions], what: str, *, magnitude: bool
) -> tuple[tuple[str, ...], torch.Tensor]:
    """The names, and the maps `(methods, batch, *places)`."""
    if len(attributions) < 2:
        raise InputError(f"at least 2 {what} are needed to compare, but {len(attributions)} came")
    first_name, first = next(iter(attributions.items()))
    for name, values in attributions.items():
        if values.shape != first.shape:
            raise ShapeError(
                f"the attributions of all {what} must be of the same inputs, but {name!r} has shape"
                f" {tuple(values.shape)} and {first_name!r} {tuple(first.shape)}"
            )
    maps = [place_contributions(values, magnitude=magnitude) for values in attributions.values()]
    return tuple(attributions), torch.stack(maps)
