"""Pools, means, sums and maxima over positions or channels; statistics of the channels of a position."""

from typing import Any

import numpy as np
from numpy import ndarray

from seqinterp.mutagenesis.rules.arithmetic import combined, extreme
from seqinterp.mutagenesis.rules.builder import (
    CHANNEL,
    ONE,
    POSITION,
    Builder,
    NoRule,
    Rule,
    Value,
    arguments,
    array,
    axis_of,
    number,
    out_shape,
    subject,
)
from seqinterp.mutagenesis.rules.moves import parts
from seqinterp.mutagenesis.rules.weighted import single
from seqinterp.mutagenesis.steps import Convolution, Curve, Dense, Normalised, Pool
from seqinterp.mutagenesis.trace import TracedCall
from seqinterp.shapes import Windows


def _position_axis(value: Value) -> int:
    """The axis of the positions; a value without positions has no rule here."""
    if POSITION in value.axes:
        return value.axes.index(POSITION)
    raise NoRule


def _pooled(builder: Builder, call: TracedCall, value: Value, bins: Windows, divisors: ndarray | None) -> Value:
    """The largest (or with divisors, the mean) of the bins."""
    shape, axis = out_shape(builder, call), _position_axis(value)
    if len(shape) != len(value.shape) or shape[axis] != len(bins):
        raise NoRule
    if any(shape[here] != value.shape[here] for here in range(len(shape)) if here != axis):
        raise NoRule
    target = builder.layer(len(bins), builder.layers[value.layer].channels)
    shares = np.ones(len(bins)) if divisors is None else 1 / divisors
    builder.add(Pool(call.word, (value.layer,), target, divisors is None, bins, shares))
    return builder.named(target, shape, value.axes)


def _regular_bins(length: int, rows: int, kernel: int, stride: int, padding: int) -> tuple[Windows, ndarray]:
    """Bins inside the layer, and how many places each has with the padding that a mean may count."""
    first = np.arange(rows) * stride - padding
    stop = np.minimum(first + kernel, length + padding)
    return np.stack([first.clip(0, length), stop.clip(0, length)], axis=1), (stop - first).astype(float)


def _of_axis(value: Value, call: TracedCall, option: Any) -> int:
    """An option of a pool for the axis of the positions; along others a pool must do nothing."""
    axes = len(value.shape) - 1
    return single(option, _position_axis(value) - 1 if axes == 2 else 0)


def _does_nothing_across(value: Value, kernel: Any) -> None:
    if len(value.shape) == 3:
        across = 2 if _position_axis(value) == 1 else 1
        if single(kernel, across - 1) != 1 or value.shape[across] != 1:
            raise NoRule


def max_pool(builder: Builder, call: TracedCall) -> Value:
    """Windows side by side or overlapping."""
    names = "input kernel_size stride padding dilation ceil_mode return_indices"
    source, kernel, stride, padding, dilation, _, indices = arguments(call, names, padding=0, dilation=1)
    value = builder.value(source)
    _does_nothing_across(value, kernel)
    size = _of_axis(value, call, kernel)
    if indices or single(dilation) != 1:
        raise NoRule
    step = size if stride is None or stride == [] else _of_axis(value, call, stride)
    rows = out_shape(builder, call)[_position_axis(value)]
    length = builder.layers[value.layer].length
    bins, _ = _regular_bins(length, rows, size, step, _of_axis(value, call, padding))
    return _pooled(builder, call, value, bins, None)


def avg_pool(builder: Builder, call: TracedCall) -> Value:
    """Means of windows."""
    names = "input kernel_size stride padding ceil_mode count_include_pad divisor_override"
    source, kernel, stride, padding, _, counts, divisor = arguments(call, names, padding=0, count_include_pad=True)
    value = builder.value(source)
    _does_nothing_across(value, kernel)
    size = _of_axis(value, call, kernel)
    step = size if stride is None or stride == [] else _of_axis(value, call, stride)
    rows = out_shape(builder, call)[_position_axis(value)]
    bins, places = _regular_bins(builder.layers[value.layer].length, rows, size, step, _of_axis(value, call, padding))
    if not counts:
        places = (bins[:, 1] - bins[:, 0]).astype(float)
    if divisor is not None:
        places = np.full(len(bins), float(divisor))
    return _pooled(builder, call, value, bins, places)


def adaptive_pool(builder: Builder, call: TracedCall) -> Value:
    """As many windows as asked for, of about the same size."""
    given = arguments(call, "input output_size return_indices")
    value = builder.value(given[0])
    if given[2]:
        raise NoRule
    rows, length = out_shape(builder, call)[_position_axis(value)], builder.layers[value.layer].length
    place = np.arange(rows)
    bins = np.stack([place * length // rows, -(-(place + 1) * length // rows)], axis=1)
    return _pooled(builder, call, value, bins, None if "max" in call.word else (bins[:, 1] - bins[:, 0]).astype(float))


def _reduced(builder: Builder, call: TracedCall, how: str) -> Value:
    """A sum, mean or maximum over some axes."""
    names = "input dim keepdim"
    given = arguments(call, "input axis keepdims" if "axis" in call.keywords else names)
    value, dims = builder.value(given[0]), given[1]
    if dims is None:
        raise NoRule
    chosen = [axis_of(value, dim) for dim in (dims if isinstance(dims, tuple | list) else (dims,))]
    shape = out_shape(builder, call)
    layer = value.layer
    for axis in chosen:
        layer = _over(builder, call, layer, value.axes[axis], how)
    axes = [ONE if here in chosen else name for here, name in enumerate(value.axes)]
    if len(shape) != len(axes):
        axes = [name for here, name in enumerate(axes) if here not in chosen]
    return builder.named(layer, shape, tuple(axes))


def _over(builder: Builder, call: TracedCall, layer: int, axis: str, how: str) -> int:
    """One axis of a layer reduced to size 1."""
    size = builder.layers[layer]
    if axis == ONE:
        return layer
    if axis == POSITION:
        target = builder.layer(1, size.channels)
        share = np.full(1, 1 / size.length if how == "mean" else 1.0)
        return builder.add(Pool(call.word, (layer,), target, how == "max", np.array([[0, size.length]]), share))
    if axis != CHANNEL or how == "max":
        raise NoRule
    weight = np.full((1, size.channels, 1), 1 / size.channels if how == "mean" else 1.0)
    target = builder.layer(size.length, 1)
    if size.length == 1:
        return builder.add(Dense(call.word, (layer,), target, weight, np.zeros(1)))
    return builder.add(Convolution(call.word, (layer,), target, weight, np.zeros(1), rows=size.length))


def mean(builder: Builder, call: TracedCall) -> Value:
    """Means over positions or channels."""
    return _reduced(builder, call, "mean")


def total(builder: Builder, call: TracedCall) -> Value:
    """Sums over positions or channels."""
    return _reduced(builder, call, "sum")


def largest(builder: Builder, call: TracedCall) -> list[Value]:
    """Maxima over positions; where they are is not followed."""
    if len(call.live) == 2:
        return [extreme(builder, call)]
    if len(call.arguments) + len(call.keywords) < 2:
        raise NoRule
    return [_reduced(builder, call, "max")]


def layer_norm(builder: Builder, call: TracedCall) -> Value:
    """Over the channels of each position."""
    source, shape, weight, bias, epsilon = arguments(call, "input normalized_shape weight bias eps", eps=1e-5)
    value = builder.value(source)
    channels = builder.layers[value.layer].channels
    if value.axes[-1] != CHANNEL or tuple(shape) != (channels,):
        raise NoRule
    scale = np.ones(channels) if weight is None else array(weight)
    shift = np.zeros(channels) if bias is None else array(bias)
    step = Normalised(call.word, (value.layer,), builder.same(value.layer), "layer", scale, shift, number(epsilon))
    return builder.like(value, builder.add(step))


def softmax(builder: Builder, call: TracedCall) -> Value:
    """Over the channels of each position."""
    value = builder.value(subject(call))
    dim = call.keywords.get("dim", call.arguments[1] if len(call.arguments) > 1 else None)
    if value.axes[axis_of(value, dim)] != CHANNEL:
        raise NoRule
    channels = builder.layers[value.layer].channels
    step = Normalised(
        call.word, (value.layer,), builder.same(value.layer), call.word, np.ones(channels), np.zeros(channels)
    )
    return builder.like(value, builder.add(step))


def glu(builder: Builder, call: TracedCall) -> Value:
    """One half times the sigmoid of the other."""
    source, dim = arguments(call, "input dim", dim=-1)
    value = builder.value(source)
    axis = axis_of(value, dim)
    half = (call.shapes[0][0], *(size // 2 if here == axis else size for here, size in enumerate(value.shape)))
    halves = TracedCall(call.word, (source, 2, dim), {}, (half, half), call.dtypes * 2, None)
    signal, gate = parts(builder, halves)
    opened = builder.add(Curve(call.word, (gate.layer,), builder.same(gate.layer), "sigmoid"))
    return combined(builder, call, (signal, builder.like(gate, opened)), "multiply")


RULES: dict[str, Rule] = {
    **dict.fromkeys(("max_pool1d", "max_pool2d"), max_pool),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d"), avg_pool),
    **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_max_pool1d"), adaptive_pool),
    **dict.fromkeys(("amax", "max"), largest),
    **dict.fromkeys(("softmax", "log_softmax"), softmax),
    "mean": mean,
    "sum": total,
    "layer_norm": layer_norm,
    "glu": glu,
}
