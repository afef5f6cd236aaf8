"""One number to one number: what torch calls each curve, and its options."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from seqinterp.mutagenesis.rules.builder import (
    CHANNEL,
    Builder,
    NoRule,
    Rule,
    Value,
    arguments,
    array,
    number,
    subject,
)
from seqinterp.mutagenesis.steps import Combination, Curve, Scale
from seqinterp.mutagenesis.trace import TracedCall

Reading = Callable[[TracedCall], tuple[str, float, float]]
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


def _plain(curve: str, first: float = 0.0, second: float = 0.0, names: str = "input inplace") -> Reading:
    """A curve without options."""

    def read(call: TracedCall) -> tuple[str, float, float]:
        arguments(call, names)
        return curve, first, second

    return read


def _leaky(call: TracedCall) -> tuple[str, float, float]:
    return "leaky_relu", number(arguments(call, "input negative_slope inplace", negative_slope=0.01)[1]), 0.0


def _clamp(call: TracedCall) -> tuple[str, float, float]:
    names = {"hardtanh": "input min_val max_val inplace", "clamp_min": "input min", "clamp_max": "input max"}
    given = arguments(call, names.get(call.word, "input min max"), min_val=-1.0, max_val=1.0)
    least, most = (None, given[1]) if call.word == "clamp_max" else (given[1], given[2] if len(given) > 2 else None)
    return "clamp", -np.inf if least is None else number(least), np.inf if most is None else number(most)


def _elu(call: TracedCall) -> tuple[str, float, float]:
    alpha = number(arguments(call, "input alpha inplace", alpha=1.0)[1])
    return "elu", alpha, 1 / alpha if call.word == "celu" else 1.0


def _softplus(call: TracedCall) -> tuple[str, float, float]:
    _, beta, threshold = arguments(call, "input beta threshold", beta=1, threshold=20)
    if beta != 1 or threshold < 20:  # above the threshold the curve is a line, to rounding
        raise NoRule
    return "softplus", 0.0, 0.0


def _gelu(call: TracedCall) -> tuple[str, float, float]:
    return ("gelu" if arguments(call, "input approximate", approximate="none")[1] == "none" else "gelu_tanh"), 0.0, 0.0


def _power(call: TracedCall) -> tuple[str, float, float]:
    exponent = number(arguments(call, "input exponent")[1])
    return ("square", 0.0, 0.0) if exponent == 2 else ("power", exponent, 0.0)


READINGS: dict[str, Reading] = {
    **{
        name: _plain(name)
        for name in [
            "relu",
            "sigmoid",
            "tanh",
            "silu",
            "mish",
            "hardswish",
            "hardsigmoid",
            "exp",
            "sqrt",
            "log",
            "log1p",
            "sin",
            "cos",
        ]
    },
    **{name: _plain("abs") for name in ("abs", "absolute")},
    "square": _plain("square"),
    "reciprocal": _plain("reciprocal"),
    "rsqrt": _plain("power", -0.5),
    "relu6": _plain("clamp", 0.0, 6.0),
    "leaky_relu": _leaky,
    **dict.fromkeys(("clamp", "clip", "clamp_min", "clamp_max", "hardtanh"), _clamp),
    **dict.fromkeys(("elu", "celu"), _elu),
    "softplus": _softplus,
    "gelu": _gelu,
    "pow": _power,
}


def curve(builder: Builder, call: TracedCall) -> Value:
    """A curve of the table."""
    name, first, second = READINGS[call.word](call)
    value = builder.value(subject(call))
    if len(call.live) != 1 or not (call.arguments or call.keywords):
        raise NoRule
    if call.backwards or (call.arguments and call.arguments[0] is not call.live[0]):  # 2 ** x
        raise NoRule
    target = builder.same(value.layer)
    return builder.like(value, builder.add(Curve(call.word, (value.layer,), target, name, first, second)))


def selu(builder: Builder, call: TracedCall) -> Value:
    """An elu, scaled."""
    value = builder.value(subject(call))
    bent = builder.add(Curve(call.word, (value.layer,), builder.same(value.layer), "elu", _SELU_ALPHA, 1.0))
    return builder.like(value, _times(builder, call, bent, np.full((1, 1), _SELU_SCALE)))


def _times(builder: Builder, call: TracedCall, layer: int, scale: np.ndarray) -> int:
    """A layer times a scale of the channels."""
    scales = np.broadcast_to(scale, (1, builder.layers[layer].channels)).copy()
    return builder.add(Scale(call.word, (layer,), builder.same(layer), scales, np.zeros_like(scales)))


def prelu(builder: Builder, call: TracedCall) -> Value:
    """relu(x) - slope relu(-x), a slope for each channel."""
    source, slope = arguments(call, "input weight")
    value, slopes = builder.value(source), array(slope)
    if slopes.size > 1 and (value.axes[0] != CHANNEL or slopes.size != value.shape[0]):
        raise NoRule
    above = builder.add(Curve(call.word, (value.layer,), builder.same(value.layer), "relu"))
    mirrored = _times(builder, call, value.layer, np.full((1, 1), -1.0))
    below = builder.add(Curve(call.word, (mirrored,), builder.same(value.layer), "relu"))
    scaled = _times(builder, call, below, -slopes.reshape(1, -1))
    length = builder.layers[value.layer].length
    both = Combination(call.word, (above, scaled), builder.same(value.layer), "add", length, (length, length))
    return builder.like(value, builder.add(both))


def unchanged(builder: Builder, call: TracedCall) -> Value:
    """What evaluation mode, copies and conversions to the same type leave as it is."""
    value = builder.value(subject(call))
    if len(call.live) != 1 or len(call.shapes) != 1 or call.shapes[0][1:] != value.shape:
        raise NoRule
    if any(isinstance(option, Tensor) for option in call.arguments[1:]):
        raise NoRule
    if "dropout" in call.word and arguments(call, "input p training inplace", training=True)[2]:
        raise NoRule
    return value


_UNCHANGED = [
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "alpha_dropout",
    "feature_dropout",
    "feature_alpha_dropout",
    "clone",
    "contiguous",
    "detach",
    "identity",
    "alias",
    "requires_grad_",
    "float",
    "to",
    "type",
    "positive",
    "data",
    "cpu",
    "cuda",
]

RULES: dict[str, Rule] = {
    **dict.fromkeys(READINGS, curve),
    **dict.fromkeys(_UNCHANGED, unchanged),
    "selu": selu,
    "prelu": prelu,
}
