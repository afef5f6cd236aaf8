"""Where each layer's differences lie while edits are computed: small blocks in the cache, whole jobs behind them."""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray

from seqinterp.kernels.deltas.blocks import scratch_size
from seqinterp.kernels.deltas.fewer_products import CHUNK
from seqinterp.mutagenesis.pack import in_blocks, in_pairs, padded
from seqinterp.mutagenesis.plan import Plan
from seqinterp.mutagenesis.steps import Combination, Convolution, Curve, Dense, Pool, Scale, Step

CACHE = 96 * 2**10  # numbers of a block of edits: what a core keeps close
MOST_BLOCK = 32
JOB = 2**21  # numbers that all edits of a job hold together
MOST_EDITS = 768


def in_two_stages(plan: Plan) -> tuple[list[Step], int]:
    """The steps in the order they are run, and how many take a block at a time; the others take a whole job.

    Layers without positions are cheap to hold and pay for being computed together, so steps among them come last.
    """
    last: list[Step] = []
    first: list[Step] = []
    needed: set[int] = set()
    for step in reversed(plan.steps):
        flat = plan.layers[step.target].length == 1 and not isinstance(step, Pool)
        if flat and step.target not in needed and (isinstance(step, Dense) or _is_flat(plan, step)):
            last.append(step)
        else:
            first.append(step)
            needed.update(step.sources)
    return [*first[::-1], *last[::-1]], len(first)


def _is_flat(plan: Plan, step: Step) -> bool:
    return all(plan.layers[source].length == 1 for source in step.sources)


def works_in_place(step: Step) -> bool:
    """Whether the result may lie where the first source does, row by row."""
    return isinstance(step, Curve | Scale) or (isinstance(step, Combination) and step.in_place)


@dataclass(frozen=True, eq=False)
class Room:
    """place: of each layer, as the kernels want it; numbers, chunks, indices: what a thread needs.

    block, job: edits taken at a time.
    """

    place: ndarray
    numbers: int
    chunks: int
    indices: int
    block: int
    job: int


def capacities(plan: Plan, span: int) -> list[int]:
    """The most rows of each layer that an edit of `span` positions reaches, with what convolutions write beside."""
    low = np.arange(plan.length)
    windows = plan.windows(low, np.minimum(low + span, plan.length))
    rows = [0] * len(plan.layers)
    for layer, (first, stop) in windows.items():
        rows[layer] = max(1, int((stop - first).max()))
    rows[0] = span
    for step in plan.steps:
        if isinstance(step, Convolution) and step.stride == 1 and not step.transposed:
            source = windows[step.sources[0]]
            beside = (len(step.weight) - 1) * step.dilation
            rows[step.target] = max(rows[step.target], int((source[1] - source[0]).max()) + beside)
        elif works_in_place(step):
            rows[step.target] = rows[step.sources[0]]
    return rows


def make_room(plan: Plan, steps: list[Step], split: int, span: int) -> Room:
    """Lay out the layers for edits of up to `span` positions.

    Layers that only one stage of steps sees share memory as soon as their readers are done; a curve or scale works
    where its source lies.
    """
    rows = capacities(plan, span)
    size = [count * padded(layer.channels) for count, layer in zip(rows, plan.layers, strict=True)]
    outputs = {value.layer for value in plan.outputs.values()}
    last_use = {source: place for place, step in enumerate(steps) for source in step.sources}
    late = {source for step in steps[split:] for source in step.sources} | {step.target for step in steps[split:]}
    whole = outputs | {layer for layer in late if layer in last_use or layer in outputs}
    whole |= {step.target for step in steps[split:]}
    starts, top = _share(steps, split, size, whole, last_use)
    block = max(1, min(MOST_BLOCK, CACHE // max(1, top)))
    each = sum(size[layer] for layer in whole)
    job = max(1, min(MOST_EDITS, JOB // max(1, each)))
    block = min(block, job)
    place = np.zeros((len(plan.layers), 3), np.int64)
    free = max(padded(layer.channels) for layer in plan.layers)  # a row of zeros comes first
    for layer, start in starts.items():
        place[layer] = free + start * block, size[layer], 0
    free += top * block
    for layer in sorted(whole):
        place[layer] = free, size[layer], 1
        free += size[layer] * job
    chunks, indices = _scratch(plan, steps, split, rows, (block, job))
    free += _beside(plan, steps, split, (block, job))
    return Room(place, free, chunks, indices, block, job)


def _share(
    steps: list[Step], split: int, size: list[int], whole: set[int], last_use: dict[int, int]
) -> tuple[dict[int, int], int]:
    """Places of the layers of a block, one edit each, with memory used again; and how much it is."""
    starts: dict[int, int] = {}
    taken: list[tuple[int, int, int]] = []  # begin, end, last step that reads it
    top = 0

    def find(layer: int, now: int, until: int) -> None:
        nonlocal top
        taken[:] = [span for span in taken if span[2] >= now]
        begin = 0
        for low, high, _ in sorted(taken):
            if begin + size[layer] <= low:
                break
            begin = max(begin, high)
        starts[layer] = begin
        taken.append((begin, begin + size[layer], until))
        top = max(top, begin + size[layer])

    if 0 not in whole:
        find(0, 0, last_use.get(0, 0))
    for number, step in enumerate(steps[:split]):
        target, source = step.target, step.sources[0]
        if target in whole:
            continue
        until = last_use.get(target, number)
        if works_in_place(step) and source in starts and last_use[source] == number:
            starts[target] = starts[source]
            taken[:] = [(a, b, until if a == starts[source] and u == number else u) for a, b, u in taken]
            continue
        find(target, number, until)
    return starts, top


def _beside(plan: Plan, steps: list[Step], split: int, at_once: tuple[int, int]) -> int:
    """Numbers behind the layers: what convolutions with fewer products add up before they multiply."""
    most = 0
    for number, step in enumerate(steps):
        if isinstance(step, Convolution):
            width = padded(plan.layers[step.sources[0]].channels)
            if in_pairs(step):
                most = max(most, 2 * CHUNK * width)
            elif in_blocks(step):
                count = at_once[0] if number < split else at_once[1]
                most = max(most, count * scratch_size(len(step.weight), width))
    return most


def _scratch(plan: Plan, steps: list[Step], split: int, rows: list[int], at_once: tuple[int, int]) -> tuple[int, int]:
    """Entries for the chunks and the listed inputs of the largest product, of edits and of whole layers."""
    chunks, indices = 64, 64
    for number, step in enumerate(steps):
        if not isinstance(step, Convolution | Dense):
            continue
        count = at_once[0] if number < split else at_once[1]
        layer = plan.layers[step.sources[0]]
        width = padded(layer.channels)
        most = max(count * rows[step.sources[0]], layer.length)
        indices = max(indices, most * width + width)
        if isinstance(step, Convolution):
            taps = len(step.weight)
            edges = min(layer.length, 2 * (taps - 1) * step.dilation + 2) * taps * (count + 1)
            chunks = max(chunks, most + edges + taps * (count + 1))
        else:
            chunks = max(chunks, count + 1)
    return chunks, indices
