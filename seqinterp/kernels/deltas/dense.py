"""A dense layer over flattened rows: only the weights of rows that changed, for many edits at once."""

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.layout import (
    BASE,
    COUNT,
    DOTS,
    HIGH,
    LANES,
    LOW,
    ROWS,
    SOURCE,
    START,
    STEP,
    TABLE,
    TAPS,
    TARGET,
    TILES,
    WEIGHTS,
    WIDTH,
    Program,
    State,
)
from seqinterp.kernels.deltas.tile import dot, product
from seqinterp.kernels.deltas.vectors import clear, set_to
from seqinterp.shapes import Counters


@kernel
def _group(step: Counters, state: State, edit: int, count: int) -> int:
    """One past the last edit, from `edit` on, that can share a tile: the same window of rows."""
    source = step[SOURCE]
    window = state.window
    stop = edit + 1
    while stop < min(count, edit + step[ROWS]):
        for end in (LOW, HIGH, BASE):
            if window[stop, source, end] != window[edit, source, end]:
                return stop
        stop += 1
    return stop


@kernel
def _list_group(state: State, start: int, apart: int, shape: tuple[int, int], free: int) -> int:
    """List the inputs that are not zero in at least one of `(rows, inputs)`; how many."""
    rows, inputs = shape
    many = 0
    for k in range(inputs):
        any_row = False
        for row in range(rows):
            any_row |= state.numbers[start + row * apart + k] != 0
        state.indices[free + many] = k
        many += any_row
    return many


@kernel
def dense(step: Counters, program: Program, state: State, count: int) -> None:
    """Groups of edits first, with the inputs that matter to them; then every panel of the weights over all groups."""
    source, target = step[SOURCE], step[TARGET]
    width = program.slots[source, WIDTH]
    found, free, edit, chunks = 0, 0, 0, state.chunks
    numbers, start, outputs = state.numbers, state.place[target, START], program.slots[target, WIDTH] // LANES
    for one in range(count):
        into = start + one * state.place[target, STEP]
        if state.values == 1:
            set_to((numbers, program.weights), (into, step[WEIGHTS]), outputs)
        else:
            clear((numbers,), (into,), outputs)
    if step[DOTS] == 1:
        _dots(step, program, state, count)
        return
    while edit < count:
        stop = _group(step, state, edit, count)
        low, high = state.window[edit, source, LOW], state.window[edit, source, HIGH]
        base = state.window[edit, source, BASE]
        if low < high:
            x = state.place[source, START] + edit * state.place[source, STEP] + (low - base) * width
            y = state.place[target, START] + edit * state.place[target, STEP]
            shape = (stop - edit, (high - low) * width)
            many = _list_group(state, x, state.place[source, STEP], shape, free)
            chunks[found, 0], chunks[found, 1], chunks[found, 2] = x, y, stop - edit
            chunks[found, 3], chunks[found, 4], chunks[found, 5] = free, many, low
            found, free = found + 1, free + many
        edit = stop
    arrays = (state.numbers, program.weights, state.numbers, state.indices)
    apart, into = state.place[source, STEP], state.place[target, STEP]
    for piece in range(step[COUNT]):
        record = step[TABLE] + 3 * piece
        vectors, channel, weights = program.tables[record], program.tables[record + 1], program.tables[record + 2]
        row = vectors * LANES
        for number in range(found):
            x, y, rows = chunks[number, 0], chunks[number, 1], chunks[number, 2]
            listed, many, low = chunks[number, 3], chunks[number, 4], chunks[number, 5]
            at = (x, apart, weights + low * width * row, row, y + channel, into, listed)
            product(arrays, at, (rows, 1, vectors, many), program.facts[TILES])


@kernel
def _dots(step: Counters, program: Program, state: State, count: int) -> None:
    """Few outputs: for each the sum over lanes of numbers times weights; rows of weights stand one after the other."""
    source, target = step[SOURCE], step[TARGET]
    width = program.slots[source, WIDTH]
    for edit in range(count):
        low, high = state.window[edit, source, LOW], state.window[edit, source, HIGH]
        base = state.window[edit, source, BASE]
        x = state.place[source, START] + edit * state.place[source, STEP] + (low - base) * width
        y = state.place[target, START] + edit * state.place[target, STEP]
        given = state.numbers[x : x + (high - low) * width]
        for output in range(step[COUNT]):
            start = step[TABLE] + output * step[TAPS] + low * width
            weights = program.weights[start : start + (high - low) * width]
            state.numbers[y + output] += dot(given, weights)
