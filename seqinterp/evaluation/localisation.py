"""Does the explanation fall where it should? The pointing game (Zhang et al. 2018, doi:10.1007/s11263-017-1059-x), and
the mass and the top places in a mask (Arras, Osman & Samek 2022, doi:10.1016/j.inffus.2021.11.008).

A mask is True `(batch, *places)`: the pixels of a lesion, or the positions of a window of DNA. In all of these larger
is better, `chance_level` says what a map without knowledge gets, and an example is NaN where its mask is empty.
"""

import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from seqinterp.attribution.protocol import Score
from seqinterp.errors import InputError
from seqinterp.evaluation.places import place_contributions, require_places
from seqinterp.evaluation.similarity import top_shares
from seqinterp.shapes import Attributions, Inputs, PlaceMap, PlaceMask, Scores


def pointing_game(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    /,
    *,
    mask: PlaceMask,
    tolerance: int | float = 0,
    magnitude: bool = True,
) -> Scores:
    """1 where the largest contribution lies in the mask, or at most `tolerance` places from it, else 0.

    Zhang et al. allow 15 pixels. Where several places tie for the largest it is the share of them that lie there.
    With `magnitude` contributions of both signs count, else the most positive one.
    """
    values = _values(attributions, mask, magnitude=magnitude)
    hit = widened(mask, tolerance).flatten(1)
    found = (top_shares(values, torch.ones(len(values), dtype=torch.long)) * hit).sum(dim=1)
    return _defined(found, mask)


def mass_in_mask(
    score: Score, inputs: Inputs, attributions: Attributions, /, *, mask: PlaceMask, magnitude: bool = True
) -> Scores:
    """Share of all contributions that lies in the mask, 0 to 1; 0 for a map of zeros.

    The size of contributions is counted with `magnitude`, else the positive ones alone.
    """
    values = _values(attributions, mask, magnitude=magnitude).clamp(min=0).flatten(1)
    total = values.sum(dim=1)
    inside = (values * mask.cpu().flatten(1)).sum(dim=1)
    return _defined(inside / torch.where(total > 0, total, 1.0), mask)


def top_in_mask(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    /,
    *,
    mask: PlaceMask,
    top: int | None = None,
    magnitude: bool = True,
) -> Scores:
    """Share of the `top` largest contributions that lie in the mask; None takes as many as the mask has places.

    Ties count as the mean over their orders.

    Raises:
        InputError: `top` is not from 1 to the number of places.
    """
    values = _values(attributions, mask, magnitude=magnitude)
    inside = mask.cpu().flatten(1)
    if top is not None and not 1 <= top <= inside.shape[1]:
        raise InputError(f"top must be from 1 to the {inside.shape[1]} places of a map, not {top}")
    counts = inside.sum(dim=1) if top is None else torch.full((len(inside),), top)
    return _defined((top_shares(values, counts) * inside).sum(dim=1) / counts.clamp(min=1), mask)


def chance_level(mask: PlaceMask, *, tolerance: int | float = 0) -> Scores:
    """What a map whose places are in random order gets on average in each of these: the share of places in the mask.

    Give the `tolerance` of the pointing game.
    """
    return _defined(widened(mask, tolerance).flatten(1).double().mean(dim=1), mask)


def widened(mask: PlaceMask, tolerance: int | float) -> PlaceMask:
    """The mask with every place at most `tolerance` away from it, in a straight line, on the CPU.

    Raises:
        InputError: `tolerance` is negative or not finite.
    """
    if not 0 <= tolerance < float("inf"):
        raise InputError(f"tolerance must be a number of places, 0 or more, not {tolerance}")
    own = mask.cpu()
    if tolerance == 0:
        return own
    rows = [torch.from_numpy(distance_transform_edt(~row.numpy()) <= tolerance) if row.any() else row for row in own]
    return torch.stack(rows)


def _values(attributions: Attributions, mask: PlaceMask, *, magnitude: bool) -> PlaceMap:
    """One number per place, after a look at the mask."""
    values = place_contributions(attributions, magnitude=magnitude)
    require_places("mask", mask, values)
    return values


def _defined(found: Tensor, mask: PlaceMask) -> Scores:
    """NaN where the mask of an example is empty."""
    return found.where(mask.cpu().flatten(1).any(dim=1), torch.nan)
