"""Where units are active: above a threshold of their own, on the input (section 2 of arXiv:1704.05796)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from seqinterp.concepts.layer_places import Axis


class Thresholds:
    """For each unit the least T with P(activation > T) <= quantile over all examples and places, exactly.

    Only the largest activations are kept, one more than the quantile may hold, so memory does not grow with the rest.
    """

    def __init__(self, quantile: int | float, values: int) -> None:
        """values: how many activations of each unit there will be."""
        self.kept: Tensor | None = None
        self.count = int(quantile * values + 1e-9) + 1

    def add(self, maps: Sequence[Tensor]) -> None:
        """Take in the activations `(batch, unit, *places)` of several runs."""
        parts = [part.movedim(1, 0).flatten(1) for part in maps]
        together = torch.cat(parts if self.kept is None else [self.kept, *parts], dim=1)
        self.kept = together.topk(min(self.count, together.shape[1]), dim=1).values

    @property
    def values(self) -> Tensor:
        """The thresholds, `(unit,)`."""
        assert self.kept is not None  # something was added
        return self.kept[:, -1]


def active(maps: Sequence[Tensor], axes: Sequence[Sequence[Axis]], thresholds: Tensor, reach: int) -> Tensor:
    """Where units are active in any of several runs, bool `(batch, unit, *positions)`.

    With a reach of 1 as published: activations are interpolated between the centres of the fields (linear, of images
    bilinear) and then compared. A position more than half a stride beyond the outermost centre is not active. With more
    an active place stands for its field, or for `reach` positions in its middle where the field is longer.
    """
    level = thresholds.view(1, -1, *[1] * (maps[0].ndim - 2))
    found: Tensor | None = None
    for part, axis in zip(maps, axes, strict=True):
        own = interpolated(part, axis) > level if reach == 1 else _widened(part > level, axis, reach)
        found = own if found is None else found | own
    assert found is not None  # there is at least one run
    return found


def interpolated(maps: Tensor, axes: Sequence[Axis]) -> Tensor:
    """Activations `(batch, unit, *places)` at every position of the input, -inf where no place is near."""
    for number, axis in enumerate(axes):
        low, high, share, known = axis.between()
        view = [-1 if dimension == 2 + number else 1 for dimension in range(maps.ndim)]
        below, above = maps.index_select(2 + number, low), maps.index_select(2 + number, high)
        part = share.to(maps.dtype).view(view)
        between = below * (1 - part) + above * part
        maps = between.where(known.view(view), -torch.inf)
    return maps


def _widened(active: Tensor, axes: Sequence[Axis], reach: int) -> Tensor:
    """Places that are active as positions that they stand for."""
    for number, axis in enumerate(axes):
        counts = active.movedim(2 + number, -1).float() @ axis.covered(reach).float()
        active = (counts > 0).movedim(-1, 2 + number)
    return active


def entries(masks: Tensor, first: int) -> tuple[np.ndarray, np.ndarray]:
    """The True cells of `(batch, unit, *positions)`: their unit, and their place among all, examples from `first`."""
    flat = masks.flatten(2)
    example, unit, position = (index.numpy() for index in flat.nonzero(as_tuple=True))
    return unit, (example + first) * flat.shape[2] + position
