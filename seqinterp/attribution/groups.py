"""Features treated in groups: which features go together, and how a group's value is handed to its features."""

import torch
from torch import Tensor

from seqinterp.errors import InputError
from seqinterp.shapes import Array, Attributions, GroupValues, Inputs


def spatial(features: torch.Size) -> torch.Size:
    """The axes of the places: all but the channels, or the only axis there is."""
    return features[1:] if len(features) > 1 else features


def cells(features: torch.Size) -> Tensor:
    """A group per place, numbers of shape `features`: all channels of a position or pixel go together.

    Features on a single axis are a group each.
    """
    places = spatial(features)
    return torch.arange(places.numel()).reshape(places).expand(features).clone()


def blocks(features: torch.Size, count: int) -> Tensor:
    """At most `count` contiguous blocks of nearly equal size that tile the places, numbers of shape `features`.

    Runs of positions on one axis, a grid of nearly square tiles on two; all channels of a place go together. A
    grid has fewer tiles than `count` where no grid of nearly square tiles has so many.

    Raises:
        InputError: `count` is not positive.
    """
    if count < 1:
        raise InputError(f"the number of blocks must be 1 or more, not {count}")
    places = spatial(features)
    number = torch.zeros(places, dtype=torch.long)
    for axis, (size, parts) in enumerate(zip(places, _parts(places, count), strict=True)):
        # The parts of one axis differ in length by at most one.
        part = torch.arange(size) * parts // size
        number = number * parts + part.reshape(-1, *[1] * (len(places) - axis - 1))
    return number.expand(features).clone()


def _parts(places: torch.Size, count: int) -> list[int]:
    """Into how many parts each axis is cut: always the axis with the longest parts first, while `count` allows."""
    parts = [1] * len(places)
    room = True
    while room:
        room = False
        for axis in sorted(range(len(places)), key=lambda axis: -places[axis] / parts[axis]):
            wider = [n + (i == axis) for i, n in enumerate(parts)]
            if parts[axis] < places[axis] and torch.Size(wider).numel() <= count:
                parts, room = wider, True
                break
    return parts


def check_groups(groups: Array, features: torch.Size) -> Tensor:
    """The groups a caller gave, as a tensor of whole numbers of shape `features`.

    Raises:
        InputError: another shape, numbers that are not whole, or a number between 0 and the largest left out.
    """
    given = torch.as_tensor(groups)
    whole = not (given.is_floating_point() or given.is_complex() or given.dtype == torch.bool)
    used = given.unique() if whole else given
    if not whole or given.shape != features or not torch.equal(used.cpu().long(), torch.arange(len(used))):
        came = f"shape {tuple(given.shape)} of {str(given.dtype).removeprefix('torch.')}"
        numbers = f" with numbers {used.min()} to {used.max()}, {len(used)} of them used" if whole and len(used) else ""
        raise InputError(
            f"groups must be whole numbers of shape {tuple(features)}, one per feature of an example, counted from 0"
            f" without a gap; got {came}{numbers}"
        )
    return given.long()


def group_count(groups: Tensor) -> int:
    """How many groups there are."""
    return int(groups.max()) + 1


def spread(group_values: GroupValues, groups: Tensor, inputs: Inputs) -> Attributions:
    """Divide the value of each group evenly over its features that are present (not zero) in the example.

    Over all of its features where none is present. So the sum over the features of a group is the group's value.
    """
    place = groups.to(inputs.device).reshape(-1)
    present = (inputs.detach() != 0).flatten(1).to(group_values.dtype)
    held = torch.zeros_like(group_values).index_add_(1, place, present)
    size = torch.zeros_like(group_values).index_add_(1, place, torch.ones_like(present))
    takes_part = torch.where(held[:, place] > 0, present, torch.ones_like(present))
    share = (group_values / torch.where(held > 0, held, size))[:, place]
    return (share * takes_part).reshape(inputs.shape).to(inputs.dtype)
