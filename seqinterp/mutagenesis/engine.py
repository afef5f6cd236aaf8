"""A plan packed for the kernels and run on the CPU: all cores, and memory for a group of sequences at a time."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event
from typing import NamedTuple

import numpy as np
import torch
from numpy import ndarray

from seqinterp.kernels.deltas import layout as at
from seqinterp.kernels.deltas.machine import refer, run
from seqinterp.kernels.deltas.tile import address
from seqinterp.mutagenesis.memory import Room, in_two_stages, make_room
from seqinterp.mutagenesis.pack import Packer, padded, slots
from seqinterp.mutagenesis.plan import Plan
from seqinterp.mutagenesis.steps import Convolution
from seqinterp.shapes import Counters, Places

PIECES = 4  # jobs for each thread at least, so that none waits long for another
SPANS = 64  # stretches of jobs for each thread, so that an interrupted run ends soon


class Listed(NamedTuple):
    """Edits as the kernels read them, sorted by sequence; `columns` in single precision."""

    sequence: ndarray  # (edits,)
    first: ndarray  # (edits + 1,)
    position: ndarray  # (changes,)
    columns: ndarray  # (changes, 4)

    @property
    def span(self) -> int:
        """Positions from the first to the last change of the longest edit."""
        if len(self.first) < 2 or np.diff(self.first).max() <= 1:
            return 1
        some = self.first[:-1] < self.first[1:]
        low, high = self.position[self.first[:-1][some]], self.position[self.first[1:][some] - 1]
        return int((high - low).max(initial=0)) + 1


@dataclass(eq=False)
class Engine:
    """A packed plan; `width` numbers of an edit's outputs stand in a row of the result."""

    plan: Plan
    program: at.Program = field(init=False)
    numbers: int = field(init=False)
    width: int = field(init=False)
    of_one_position: ndarray = field(init=False)
    rooms: dict[int, Room] = field(init=False, default_factory=dict)
    idle: dict[int, list[at.Memory]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.steps, self.split = in_two_stages(self.plan)
        packer = Packer(self.plan)
        packer.numbers(np.zeros(max(padded(layer.channels) for layer in self.plan.layers)))
        rows = [packer.step(step) for step in self.steps]
        place = make_room(self.plan, self.steps, self.split, 1).place
        for row in rows:  # a sum whose result has to lie elsewhere, for later steps, is not made in place
            if row[at.CODE] == at.ADD and place[row[at.SOURCE], at.START] != place[row[at.TARGET], at.START]:
                row[at.IN_PLACE] = 0
        places, self.numbers = slots(self.plan, rows)
        self.of_one_position = self._peaks_at_once(rows, packer)
        outputs, self.width = [], 0
        for value in self.plan.outputs.values():
            outputs.append((value.layer, self.width))
            self.width += int(places[value.layer, at.LENGTH] * places[value.layer, at.WIDTH])
        self.program = at.Program(
            np.array(rows, np.int64).reshape(len(rows), at.FIELDS),
            places,
            np.concatenate(packer.weights),
            np.concatenate([*packer.tables, np.zeros(1, np.int64)]),
            np.array(outputs, np.int64).reshape(-1, 2),
            np.array([self.split, 1, address()], np.int64),
        )

    def _peaks_at_once(self, rows: list[ndarray], packer: Packer) -> ndarray:
        """The steps for edits of one position: a maximum over a first convolution is taken without keeping that."""
        found = np.array(rows, np.int64).reshape(len(rows), at.FIELDS)
        readers = Counter(source for step in self.steps for source in step.sources)
        kept = {value.layer for value in self.plan.outputs.values()}
        made = {step.target: place for place, step in enumerate(self.steps)}
        for place, row in enumerate(rows):
            first = made.get(int(row[at.SOURCE]))
            if row[at.CODE] != at.PEAK or first is None or readers[row[at.SOURCE]] > 1 or row[at.SOURCE] in kept:
                continue
            step = self.steps[first]
            if not isinstance(step, Convolution) or rows[first][at.CODE] != at.CONVOLVE or step.sources != (0,):
                continue
            if (step.dilation, step.groups, step.weight.shape[1]) == (1, 1, 4):
                found[first, at.CODE] = at.UNKEPT
                found[place, [at.AT_ONCE, at.TAPS, at.PADDING]] = 1, len(step.weight), step.padding
                weight = step.weight[::-1]  # (tap, base, channel)
                bases = weight.transpose(1, 0, 2)
                exchanges = (bases[None] - bases[:, None]).reshape(-1, weight.shape[2])
                found[place, at.WEIGHTS] = packer.rows(weight.reshape(-1, weight.shape[2]))
                found[place, at.TABLE] = packer.rows(exchanges)
        return found

    def room(self, span: int) -> Room:
        """Memory for edits of up to `span` positions, rounded up so that few rooms are planned."""
        wide = min(self.plan.length, 1 << (span - 1).bit_length())
        if wide not in self.rooms:
            self.rooms[wide] = make_room(self.plan, self.steps, self.split, wide)
        return self.rooms[wide]

    def references(self, inputs: ndarray) -> ndarray:
        """The layers of sequences (batch, position, 4), one row of numbers each."""
        found = np.empty((len(inputs), self.numbers), np.float32)
        nothing = np.zeros(1, np.int64)
        work = at.Work(inputs, found, nothing, nothing[:0], np.zeros((0, inputs.shape[2]), np.float32))
        with self._memories(self.room(1), len(inputs)) as memories:
            _in_threads(memories, len(inputs), lambda memory, a, b: refer(self.program, work, memory, a, b))
        return found

    def changes(self, inputs: ndarray, references: ndarray, edits: Listed) -> ndarray:
        """The differences of the outputs, (edits, width)."""
        result = np.empty((len(edits.sequence), self.width), np.float32)
        if len(result) == 0:
            return result
        span = edits.span
        room = self.room(span)
        steps = self.of_one_position if span == 1 else self.program.steps
        program = self.program._replace(steps=steps, facts=np.array([self.split, room.block, address()], np.int64))
        work = at.Work(inputs, references, edits.first, edits.position, edits.columns)
        jobs = _jobs(edits.sequence, room)
        with self._memories(room, len(jobs)) as memories:
            _in_threads(memories, len(jobs), lambda memory, a, b: run(program, work, memory, jobs[a:b], result))
        return result

    @contextmanager
    def _memories(self, room: Room, tasks: int) -> Iterator[list[at.Memory]]:
        """Memory for every thread that there is work for: what earlier calls have left, or new."""
        threads = max(1, min(torch.get_num_threads(), tasks))
        layers = len(self.plan.layers)
        idle = self.idle.setdefault(id(room), [])
        taken = [
            _taken(idle)
            or at.Memory(
                np.zeros(room.numbers, np.float32),
                room.place,
                np.zeros_like(room.place),
                np.zeros((room.job, layers, 3), np.int64),
                np.empty((room.chunks, 6), np.int64),
                np.empty(room.indices, np.int32),
            )
            for _ in range(threads)
        ]
        yield taken
        idle += taken


def _taken(idle: list[at.Memory]) -> at.Memory | None:
    """One of the idle memories, unless another thread was quicker."""
    try:
        return idle.pop()
    except IndexError:
        return None


def _jobs(sequence: Counters, room: Room) -> Places:
    """Stretches of edits of one sequence, (sequence, first, stop), short enough for every thread to have some."""
    share = -(-len(sequence) // (PIECES * max(1, torch.get_num_threads())))
    most = min(room.job, max(room.block, share))
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(sequence)) + 1, [len(sequence)]])
    sizes = np.diff(bounds)
    pieces = -(-sizes // most)
    stretch = np.repeat(np.arange(len(sizes)), pieces)  # of one sequence, cut into that many pieces
    number = np.arange(len(stretch)) - (np.cumsum(pieces) - pieces)[stretch]
    low = bounds[stretch] + number * sizes[stretch] // pieces[stretch]
    high = bounds[stretch] + (number + 1) * sizes[stretch] // pieces[stretch]
    return np.stack([sequence[low], low, high], axis=1)


def _in_threads(memories: list[at.Memory], count: int, task: Callable[[at.Memory, int, int], None]) -> None:
    """`task(memory, first, stop)` over stretches of `count`, each thread in its own memory, taking what is next."""
    pieces = min(count, SPANS * len(memories))
    cuts = np.arange(pieces + 1) * count // max(1, pieces)
    spans = pairwise(cuts.tolist())

    stopped = Event()

    def take(memory: at.Memory, spans: Iterator[tuple[int, int]]) -> None:
        for first, stop in spans:
            if stopped.is_set():
                return
            task(memory, first, stop)

    if len(memories) == 1:
        take(memories[0], spans)
        return
    with ThreadPoolExecutor(len(memories)) as pool:
        running = [pool.submit(take, memory, spans) for memory in memories]
        try:
            for done in running:
                done.result()
        finally:  # also when somebody interrupts: what is being computed ends, nothing more begins
            stopped.set()
