"""What an edit can reach: a model's trace turned into steps that carry changes, and what must be recomputed in full."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor
from torch.utils import _pytree as pytree

from seqinterp.attribution.rules.operations import ANSWERS
from seqinterp.mutagenesis.fold import folded
from seqinterp.mutagenesis.rules import arithmetic, curves, moves, reductions, weighted
from seqinterp.mutagenesis.rules.builder import CHANNEL, CHANNEL_POSITION, POSITION, Builder, NoRule, Rule, Value
from seqinterp.mutagenesis.steps import Combination, Convolution, Dense, Layer, Step, window_of
from seqinterp.mutagenesis.trace import INPUTS, Live, Trace, TracedCall, Untraceable
from seqinterp.shapes import Counters

RULES: Mapping[str, Rule] = {
    **weighted.RULES,
    **curves.RULES,
    **arithmetic.RULES,
    **moves.RULES,
    **reductions.RULES,
}


# which of two numbers is larger is told alike by all but rounding; whether they are equal is not
_ORDER = {
    "gt",
    "lt",
    "ge",
    "le",
    "greater",
    "less",
    "greater_equal",
    "less_equal",
    "any",
    "all",
    "isnan",
    "isinf",
    "isfinite",
}
JUMPS = (ANSWERS - _ORDER) | {"sign", "sgn", "round", "floor", "ceil", "trunc", "heaviside", "one_hot"}


@dataclass(frozen=True, eq=False)
class Plan:
    """How the effect of an edit is computed.

    layers, steps: what changes are carried through; layer 0 is the inputs.
    outputs: the tensors of the model that the steps end in, and where their numbers are.
    values: every tensor of the model that has a layer, for comparisons (folding may have done away with the layer).
    in_full: the calls, by number, that are recomputed from these for every edit; none when the result is an output.
    """

    trace: Trace
    layers: tuple[Layer, ...]
    steps: tuple[Step, ...]
    outputs: Mapping[Live, Value]
    in_full: frozenset[int]
    values: Mapping[Live, Value]

    @property
    def length(self) -> int:
        """Positions of the inputs."""
        return self.layers[0].length

    @property
    def result_shape(self) -> tuple[int, ...]:
        """The shape of the model's result without the batch."""
        if self.trace.result.call == INPUTS:
            return self.trace.shape[1:]
        return self.trace.calls[self.trace.result.call].shapes[self.trace.result.part][1:]

    def windows(self, low: Counters, high: Counters) -> dict[int, tuple[ndarray, ndarray]]:
        """The rows of every layer that changes at the positions `[low, high)` reach, for many such stretches."""
        found = {0: (low, high)}
        for step in self.steps:
            first, stop = window_of(step, 0, *found[step.sources[0]], self.layers[step.sources[0]].length)
            for part, source in enumerate(step.sources[1:], start=1):
                others = window_of(step, part, *found[source], self.layers[source].length)
                first, stop = _joined(first, stop, *others)
            found[step.target] = (first, stop)
        return found

    def work(self, rows: Mapping[int, float]) -> list[float]:
        """Multiplications and additions of each step when so many rows of each layer change."""
        return [_operations(step, rows, self.layers) for step in self.steps]

    def saving(self) -> float:
        """How many times fewer operations an edit in the middle takes than a forward pass.

        What is recomputed in full counts by its weights and the size of its results.
        """
        middle = np.array([self.length // 2])
        windows = self.windows(middle, middle + 1)
        some = sum(self.work({layer: float(high[0] - low[0]) for layer, (low, high) in windows.items()}))
        whole = sum(self.work({number: float(layer.length) for number, layer in enumerate(self.layers)}))
        rest = sum(_in_full(self.trace.calls[number]) for number in self.in_full)
        return (whole + rest) / (some + rest) if some + rest else float("inf")

    def explain(self) -> str:
        """The plan as a table: operation, rows that an edit in the middle reaches, how it is computed, cost."""
        from seqinterp.mutagenesis.explain import table

        return table(self)


def _joined(low: ndarray, high: ndarray, other_low: ndarray, other_high: ndarray) -> tuple[ndarray, ndarray]:
    """Windows that hold both, where neither is empty."""
    mine, theirs = low < high, other_low < other_high
    first = np.where(mine & theirs, np.minimum(low, other_low), np.where(mine, low, other_low))
    stop = np.where(mine & theirs, np.maximum(high, other_high), np.where(mine, high, other_high))
    return first, stop


def _operations(step: Step, rows: Mapping[int, float], layers: tuple[Layer, ...]) -> float:
    """Floating-point operations of a step, when so many rows of each layer are computed or changed."""
    read, size = rows[step.sources[0]], 1
    if isinstance(step, Convolution):
        size = step.weight.size
        read = read if step.transposed else read / step.stride
    elif isinstance(step, Dense):
        size = step.weight.shape[1] * step.weight.shape[2]
    else:
        read, size = rows[step.target], layers[step.target].channels
    return 2.0 * read * size


def _in_full(call: TracedCall) -> float:
    """About the operations of a call that is recomputed in full: each weight at each position."""
    size = float(np.prod(call.shapes[0][1:], initial=1.0))
    weights = [leaf for leaf in pytree.tree_leaves((call.arguments, call.keywords)) if isinstance(leaf, Tensor)]
    positions = size / max(1, call.shapes[0][-1]) if len(call.shapes[0]) > 1 else 1.0
    return 2.0 * sum(tensor.numel() for tensor in weights if tensor.ndim > 1) * positions + size


def make_plan(trace: Trace) -> Plan:
    """Follow a trace call by call, as far as rules go.

    Raises:
        Untraceable: the batch does not stay the first axis, or the code compares numbers where no rule leads.
    """
    if len(trace.shape) != 3:
        raise Untraceable("only models of inputs (batch, channel, position) are followed")
    builder = Builder(trace.shape[0])
    channels, length = trace.shape[1:]
    builder.values[Live(INPUTS)] = Value(builder.layer(length, channels), (channels, length), (CHANNEL, POSITION))
    for number, call in enumerate(trace.calls):
        _follow(builder, number, call)
    in_full, ends = _boundary(trace, builder)
    for number in range(len(trace.calls)):  # what is skipped must be possible to stand in for
        shapes = trace.calls[number].shapes
        if number not in in_full and any(not shape or shape[0] != builder.batch for shape in shapes) and in_full:
            raise Untraceable("the model's code mixes the examples of a batch, or moves their axis")
    for number in in_full:
        _refuse_jumps(trace, number)
    outputs = {live: builder.values[live] for live in ends}
    steps, layers = folded(builder.steps, builder.layers, {value.layer for value in outputs.values()})
    plan = Plan(trace, tuple(layers), tuple(steps), outputs, in_full, builder.values)
    return replace(plan, steps=tuple(_sums_in_place(plan)))


def _sums_in_place(plan: Plan) -> list[Step]:
    """The steps, with sums of two layers made in place where one holds the windows of the other."""
    position = np.arange(plan.length)
    windows = plan.windows(position, position + 1)
    readers = Counter(source for step in plan.steps for source in step.sources)
    kept = {value.layer for value in plan.outputs.values()} | {0}

    def holds(outer: int, inner: int) -> bool:
        (low, high), (first, stop) = windows[outer], windows[inner]
        return bool(((first >= stop) | ((low <= first) & (stop <= high))).all())

    found = []
    for step in plan.steps:
        if isinstance(step, Combination) and (step.how, step.first, step.second) == ("add", 1.0, 1.0):
            plain = step.lengths == (step.rows, step.rows) and step.rows > 1
            for outer, inner in (step.sources, step.sources[::-1]):
                if plain and not step.in_place and readers[outer] == 1 and outer not in kept and holds(outer, inner):
                    step = replace(step, sources=(outer, inner), in_place=True)
        found.append(step)
    return found


def _refuse_jumps(trace: Trace, number: int) -> None:
    """Raise where a comparison follows layers that were reached by differences: rounding would decide between equals.

    In a forward pass two equal words of a sequence have equal activations, to the last bit.
    """
    call = trace.calls[number]
    places = [live for live in call.live if live.call != INPUTS]
    kinds = [trace.calls[live.call].dtypes[live.part] for live in places]
    indices = any(not kind.is_floating_point and kind != torch.bool for kind in kinds)
    if call.word in JUMPS or indices:
        raise Untraceable(f"what the model's code does next depends on comparisons of its numbers ({call.word})")


def _follow(builder: Builder, number: int, call: TracedCall) -> None:
    """Add the steps of one call; nothing when there is no rule for it."""
    if call.word not in RULES or any(live not in builder.values for live in call.live):
        return
    layers, steps = len(builder.layers), len(builder.steps)
    try:
        given = RULES[call.word](builder, call)
        found = [given] if isinstance(given, Value) else given
        for part, value in enumerate(found):
            if call.shapes[part] != (builder.batch, *value.shape) or call.dtypes[part] != torch.float32:
                raise NoRule
    except (NoRule, LookupError, TypeError, ValueError, AttributeError):  # arguments that a rule does not read
        del builder.layers[layers:], builder.steps[steps:]
        return
    for part, value in enumerate(found):
        builder.values[Live(number, part)] = value


def _boundary(trace: Trace, builder: Builder) -> tuple[frozenset[int], list[Live]]:
    """The calls that the result needs and that no rule covers, and the covered tensors that these read."""
    if trace.result in builder.values:
        return frozenset(), [trace.result]
    needed: set[int] = set()
    ends: dict[Live, None] = {}
    waiting = [trace.result]
    while waiting:
        live = waiting.pop()
        if live in builder.values:
            ends[live] = None
        elif live.call not in needed:
            needed.add(live.call)
            waiting.extend(trace.calls[live.call].live)
    return frozenset(needed), list(ends)


def layout(numbers: Tensor, value: Value, layer: Layer) -> Tensor:
    """Rows (batch, positions, channels) of a layer in the shape of a value, (batch, *shape)."""
    first_channel = CHANNEL_POSITION in value.axes
    if POSITION in value.axes and CHANNEL in value.axes:
        first_channel = value.axes.index(CHANNEL) < value.axes.index(POSITION)
    ordered = numbers.transpose(1, 2) if first_channel else numbers
    return ordered.reshape(len(numbers), *value.shape)
