"""Pooling over bins of rows, and the largest of all rows by what comes before and after the window."""

import numpy as np

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.layout import (
    FIRST,
    HIGH,
    KIND,
    LANES,
    LENGTH,
    LOW,
    REFERENCE,
    SOURCE,
    TABLE,
    TARGET,
    WEIGHTS,
    WIDTH,
    Program,
    State,
)
from seqinterp.kernels.deltas.rows import NOTHING, reference_at, row_at
from seqinterp.kernels.deltas.vectors import add_scaled, clear, raise_by_rows, raise_to, set_to, subtract
from seqinterp.shapes import Counters, Numbers

_FIRST, _LOWEST = np.int64(0), np.float32(-np.inf)
LARGEST = 1  # KIND of a pool that takes the largest; others take weighted sums


@kernel
def lower(numbers: Numbers, start: int, width: int) -> None:
    """Begin a maximum."""
    for number in range(start, start + width):
        numbers[number] = _LOWEST


@kernel
def pool(step: Counters, program: Program, state: State, count: int) -> None:
    """The largest, or a weighted sum, of the rows of each bin `[begin, stop)`; bins stand in the table."""
    source, target, numbers = step[SOURCE], step[TARGET], state.numbers
    width = program.slots[target, WIDTH]
    vectors, arrays = width // LANES, (numbers, numbers, state.reference)
    for edit in range(count):
        low, high = state.window[edit, source, LOW], state.window[edit, source, HIGH]
        for bin in range(state.window[edit, target, LOW], state.window[edit, target, HIGH]):
            begin, stop = program.tables[step[TABLE] + 2 * bin], program.tables[step[TABLE] + 2 * bin + 1]
            into = row_at(program, state, target, edit, bin)
            if step[KIND] == LARGEST:
                lower(numbers, into, width)
                for first, last in (
                    (begin, min(stop, low)),
                    (max(begin, low), min(stop, high)),
                    (max(begin, high), stop),
                ):
                    if first < last:
                        given = row_at(program, state, source, edit, first)
                        before = reference_at(program, state, source, first)
                        along = (width if low <= first < high else _FIRST, width if state.values == 0 else _FIRST)
                        raise_by_rows(arrays, (into, given, before), vectors, last - first, along)
                before = reference_at(program, state, target, bin)
                subtract((numbers, numbers, state.reference), (into, into, before), vectors)
                continue
            clear((numbers,), (into,), vectors)
            share = step[WEIGHTS] + bin * width
            for row in range(max(begin, low), min(stop, high)):
                given = row_at(program, state, source, edit, row)
                add_scaled((numbers, numbers, program.weights), (into, given, share), vectors)


@kernel
def peak(step: Counters, program: Program, state: State, count: int) -> None:
    """The largest of all rows: of those before the window, after it, and inside.

    The largest of the rows before each row, and of the rows after it, are kept with the layers of the sequence.
    """
    source, target, numbers = step[SOURCE], step[TARGET], state.numbers
    length, width = program.slots[source, LENGTH], program.slots[source, WIDTH]
    vectors = width // LANES
    if state.values == 1:
        _running_maxima(step, program, state)
    before, after = step[FIRST], step[FIRST] + (length + 1) * width
    # in the value form layers lie in `numbers` and so do the maxima: the two arrays are one
    arrays = (numbers, numbers, state.reference)
    for edit in range(count):
        low, high = state.window[edit, source, LOW], state.window[edit, source, HIGH]
        if low >= high:
            continue
        into = row_at(program, state, target, edit, _FIRST)
        set_to((numbers, state.reference), (into, before + low * width), vectors)
        raise_to(arrays, (into, NOTHING, after + high * width), vectors)
        given = row_at(program, state, source, edit, low)
        was = reference_at(program, state, source, low)
        along = width if state.values == 0 else _FIRST
        raise_by_rows(arrays, (into, given, was), vectors, high - low, (width, along))
        subtract(arrays, (into, into, reference_at(program, state, target, _FIRST)), vectors)


@kernel
def _running_maxima(step: Counters, program: Program, state: State) -> None:
    """Row r of the first table is the largest of rows [0, r), of the second the largest of rows [r, length)."""
    length, width = program.slots[step[SOURCE], LENGTH], program.slots[step[SOURCE], WIDTH]
    start, numbers, vectors = program.slots[step[SOURCE], REFERENCE], state.numbers, width // LANES
    before, after = step[FIRST], step[FIRST] + (length + 1) * width
    lower(numbers, before, width)
    lower(numbers, after + length * width, width)
    arrays = (numbers, numbers, numbers)
    for row in range(length):
        into = before + (row + 1) * width
        set_to((numbers, numbers), (into, into - width), vectors)
        raise_to(arrays, (into, NOTHING, start + row * width), vectors)
    for row in range(length - 1, -1, -1):
        into = after + row * width
        set_to((numbers, numbers), (into, into + width), vectors)
        raise_to(arrays, (into, NOTHING, start + row * width), vectors)
