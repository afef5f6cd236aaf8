"""Convolutions and dense layers."""

from typing import Any

import numpy as np
from numpy import ndarray

from seqinterp.mutagenesis.rules.builder import (
    CHANNEL,
    CHANNEL_POSITION,
    ONE,
    POSITION,
    POSITION_CHANNEL,
    Builder,
    NoRule,
    Rule,
    Value,
    arguments,
    array,
    out_shape,
)
from seqinterp.mutagenesis.steps import Convolution, Dense
from seqinterp.mutagenesis.trace import TracedCall


def single(option: Any, axis: int = 0) -> int:
    """An option of a convolution or pool, for one axis."""
    if isinstance(option, tuple | list):
        option = option[axis] if len(option) > 1 else option[0]
    if not isinstance(option, int):
        raise NoRule
    return option


def channels_first(builder: Builder, value: Value) -> None:
    """Refuse a value whose first axis is not its channels, or whose second is not its positions."""
    layer = builder.layers[value.layer]
    first, *rest = value.axes
    if first not in (CHANNEL, ONE) or value.shape[0] != layer.channels or CHANNEL in rest:
        raise NoRule


def _padding(option: Any, taps: int, dilation: int, axis: int = 0) -> int:
    """Zeros before the first row."""
    if option == "same":
        return (taps - 1) * dilation // 2
    return 0 if option == "valid" else single(option, axis)


def _convolve(builder: Builder, call: TracedCall, value: Value, weight: ndarray, options: dict[str, Any]) -> Value:
    """Add a convolution; weight (taps, inputs of a group, channels)."""
    shape = out_shape(builder, call)
    channels = weight.shape[2]
    rows = int(np.prod(shape)) // channels
    bias = np.zeros(channels) if options["bias"] is None else array(options["bias"])
    target = builder.layer(rows, channels)
    builder.add(
        Convolution(
            call.word, (value.layer,), target, weight, bias, options["stride"], options["padding"], options["dilation"],
            options["groups"], options.get("transposed", False), rows,
        )
    )  # fmt: skip
    axes = tuple(CHANNEL if axis == 0 else POSITION for axis in range(len(shape)))
    return builder.named(target, shape, axes)


def conv1d(builder: Builder, call: TracedCall) -> Value:
    """Channels by positions."""
    source, weight, bias, stride, padding, dilation, groups = arguments(
        call, "input weight bias stride padding dilation groups", stride=1, padding=0, dilation=1, groups=1
    )
    value, weights = builder.value(source), array(weight).transpose(2, 1, 0)
    channels_first(builder, value)
    if len(value.shape) != 2:
        raise NoRule
    apart = single(dilation)
    options = {
        "bias": bias,
        "stride": single(stride),
        "padding": _padding(padding, len(weights), apart),
        "dilation": apart,
        "groups": groups,
    }
    return _convolve(builder, call, value, weights, options)


def conv2d(builder: Builder, call: TracedCall) -> Value:
    """Of pictures that are sequences: one axis has the positions, the other has size 1 or holds the channels."""
    source, weight, bias, stride, padding, dilation, groups = arguments(
        call, "input weight bias stride padding dilation groups", stride=1, padding=0, dilation=1, groups=1
    )
    value, weights = builder.value(source), array(weight)
    if len(value.shape) != 3 or POSITION not in value.axes[1:]:
        raise NoRule
    along = 0 if value.axes[1] == POSITION else 1
    across = 1 - along
    kernel = weights.shape[2 + across]
    stays = _padding(padding, kernel, single(dilation, across), across) == 0
    if value.axes[1 + across] == CHANNEL:  # the bases are the other axis: they are taken in one step
        if value.shape[0] != 1 or kernel != value.shape[1 + across] or not stays or groups != 1:
            raise NoRule
        weights = weights[:, 0].transpose((1, 2, 0) if along == 0 else (2, 1, 0))
    else:
        channels_first(builder, value)
        if value.shape[1 + across] != 1 or kernel != 1 or not stays:
            raise NoRule
        weights = weights.squeeze(2 + across).transpose(2, 1, 0)
    apart = single(dilation, along)
    options = {
        "bias": bias,
        "stride": single(stride, along),
        "padding": _padding(padding, len(weights), apart, along),
        "dilation": apart,
        "groups": groups,
    }
    return _convolve(builder, call, value, weights, options)


def conv_transpose1d(builder: Builder, call: TracedCall) -> Value:
    """The convolution whose transpose it is, read backwards."""
    names = "input weight bias stride padding output_padding groups dilation"
    source, weight, bias, stride, padding, _, groups, dilation = arguments(
        call, names, stride=1, padding=0, groups=1, dilation=1
    )
    value = builder.value(source)
    channels_first(builder, value)
    if len(value.shape) != 2:
        raise NoRule
    weights = array(weight)  # (inputs, channels of a group, taps)
    inputs, per_group, taps = weights.shape
    grouped = weights.reshape(groups, inputs // groups, per_group, taps)
    together = grouped.transpose(3, 1, 0, 2).reshape(taps, inputs // groups, groups * per_group)
    options = {
        "bias": bias,
        "stride": single(stride),
        "padding": single(padding),
        "dilation": single(dilation),
        "groups": groups,
        "transposed": True,
    }
    return _convolve(builder, call, value, together, options)


def linear(builder: Builder, call: TracedCall) -> Value:
    """A dense layer of each position's channels, or of all positions and channels."""
    source, weight, bias = arguments(call, "input weight bias")
    return _linear(builder, call, builder.value(source), array(weight), None if bias is None else array(bias))


def _linear(builder: Builder, call: TracedCall, value: Value, weights: ndarray, bias: ndarray | None) -> Value:
    """weights (outputs, inputs) over the last axis."""
    layer = builder.layers[value.layer]
    shape, outputs = out_shape(builder, call), len(weights)
    shift = np.zeros(outputs) if bias is None else bias
    last = value.axes[-1]
    if last == CHANNEL or (last == ONE and layer.channels == 1):
        if layer.length > 1:
            target = builder.layer(layer.length, outputs)
            builder.add(Convolution(call.word, (value.layer,), target, weights.T[None], shift, rows=layer.length))
            return builder.named(target, shape, (*value.axes[:-1], CHANNEL))
        numbers = weights.reshape(outputs, 1, layer.channels)
    elif last == CHANNEL_POSITION or (last == POSITION and layer.channels == 1):
        numbers = weights.reshape(outputs, layer.channels, layer.length).transpose(0, 2, 1)
    elif last == POSITION_CHANNEL:
        numbers = weights.reshape(outputs, layer.length, layer.channels)
    else:
        raise NoRule
    target = builder.layer(1, outputs)
    builder.add(Dense(call.word, (value.layer,), target, np.moveaxis(numbers, 0, 2), shift))
    return builder.named(target, shape, (*(ONE for _ in shape[:-1]), CHANNEL))


def matmul(builder: Builder, call: TracedCall) -> Value:
    """A layer times a constant matrix."""
    left, right = arguments(call, "input other")
    weights = array(right)
    if weights.ndim != 2 or call.backwards:
        raise NoRule
    return _linear(builder, call, builder.value(left), weights.T, None)


RULES: dict[str, Rule] = {
    "conv1d": conv1d,
    "conv2d": conv2d,
    "conv_transpose1d": conv_transpose1d,
    "linear": linear,
    "matmul": matmul,
}
