"""Which rows of a layer an edit can reach: windows `[low, high)`, from layer to layer."""

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.layout import (
    ADD,
    AFFINE,
    BASE,
    CODE,
    CONVOLVE,
    COUNT,
    DILATION,
    EVERYWHERE,
    HIGH,
    IDENTITY,
    IN_PLACE,
    JOIN,
    LENGTH,
    LOW,
    MAP,
    OTHER,
    PADDING,
    REACH,
    REACH_OTHER,
    SOURCE,
    TABLE,
    TAPS,
    TARGET,
    Program,
    State,
)
from seqinterp.shapes import Counters


@kernel
def reached(tables: Counters, reach: int, low: int, high: int, length: int) -> tuple[int, int]:
    """The rows, of `length`, that rows `[low, high)` reach.

    A table says whether its rows are in order, then for each row the first and one past the last row it reaches.
    """
    if low >= high:
        return 0, 0
    if reach == IDENTITY:
        return low, high
    if reach == EVERYWHERE:
        return 0, length
    if tables[reach] == 1:
        first, last = tables[reach + 1 + 2 * low], tables[reach + 2 * high]
    else:
        first, last = length, 0
        for row in range(low, high):
            first = min(first, tables[reach + 1 + 2 * row])
            last = max(last, tables[reach + 2 + 2 * row])
    if first < last:
        return first, last
    return 0, 0


@kernel
def joined(low: int, high: int, other_low: int, other_high: int) -> tuple[int, int]:
    """The smallest window that holds both."""
    if low >= high:
        return other_low, other_high
    if other_low >= other_high:
        return low, high
    return min(low, other_low), max(high, other_high)


@kernel
def set_windows(step: Counters, program: Program, state: State, count: int) -> None:
    """The windows of the layer that a step gives, from those of the layers it reads.

    A convolution may write a little beside the rows that exist, so its first row lies where its window would begin.
    """
    window, tables, target = state.window, program.tables, step[TARGET]
    length = program.slots[target, LENGTH]
    source, other, code = step[SOURCE], step[OTHER], step[CODE]
    for edit in range(count):
        low, high = reached(tables, step[REACH], window[edit, source, LOW], window[edit, source, HIGH], length)
        if other >= 0:
            more = reached(tables, step[REACH_OTHER], window[edit, other, LOW], window[edit, other, HIGH], length)
            low, high = joined(low, high, more[0], more[1])
        if code == JOIN:
            for part in range(1, step[COUNT]):
                slot = tables[step[TABLE] + 2 * part]
                low, high = joined(low, high, window[edit, slot, LOW], window[edit, slot, HIGH])
        base = low
        if state.values == 1:
            low, high, base = low * 0, length, low * 0
        elif code == CONVOLVE:
            base = window[edit, source, LOW] + step[PADDING] - (step[TAPS] - 1) * step[DILATION]
        elif code in (MAP, AFFINE) or (code == ADD and step[IN_PLACE] == 1):
            base = window[edit, source, BASE]  # these work in place
        window[edit, target, LOW] = low
        window[edit, target, HIGH] = high
        window[edit, target, BASE] = base
