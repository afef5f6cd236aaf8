"""Where the windows of edits lie in every layer: one width for all edits, so that they are one tensor."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy import ndarray

from seqinterp.mutagenesis.plan import Plan
from seqinterp.mutagenesis.steps import Combination, Convolution, Curve, Gather, Join, Normalised, Scale, Step


@dataclass(frozen=True, eq=False)
class Frame:
    """Windows of `width` rows of a layer of `length` rows.

    first: the first row, by the first position that an edit may change. It may lie before the layer, and the last row
        behind it; such rows of differences are zero. A window is never wider than the layer unless its layer is yet to
        be cut to size.
    """

    first: ndarray
    width: int
    length: int

    @cached_property
    def whole(self) -> bool:
        """Whether every window is the layer."""
        return self.width == self.length and not self.first.any()

    @cached_property
    def in_full(self) -> "Frame":
        """The frame of the whole layer."""
        return whole_frame(self.length, len(self.first))

    def overhangs(self, low: ndarray) -> bool:
        """Whether windows of edits from `low` on have rows that the layer lacks."""
        first = self.first[low]
        return bool(first.min() < 0 or first.max() + self.width > self.length)

    def shift(self, other: "Frame", low: ndarray) -> int | None:
        """How many rows before this window the other begins, when it is the same for all edits."""
        apart = self.first[low] - other.first[low]
        return int(apart[0]) if (apart == apart[0]).all() else None


@dataclass(frozen=True, eq=False)
class Frames:
    """The frame of every layer; and of what a convolution writes before it is cut to its layer, by target."""

    layers: Mapping[int, Frame]
    spread: Mapping[int, Frame]


def whole_frame(length: int, count: int) -> Frame:
    """The layer itself, for any of `count` first positions."""
    return Frame(np.zeros(count, np.int64), length, length)


def whole_frames(plan: Plan) -> Frames:
    """Every layer in full, for one first position: 0."""
    layers = {number: whole_frame(layer.length, 1) for number, layer in enumerate(plan.layers)}
    return Frames(layers, _spreads(plan, layers))


def frames_of(plan: Plan, span: int) -> Frames:
    """The frames of edits of up to `span` positions."""
    low = np.arange(plan.length)
    reached = plan.windows(low, np.minimum(low + span, plan.length))
    layers = {0: _cut(low, span, plan.length)}
    for step in plan.steps:
        layers[step.target] = _frame(plan, step, layers, reached[step.target])
    return Frames(layers, _spreads(plan, layers))


def shifted_by(step: Gather, length: int) -> int | None:
    """How many rows behind its source row, of `length`, each row lies; None when they do not only move together.

    A constant may stand for rows that the source lacks, not for others.
    """
    real = np.flatnonzero(step.rows >= 0)
    if len(real) == 0:
        return None
    shift, places = int(real[0] - step.rows[real[0]]), np.arange(len(step.rows))
    moved = np.where((places >= shift) & (places < shift + length), places - shift, -1)
    return shift if np.array_equal(moved, step.rows) else None


def _spreads(plan: Plan, layers: Mapping[int, Frame]) -> dict[int, Frame]:
    return {
        step.target: spread_of(step, layers[step.sources[0]]) for step in plan.steps if isinstance(step, Convolution)
    }


def spread_of(step: Convolution, source: Frame) -> Frame:
    """All rows that a window's rows are multiplied into, before they are cut to the layer; strides aside."""
    far = (len(step.weight) - 1) * step.dilation
    if step.transposed:
        first = source.first * step.stride - step.padding
        return Frame(first, (source.width - 1) * step.stride + far + 1, step.rows)
    return Frame(source.first + step.padding - far, source.width + far, step.rows)


def _frame(plan: Plan, step: Step, layers: Mapping[int, Frame], reached: tuple[ndarray, ndarray]) -> Frame:
    """The frame of a step's target: a constant way from its source where that can be, else as narrow as it can be."""
    length = plan.layers[step.target].length
    sources = [layers[source] for source in step.sources]
    if isinstance(step, Convolution) and (step.stride == 1 or step.transposed):
        spread = spread_of(step, sources[0])
        return _cut(spread.first, spread.width, length)
    if isinstance(step, Curve | Scale | Normalised):
        return sources[0]
    if isinstance(step, Gather) and (shift := shifted_by(step, sources[0].length)) is not None:
        return _cut(sources[0].first + shift, sources[0].width, length)
    if isinstance(step, Combination | Join) and all(source.length == length for source in sources):
        first = np.min([source.first for source in sources], axis=0)
        stop = np.max([source.first + source.width for source in sources], axis=0)
        return _cut(first, int((stop - first).max()), length)
    low, high = reached
    width = max(1, int((high - low).max()))
    return _cut(np.minimum(low, length - width), width, length)


def _cut(first: ndarray, width: int, length: int) -> Frame:
    """The frame, or the layer when it is no wider than that."""
    return Frame(first, width, length) if width < length else whole_frame(length, len(first))
