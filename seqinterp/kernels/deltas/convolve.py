"""Convolution of what changed: every row that differs is scattered to the rows it reaches.

z[q] += W[t] dx[q - padding + t dilation]: no reference is read, zero padding costs nothing, and rows that did not change
take no part. Rows are taken in chunks that a tile holds; where few numbers differ from zero, only these are multiplied.
"""

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.layout import (
    BASE,
    CHANNELS,
    COUNT,
    DILATION,
    GROUPS,
    LANES,
    LENGTH,
    PADDING,
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
from seqinterp.kernels.deltas.tile import product
from seqinterp.kernels.deltas.vectors import clear, set_to
from seqinterp.shapes import Counters, Numbers

SPARSE = 0.55  # share of numbers that are not zero up to which listing them pays
ALL_TAPS = -1


@kernel
def nonzero(numbers: Numbers) -> int:
    """How many numbers are not zero."""
    found = 0
    for number in numbers:
        found += number != 0
    return found


@kernel
def begin_rows(step: Counters, program: Program, state: State, edit: int, rows: int) -> None:
    """Set the first rows of the target to zero, or to the bias when the layer itself is computed."""
    width = program.slots[step[TARGET], WIDTH]
    start = state.place[step[TARGET], START] + edit * state.place[step[TARGET], STEP]
    if state.values == 0:
        clear((state.numbers,), (start,), rows * width // LANES)
        return
    for row in range(rows):
        set_to((state.numbers, program.weights), (start + row * width, step[WEIGHTS]), width // LANES)


@kernel
def _add_chunk(state: State, found: int, at: tuple[int, int], rows: int, listed: tuple[int, int], tap: int) -> int:
    """Note one chunk: where it is read and written, its rows, its list of inputs, and its tap (or all)."""
    chunk = state.chunks[found]
    chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5] = at[0], at[1], rows, listed[0], listed[1], tap
    return found + 1


@kernel
def _chunk_rows(
    step: Counters,
    state: State,
    found: int,
    at: tuple[int, int, int, int],
    rows: tuple[int, int, int],
    listed: tuple[int, int],
) -> int:
    """Cut rows `(first, rows, tap)` that lie `at` (x, x row, y, y row) into chunks of about the same size."""
    first, total, tap = rows
    pieces = (total + step[ROWS] - 1) // step[ROWS]
    for piece in range(pieces):
        begin, stop = piece * total // pieces, (piece + 1) * total // pieces
        where = (at[0] + (first + begin) * at[1], at[2] + (first + begin) * at[3])
        found = _add_chunk(state, found, where, stop - begin, listed, tap)
    return found


@kernel
def _list_row(state: State, start: int, inputs: int, free: int) -> int:
    """Write the places of a row that are not zero from `free` on; how many."""
    many = 0
    for k in range(inputs):
        state.indices[free + many] = k
        many += state.numbers[start + k] != 0
    return many


@kernel
def _sparse_chunks(step: Counters, program: Program, state: State, edit: int, found: int, free: int) -> tuple[int, int]:
    """One chunk a row, or one for each tap that stays inside; gives the counts of chunks and of listed inputs."""
    source, target = step[SOURCE], step[TARGET]
    inputs, width_in = program.slots[source, CHANNELS], program.slots[source, WIDTH]
    width, length = program.slots[target, WIDTH], program.slots[target, LENGTH]
    low, high, base = state.window[edit, source]
    x = state.place[source, START] + edit * state.place[source, STEP]
    y = state.place[target, START] + edit * state.place[target, STEP]
    shift = step[PADDING] - (step[TAPS] - 1) * step[DILATION]
    for row in range(low, high):
        start = x + (row - base) * width_in
        many = _list_row(state, start, inputs, free)
        if many == 0:
            continue
        first = row + shift
        into = y + (first - state.window[edit, target, BASE]) * width
        inside = first >= 0 and row + step[PADDING] < length
        if inside or (state.values == 0 and step[DILATION] == 1):
            found = _add_chunk(state, found, (start, into), 1, (free, many), ALL_TAPS)
        else:
            for tap in range(step[TAPS]):
                if 0 <= first + tap * step[DILATION] < length:
                    found = _add_chunk(state, found, (start, into), 1, (free, many), tap)
        free += many
    return found, free


@kernel
def _dense_chunks(step: Counters, program: Program, state: State, edit: int, found: int) -> int:
    """Rows `dilation` apart in chunks with all taps; rows whose taps partly leave the layer, tap by tap."""
    source, target = step[SOURCE], step[TARGET]
    width_in, width = program.slots[source, WIDTH], program.slots[target, WIDTH]
    length, dilation = program.slots[target, LENGTH], step[DILATION]
    low, high, base = state.window[edit, source]
    listed = (0, program.slots[source, CHANNELS])
    shift = step[PADDING] - (step[TAPS] - 1) * dilation
    x = state.place[source, START] + edit * state.place[source, STEP] - base * width_in
    y = state.place[target, START] + edit * state.place[target, STEP]
    y += (shift - state.window[edit, target, BASE]) * width  # of row 0 of the source at tap 0
    at = (x, width_in, y, width)
    if state.values == 0 and dilation == 1:
        return _chunk_rows(step, state, found, at, (low, high - low, ALL_TAPS), listed)
    begin = min(max(low, -shift), high)
    stop = max(begin, min(high, length - step[PADDING]))
    for phase in range(min(dilation, stop - begin)):
        rows = (stop - begin - phase + dilation - 1) // dilation
        first = begin + phase
        apart = (x + first * width_in, dilation * width_in, y + first * width, dilation * width)
        found = _chunk_rows(step, state, found, apart, (0, rows, ALL_TAPS), listed)
    for tap in range(step[TAPS]):
        first, last = -shift - tap * dilation, length - shift - tap * dilation  # rows whose tap stays inside
        for edge_low, edge_high in ((low, begin), (stop, high)):
            edge_low, edge_high = max(edge_low, first), min(edge_high, last)
            if edge_low < edge_high:
                found = _chunk_rows(step, state, found, at, (edge_low, edge_high - edge_low, tap), listed)
    return found


@kernel
def convolve(step: Counters, program: Program, state: State, count: int) -> None:
    """The convolution of a block of edits: chunks first, then every piece of the weights over all of them."""
    source, target = step[SOURCE], step[TARGET]
    inputs, width_in = program.slots[source, CHANNELS], program.slots[source, WIDTH]
    found, free = 0, 0
    for k in range(inputs):
        state.indices[k] = k
    free = inputs
    for edit in range(count):
        low, high, base = state.window[edit, source]
        if low >= high:
            continue
        rows = high - low + (step[TAPS] - 1) * step[DILATION]
        begin_rows(step, program, state, edit, program.slots[target, LENGTH] if state.values == 1 else rows)
        start = state.place[source, START] + edit * state.place[source, STEP] + (low - base) * width_in
        few = nonzero(state.numbers[start : start + (high - low) * width_in]) < SPARSE * (high - low) * inputs
        if few and step[GROUPS] == 1:
            found, free = _sparse_chunks(step, program, state, edit, found, free)
        else:
            found = _dense_chunks(step, program, state, edit, found)
    for piece in range(step[COUNT]):
        _multiply_piece(step, program, state, piece, found)


@kernel
def _multiply_piece(step: Counters, program: Program, state: State, piece: int, chunks: int) -> None:
    """One piece of the weights, `(first tap, taps, vectors, channel, input, inputs, weights)`, over all chunks."""
    record = program.tables[step[TABLE] + 7 * piece : step[TABLE] + 7 * piece + 7]
    first, taps, vectors, channel, k, inputs, weights = record
    width_in, width = program.slots[step[SOURCE], WIDTH], program.slots[step[TARGET], WIDTH]
    row = taps * vectors * LANES
    arrays = (state.numbers, program.weights, state.numbers, state.indices)
    for number in range(chunks):
        x, y, rows, listed, many, tap = state.chunks[number]
        many = many if step[GROUPS] == 1 else inputs
        if tap == ALL_TAPS:
            y += first * step[DILATION] * width + channel
            at = (x + k, step[DILATION] * width_in, weights, row, y, step[DILATION] * width, listed)
            product(arrays, at, (rows, taps, vectors, many), program.facts[TILES])
        elif first <= tap < first + taps:
            y += tap * step[DILATION] * width + channel
            begin = weights + (tap - first) * vectors * LANES
            at = (x + k, width_in, begin, row, y, width, listed)
            product(arrays, at, (rows, 1, vectors, many), program.facts[TILES])
