"""A plan as flat arrays for the kernels: steps, weights cut into tiles, tables of what reaches what."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy import ndarray

from seqinterp.kernels.deltas import layout as at
from seqinterp.kernels.deltas.blocks import WIDE
from seqinterp.kernels.deltas.fewer_products import FEWEST_INPUTS, FEWEST_ROWS
from seqinterp.kernels.deltas.maps import NAMES
from seqinterp.kernels.deltas.normalise import LAYER, LOG_SOFTMAX, SOFTMAX
from seqinterp.kernels.deltas.tile import SHAPES, best_shape, most_rows
from seqinterp.mutagenesis.plan import Plan
from seqinterp.mutagenesis.steps import (
    Combination,
    Convolution,
    Curve,
    Dense,
    Gather,
    Join,
    Normalised,
    Pool,
    Scale,
    Step,
    in_order,
)

_COMBINATIONS = {"add": at.ADD, "multiply": at.MULTIPLY, "larger": at.LARGER}
_STATISTICS = {"layer": LAYER, "softmax": SOFTMAX, "log_softmax": LOG_SOFTMAX}


def padded(channels: int) -> int:
    """Numbers in a row: whole vectors."""
    return -(-channels // at.LANES) * at.LANES


def in_pairs(step: Convolution) -> bool:
    """Whether rows a dilation apart are taken in pairs, with four products instead of six."""
    taps, inputs, channels = step.weight.shape
    plain = step.stride == 1 and not step.transposed
    return plain and taps == 3 and step.dilation >= FEWEST_ROWS and inputs >= FEWEST_INPUTS and channels > at.LANES


def in_blocks(step: Convolution) -> bool:
    """Whether rows and taps are taken in blocks where an edit changes few rows, with four products instead of six."""
    taps, inputs, channels = step.weight.shape
    block = (taps + 2) // 3
    fits = all(SHAPES.get((wide, block), 0) >= block for wide in range(1, WIDE + 1))
    plain = step.stride == step.dilation == step.groups == 1 and not step.transposed
    return plain and fits and taps > 2 * block >= 6 and inputs >= 2 * FEWEST_INPUTS and channels > at.LANES


@dataclass
class Packer:
    """The arrays as they grow; every method gives the place of what it added."""

    plan: Plan
    weights: list[ndarray] = field(default_factory=list)
    tables: list[ndarray] = field(default_factory=list)
    free: int = 0
    entries: int = 0

    def numbers(self, values: ndarray) -> int:
        """Single-precision constants."""
        flat = np.ascontiguousarray(values, np.float32).ravel()
        self.weights.append(flat)
        self.free += len(flat)
        return self.free - len(flat)

    def rows(self, values: ndarray) -> int:
        """Constants of whole rows, (rows, channels), padded with zeros."""
        whole = np.zeros((len(values), padded(values.shape[1])))
        whole[:, : values.shape[1]] = values
        return self.numbers(whole)

    def table(self, values: ndarray | list[int]) -> int:
        """Whole numbers."""
        flat = np.asarray(values, np.int64).ravel()
        self.tables.append(flat)
        self.entries += len(flat)
        return self.entries - len(flat)

    def reach(self, step: Step, part: int) -> int:
        """The reach of a source: a table, or one of the two that need none."""
        length = self.plan.layers[step.sources[part]].length
        reach = step.reach(part, length)
        if reach is None:
            return at.IDENTITY
        if (reach == [0, self.plan.layers[step.target].length]).all():
            return at.EVERYWHERE
        return self.table(np.concatenate([[int(in_order(reach))], reach.ravel()]))

    def step(self, step: Step) -> ndarray:
        """One row of the program."""
        row = np.zeros(at.FIELDS, np.int64)
        row[[at.SOURCE, at.OTHER, at.TARGET]] = step.sources[0], -1, step.target
        row[at.REACH] = self.reach(step, 0)
        match step:
            case Convolution():
                self._convolution(row, step)
            case Dense():
                self._dense(row, step)
            case Curve():
                row[at.CODE], row[at.KIND] = at.MAP, NAMES.index(step.curve)
                row[[at.FIRST, at.SECOND]] = self._two(step.first, step.second)
            case Scale():
                row[at.CODE], row[at.KIND] = at.AFFINE, 0 if len(step.scale) == 1 else padded(step.scale.shape[1])
                row[[at.FIRST, at.SECOND]] = self.rows(step.scale), self.rows(step.shift)
            case Combination():
                row[[at.CODE, at.OTHER]] = _COMBINATIONS[step.how], step.sources[1]
                row[at.REACH_OTHER] = self.reach(step, 1)
                row[[at.FIRST, at.SECOND]] = self._two(step.first, step.second)
                channels = self.plan.layers[step.target].channels
                row[at.IN_PLACE] = int(step.in_place)
                row[at.KIND] = self.rows(np.array([[step.first], [step.second]]).repeat(channels, axis=1))
            case Gather():
                row[[at.CODE, at.FIRST]] = at.GATHER, self._two(step.constant, 0.0)[0]
                row[at.TABLE] = self.table(np.concatenate([step.rows, step.channels]))
            case Join():
                pairs = [(source, start) for source, start in zip(step.sources, step.starts, strict=True)]
                row[[at.CODE, at.COUNT, at.TABLE]] = at.JOIN, len(pairs), self.table(np.array(pairs))
            case Pool():
                peak = step.is_peak(self.plan.layers[step.sources[0]].length)
                row[[at.CODE, at.KIND]] = at.PEAK if peak else at.POOL, int(step.largest)
                row[at.TABLE], row[at.WEIGHTS] = self.table(step.bins), self._shares(step)
            case Normalised():
                row[[at.CODE, at.KIND]] = at.NORMALISE, _STATISTICS[step.how]
                row[[at.FIRST, at.SECOND]] = self.rows(step.scale[None]), self.rows(step.shift[None])
                row[at.WEIGHTS] = self._two(step.epsilon, 0.0)[0]
        return row

    def _shares(self, step: Pool) -> int:
        return self.rows(step.shares[:, None].repeat(self.plan.layers[step.target].channels, axis=1))

    def _two(self, first: float, second: float) -> tuple[int, int]:
        start = self.numbers(np.array([first, second]))
        return start, start + 1

    def _convolution(self, row: ndarray, step: Convolution) -> None:
        """Taps from the last to the first, so that tap t of a row is added t rows further on."""
        taps, inputs, channels = step.weight.shape
        row[[at.TAPS, at.DILATION, at.PADDING, at.GROUPS]] = taps, step.dilation, step.padding, step.groups
        row[at.STRIDE] = -step.stride if step.transposed else step.stride
        if inputs == 1 and step.groups == channels > 1 and not step.transposed:
            row[at.CODE] = at.DEPTHWISE
            row[at.WEIGHTS] = self.rows(np.concatenate([step.bias[None], step.weight[:, 0]]))
            return
        plain = step.stride == 1 and not step.transposed
        row[at.CODE], row[at.WEIGHTS] = at.CONVOLVE if plain else at.SPREAD, self.rows(step.bias[None])
        vectors = padded(channels) // at.LANES
        row[at.BY_TAP] = at.BY_TAPS if step.dilation > 1 and vectors > 1 else 0
        most_taps, most_vectors = best_shape(taps if plain and not row[at.BY_TAP] else 1, vectors)
        parts = np.array_split(np.arange(taps), -(-taps // most_taps))
        pieces = [piece for part in parts for piece in self._pieces(step, part, most_vectors)]
        row[[at.COUNT, at.ROWS]] = len(pieces), min(most_rows(piece[1], piece[2]) for piece in pieces)
        if in_pairs(step):
            row[at.BY_TAP] = at.IN_PAIRS
            ends, middle = (step.weight[0] + step.weight[2]) / 2, step.weight[1] / 2
            halves = replace(step, weight=np.stack([ends - middle, ends + middle]))
            pieces += [piece for part in parts[:2] for piece in self._pieces(halves, part, most_vectors)]
        elif in_blocks(step):
            row[at.BY_TAP] = at.IN_BLOCKS
            pieces += self._blocks(step)
        row[at.TABLE] = self.table(np.array(pieces))

    def _blocks(self, step: Convolution) -> list[list[int]]:
        """For some channels after the other: the first taps, half the sums of all with either sign, the last taps."""
        taps = len(step.weight)
        block = (taps + 2) // 3
        weight = np.concatenate([np.zeros((3 * block - taps, *step.weight.shape[1:])), step.weight])
        last, middle, first = np.split(weight, 3)  # taps are packed from the last to the first
        kinds = [first, (first + middle + last) / 2, (first - middle + last) / 2, last[3 * block - taps :]]
        parts = [self._pieces(replace(step, weight=kind), np.arange(len(kind)), WIDE) for kind in kinds]
        return [piece for four in zip(*parts, strict=True) for piece in four]

    def _pieces(self, step: Convolution, taps: ndarray, most: int) -> list[list[int]]:
        """Some taps, cut into pieces of up to `most` vectors of channels."""
        channels, pieces, start = step.weight.shape[2], [], 0
        while start < padded(channels) // at.LANES:
            wide = next(v for v in (4, 2, 1) if v <= min(most, padded(channels) // at.LANES - start))
            pieces.append(self._piece(step, taps, start * at.LANES, wide))
            start += wide
        return pieces

    def _piece(self, step: Convolution, taps: ndarray, channel: int, vectors: int) -> list[int]:
        """Some taps and vectors of channels, with the inputs that their groups read."""
        count, inputs, channels = step.weight.shape
        stop = min(channel + vectors * at.LANES, channels)
        each = channels // step.groups
        low, high = channel // each * inputs, ((stop - 1) // each + 1) * inputs
        numbers = np.zeros((high - low, len(taps), vectors * at.LANES))
        for place, tap in enumerate(taps):
            for here in range(channel, stop):
                start = here // each * inputs - low
                numbers[start : start + inputs, place, here - channel] = step.weight[count - 1 - tap, :, here]
        return [int(taps[0]), len(taps), vectors, channel, low, high - low, self.numbers(numbers)]

    def _dense(self, row: ndarray, step: Dense) -> None:
        """Panels of outputs; or, where there are few, one row of weights for each."""
        positions, channels, outputs = step.weight.shape
        width = padded(channels)
        weight = np.zeros((positions, width, outputs))
        weight[:, :channels] = step.weight
        row[[at.CODE, at.WEIGHTS, at.TAPS]] = at.DENSE, self.rows(step.bias[None]), positions * width
        inputs, vectors = positions * width, padded(outputs) // at.LANES
        if outputs * (inputs / at.LANES + 12) < inputs * vectors:
            row[[at.DOTS, at.COUNT]] = 1, outputs
            row[at.TABLE] = self.numbers(weight.reshape(inputs, outputs).T)
            return
        pieces, start = [], 0
        while start < vectors:
            wide = next(v for v in (4, 2, 1) if v <= vectors - start and most_rows(1, v) > 0)
            panel = np.zeros((inputs, wide * at.LANES))
            some = weight.reshape(inputs, outputs)[:, start * at.LANES : (start + wide) * at.LANES]
            panel[:, : some.shape[1]] = some
            pieces.append([wide, start * at.LANES, self.numbers(panel)])
            start += wide
        row[[at.COUNT, at.TABLE]] = len(pieces), self.table(np.array(pieces))
        row[at.ROWS] = min(most_rows(1, piece[0]) for piece in pieces)


def slots(plan: Plan, steps: list[ndarray]) -> tuple[ndarray, int]:
    """What the kernels know of each layer, and how many numbers the layers of one sequence take."""
    found = np.zeros((len(plan.layers), 4), np.int64)
    free = max(padded(layer.channels) for layer in plan.layers)  # after a row of zeros
    for number, layer in enumerate(plan.layers):
        found[number] = padded(layer.channels), layer.length, free, layer.channels
        free += padded(layer.channels) * layer.length
    for row in steps:
        if row[at.CODE] == at.PEAK:  # running maxima lie behind the layers
            row[at.FIRST] = free
            free += int(2 * (found[row[at.SOURCE], at.LENGTH] + 1) * found[row[at.SOURCE], at.WIDTH])
    return found, free
