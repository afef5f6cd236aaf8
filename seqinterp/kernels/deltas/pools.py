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
    PADDING,
    REFERENCE,
    SOURCE,
    START,
    STEP,
    TABLE,
    TAPS,
    TARGET,
    WEIGHTS,
    WIDTH,
    Program,
    State,
)
from seqinterp.kernels.deltas.rows import NOTHING, reference_at, row_at
from seqinterp.kernels.deltas.vectors import (
    add_scaled,
    clear,
    raise_by_products,
    raise_by_rows,
    raise_to,
    set_to,
    subtract,
)
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
def _exchanged(numbers: Numbers, start: int) -> tuple[int, int, int]:
    """One base exchanged for another: which goes, which comes; and how many other changes there are."""
    gone, come, others = start, start, 0
    for place in range(start, start + 4):
        if numbers[place] == -1:
            gone, others = place, others + 1
        elif numbers[place] == 1:
            come, others = place, others + 1
        elif numbers[place] != 0:
            others += 2
    return gone - start, come - start, others - 2


@kernel
def peak_at_once(step: Counters, program: Program, state: State, count: int) -> None:
    """The largest of all rows of a convolution of the inputs, of edits of one position: the convolution is not kept.

    The step has the convolution's taps and padding, its weights as rows (tap from the last, base, channel), and a table
    of what the exchange of one base for another adds, rows (base that goes, base that comes, tap, channel).
    """
    target, numbers, source = step[TARGET], state.numbers, step[SOURCE]
    length, width = program.slots[source, LENGTH], program.slots[source, WIDTH]
    vectors, layer = width // LANES, program.slots[source, REFERENCE]
    arrays, products = (numbers, numbers, state.reference), (numbers, state.reference, program.weights)
    before, after = step[FIRST], step[FIRST] + (length + 1) * width
    was = program.slots[target, REFERENCE]
    tables = (numbers, program.weights, state.reference)
    for edit in range(count):
        low, high = state.window[edit, source, LOW], state.window[edit, source, HIGH]
        if low >= high:
            continue
        into = state.place[target, START] + edit * state.place[target, STEP]
        set_to((numbers, state.reference), (into, before + low * width), vectors)
        raise_to(arrays, (into, NOTHING, after + high * width), vectors)
        change = state.place[0, START] + edit * state.place[0, STEP]
        gone, come, others = _exchanged(numbers, change)
        tap = low - (state.window[edit, 0, LOW] + step[PADDING] - step[TAPS] + 1)
        if others == 0:
            table = step[TABLE] + ((gone * 4 + come) * step[TAPS] + tap) * width
            raise_by_rows(tables, (into, table, layer + low * width), vectors, high - low, (width, width))
        else:
            values = (numbers[change], numbers[change + 1], numbers[change + 2], numbers[change + 3])
            starts = (into, layer + low * width, step[WEIGHTS] + tap * 4 * width)
            raise_by_products(products, starts, vectors, high - low, values)
        subtract(arrays, (into, into, was), vectors)


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
