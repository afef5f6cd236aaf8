"""Dropout masks that belong to an example: the same in every batch, order and on every device.

Every call of a dropout function is met under a `TorchFunctionMode`, so modules and functional calls are treated alike
and nothing of the model is changed: it may stay in evaluation mode, with its batch norms at rest.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from seqinterp.errors import ModelError

_SELU_FLOOR = 1.7580993408473766  # scale * alpha of SELU: what alpha dropout puts in the place of a unit, negated
_ELEMENTS: set[Callable[..., Any]] = {
    functional.dropout,
    torch.dropout,
    torch.dropout_,
    functional.alpha_dropout,
    torch.alpha_dropout,
}
_ALPHA: set[Callable[..., Any]] = {functional.alpha_dropout, functional.feature_alpha_dropout}
_ALPHA |= {torch.alpha_dropout, torch.feature_alpha_dropout}
_CHANNELS: set[Callable[..., Any]] = {
    functional.dropout1d,
    functional.dropout2d,
    functional.dropout3d,
    functional.feature_alpha_dropout,
}
_CHANNELS |= {torch.feature_dropout, torch.feature_dropout_, torch.feature_alpha_dropout}
_CALLS = _ELEMENTS | _CHANNELS
_UNBATCHED: dict[Callable[..., Any], int] = {
    functional.dropout1d: 2,
    functional.dropout3d: 4,
}  # axes of one example alone, as these functions read it


SPLIT = -1  # rows lie along axis 0, several entries each


class CannotShareError(Exception):
    """The layers before the first dropout cannot be run once for all masks of an example."""


class Masking(TorchFunctionMode):
    """Inside the block every dropout drops, by masks that are rules of the examples' keys.

    keys: one number per example. draws: which masks of each example; rows stand example by example, mask by mask.
    shared: the model is shown each example once, and the rows of its masks part at the first dropout.
    known: along which axis the rows of each dropout lie, as another run has met them, for where two axes are as long.
    active: how many dropouts with a rate above zero were met. axes: along which axis the rows of each were.
    """

    def __init__(self, keys: Sequence[int], draws: range, *, shared: bool, known: Sequence[int] = ()) -> None:
        super().__init__()
        self.keys, self.draws, self.spread, self.known = keys, draws, not shared, known
        self.active = 0
        self.axes: list[int] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run what is no dropout as it is."""
        options = dict(kwargs or {})
        if func not in _CALLS:
            return func(*args, **options)
        values = args[0] if args else options["input"]
        rate = float(args[1] if len(args) > 1 else options.get("p", 0.5))
        inplace = bool(options.get("inplace")) or func in (torch.dropout_, torch.feature_dropout_)
        if rate == 0:
            return values
        dropped = self._drop(func, values, rate)
        return values.copy_(dropped) if inplace and dropped.shape == values.shape else dropped

    def _drop(self, func: Callable[..., Any], values: Tensor, rate: float) -> Tensor:
        """The values of every row under its mask."""
        self.active += 1
        known = self.known[self.active - 1] if self.active <= len(self.known) else None
        if not self.spread:
            if values.shape[:1] != (len(self.keys),) or known not in (None, 0):
                raise CannotShareError
            values = values.repeat_interleave(len(self.draws), dim=0)
            self.spread = True
        rows = len(self.keys) * len(self.draws)
        self.axes.append(_row_axis(values, rows, known))
        by_row, back = _rows_first(values, rows, self.axes[-1])
        kept, rate = self._keeps(_mask_shape(func, by_row, values.ndim), rate)
        kept = kept.reshape(*kept.shape, *[1] * (by_row.ndim - kept.ndim))
        if func in _ALPHA:
            return back(_alpha(by_row, kept.to(by_row), rate))
        mask = _scaled(kept, 1 / (1 - rate) if rate < 1 else 0.0, by_row)
        return back(mask.mul_(by_row) if mask.shape == by_row.shape else mask * by_row)  # new memory is dear, too

    def _keeps(self, shape: torch.Size, rate: float) -> tuple[Tensor, float]:
        """Which are kept, of `shape` (rows, *units), and the rate in 65536ths by which the others were chosen.

        The numbers of a mask are a stretch, told by its place among the draws, of a stream that the example's key and
        the call have; so masks do not change with how many are made at once.
        """
        steps = round(rate * 2**16)
        if steps == 2**16:
            return torch.zeros(shape, dtype=torch.bool), 1.0
        # 8 or 4 units in 64 bits: making random bits is what masks cost
        kind, least = (np.uint8, steps >> 8) if steps % 2**8 == 0 else (np.uint16, steps)
        units = shape[1:].numel()
        words = -(-units * np.dtype(kind).itemsize // 8)
        kept = np.empty((len(self.keys), len(self.draws), units), dtype=np.bool_)
        for row, key in enumerate(self.keys):
            stream = np.random.PCG64([key, self.active])
            stream.advance(self.draws.start * words)
            drawn = stream.random_raw(len(self.draws) * words).view(kind)
            np.greater_equal(drawn.reshape(len(self.draws), -1)[:, :units], kind(least), out=kept[row])
        return torch.from_numpy(kept).reshape(shape), steps / 2**16


def _scaled(kept: Tensor, scale: float, values: Tensor) -> Tensor:
    """`scale` where kept and 0 elsewhere, in the kind of numbers of `values` and where they lie."""
    if values.device.type == "cpu" and values.dtype == torch.float32:  # numpy is four times as fast
        return torch.from_numpy(np.multiply(kept.numpy(), np.float32(scale)))
    return kept.to(values.device).to(values.dtype).mul_(scale)


def _alpha(values: Tensor, kept: Tensor, rate: float) -> Tensor:
    """Alpha dropout (Klambauer et al. 2017): the floor of SELU for what is dropped, mean and variance kept."""
    scale = ((_SELU_FLOOR**2 * rate + 1) * (1 - rate)) ** -0.5 if rate < 1 else 0.0
    return values * kept * scale + _SELU_FLOOR * scale * (kept - 1 + rate)


def _mask_shape(func: Callable[..., Any], by_row: Tensor, axes: int) -> torch.Size:
    """One mask entry per row and unit, or per row and channel; per row, where a row is a channel."""
    if func not in _CHANNELS:
        return by_row.shape
    return by_row.shape[:1] if axes == _UNBATCHED.get(func) else by_row.shape[:2]


def _row_axis(values: Tensor, rows: int, known: int | None) -> int:
    """Along which axis the rows lie: 0, or 1 as in (position, batch, channel), or SPLIT as in (batch * heads, ...)."""
    fits = [axis for axis in (0, 1) if values.ndim > axis and values.shape[axis] == rows]
    if values.ndim > 0 and values.shape[0] > rows and values.shape[0] % rows == 0:
        fits.append(SPLIT)
    if not fits:
        raise ModelError(
            f"a dropout is applied to a tensor of shape {tuple(values.shape)} in which the {rows} examples cannot be"
            " told apart, so they cannot have masks of their own; use an ensemble"
        )
    return known if known is not None and known in fits else fits[0]


def _rows_first(values: Tensor, rows: int, axis: int) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """The values with one entry per row along axis 0, and how to undo that."""
    if axis == SPLIT:
        return values.unflatten(0, (rows, -1)), lambda dropped: dropped.flatten(0, 1)
    if axis == 1:
        return values.transpose(0, 1), lambda dropped: dropped.transpose(0, 1)
    return values, lambda dropped: dropped
