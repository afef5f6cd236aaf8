"""What a plan is made of: layers, and the steps between them, each of which knows how far a change spreads.

A `Layer` is numbers at (position, channel); a layer without positions has length 1. Steps read layers and give one.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy import ndarray

from seqinterp.shapes import Counters, Windows


@dataclass(frozen=True)
class Layer:
    """Numbers at `length` positions in `channels` channels."""

    length: int
    channels: int


@dataclass(frozen=True, eq=False)
class Step:
    """One operation from layers (`sources`, by number) to the layer `target`; `word` is torch's name for it."""

    word: str
    sources: tuple[int, ...]
    target: int

    def moved(self, **changes: Any) -> "Step":
        """The same step between other layers."""
        return replace(self, **changes)

    def reach(self, part: int, length: int) -> Windows | None:
        """First and one past the last target row that each of `length` rows of source `part` reaches, (rows, 2); None
        when rows reach themselves."""
        return None


@dataclass(frozen=True, eq=False)
class Convolution(Step):
    """target[q] = bias + sum over t of source[q stride - padding + t dilation] weight[t]; transposed the other way.

    weight: (taps, inputs of a group, channels). groups: as in torch.
    """

    weight: ndarray
    bias: ndarray
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1
    transposed: bool = False
    rows: int = 0  # of the target

    def reach(self, part: int, length: int) -> Windows:
        """Rows joined by the first and by the last tap."""
        row, taps = np.arange(length), len(self.weight)
        far = (taps - 1) * self.dilation
        if self.transposed:
            first, stop = row * self.stride - self.padding, row * self.stride - self.padding + far + 1
        else:
            first = -((far - self.padding - row) // self.stride)
            stop = (row + self.padding) // self.stride + 1
        return np.stack([first.clip(0, self.rows), stop.clip(0, self.rows)], axis=1)


@dataclass(frozen=True, eq=False)
class Dense(Step):
    """target = bias + sum over positions and channels of source weight; weight (position, channel, output)."""

    weight: ndarray
    bias: ndarray

    def reach(self, part: int, length: int) -> Windows:
        """The one row there is."""
        return everything(length, 1)


@dataclass(frozen=True, eq=False)
class Curve(Step):
    """One number to one number, by a name that the kernels know, with up to two options."""

    curve: str
    first: float = 0.0
    second: float = 0.0


@dataclass(frozen=True, eq=False)
class Scale(Step):
    """source * scale + shift, each (1, channels) or (positions, channels)."""

    scale: ndarray
    shift: ndarray


@dataclass(frozen=True, eq=False)
class Combination(Step):
    """Two layers into one: "add" them with weights, "multiply" them, or take the "larger" (first = -1: the smaller).

    rows: of the target; lengths: of the sources. A source of one row is combined with every row.
    in_place: the second is added to the first where that lies: no edit reaches rows of the second beside those of
        the first, and nobody else reads the first.
    """

    how: str
    rows: int
    lengths: tuple[int, int]
    first: float = 1.0
    second: float = 1.0
    in_place: bool = False

    def reach(self, part: int, length: int) -> Windows | None:
        """Itself, or everything when one row is combined with all."""
        return None if length == self.rows else everything(length, self.rows)


@dataclass(frozen=True, eq=False)
class Gather(Step):
    """Rows and channels from other places; -1 gives a constant."""

    rows: ndarray
    channels: ndarray
    constant: float = 0.0

    def reach(self, part: int, length: int) -> Windows:
        """The first and last place each row is copied to."""
        first, stop = np.full(length, len(self.rows)), np.zeros(length, np.int64)
        places = np.arange(len(self.rows))
        real = self.rows >= 0
        np.minimum.at(first, self.rows[real], places[real])
        np.maximum.at(stop, self.rows[real], places[real] + 1)
        return np.stack([first, stop], axis=1)


@dataclass(frozen=True, eq=False)
class Join(Step):
    """Channels of several layers side by side; starts: where those of each begin."""

    starts: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Pool(Step):
    """The largest of each bin of rows, or their sum times a share; bins (rows, 2) are half-open."""

    largest: bool
    bins: Windows
    shares: ndarray

    def reach(self, part: int, length: int) -> Windows:
        """The bins that hold each row."""
        row = np.arange(length)
        first = np.searchsorted(self.bins[:, 1], row, side="right")
        stop = np.searchsorted(self.bins[:, 0], row, side="right")
        return np.stack([first, np.maximum(first, stop)], axis=1)

    def is_peak(self, length: int) -> bool:
        """Whether it is the largest of all rows."""
        return self.largest and len(self.bins) == 1 and tuple(self.bins[0]) == (0, length)


@dataclass(frozen=True, eq=False)
class Normalised(Step):
    """Statistics of the channels of each position: "layer" normalisation, "softmax" or "log_softmax"."""

    how: str
    scale: ndarray
    shift: ndarray
    epsilon: float = 0.0


def everything(length: int, rows: int) -> Windows:
    """The reach of rows that each reach all rows of the target."""
    return np.tile(np.array([[0, rows]]), (length, 1))


def in_order(reach: Windows) -> bool:
    """Whether the window of a stretch of rows is given by its ends."""
    return bool((np.diff(reach, axis=0) >= 0).all() and (reach[:, 0] < reach[:, 1]).all())


def window_of(step: Step, part: int, low: Counters, high: Counters, length: int) -> tuple[ndarray, ndarray]:
    """The rows `[low, high)` that rows `[low, high)` of source `part`, of `length` rows, reach; for many windows."""
    reach = step.reach(part, length)
    if reach is None:
        return low, high
    empty = low >= high
    inside, last = np.minimum(low, length - 1), np.maximum(high, 1) - 1
    if in_order(reach):
        first, stop = reach[inside, 0], reach[last, 1]
    else:
        first = np.array([reach[a : b + 1, 0].min(initial=2**62) for a, b in zip(inside, last, strict=True)])
        stop = np.array([reach[a : b + 1, 1].max(initial=0) for a, b in zip(inside, last, strict=True)])
    empty = empty | (first >= stop)
    return np.where(empty, 0, first), np.where(empty, 0, stop)
