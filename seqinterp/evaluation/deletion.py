"""Does the score follow when the positions that matter most are taken away, or put back, first?

Deletion and insertion curves: Petsiuk et al. 2018, arXiv:1806.07421. The area over the perturbation curve (AOPC): Samek
et al. 2017, doi:10.1109/TNNLS.2016.2599820. Positions are ranked by contribution, the sum of the attributions over
bases or channels; with `ascending`, the most negative come first and every better and worse below is turned round.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from seqinterp.attribution.chance import generator
from seqinterp.attribution.protocol import Score
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.cells import cell_means, cell_of
from seqinterp.evaluation.replacements import (
    Replacement,
    at_least,
    each_example,
    flat_contributions,
    held,
    row_scores,
    usual_replacement,
)
from seqinterp.shapes import Attributions, Inputs, Scores

SHARES = tuple(percent / 100 for percent in range(0, 101, 5))
DRAWS = 8
FLAT = 1e-6  # a difference of the ends below this part of their size is rounding of single precision


@dataclass(frozen=True, eq=False)
class Curve:
    """A number of each example, `value` (batch, points), by the share of its positions taken away or put in.

    `share` (points,) rises from 0 to 1; with `inserted` it was put in, and nothing is there at 0 instead of at 1.
    Raises ShapeError or InputError when the shares do not rise, or the shapes disagree.
    """

    share: Tensor
    value: Tensor
    inserted: bool = False

    def __post_init__(self) -> None:
        if self.share.ndim != 1 or self.value.ndim != 2 or self.value.shape[1] != len(self.share):
            raise ShapeError(
                f"a curve needs shares (points,) and values (batch, points), not {tuple(self.share.shape)} and"
                f" {tuple(self.value.shape)}"
            )
        check_shares(self.share.tolist())

    def area(self, *, normalised: bool = True) -> Scores:
        """The area under each curve, `(batch,)`, by the trapezium rule.

        Normalised: of (value - empty) / |full - empty|, where empty is the value at the end with everything taken away
        and full that of the whole input, so that models with large and small scores can be compared; NaN where the two
        are the same. The sign of the difference stays, so a smaller area means a lower score whatever the ends are.
        """
        if not normalised:
            return torch.trapezoid(self.value, self.share.to(self.value), dim=1)
        empty, full = self.value[:, [0, -1] if self.inserted else [-1, 0]].unbind(dim=1)
        span = (full - empty).abs()
        span = span.masked_fill(span <= FLAT * torch.maximum(full.abs(), empty.abs()), float("nan"))
        return torch.trapezoid(self.value - empty.unsqueeze(1), self.share.to(self.value), dim=1) / span


def check_shares(shares: Sequence[float]) -> None:
    """Raise InputError unless the shares rise from 0 to 1."""
    rises = all(low < high for low, high in pairwise(shares))
    if len(shares) < 2 or shares[0] != 0 or shares[-1] != 1 or not rises:
        raise InputError(f"shares must rise from 0 to 1, both of them included, not {list(shares)}")


def removal_order(
    inputs: Inputs, attributions: Attributions, *, ascending: bool = False, cell: int = 1, seed: int = 0
) -> Tensor:
    """The rank of each place, `(batch, places)`: 0 is taken first. N of DNA are last; ties are broken at random.

    cell: images go square by square of so many pixels a side, ranked by the mean of their contributions.

    Raises what `flat_contributions` and `cell_of` raise.
    """
    merit = flat_contributions(inputs, attributions) * (1 if ascending else -1)
    merit = merit.masked_fill(~held(inputs).cpu().flatten(1), float("inf"))
    square = cell_of(inputs.shape[2:], cell)
    merit = cell_means(merit, square) if cell > 1 else merit

    def ranks(number: int) -> Tensor:
        mixed = torch.randperm(merit.shape[1], generator=generator(seed, inputs[number], "ties"))
        turn = mixed[merit[number, mixed].argsort(stable=True)].argsort()
        return turn if cell == 1 else turn[square].argsort(stable=True).argsort()

    return each_example(ranks, len(inputs))


def taken_at(inputs: Inputs, ranks: Tensor, shares: Sequence[float]) -> Tensor:
    """Which places the first shares of an order hold, bool `(batch, points, *places)`."""
    counts = held(inputs).cpu().flatten(1).sum(dim=1, keepdim=True)
    most = (counts * torch.tensor(list(shares), dtype=torch.float64)).round()
    return (ranks.unsqueeze(1) < most.unsqueeze(2)).reshape(len(inputs), len(shares), *inputs.shape[2:])


def deletion_curve(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    /,
    *,
    replacement: Replacement | None = None,
    shares: Sequence[float] = SHARES,
    draws: int = DRAWS,
    seed: int = 0,
    ascending: bool = False,
    cell: int = 1,
) -> Curve:
    """The score after the share of positions that contribute most was taken away, the mean over `draws` replacements.

    replacement: how (see `replacements`); without one, `random_base` for DNA and `mean_pixel` for images.
    cell: images lose squares of so many pixels a side; single ones leave noise that networks answer to (`cells`).

    Raises:
        ShapeError: the attributions do not fit the inputs, or the replacement cannot be used on them.
        InputError: shares that do not rise from 0 to 1, fewer than one draw, or attributions that are not finite.
    """
    check_shares(shares)
    taken = taken_at(inputs, removal_order(inputs, attributions, ascending=ascending, cell=cell, seed=seed), shares)
    return _curve(score, inputs, taken, replacement=replacement, shares=shares, draws=draws, seed=seed)


def insertion_curve(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    /,
    *,
    replacement: Replacement | None = None,
    shares: Sequence[float] = SHARES,
    draws: int = DRAWS,
    seed: int = 0,
    ascending: bool = False,
    cell: int = 1,
) -> Curve:
    """The score when all but the share of positions that contribute most is taken away; see `deletion_curve`."""
    check_shares(shares)
    taken = taken_at(inputs, removal_order(inputs, attributions, ascending=ascending, cell=cell, seed=seed), shares)
    away = _curve(score, inputs, ~taken, replacement=replacement, shares=shares, draws=draws, seed=seed)
    return replace(away, inserted=True)


def deletion_area(
    score: Score, inputs: Inputs, attributions: Attributions, /, *, normalised: bool = True, **options: Any
) -> Scores:
    """Area under the deletion curve, `(batch,)`: smaller is better. Options of `deletion_curve`; see `Curve.area`."""
    return deletion_curve(score, inputs, attributions, **options).area(normalised=normalised)


def insertion_area(
    score: Score, inputs: Inputs, attributions: Attributions, /, *, normalised: bool = True, **options: Any
) -> Scores:
    """Area under the insertion curve, `(batch,)`: larger is better. Options of `deletion_curve`; see `Curve.area`."""
    return insertion_curve(score, inputs, attributions, **options).area(normalised=normalised)


def aopc(score: Score, inputs: Inputs, attributions: Attributions, /, *, until: float = 1.0, **options: Any) -> Scores:
    """Mean over the points of the deletion curve of (score - score after deletion), `(batch,)`: larger is better.

    until: the largest share that counts, above 0; the first part of the curve says most. In score units. Options of
    `deletion_curve`.

    Raises what `deletion_curve` raises, and InputError where no share above 0 counts.
    """
    curve = deletion_curve(score, inputs, attributions, **options)
    counted = curve.share <= until
    if int(counted.sum()) < 2:
        raise InputError(f"until must be at least the first share above 0, {float(curve.share[1])}, not {until}")
    return (curve.value[:, :1] - curve.value[:, counted]).mean(dim=1)


def random_area(
    score: Score,
    inputs: Inputs,
    /,
    *,
    orders: int = 10,
    insertion: bool = False,
    normalised: bool = True,
    seed: int = 0,
    **options: Any,
) -> Tensor:
    """What random orders would get: the deletion (or insertion) area for each of `orders`, `(batch, orders)`.

    With the same options and seed as the area that it is the reference for, what is put in place is the same as well.
    """
    at_least("orders", orders, 1)
    curve_of = insertion_curve if insertion else deletion_curve
    areas = []
    for number in range(orders):
        attributions = torch.stack([_chance(example, seed, f"order {number}") for example in inputs])
        areas.append(curve_of(score, inputs, attributions, seed=seed, **options).area(normalised=normalised))
    return torch.stack(areas, dim=1)


def _chance(example: Tensor, seed: int, purpose: str) -> Tensor:
    """Attributions of one example that know nothing: a random number for each place, in every base or channel."""
    drawn = torch.rand(example[0].shape, generator=generator(seed, example, purpose), dtype=torch.float64)
    return drawn.expand(example.shape)


def _curve(
    score: Score,
    inputs: Inputs,
    taken: Tensor,
    *,
    replacement: Replacement | None,
    shares: Sequence[float],
    draws: int,
    seed: int,
) -> Curve:
    """The score without the places taken at every point."""
    put = replacement or usual_replacement(inputs)

    def values(number: int) -> Tensor:
        one = inputs[number : number + 1]
        # one point at a time: every point then has the same draws, so a curve goes down by what is taken alone
        rows = torch.cat([put(one, mask[None], draws=draws, seed=seed)[0] for mask in taken[number]])
        return row_scores(score, rows).reshape(len(shares), draws).mean(dim=1)

    return Curve(torch.tensor(list(shares), dtype=torch.float64), each_example(values, len(inputs)))
