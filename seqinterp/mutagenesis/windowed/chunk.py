"""Some edits at once: their differences in every layer, and the layers of their sequences to read beside them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

from seqinterp.mutagenesis.windowed.frames import Frame, Frames


@dataclass(eq=False)
class Tables:
    """Arrays of a plan on a device, copied there once."""

    device: torch.device
    kept: dict[tuple[int, torch.dtype, str], tuple[ndarray, Tensor]] = field(default_factory=dict)

    def tensor(
        self, array: ndarray, dtype: torch.dtype = torch.int64, make: Callable[[ndarray], ndarray] | None = None
    ) -> Tensor:
        """The tensor of an array, or of what `make` makes of it."""
        key = (id(array), dtype, "" if make is None else make.__name__)
        if key not in self.kept:
            made = array if make is None else make(array)
            # the array is kept, so that no other is ever given its id
            self.kept[key] = array, torch.tensor(np.ascontiguousarray(made), dtype=dtype, device=self.device)
        return self.kept[key][1]


@dataclass(eq=False)
class Sequencewise:
    """Layers (sequences, rows, channels) of unedited sequences, by number, and what is made of them once."""

    layers: dict[int, Tensor]
    made: dict[tuple[str, int], Tensor] = field(default_factory=dict)

    def get(self, layer: int, name: str = "", make: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """A layer, or a table of its own rows."""
        if make is None:
            return self.layers[layer]
        if (name, layer) not in self.made:
            self.made[name, layer] = make(self.layers[layer])
        return self.made[name, layer]


@dataclass(eq=False)
class Chunk:
    """Edits (edits, rows, channels) in every layer.

    low: the first position of each edit, beside its copy on the device, `at`; example: the sequence of each.
    before: None while the layers of sequences are computed: then "differences" are the layers themselves.
    """

    frames: Frames
    tables: Tables
    dtype: torch.dtype
    low: ndarray
    at: Tensor
    example: Tensor
    before: Sequencewise | None
    changes: dict[int, Tensor] = field(default_factory=dict)

    def table(self, array: ndarray, make: Callable[[ndarray], ndarray] | None = None) -> Tensor:
        """Constants of the plan, or what is made of them, in the precision of the chunk."""
        return self.tables.tensor(array, self.dtype, make)

    def first(self, frame: Frame) -> Tensor:
        """The first row of each edit's window, (edits,)."""
        return self.tables.tensor(frame.first)[self.at]

    def rows(self, frame: Frame) -> Tensor:
        """The rows of the windows, (edits, width)."""
        return self.first(frame)[:, None] + torch.arange(frame.width, device=self.at.device)

    def moved(self, numbers: Tensor, given: Frame, wanted: Frame) -> Tensor:
        """Differences in the rows of another frame of the same rows; zero where there are none."""
        shift = wanted.shift(given, self.low)
        if shift is None:
            return picked(numbers, self.rows(wanted) - self.first(given)[:, None])
        if shift == 0 and given.width == wanted.width:
            return numbers
        start, stop = max(shift, 0), min(shift + wanted.width, given.width)
        if stop <= start:
            return numbers.new_zeros(len(numbers), wanted.width, numbers.shape[2])
        inside = numbers[:, start:stop]
        if stop - start == wanted.width:
            return inside
        return torch.nn.functional.pad(inside, (0, 0, start - shift, shift + wanted.width - stop))

    def change(self, layer: int, wanted: Frame) -> Tensor:
        """The differences of a layer in the rows of a frame."""
        return self.moved(self.changes[layer], self.frames.layers[layer], wanted)

    def cleared(self, numbers: Tensor, frame: Frame) -> Tensor:
        """The same, with zeros in the rows that the layer lacks."""
        if not frame.overhangs(self.low):
            return numbers
        rows = self.rows(frame)
        return numbers * ((rows >= 0) & (rows < frame.length))[..., None]

    def of_sequences(self, table: Tensor, frame: Frame) -> Tensor:
        """Rows of a table (sequences, rows, channels) in the windows; others than the layer's hold any number."""
        count, length, channels = table.shape
        if frame.whole or length == 1:
            return table.expand(len(self.example), -1, -1) if count == 1 else table[self.example]
        index = self.rows(frame)
        if frame.overhangs(self.low):
            index = index.clamp_(0, length - 1)
        if count > 1:
            index = index + self.example[:, None] * length
        found = table.reshape(count * length, channels).index_select(0, index.flatten())
        return found.view(len(self.example), frame.width, channels)

    def reference(self, layer: int, frame: Frame) -> Tensor:
        """The rows of a layer of the unedited sequences, in the rows of a frame."""
        if self.before is None:
            raise RuntimeError("there are no layers to read while they are computed")
        return self.of_sequences(self.before.get(layer), frame)


def picked(numbers: Tensor, index: Tensor) -> Tensor:
    """Rows (edits, *places, channels) of (edits, rows, channels) by their places in the window; zero outside it."""
    count, rows, channels = numbers.shape
    start = torch.arange(count, device=index.device).view(-1, *[1] * (index.ndim - 1)) * rows
    inside = (index >= 0) & (index < rows)
    place = (index.clamp(0, rows - 1) + start).flatten()
    found = numbers.reshape(count * rows, channels).index_select(0, place).view(*index.shape, channels)
    return found.mul_(inside[..., None])
