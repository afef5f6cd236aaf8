"""The machine that runs a compiled plan: the layers of each sequence once, then the differences of every edit."""

import numpy as np

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.convolve import convolve
from seqinterp.kernels.deltas.dense import dense
from seqinterp.kernels.deltas.layout import (
    ADD,
    AFFINE,
    AT_ONCE,
    BASE,
    BLOCK,
    CHANNELS,
    CODE,
    CONVOLVE,
    DENSE,
    DEPTHWISE,
    GATHER,
    HIGH,
    JOIN,
    LANES,
    LARGER,
    LENGTH,
    LOW,
    MAP,
    MULTIPLY,
    NORMALISE,
    PEAK,
    POOL,
    REFERENCE,
    SPLIT,
    SPREAD,
    START,
    STEP,
    WHOLE,
    WIDTH,
    Memory,
    Program,
    State,
    Work,
)
from seqinterp.kernels.deltas.maps import map_rows
from seqinterp.kernels.deltas.normalise import normalise
from seqinterp.kernels.deltas.pools import peak, peak_at_once, pool
from seqinterp.kernels.deltas.rows import affine, combine, gather, join
from seqinterp.kernels.deltas.spread import depthwise, spread
from seqinterp.kernels.deltas.unowned import unowned, unowned_memory, unowned_program, unowned_work
from seqinterp.kernels.deltas.vectors import clear, set_to
from seqinterp.kernels.deltas.windows import set_windows
from seqinterp.shapes import Counters, Matrix, Places


@kernel
def take_step(step: Counters, program: Program, state: State, count: int) -> None:
    """One step for a block of edits."""
    set_windows(step, program, state, count)
    code = step[CODE]
    if code == CONVOLVE:
        convolve(step, program, state, count)
    elif code == SPREAD:
        spread(step, program, state, count)
    elif code == DEPTHWISE:
        depthwise(step, program, state, count)
    elif code == DENSE:
        dense(step, program, state, count)
    elif code == POOL:
        pool(step, program, state, count)
    elif code == PEAK and step[AT_ONCE] == 1 and state.values == 0:
        peak_at_once(step, program, state, count)
    elif code == PEAK:
        peak(step, program, state, count)
    else:
        _take_step_of_rows(step, program, state, count)


@kernel
def _take_step_of_rows(step: Counters, program: Program, state: State, count: int) -> None:
    """The steps that give each row from the same rows of what they read."""
    code = step[CODE]
    if code == MAP:
        map_rows(step, program, state, count)
    elif code == AFFINE:
        affine(step, program, state, count)
    elif code == GATHER:
        gather(step, program, state, count)
    elif code == JOIN:
        join(step, program, state, count)
    elif code == NORMALISE:
        normalise(step, program, state, count)
    elif code in (ADD, MULTIPLY, LARGER):
        combine(step, program, state, count)


@kernel
def refer(program: Program, work: Work, memory: Memory, first: int, stop: int) -> None:
    """Compute all layers of the sequences `[first, stop)`."""
    program, work, memory = unowned_program(program), unowned_work(work), unowned_memory(memory)
    slots = len(program.slots)
    place, window = memory.here, memory.window
    for slot in range(slots):
        place[slot, START], place[slot, STEP] = program.slots[slot, REFERENCE], 0
    for sequence in range(first, stop):
        numbers = work.references[sequence]
        width = program.slots[0, WIDTH]
        clear((numbers,), (np.int64(0),), len(numbers) // LANES)
        for row in range(program.slots[0, LENGTH]):
            for base in range(program.slots[0, CHANNELS]):
                numbers[program.slots[0, REFERENCE] + row * width + base] = work.inputs[sequence, row, base]
        window[0, 0, LOW], window[0, 0, HIGH], window[0, 0, BASE] = 0, program.slots[0, LENGTH], 0
        state = State(numbers, place, window, numbers, memory.chunks, memory.indices, np.int64(1))
        for step in range(len(program.steps)):
            take_step(program.steps[step], program, state, np.int64(1))


@kernel
def load_edits(program: Program, work: Work, state: State, sequence: int, edits: tuple[int, int]) -> None:
    """The difference that each edit makes to the inputs, from its first changed position to its last."""
    width, bases = program.slots[0, WIDTH], program.slots[0, CHANNELS]
    for edit in range(edits[0], edits[1]):
        here = edit - edits[0]
        first, stop = work.first[edit], work.first[edit + 1]
        window = state.window
        window[here, 0, LOW], window[here, 0, HIGH], window[here, 0, BASE] = 0, 0, 0
        if first == stop:
            continue
        low, high = work.position[first], work.position[stop - 1] + 1
        window[here, 0, LOW], window[here, 0, HIGH], window[here, 0, BASE] = low, high, low
        start = state.place[0, START] + here * state.place[0, STEP]
        clear((state.numbers,), (start,), (high - low) * width // LANES)
        for change in range(first, stop):
            row = work.position[change]
            for base in range(bases):
                at = start + (row - low) * width + base
                state.numbers[at] = work.columns[change, base] - work.inputs[sequence, row, base]


@kernel
def unload(program: Program, state: State, count: int, result: Matrix) -> None:
    """Copy the differences of the output layers of each edit into its row of the result; zero outside the window."""
    for output in range(len(program.outputs)):
        slot, start = program.outputs[output, 0], program.outputs[output, 1]
        width = program.slots[slot, WIDTH]
        for edit in range(count):
            low, high = state.window[edit, slot, LOW], state.window[edit, slot, HIGH]
            base = state.window[edit, slot, BASE]
            row = result[edit, start : start + program.slots[slot, LENGTH] * width]
            clear((row,), (np.int64(0),), len(row) // LANES)
            if low < high:
                at = state.place[slot, START] + edit * state.place[slot, STEP] + (low - base) * width
                set_to((row, state.numbers), (low * width, at), (high - low) * width // LANES)


@kernel
def run(program: Program, work: Work, memory: Memory, jobs: Places, result: Matrix) -> None:
    """All edits of some jobs `(sequence, first edit, stop)`: in blocks as far as the split, then each job at once."""
    program, work, memory = unowned_program(program), unowned_work(work), unowned_memory(memory)
    result = unowned(result)
    split, block = program.facts[SPLIT], program.facts[BLOCK]
    place = memory.here
    for slot in range(len(place)):
        for column in range(3):
            place[slot, column] = memory.place[slot, column]
    for job in range(len(jobs)):
        sequence, first, stop = jobs[job, 0], jobs[job, 1], jobs[job, 2]
        reference = work.references[sequence]
        for begin in range(first, stop, block):
            edits = (begin, min(begin + block, stop))
            for slot in range(len(place)):
                if memory.place[slot, WHOLE] == 1:
                    place[slot, START] = memory.place[slot, START] + (begin - first) * place[slot, STEP]
            window = memory.window[begin - first : edits[1] - first]
            state = State(memory.numbers, place, window, reference, memory.chunks, memory.indices, np.int64(0))
            load_edits(program, work, state, sequence, edits)
            for step in range(split):
                take_step(program.steps[step], program, state, edits[1] - begin)
        window = memory.window[: stop - first]
        state = State(memory.numbers, memory.place, window, reference, memory.chunks, memory.indices, np.int64(0))
        for step in range(split, len(program.steps)):
            take_step(program.steps[step], program, state, stop - first)
        unload(program, state, stop - first, result[first:stop])
