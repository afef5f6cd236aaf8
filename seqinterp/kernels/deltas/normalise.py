"""Statistics of the channels of one position: layer normalisation and softmax."""

import numpy as np

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.fill import fill
from seqinterp.kernels.deltas.layout import (
    CHANNELS,
    FIRST,
    HIGH,
    KIND,
    LOW,
    SECOND,
    SOURCE,
    TARGET,
    WEIGHTS,
    WIDTH,
    Program,
    State,
)
from seqinterp.kernels.deltas.rows import reference_at, row_at
from seqinterp.shapes import Counters, Numbers

LAYER, SOFTMAX, LOG_SOFTMAX = 0, 1, 2


@kernel
def _moments(given: Numbers, change: Numbers, channels: int) -> tuple[float, float]:
    """Mean and variance over the channels, in double precision."""
    mean = 0.0
    for channel in range(channels):
        mean += np.float64(given[channel]) + np.float64(change[channel])
    mean /= channels
    variance = 0.0
    for channel in range(channels):
        variance += (np.float64(given[channel]) + np.float64(change[channel]) - mean) ** 2
    return mean, variance / channels


@kernel
def _mass(given: Numbers, change: Numbers, channels: int) -> tuple[float, float]:
    """The largest number and the sum of exp(number - largest)."""
    largest = np.float64(given[0]) + np.float64(change[0])
    for channel in range(channels):
        largest = max(largest, np.float64(given[channel]) + np.float64(change[channel]))
    total = 0.0
    for channel in range(channels):
        total += np.exp(np.float64(given[channel]) + np.float64(change[channel]) - largest)
    return largest, total


@kernel
def _value(kind: int, number: float, first: float, second: float) -> float:
    """The normalised number: by mean and 1 / deviation, or by the largest and the mass."""
    if kind == LAYER:
        return (number - first) * second
    if kind == SOFTMAX:
        return np.exp(number - first) / second
    return number - first - np.log(second)


@kernel
def normalise(step: Counters, program: Program, state: State, count: int) -> None:
    """Each position by the statistics of its own channels; a scale and a shift of the channels follow."""
    source, target, kind = step[SOURCE], step[TARGET], step[KIND]
    channels, width = program.slots[target, CHANNELS], program.slots[target, WIDTH]
    scale, shift = program.weights[step[FIRST] :], program.weights[step[SECOND] :]
    epsilon = program.weights[step[WEIGHTS]]
    zeros = program.weights  # they begin with a row of zeros
    for edit in range(count):
        for row in range(state.window[edit, target, LOW], state.window[edit, target, HIGH]):
            before_at, change_at = reference_at(program, state, source, row), row_at(program, state, source, edit, row)
            into = row_at(program, state, target, edit, row)
            given, change = state.reference[before_at : before_at + width], state.numbers[change_at : change_at + width]
            result = state.numbers[into : into + width]
            fill(result, channels, len(result), np.float32(0))
            if kind == LAYER:
                first, second = _moments(given, change, channels)
                before, mass = _moments(given, zeros, channels)
                second, mass = 1 / np.sqrt(second + epsilon), 1 / np.sqrt(mass + epsilon)
            else:
                first, second = _mass(given, change, channels)
                before, mass = _mass(given, zeros, channels)
            for channel in range(channels):
                number = np.float64(given[channel])
                value = _value(kind, number + np.float64(change[channel]), first, second)
                if state.values == 1:
                    result[channel] = value * scale[channel] + shift[channel]
                else:
                    result[channel] = (value - _value(kind, number, before, mass)) * scale[channel]
