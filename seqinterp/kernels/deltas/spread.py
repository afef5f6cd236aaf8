"""Convolutions whose rows are not side by side: strided, transposed, and of each channel alone (depthwise)."""

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.convolve import begin_rows
from seqinterp.kernels.deltas.layout import (
    BASE,
    COUNT,
    DILATION,
    HIGH,
    LANES,
    LOW,
    PADDING,
    ROWS,
    SOURCE,
    START,
    STEP,
    STRIDE,
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
from seqinterp.kernels.deltas.vectors import add_scaled
from seqinterp.shapes import Counters


@kernel
def rows_of_tap(step: Counters, tap: int, source: Counters, target: Counters) -> tuple[int, int, int]:
    """First source row, first target row and number of rows that a tap joins, inside both windows.

    Strided: source = target stride - padding + tap dilation; transposed (negative stride): the other way round.
    """
    stride, shift = step[STRIDE], tap * step[DILATION] - step[PADDING]
    if stride > 0:
        first = max(target[LOW], -((shift - source[LOW]) // stride))
        stop = min(target[HIGH], (source[HIGH] - 1 - shift) // stride + 1)
        return first * stride + shift, first, stop - first
    stride = -stride
    first = max(source[LOW], -((shift - target[LOW]) // stride))
    stop = min(source[HIGH], (target[HIGH] - 1 - shift) // stride + 1)
    return first, first * stride + shift, stop - first


@kernel
def spread(step: Counters, program: Program, state: State, count: int) -> None:
    """A strided or transposed convolution, tap by tap."""
    source, target = step[SOURCE], step[TARGET]
    width_in, width = program.slots[source, WIDTH], program.slots[target, WIDTH]
    from_row = width_in * max(step[STRIDE], 1)
    into_row = width * max(-step[STRIDE], 1)
    arrays = (state.numbers, program.weights, state.numbers, state.indices)
    for edit in range(count):
        begin_rows(step, program, state, edit, state.window[edit, target, HIGH] - state.window[edit, target, BASE])
    for k in range(width_in):
        state.indices[k] = k
    for piece in range(step[COUNT]):
        record, tables = step[TABLE] + 7 * piece, program.tables
        reversed_tap, vectors, channel = tables[record], tables[record + 2], tables[record + 3]
        k, inputs, weights = tables[record + 4], tables[record + 5], tables[record + 6]
        for edit in range(count):
            here, there = state.window[edit, source], state.window[edit, target]
            if here[LOW] >= here[HIGH] or there[LOW] >= there[HIGH]:
                continue
            row, into, rows = rows_of_tap(step, step[TAPS] - 1 - reversed_tap, here, there)
            x = state.place[source, START] + edit * state.place[source, STEP] + (row - here[BASE]) * width_in + k
            y = state.place[target, START] + edit * state.place[target, STEP] + (into - there[BASE]) * width + channel
            while rows > 0:
                taken = min(rows, step[ROWS])
                at = (x, from_row, weights, vectors * LANES, y, into_row, 0)
                product(arrays, at, (taken, 1, vectors, inputs), program.facts[TILES])
                x, y, rows = x + taken * from_row, y + taken * into_row, rows - taken


@kernel
def depthwise(step: Counters, program: Program, state: State, count: int) -> None:
    """Each channel with its own taps: target[q] += weight[t] source[row of q and t]."""
    source, target = step[SOURCE], step[TARGET]
    width = program.slots[target, WIDTH]
    weights = step[WEIGHTS] + width  # after the bias
    for edit in range(count):
        here, there = state.window[edit, source], state.window[edit, target]
        begin_rows(step, program, state, edit, there[HIGH] - there[BASE])
        x = state.place[source, START] + edit * state.place[source, STEP] - here[BASE] * width
        y = state.place[target, START] + edit * state.place[target, STEP] - there[BASE] * width
        for row in range(there[LOW], there[HIGH]):
            into = y + row * width
            for tap in range(step[TAPS]):
                read = row * step[STRIDE] - step[PADDING] + tap * step[DILATION]
                if here[LOW] <= read < here[HIGH]:
                    arrays, weight = (state.numbers, state.numbers, program.weights), weights + tap * width
                    add_scaled(arrays, (into, x + read * width, weight), width // LANES)
