"""Convolution of what changed: every row that differs is scattered to the rows it reaches.

z[q] += W[t] dx[q - padding + t dilation]: no reference is read, zero padding costs nothing, and rows that did not
change take no part. Rows are taken in chunks that a tile holds; where few numbers differ from zero, only these are
multiplied.
"""

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.blocks import BLOCKS, WIDE, add_up, multiply_blocks, pays, scratch_size
from seqinterp.kernels.deltas.fewer_products import CHUNK, RECORD, paired, three_taps
from seqinterp.kernels.deltas.layout import (
    BASE,
    BY_TAP,
    CHANNELS,
    COUNT,
    DILATION,
    GROUPS,
    HIGH,
    IN_BLOCKS,
    IN_PAIRS,
    LANES,
    LENGTH,
    LOW,
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
from seqinterp.kernels.deltas.vectors import clear, nonzero, set_to
from seqinterp.shapes import Counters, Listing, Numbers, Places

SPARSE = 0.2  # share of numbers that are not zero up to which listing them pays
ALL_TAPS = -1
Span = tuple[int, int, int, int]


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
def _add_rows(chunks: Places, found: int, most: int, at: Span, rows: tuple[int, int, int]) -> int:
    """Cut rows `(how many, inputs, tap)` that lie `at` (x, x row, y, y row) into chunks of about the same size."""
    total, inputs, tap = rows
    pieces = (total + most - 1) // most
    for piece in range(pieces):
        begin, stop = piece * total // pieces, (piece + 1) * total // pieces
        chunks[found, 0], chunks[found, 1], chunks[found, 2] = (
            at[0] + begin * at[1],
            at[2] + begin * at[3],
            stop - begin,
        )
        chunks[found, 3], chunks[found, 4], chunks[found, 5] = 0, inputs, tap
        found += 1
    return found


@kernel
def _dense_chunks(step: Counters, chunks: Places, found: int, at: Span, window: Span) -> int:
    """Rows `dilation` apart in chunks with all taps; rows whose taps partly leave the layer, tap by tap.

    So are all rows of a layer of many channels with dilation: rows side by side are quicker to reach than rows apart.

    at: where row 0 of the source, and of the target at the first tap, would lie, each with its width.
    window: low, high, length of the target and the inputs; a length below zero lets taps write beside the layer.
    """
    x, width_in, y, width = at
    low, high, length, inputs = window
    dilation, most = step[DILATION], step[ROWS]
    if length < 0:
        here = (x + low * width_in, width_in, y + low * width, width)
        return _add_rows(chunks, found, most, here, (high - low, inputs, ALL_TAPS))
    shift = step[PADDING] - (step[TAPS] - 1) * dilation
    begin = high if step[BY_TAP] > 0 else min(max(low, -shift), high)
    stop = max(begin, min(high, length - step[PADDING]))
    for first in range(begin, min(begin + dilation, stop)):
        rows = (stop - first + dilation - 1) // dilation
        here = (x + first * width_in, dilation * width_in, y + first * width, dilation * width)
        found = _add_rows(chunks, found, most, here, (rows, inputs, ALL_TAPS))
    for tap in range(step[TAPS]):
        inside, outside = -shift - tap * dilation, length - shift - tap * dilation  # rows whose tap stays inside
        for edge in range(2):
            first, last = (low, begin) if edge == 0 else (stop, high)
            first, last = max(first, inside), min(last, outside)
            if first < last:
                here = (x + first * width_in, width_in, y + first * width, width)
                found = _add_rows(chunks, found, most, here, (last - first, inputs, tap))
    return found


@kernel
def _sparse_chunks(
    step: Counters, arrays: tuple[Numbers, Listing, Places], counts: tuple[int, int], at: Span, window: Span
) -> tuple[int, int]:
    """One chunk a row with the list of its inputs that are not zero, or one for each tap that stays inside.

    counts: chunks and listed inputs so far, and after. at, window: as of dense chunks.
    """
    numbers, indices, chunks = arrays
    found, free = counts
    x, width_in, y, width = at
    low, high, length, inputs = window
    dilation = step[DILATION]
    shift = step[PADDING] - (step[TAPS] - 1) * dilation
    for row in range(low, high):
        start, many = x + row * width_in, 0
        for k in range(inputs):
            indices[free + many] = k
            many += numbers[start + k] != 0
        if many == 0:
            continue
        inside = length < 0 or (row + shift >= 0 and row + step[PADDING] < length)
        for tap in range(ALL_TAPS, ALL_TAPS + 1) if inside else range(step[TAPS]):
            if inside or 0 <= row + shift + tap * dilation < length:
                chunks[found, 0], chunks[found, 1], chunks[found, 2] = start, y + row * width, 1
                chunks[found, 3], chunks[found, 4], chunks[found, 5] = free, many, tap
                found += 1
        free += many
    return found, free


@kernel
def convolve(step: Counters, program: Program, state: State, count: int) -> None:
    """The convolution of a block of edits: chunks first, then every piece of the weights over all of them."""
    source, target, window, place = step[SOURCE], step[TARGET], state.window, state.place
    inputs, width_in = program.slots[source, CHANNELS], program.slots[source, WIDTH]
    width, length = program.slots[target, WIDTH], program.slots[target, LENGTH]
    numbers, chunks, indices = state.numbers, state.chunks, state.indices
    beside = (step[TAPS] - 1) * step[DILATION]
    for k in range(inputs):
        indices[k] = k
    found, free, blocks = 0, inputs, 0
    for edit in range(count):
        low, high = window[edit, source, LOW], window[edit, source, HIGH]
        if low >= high:
            continue
        x = place[source, START] + edit * place[source, STEP] - window[edit, source, BASE] * width_in
        first = step[PADDING] - beside - window[edit, target, BASE]
        y = place[target, START] + edit * place[target, STEP] + first * width
        free_to_leave = state.values == 0 and step[DILATION] == 1
        at, rows = (x, width_in, y, width), (low, high, -1 if free_to_leave else length, inputs)
        vectors = (high - low) * width_in // LANES
        most = SPARSE * (high - low) * inputs
        few = step[GROUPS] == 1 and nonzero((numbers,), (x + low * width_in,), vectors) < most
        if not few and step[BY_TAP] == IN_PAIRS and state.values == 0:
            found = _paired_rows(step, program, state, found, at, rows)
            continue
        begin_rows(step, program, state, edit, length if state.values == 1 else high - low + beside)
        if few:
            found, free = _sparse_chunks(step, (numbers, indices, chunks), (found, free), at, rows)
        elif step[BY_TAP] == IN_BLOCKS and state.values == 0 and pays(high - low, step[TAPS]):
            blocks += 1
            _two_blocks(step, state, found, blocks, at, (low, high))
            found += 1
        else:
            found = _dense_chunks(step, chunks, found, at, rows)
    for piece in range(step[COUNT]):
        _multiply_piece(step, program, state, piece, found)
    if blocks > 0:
        _multiply_blocks(step, program, state, found)


@kernel
def _paired_rows(step: Counters, program: Program, state: State, found: int, at: Span, window: Span) -> int:
    """Take rows in pairs with fewer products where that can be done, at once; dense chunks of the other rows."""
    x, width_in, y, width = at
    low, high, length, inputs = window
    dilation = step[DILATION]
    begin, stop = paired(low, high, length, dilation, step[PADDING])
    done = 4 * dilation if stop - begin == dilation else 0  # rows of the target that pairs set and others do not reach
    clear((state.numbers,), (y + (low + done) * width,), (high - low + 2 * dilation - done) * width // LANES)
    if begin < stop:
        arrays = (state.numbers, program.weights, state.indices, program.tables)
        scratch = len(state.numbers) - 2 * CHUNK * width_in
        places = (x + begin * width_in, y + begin * width, scratch, step[TABLE])
        shape = (dilation, width_in, width, step[COUNT] // step[TAPS])
        three_taps(arrays, places, (stop - begin, step[ROWS]), shape, program.facts[TILES])
        for first, last in ((low, begin), (stop, begin + dilation), (stop + dilation, high)):
            found = _dense_chunks(step, state.chunks, found, at, (first, last, length, inputs))
        return found
    return _dense_chunks(step, state.chunks, found, at, window)


@kernel
def _two_blocks(step: Counters, state: State, found: int, number: int, at: Span, rows: tuple[int, int]) -> None:
    """One chunk of two blocks of rows, with their sums and differences in the scratch of the `number`th such edit."""
    x, width_in, y, width = at
    low, high = rows
    scratch = len(state.numbers) - number * scratch_size(step[TAPS], width_in)
    chunks, start = state.chunks, x + low * width_in
    chunks[found, 0], chunks[found, 1], chunks[found, 2] = start, y + low * width, high - low
    chunks[found, 3], chunks[found, 4], chunks[found, 5] = scratch, 0, BLOCKS
    add_up(state.numbers, start, scratch, width_in, ((step[TAPS] + 2) // 3, high - low))


@kernel
def _multiply_blocks(step: Counters, program: Program, state: State, found: int) -> None:
    """All pieces of the weights over all chunks that are blocks."""
    width_in, width = program.slots[step[SOURCE], WIDTH], program.slots[step[TARGET], WIDTH]
    block = (step[TAPS] + 2) // 3
    arrays = (state.numbers, program.weights, state.indices, program.tables)
    shape = (block, step[TAPS] - 2 * block, width_in, width)
    for piece in range((width // LANES + WIDE - 1) // WIDE):
        record = step[TABLE] + RECORD * (step[COUNT] + 4 * piece)  # behind the plain pieces
        multiply_blocks(arrays, state.chunks, found, record, shape, program.facts[TILES])


@kernel
def _multiply_piece(step: Counters, program: Program, state: State, piece: int, found: int) -> None:
    """One piece of the weights, `(first tap, taps, vectors, channel, input, inputs, weights)`, over all chunks."""
    tables, record, chunks = program.tables, step[TABLE] + RECORD * piece, state.chunks
    first, taps, vectors, channel = tables[record], tables[record + 1], tables[record + 2], tables[record + 3]
    k, inputs, weights = tables[record + 4], tables[record + 5], tables[record + 6]
    width_in, width = program.slots[step[SOURCE], WIDTH], program.slots[step[TARGET], WIDTH]
    row, dilation, tiles = taps * vectors * LANES, step[DILATION], program.facts[TILES]
    arrays = (state.numbers, program.weights, state.numbers, state.indices)
    for number in range(found):
        x, y, rows = chunks[number, 0], chunks[number, 1], chunks[number, 2]
        listed, many, tap = chunks[number, 3], chunks[number, 4], chunks[number, 5]
        many = many if step[GROUPS] == 1 else inputs
        if tap == ALL_TAPS:
            y += first * dilation * width + channel
            at = (x + k, dilation * width_in, weights, row, y, dilation * width, listed)
            product(arrays, at, (rows, taps, vectors, many), tiles)
        elif first <= tap < first + taps:
            y += tap * dilation * width + channel
            begin = weights + (tap - first) * vectors * LANES
            at = (x + k, width_in, begin, row, y, width, listed)
            product(arrays, at, (rows, 1, vectors, many), tiles)
