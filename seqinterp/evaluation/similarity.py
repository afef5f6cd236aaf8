"""How alike are two maps of one example? Rank, linear and structural measures (SSIM: Wang et al. 2004,
doi:10.1109/TIP.2003.819861).

Each measure takes two sets of maps `(batch, *places)` and gives one number per example, `(batch,)`, in double
precision; larger is more alike. Where a number is not defined it is NaN, never a guess: maps that are the same
everywhere have no order and no direction. Take means with `torch.nanmean` and say how many were defined.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from scipy.stats import rankdata
from torch import Tensor

from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Attributions, PlaceMap, PositionMap, Scores

Similarity = Callable[[Tensor, Tensor], Scores]

SIGMA = 1.5  # Wang et al.: the width of the window in places
RADIUS = 5  # and how far it reaches: 11 places


def contributions(attributions: Attributions) -> PlaceMap:
    """What each position or pixel contributes, `(batch, *places)`: the sum over bases or channels."""
    return attributions.sum(dim=1) if attributions.ndim > 2 else attributions


def magnitudes(attributions: Attributions) -> PlaceMap:
    """How much each position or pixel matters, `(batch, *places)`: the sum of |.| over bases or channels."""
    return contributions(attributions.abs())


def pearson(first: Tensor, second: Tensor, /) -> Scores:
    """Linear correlation over the places, -1 to 1; NaN where a map is the same everywhere."""
    one, other = _rows(first, second)
    return cosine(_centred(one), _centred(other))


def spearman(first: Tensor, second: Tensor, /) -> Scores:
    """Correlation of the ranks over the places, ties sharing theirs; NaN where a map is the same everywhere."""
    one, other = _rows(first, second)
    return pearson(_ranks(one), _ranks(other))


def cosine(first: Tensor, second: Tensor, /) -> Scores:
    """Cosine of the angle between the maps, -1 to 1; NaN where a map is zero everywhere."""
    one, other = _rows(first, second)
    lengths: Tensor = one.norm(dim=1) * other.norm(dim=1)
    cosines: Tensor = (one * other).sum(dim=1) / lengths
    return cosines.clamp(-1, 1).where(lengths > 0, torch.nan)


def sign_agreement(first: Tensor, second: Tensor, /) -> Scores:
    """Of the places where either map is not zero, the share with one sign in both; NaN where there is none."""
    one, other = _rows(first, second)
    counted = (one != 0) | (other != 0)
    agreeing = counted & (one.sign() == other.sign())
    return agreeing.sum(dim=1).double() / counted.sum(dim=1)  # 0 / 0 is NaN


def top_k_overlap(first: Tensor, second: Tensor, /, *, top: int = 10) -> Scores:
    """The share of the `top` largest places of the one map that are among those of the other, 0 to 1.

    Places that tie for the last ranks share them evenly, so their order cannot matter; chance is about `top` over the
    number of places. Give magnitudes when the sign does not matter.

    Raises:
        InputError: `top` is not a whole number from 1 to the number of places.
    """
    one, other = _rows(first, second)
    return torch.minimum(top_share(one, top), top_share(other, top)).sum(dim=1) / top


def top_share(rows: Tensor, top: int) -> Tensor:
    """How much of each place belongs to the `top` largest of its row: 1, 0, or a share where places tie for the end.

    Raises:
        InputError: `top` is not a whole number from 1 to the number of places.
    """
    if not 1 <= top <= rows.shape[1]:
        raise InputError(f"top must be from 1 to the {rows.shape[1]} places of a map, not {top}")
    return top_shares(rows, torch.full((len(rows),), top, device=rows.device))


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


def ssim(first: Tensor, second: Tensor, /, *, data_range: float | None = None) -> Scores:
    """Structural similarity over positions `(batch, position)` or pixels `(batch, row, column)`, -1 to 1.

    Means, variances and covariance are taken in a Gaussian window (sigma 1.5, 11 places or as many as fit) wherever it
    lies inside the map; K1 is 0.01 and K2 is 0.03. `data_range` is the span of values that counts as 1. By default
    each map is first divided by its own largest |value|, since maps of two models have no unit in common, and the span
    is that of both together. Equal maps give 1.

    Raises:
        InputError: `data_range` is not positive.
    """
    _rows(first, second)
    if data_range is not None and not 0 < data_range < float("inf"):
        raise InputError(f"data_range must be a positive number, or None to take it from the maps, not {data_range}")
    one, other = first.double(), second.double()
    if data_range is None:
        one, other = _unit(one), _unit(other)
        both = torch.cat([one.flatten(1), other.flatten(1)], dim=1)
        span = (both.amax(dim=1) - both.amin(dim=1)).reshape(-1, *[1] * (one.ndim - 1))
    else:
        span = one.new_full((len(one), *[1] * (one.ndim - 1)), data_range)
    found = _structure(one, other, span)
    return found.where((one != other).flatten(1).any(dim=1), 1.0)  # equal maps, a span of 0 among them


def _structure(one: Tensor, other: Tensor, span: Tensor) -> Scores:
    """Equation 13 of Wang et al., averaged over the windows."""
    floor_of_means, floor_of_variances = (0.01 * span) ** 2, (0.03 * span) ** 2
    mean, other_mean = _windowed(one), _windowed(other)
    variance = _windowed(one * one) - mean**2
    other_variance = _windowed(other * other) - other_mean**2
    covariance = _windowed(one * other) - mean * other_mean
    above = (2 * mean * other_mean + floor_of_means) * (2 * covariance + floor_of_variances)
    below = (mean**2 + other_mean**2 + floor_of_means) * (variance + other_variance + floor_of_variances)
    return (above / below).flatten(1).mean(dim=1)


def _windowed(maps: Tensor) -> Tensor:
    """The Gaussian mean around every place whose window lies inside."""
    for axis in range(1, maps.ndim):
        radius = min(RADIUS, (maps.shape[axis] - 1) // 2)
        offset = torch.arange(-radius, radius + 1, dtype=maps.dtype, device=maps.device)
        weights = torch.softmax(-(offset**2) / (2 * SIGMA**2), dim=0)
        moved = maps.movedim(axis, -1)
        done = F.conv1d(moved.reshape(-1, 1, moved.shape[-1]), weights[None, None])
        maps = done.reshape(*moved.shape[:-1], -1).movedim(-1, axis)
    return maps


def _unit(maps: Tensor) -> Tensor:
    """Each map divided by its largest |value|; a map of zeros stays."""
    largest = maps.abs().flatten(1).amax(dim=1).reshape(-1, *[1] * (maps.ndim - 1))
    return maps / largest.where(largest > 0, 1.0)


def _rows(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Both sets of maps as rows in double precision; ShapeError unless they are alike."""
    if first.shape != second.shape or first.ndim < 2 or 0 in first.shape:
        raise ShapeError(
            f"the two sets of maps must have one shape (batch, *places), not {tuple(first.shape)} and"
            f" {tuple(second.shape)}"
        )
    return first.double().flatten(1), second.double().flatten(1)


def _centred(rows: Tensor) -> Tensor:
    """Rows without their mean; a row of one value is exactly zero, whatever the rounding."""
    same = (rows == rows[:, :1]).all(dim=1, keepdim=True)
    return (rows - rows.mean(dim=1, keepdim=True)).masked_fill(same, 0)


def _ranks(rows: Tensor) -> Tensor:
    """Ranks within each row, ties sharing the mean of theirs; NaN anywhere makes the row NaN."""
    ranks = rankdata(rows.detach().cpu().numpy(), axis=1, nan_policy="propagate")
    return torch.from_numpy(ranks).to(rows.device)
