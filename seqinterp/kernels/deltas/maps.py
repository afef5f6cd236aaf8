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

NAMES = [
    "relu",
    "leaky_relu",
    "clamp",
    "elu",
    "exp",
    "sigmoid",
    "tanh",
    "softplus",
    "gelu",
    "gelu_tanh",
    "silu",
    "mish",
    "hardswish",
    "hardsigmoid",
    "abs",
    "square",
    "sqrt",
    "log",
    "log1p",
    "reciprocal",
    "sin",
    "cos",
    "power",
]
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
_ZERO, _ONE, _THREE, _SIX = np.float32(0), np.float32(1), np.float32(3), np.float32(6)


@kernel
def _rectified(kind: int, z: float, first: float, second: float) -> float:
    """Curves of straight pieces."""
    if kind == LEAKY:
        return z if z > _ZERO else first * z
    if kind == CLAMP:
        z = z if z > first else first
        return z if z < second else second
    if kind == ABS:
        return abs(z)
    gate = z + _THREE  # hard sigmoid, alone or as a gate
    gate = gate if gate > _ZERO else _ZERO
    gate = (gate if gate < _SIX else _SIX) / _SIX
    return gate * z if kind == HARDSWISH else gate


@kernel
def _smooth(kind: int, z: float) -> float:
    """Curves made of exponentials."""
    if kind == EXP:
        return exponential(z)
    if kind == SIGMOID:
        return sigmoid(z)
    if kind == TANH:
        return tangent(z)
    if kind == SOFTPLUS:
        return softplus(z)
    if kind == GELU:
        return gelu(z)
    if kind == GELU_TANH:
        return gelu_by_tanh(z)
    if kind == SILU:
        return z * sigmoid(z)
    return z * tangent(softplus(z))  # mish


@kernel
def _elementary(kind: int, z: float, first: float) -> float:
    """Curves of the mathematics library."""
    if kind == SQUARE:
        return z * z
    if kind == SQRT:
        return np.sqrt(z)
    if kind == LOG:
        return np.log(z)
    if kind == LOG1P:
        return np.log1p(z)
    if kind == RECIPROCAL:
        return _ONE / z
    if kind == SIN:
        return np.sin(z)
    if kind == COS:
        return np.cos(z)
    return z**first


@kernel
def evaluate(kind: int, z: float, first: float, second: float) -> float:
    """f(z) of the curve of that number in NAMES."""
    if kind == RELU:
        return z if z > _ZERO else _ZERO
    if kind == ELU:  # first times (exp(second z) - 1) below zero
        return z if z > _ZERO else first * (exponential(second * z) - _ONE)
    if kind <= CLAMP or kind in (ABS, HARDSWISH, HARDSIGMOID):
        return _rectified(kind, z, first, second)
    if kind <= MISH:
        return _smooth(kind, z)
    return _elementary(kind, z, first)


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
