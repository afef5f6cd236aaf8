"""What rules work with: values with named axes, the arguments of a call, and the list of steps that grows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

from seqinterp.mutagenesis.steps import Layer, Step
from seqinterp.mutagenesis.trace import Live, TracedCall

# axes of a tensor without its batch: channels, positions, both flattened (one or the other first), or of size 1
CHANNEL, POSITION, CHANNEL_POSITION, POSITION_CHANNEL, ONE = (
    "channel",
    "position",
    "channel*position",
    "position*channel",
    "1",
)


class NoRule(Exception):
    """How a change spreads through this call is not known: it is recomputed in full."""


@dataclass(frozen=True)
class Value:
    """A tensor of the model: the layer that holds its numbers, its shape without the batch, and what its axes are."""

    layer: int
    shape: tuple[int, ...]
    axes: tuple[str, ...]


Rule = Callable[["Builder", TracedCall], "Value | list[Value]"]


@dataclass
class Builder:
    """The layers and steps so far, and the value of each traced tensor that has one."""

    batch: int
    layers: list[Layer] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    values: dict[Live, Value] = field(default_factory=dict)

    def layer(self, length: int, channels: int) -> int:
        """A new layer; one without numbers has no rule."""
        if length == 0 or channels == 0:
            raise NoRule
        self.layers.append(Layer(length, channels))
        return len(self.layers) - 1

    def add(self, step: Step) -> int:
        """Append a step; gives its target."""
        self.steps.append(step)
        return step.target

    def value(self, argument: Any) -> Value:
        """The value of a live argument."""
        if not isinstance(argument, Live) or argument not in self.values:
            raise NoRule
        return self.values[argument]

    def like(self, value: Value, layer: int) -> Value:
        """The same shape and axes in another layer."""
        return Value(layer, value.shape, value.axes)

    def same(self, layer: int) -> int:
        """A new layer of the size of another."""
        return self.layer(self.layers[layer].length, self.layers[layer].channels)

    def named(self, layer: int, shape: tuple[int, ...], axes: tuple[str, ...]) -> Value:
        """A value; axes of size 1 lose their name."""
        return Value(layer, shape, tuple(ONE if size == 1 else axis for size, axis in zip(shape, axes, strict=True)))


def arguments(call: TracedCall, names: str, **defaults: Any) -> list[Any]:
    """The arguments of a call in the order of `names`, whichever way they were given."""
    order = names.split()
    if len(call.arguments) > len(order) or any(key not in order for key in call.keywords):
        raise NoRule
    given = dict(zip(order, call.arguments, strict=False)) | call.keywords
    return [given.get(name, defaults.get(name)) for name in order]


def subject(call: TracedCall) -> Any:
    """The argument that a call is made on: the first, or the one named input."""
    return call.arguments[0] if call.arguments else call.keywords.get("input")


def out_shape(builder: Builder, call: TracedCall, part: int = 0) -> tuple[int, ...]:
    """The shape of the result without the batch."""
    shape = call.shapes[part]
    if not shape or shape[0] != builder.batch or 0 in shape or not call.dtypes[part].is_floating_point:
        raise NoRule
    return shape[1:]


def number(value: Any) -> float:
    """A plain number: an option of the call."""
    if isinstance(value, Tensor) and value.numel() == 1:
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NoRule
    return float(value)


def array(value: Any) -> ndarray:
    """A constant tensor in double precision."""
    if not isinstance(value, Tensor) or not value.is_floating_point():
        raise NoRule
    return value.detach().to("cpu", torch.float64).numpy()


def by_row(constant: Any, value: Value, layer: Layer, batch: int) -> ndarray:
    """A constant that is broadcast against a value, as (1 or positions, channels)."""
    if isinstance(constant, int | float) and not isinstance(constant, bool):
        return np.full((1, layer.channels), float(constant))
    numbers = constant.detach().to("cpu", torch.float64) if isinstance(constant, Tensor) else None
    if numbers is None:
        raise NoRule
    if numbers.ndim > len(value.shape):
        if numbers.ndim > len(value.shape) + 1 or len(numbers) != 1:
            raise NoRule
        numbers = numbers[0]
    try:
        whole = numbers.broadcast_to(value.shape).numpy()
    except RuntimeError as error:
        raise NoRule from error
    rows = to_rows(whole, value, layer)
    return rows[:1] if (rows == rows[:1]).all() else rows


def to_rows(numbers: ndarray, value: Value, layer: Layer) -> ndarray:
    """Numbers in the shape of a value as (positions, channels)."""
    if CHANNEL_POSITION in value.axes:
        return numbers.reshape(layer.channels, layer.length).T
    if POSITION_CHANNEL in value.axes:
        return numbers.reshape(layer.length, layer.channels)
    if POSITION in value.axes and CHANNEL in value.axes and value.axes.index(CHANNEL) < value.axes.index(POSITION):
        return numbers.reshape(layer.channels, layer.length).T
    return numbers.reshape(layer.length, layer.channels)


def axis_of(value: Value, dim: Any) -> int:
    """The axis, counted without the batch, that a `dim` of the call means."""
    if not isinstance(dim, int) or isinstance(dim, bool):
        raise NoRule
    axis = dim if dim >= 0 else dim + len(value.shape) + 1
    if not 1 <= axis <= len(value.shape):
        raise NoRule
    return axis - 1
