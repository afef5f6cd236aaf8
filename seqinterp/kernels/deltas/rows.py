"""Steps that work row by row: sums, products and maxima of two layers, scaling, moving rows and channels."""

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.layout import (
    ADD,
    BASE,
    CHANNELS,
    CODE,
    COUNT,
    FIRST,
    HIGH,
    IN_PLACE,
    KIND,
    LANES,
    LENGTH,
    LOW,
    MULTIPLY,
    OTHER,
    REFERENCE,
    SECOND,
    SOURCE,
    START,
    STEP,
    TABLE,
    TARGET,
    WIDTH,
    Program,
    State,
)
from seqinterp.kernels.deltas.vectors import (
    add,
    add_scaled,
    clear,
    larger_change,
    product_change,
    scale,
    scale_and_shift,
    smaller_change,
)
from seqinterp.shapes import Counters

NOTHING = 0  # where the row of zeros lies that layers and differences begin with


@kernel
def row_at(program: Program, state: State, slot: int, edit: int, row: int) -> int:
    """Where a row of a layer's differences lies; outside its window, where there are zeros.

    A layer of one row is read for every row.
    """
    if program.slots[slot, LENGTH] == 1:
        row = 0
    if row < state.window[edit, slot, LOW] or row >= state.window[edit, slot, HIGH]:
        return NOTHING
    start = state.place[slot, START] + edit * state.place[slot, STEP]
    return start + (row - state.window[edit, slot, BASE]) * program.slots[slot, WIDTH]


@kernel
def reference_at(program: Program, state: State, slot: int, row: int) -> int:
    """Where a row of a layer of the unedited sequence lies; where there are zeros while layers are being computed."""
    if state.values == 1:
        return NOTHING
    if program.slots[slot, LENGTH] == 1:
        row = 0
    return program.slots[slot, REFERENCE] + row * program.slots[slot, WIDTH]


@kernel
def _add_in_place(program: Program, state: State, target: int, other: int, edit: int) -> None:
    """Add the rows of another layer that changed; the target lies where the first source does."""
    low, high = state.window[edit, other, LOW], state.window[edit, other, HIGH]
    if low < high:
        into, given = row_at(program, state, target, edit, low), row_at(program, state, other, edit, low)
        vectors = (high - low) * program.slots[target, WIDTH] // LANES
        add((state.numbers, state.numbers, state.numbers), (into, into, given), vectors)


@kernel
def combine(step: Counters, program: Program, state: State, count: int) -> None:
    """Two layers into one: a weighted sum, a product, or the larger (smaller) of the two."""
    target, source, other = step[TARGET], step[SOURCE], step[OTHER]
    first, second = program.weights[step[FIRST]], program.weights[step[SECOND]]
    vectors = program.slots[target, WIDTH] // LANES
    numbers, reference, weights = state.numbers, state.reference, program.weights
    arrays = (numbers, numbers, numbers, reference, reference)
    for edit in range(count):
        if step[CODE] == ADD and step[IN_PLACE] == 1 and state.values == 0:
            _add_in_place(program, state, target, other, edit)
            continue
        for row in range(state.window[edit, target, LOW], state.window[edit, target, HIGH]):
            into = row_at(program, state, target, edit, row)
            a, b = row_at(program, state, source, edit, row), row_at(program, state, other, edit, row)
            if step[CODE] == ADD:
                if first == 1 and second == 1:
                    add((numbers, numbers, numbers), (into, a, b), vectors)
                    continue
                clear((numbers,), (into,), vectors)
                # a row of the same weight in every channel follows each of the two weights
                add_scaled((numbers, numbers, weights), (into, a, step[KIND]), vectors)
                add_scaled((numbers, numbers, weights), (into, b, step[KIND] + vectors * LANES), vectors)
                continue
            z, w = reference_at(program, state, source, row), reference_at(program, state, other, row)
            if step[CODE] == MULTIPLY:
                if state.values == 1:
                    scale((numbers, numbers, numbers), (into, a, b), vectors)
                else:
                    product_change(arrays, (into, a, b, z, w), vectors)
            elif first > 0:
                larger_change(arrays, (into, a, b, z, w), vectors)
            else:
                smaller_change(arrays, (into, a, b, z, w), vectors)


@kernel
def affine(step: Counters, program: Program, state: State, count: int) -> None:
    """Numbers times a scale of the channel (or of the position and channel), plus a shift; shifts leave differences."""
    source, target = step[SOURCE], step[TARGET]
    vectors = program.slots[target, WIDTH] // LANES
    numbers, weights = state.numbers, program.weights
    for edit in range(count):
        for row in range(state.window[edit, target, LOW], state.window[edit, target, HIGH]):
            given, into = row_at(program, state, source, edit, row), row_at(program, state, target, edit, row)
            factor, shift = step[FIRST] + row * step[KIND], step[SECOND] + row * step[KIND]
            if state.values == 1:
                scale_and_shift((numbers, numbers, weights, weights), (into, given, factor, shift), vectors)
            else:
                scale((numbers, numbers, weights), (into, given, factor), vectors)


@kernel
def gather(step: Counters, program: Program, state: State, count: int) -> None:
    """Rows and channels from other places: crops, pads, flips, slices. Place -1 gives a constant."""
    source, target = step[SOURCE], step[TARGET]
    length, channels = program.slots[target, LENGTH], program.slots[target, CHANNELS]
    rows, numbers = step[TABLE], state.numbers
    constant = program.weights[step[FIRST]] if state.values == 1 else program.weights[0]
    for edit in range(count):
        for row in range(state.window[edit, target, LOW], state.window[edit, target, HIGH]):
            into = row_at(program, state, target, edit, row)
            clear((numbers,), (into,), program.slots[target, WIDTH] // LANES)
            place = program.tables[rows + row]
            given = row_at(program, state, source, edit, place) if place >= 0 else NOTHING
            for channel in range(channels):
                from_channel = program.tables[rows + length + channel]
                known = place >= 0 and from_channel >= 0
                numbers[into + channel] = numbers[given + from_channel] if known else constant


@kernel
def join(step: Counters, program: Program, state: State, count: int) -> None:
    """Channels of several layers side by side; the table lists layers and where their channels begin."""
    target, numbers = step[TARGET], state.numbers
    for edit in range(count):
        for row in range(state.window[edit, target, LOW], state.window[edit, target, HIGH]):
            into = row_at(program, state, target, edit, row)
            clear((numbers,), (into,), program.slots[target, WIDTH] // LANES)
            for part in range(step[COUNT]):
                slot, start = program.tables[step[TABLE] + 2 * part], program.tables[step[TABLE] + 2 * part + 1]
                given = row_at(program, state, slot, edit, row)
                for channel in range(program.slots[slot, CHANNELS]):
                    numbers[into + start + channel] = numbers[given + channel]
