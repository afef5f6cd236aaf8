"""Sums, products and maxima: with constants, or of two values."""

import numpy as np
from torch import Tensor

from seqinterp.mutagenesis.rules.builder import (
    CHANNEL,
    ONE,
    Builder,
    NoRule,
    Rule,
    Value,
    arguments,
    array,
    by_row,
    number,
    out_shape,
)
from seqinterp.mutagenesis.steps import Combination, Curve, Gather, Scale
from seqinterp.mutagenesis.trace import Live, TracedCall


def scaled(builder: Builder, call: TracedCall, value: Value, scale: object, shift: object) -> Value:
    """value * scale + shift, with constants that are broadcast against it."""
    layer = builder.layers[value.layer]
    if out_shape(builder, call) != value.shape:
        raise NoRule
    times, plus = (by_row(constant, value, layer, builder.batch) for constant in (scale, shift))
    if len(times) != len(plus):
        times, plus = np.broadcast_arrays(times, plus)
    return builder.like(value, builder.add(Scale(call.word, (value.layer,), builder.same(value.layer), times, plus)))


def _widened(builder: Builder, call: TracedCall, value: Value, like: Value) -> int:
    """The layer of a value, its one channel copied to as many as the other has."""
    channels, layer = builder.layers[like.layer].channels, builder.layers[value.layer]
    if layer.channels == channels:
        return value.layer
    if layer.channels != 1:
        raise NoRule
    target = builder.layer(layer.length, channels)
    return builder.add(Gather(call.word, (value.layer,), target, np.arange(layer.length), np.zeros(channels, np.int64)))


def _aligned(left: Value, right: Value) -> Value:
    """The larger of two values that can be combined, position by position and channel by channel."""
    large, small = (left, right) if np.prod(left.shape) >= np.prod(right.shape) else (right, left)
    if len(small.shape) != len(large.shape):
        raise NoRule
    for size, axis, most, name in zip(small.shape, small.axes, large.shape, large.axes, strict=True):
        if size != most and size != 1:
            raise NoRule
        if axis != name and ONE not in (axis, name):
            raise NoRule
    return large


def combined(
    builder: Builder, call: TracedCall, pair: tuple[Value, Value], how: str, weights: tuple[float, float] = (1.0, 1.0)
) -> Value:
    """Two values into one."""
    large = _aligned(*pair)
    if out_shape(builder, call) != large.shape:
        raise NoRule
    layers = tuple(_widened(builder, call, value, large) for value in pair)
    rows, channels = builder.layers[large.layer].length, builder.layers[large.layer].channels
    lengths = (builder.layers[layers[0]].length, builder.layers[layers[1]].length)
    if any(length not in (1, rows) for length in lengths):
        raise NoRule
    sources = (layers[0], layers[1])
    step = Combination(call.word, sources, builder.layer(rows, channels), how, rows, lengths, *weights)
    return builder.like(large, builder.add(step))


def _sum(builder: Builder, call: TracedCall) -> Value:
    """a + alpha b, a - alpha b, and backwards."""
    left, right, alpha = arguments(call, "input other alpha", alpha=1)
    sign = -number(alpha) if "sub" in call.word else number(alpha)
    first, second = 1.0, sign
    if call.word == "rsub":
        first, second = sign, 1.0
    if isinstance(left, Live) and isinstance(right, Live):
        return combined(builder, call, (builder.value(left), builder.value(right)), "add", (first, second))
    if isinstance(left, Live):
        return scaled(builder, call, builder.value(left), first, _times(right, second))
    return scaled(builder, call, builder.value(right), second, _times(left, first))


def _times(constant: object, factor: float) -> object:
    if isinstance(constant, Tensor):
        return constant.detach().double() * factor
    return number(constant) * factor


def _product(builder: Builder, call: TracedCall) -> Value:
    """a b."""
    left, right = arguments(call, "input other")
    if isinstance(left, Live) and isinstance(right, Live):
        return combined(builder, call, (builder.value(left), builder.value(right)), "multiply")
    if isinstance(left, Live):
        return scaled(builder, call, builder.value(left), right, 0.0)
    return scaled(builder, call, builder.value(right), left, 0.0)


def _quotient(builder: Builder, call: TracedCall) -> Value:
    """a / b: by a constant, or times the reciprocal."""
    above, below, rounding = arguments(call, "input other rounding_mode")
    if rounding is not None:
        raise NoRule
    if call.backwards:
        above, below = below, above
    if not isinstance(below, Live):
        inverse = 1 / below.detach().double() if isinstance(below, Tensor) else 1 / number(below)
        return scaled(builder, call, builder.value(above), inverse, 0.0)
    value = builder.value(below)
    inverted = builder.like(
        value, builder.add(Curve(call.word, (value.layer,), builder.same(value.layer), "reciprocal"))
    )
    if isinstance(above, Live):
        return combined(builder, call, (builder.value(above), inverted), "multiply")
    return scaled(builder, call, inverted, above, 0.0)


def _negative(builder: Builder, call: TracedCall) -> Value:
    """-a."""
    return scaled(builder, call, builder.value(arguments(call, "input")[0]), -1.0, 0.0)


def extreme(builder: Builder, call: TracedCall) -> Value:
    """The larger or smaller of two."""
    left, right = arguments(call, "input other")
    sign = 1.0 if call.word in ("maximum", "fmax", "max") else -1.0
    if not (isinstance(left, Live) and isinstance(right, Live)):
        raise NoRule
    return combined(builder, call, (builder.value(left), builder.value(right)), "larger", (sign, sign))


def log_add_exp(builder: Builder, call: TracedCall) -> Value:
    """log(exp a + exp b), as softplus(a - b) + b."""
    left, right = arguments(call, "input other")
    if not (isinstance(left, Live) and isinstance(right, Live)):
        raise NoRule
    a, b = builder.value(left), builder.value(right)
    if a.shape != b.shape:
        raise NoRule
    ahead = combined(builder, call, (a, b), "add", (1.0, -1.0))
    above = builder.add(Curve(call.word, (ahead.layer,), builder.same(ahead.layer), "softplus"))
    return combined(builder, call, (builder.like(ahead, above), b), "add")


def batch_norm(builder: Builder, call: TracedCall) -> Value:
    """A scale and a shift of each channel, in evaluation mode."""
    names = "input running_mean running_var weight bias training momentum eps"
    source, mean, variance, weight, bias, training, _, epsilon = arguments(call, names, training=False, eps=1e-5)
    value = builder.value(source)
    layer = builder.layers[value.layer]
    if training or mean is None or value.axes[0] not in (CHANNEL, ONE) or value.shape[0] != layer.channels:
        raise NoRule
    scale = 1 / np.sqrt(array(variance) + number(epsilon))
    if weight is not None:
        scale = scale * array(weight)
    shift = -array(mean) * scale + (0.0 if bias is None else array(bias))
    step = Scale(call.word, (value.layer,), builder.same(value.layer), scale[None], shift[None])
    return builder.like(value, builder.add(step))


RULES: dict[str, Rule] = {
    **dict.fromkeys(("add", "sub", "subtract", "rsub"), _sum),
    **dict.fromkeys(("mul", "multiply"), _product),
    **dict.fromkeys(("div", "divide", "true_divide"), _quotient),
    **dict.fromkeys(("neg", "negative"), _negative),
    **dict.fromkeys(("maximum", "minimum", "fmax", "fmin"), extreme),
    "logaddexp": log_add_exp,
    "batch_norm": batch_norm,
}
