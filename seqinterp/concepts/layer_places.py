"""Where the places of a layer sit on the input, from which positions of the input reach which places.

Network Dissection (Bau et al. 2017, arXiv:1704.05796) anchors a unit's activations at the centres of receptive fields.
A convolution with 'same' padding has its centres at the positions themselves, one without padding (width - 1) / 2
later, and a pool in the middle of its window. Here they are measured, so that any model will do.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import theilslopes
from torch import Tensor

from seqinterp.shapes import FlagRows

_SLACK = 1e-6


@dataclass(frozen=True)
class Axis:
    """One axis of a layer: place i reads the positions from `first + stride * i` to `last + stride * i`, both included.

    stride: positions of the input from one place to the next; negative where the layer reads backwards.
    places, size: how many places the layer and positions the input have.
    whole: every place reads all positions, or nothing is known: places are spread evenly over the input.
    """

    first: float
    last: float
    stride: float
    places: int
    size: int
    whole: bool = False

    @property
    def field(self) -> int:
        """How many positions one place reads."""
        return self.size if self.whole else round(self.last - self.first) + 1

    @property
    def centre(self) -> float:
        """Where the field of place 0 has its middle."""
        return (self.first + self.last) / 2

    def between(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """For every position two places, the share of the second, and whether it lies at most half a stride from one.

        They are what a linear interpolation between the centres of the fields needs.
        """
        at = (torch.arange(self.size, dtype=torch.float64) - self.centre) / self.stride
        known = (at >= -0.5 - _SLACK) & (at <= self.places - 0.5 + _SLACK)
        at = at.clamp(0, self.places - 1)
        low = at.floor()
        return low.long(), at.ceil().long(), at - low, known

    def covered(self, reach: int) -> Tensor:
        """Which positions each place stands for, `(places, size)`: its field, or `reach` in the middle of a longer."""
        start = torch.arange(self.places, dtype=torch.float64) * self.stride
        if self.field <= reach and not self.whole:
            low, high = start + self.first, start + self.last
        else:
            low = (start + self.centre - (reach - 1) / 2 - _SLACK).ceil()
            high = low + reach - 1
        at = torch.arange(self.size)
        return (at >= low[:, None] - _SLACK) & (at <= high[:, None] + _SLACK)


def measured_axis(reached: FlagRows) -> Axis:
    """The axis of a layer of which `reached` tells (position, place) whether a change at the one moves the other.

    Only ends that are not cut off by the border count. Where a place does not answer, as units that are off do not,
    its neighbours speak for it.
    """
    size, places = reached.shape
    found = np.flatnonzero(reached.any(axis=0))
    first = reached.argmax(axis=0)[found]
    last = size - 1 - reached[::-1].argmax(axis=0)[found]
    ends = [(found[kept], end[kept]) for end, kept in ((first, first > 0), (last, last < size - 1))]
    if places == 1 or min(len(np.unique(at)) for at, _ in ends) < 2:
        return _spread(size, places)
    stride = float(np.median([theilslopes(end, at)[0] for at, end in ends]))
    if abs(stride) < 1 / size:
        return _spread(size, places)
    (here, low), (there, high) = ends
    return Axis(float((low - stride * here).min()), float((high - stride * there).max()), stride, places, size)


def _spread(size: int, places: int) -> Axis:
    """Places at equal distances over the whole input."""
    stride = size / places
    middle = (stride - 1) / 2
    return Axis(middle - (size - 1) / 2, middle + (size - 1) / 2, stride, places, size, whole=True)
