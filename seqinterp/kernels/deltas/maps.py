"""One number to one number: f(z + d) - f(z), or f itself when the layers are computed."""

import numpy as np

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.curves import (
    exponential,
    gelu,
    gelu_by_tanh,
    sigmoid,
    softplus,
    tangent,
)
from seqinterp.kernels.deltas.fill import fill
from seqinterp.kernels.deltas.layout import (
    CHANNELS,
    FIRST,
    HIGH,
    KIND,
    LANES,
    LOW,
    SECOND,
    SOURCE,
    TARGET,
    WIDTH,
    Program,
    State,
)
from seqinterp.kernels.deltas.rows import reference_at, row_at
from seqinterp.kernels.deltas.vectors import rectified_change, rectify
from seqinterp.shapes import Counters

NAMES = ["relu", "leaky_relu", "clamp", "elu", "exp", "sigmoid", "tanh", "softplus", "gelu", "gelu_tanh", "silu", "mish", "hardswish", "hardsigmoid", "abs", "square", "sqrt", "log", "log1p", "reciprocal", "sin", "cos", "power"]
(
    RELU,
    LEAKY,
    CLAMP,
    ELU,
    EXP,
    SIGMOID,
    TANH,
    SOFTPLUS,
    GELU,
    GELU_TANH,
    SILU,
    MISH,
    HARDSWISH,
    HARDSIGMOID,
    ABS,
    SQUARE,
    SQRT,
    LOG,
    LOG1P,
    RECIPROCAL,
    SIN,
    COS,
    POWER,
) = range(len(NAMES))
RISING = ("relu", "leaky_relu", "clamp", "elu", "exp", "sigmoid", "tanh", "softplus", "sqrt", "log", "log1p")
_ZERO, _ONE, _THREE, _SIX = np.float32(0), np.float32(1), np.float32(3), np.float32(6)


@kernel
def _rectified(kind: int, x: float, first: float, second: float) -> float:
    """Curves of straight pieces."""
    if kind == LEAKY:
        return x if x > _ZERO else first * x
    if kind == CLAMP:
        x = x if x > first else first
        return x if x < second else second
    if kind == ABS:
        return abs(x)
    gate = x + _THREE  # hard sigmoid, alone or as a gate
    gate = gate if gate > _ZERO else _ZERO
    gate = (gate if gate < _SIX else _SIX) / _SIX
    return gate * x if kind == HARDSWISH else gate


@kernel
def _smooth(kind: int, x: float) -> float:
    """Curves made of exponentials."""
    if kind == EXP:
        return exponential(x)
    if kind == SIGMOID:
        return sigmoid(x)
    if kind == TANH:
        return tangent(x)
    if kind == SOFTPLUS:
        return softplus(x)
    if kind == GELU:
        return gelu(x)
    if kind == GELU_TANH:
        return gelu_by_tanh(x)
    if kind == SILU:
        return x * sigmoid(x)
    return x * tangent(softplus(x))  # mish


@kernel
def _elementary(kind: int, x: float, first: float) -> float:
    """Curves of the mathematics library."""
    if kind == SQUARE:
        return x * x
    if kind == SQRT:
        return np.sqrt(x)
    if kind == LOG:
        return np.log(x)
    if kind == LOG1P:
        return np.log1p(x)
    if kind == RECIPROCAL:
        return _ONE / x
    if kind == SIN:
        return np.sin(x)
    if kind == COS:
        return np.cos(x)
    return x**first


@kernel
def evaluate(kind: int, x: float, first: float, second: float) -> float:
    """f(x) of the curve of that number in NAMES."""
    if kind == RELU:
        return x if x > _ZERO else _ZERO
    if kind == ELU:  # first times (exp(second x) - 1) below zero
        return x if x > _ZERO else first * (exponential(second * x) - _ONE)
    if kind <= CLAMP or kind == ABS or kind == HARDSWISH or kind == HARDSIGMOID:
        return _rectified(kind, x, first, second)
    if kind <= MISH:
        return _smooth(kind, x)
    return _elementary(kind, x, first)


@kernel
def map_rows(step: Counters, program: Program, state: State, count: int) -> None:
    """A curve over every number of the window; the commonest in one sweep."""
    source, target, kind = step[SOURCE], step[TARGET], step[KIND]
    first, second = program.weights[step[FIRST]], program.weights[step[SECOND]]
    channels, width = program.slots[target, CHANNELS], program.slots[target, WIDTH]
    numbers, reference = state.numbers, state.reference
    for edit in range(count):
        low, high = state.window[edit, source, LOW], state.window[edit, source, HIGH]
        if low >= high:
            continue
        given, into = row_at(program, state, source, edit, low), row_at(program, state, target, edit, low)
        before = reference_at(program, state, source, low)
        if kind == RELU:
            vectors = (high - low) * (width // LANES)
            if state.values == 1:
                rectify((numbers, numbers), (into, given), vectors)
            else:
                rectified_change((numbers, numbers, reference), (into, given, before), vectors)
            continue
        for row in range(high - low):
            at = row * width
            changes, results = numbers[given + at : given + at + width], numbers[into + at : into + at + width]
            if state.values == 1:
                for channel in range(channels):
                    results[channel] = evaluate(kind, changes[channel], first, second)
            else:
                values = reference[before + at : before + at + width]
                for channel in range(channels):
                    value = values[channel]
                    change = evaluate(kind, value + changes[channel], first, second)
                    results[channel] = change - evaluate(kind, value, first, second)
            fill(numbers, into + at + channels, into + at + width, _ZERO)
