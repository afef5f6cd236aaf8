"""Fewer steps that give the same numbers: scales go into weights, curves that rise wait until after a maximum."""

from collections import Counter
from dataclasses import replace

import numpy as np

from seqinterp.mutagenesis.steps import Combination, Convolution, Curve, Dense, Gather, Layer, Pool, Scale, Step

# curves that never fall
RISING = ("relu", "leaky_relu", "clamp", "elu", "exp", "sigmoid", "tanh", "softplus", "sqrt", "log", "log1p")


def folded(steps: list[Step], layers: list[Layer], outputs: set[int]) -> tuple[list[Step], list[Layer]]:
    """The steps that the outputs need, folded where two can be one; layers keep their numbers, new ones are added."""
    layers = list(layers)
    steps = _needed(steps, outputs)
    while (found := _fold_one(steps, layers, outputs)) is not None:
        steps = _needed(found, outputs)
    return steps, layers


def _rises(step: Curve) -> bool:
    """Whether the curve never falls, so that the largest of some numbers is the largest after it, too."""
    return step.curve in RISING and (step.curve not in ("leaky_relu", "elu") or step.first >= 0)


def _pools_of_a_sum(first: Combination, second: Pool, layers: list[Layer]) -> list[Step] | None:
    """The mean of a sum as the sum of two means, which are shorter."""
    if first.lengths != (first.rows, first.rows) or len(second.bins) >= first.rows:
        return None
    size = Layer(len(second.bins), layers[first.target].channels)
    layers += [size, size]
    parts = (len(layers) - 2, len(layers) - 1)
    pools = [second.moved(sources=(source,), target=part) for source, part in zip(first.sources, parts, strict=True)]
    lengths = (size.length, size.length)
    return [*pools, replace(first, sources=parts, target=second.target, rows=size.length, lengths=lengths)]


def _needed(steps: list[Step], outputs: set[int]) -> list[Step]:
    wanted, kept = set(outputs), []
    for step in reversed(steps):
        if step.target in wanted:
            wanted.update(step.sources)
            kept.append(step)
    return kept[::-1]


def _fold_one(steps: list[Step], layers: list[Layer], outputs: set[int]) -> list[Step] | None:
    """The steps after one fold, or None when there is nothing left to fold."""
    readers = Counter(source for step in steps for source in step.sources)
    made = {step.target: place for place, step in enumerate(steps)}
    for place, step in enumerate(steps):
        if len(step.sources) != 1:
            continue
        before = made.get(step.sources[0])
        if before is None or readers[step.sources[0]] > 1 or step.sources[0] in outputs:
            continue
        pair = _fold(steps[before], step, layers)
        if pair is not None:
            return [*steps[:before], *steps[before + 1 : place], *pair, *steps[place + 1 :]]
    return None


def _fold(first: Step, second: Step, layers: list[Layer]) -> list[Step] | None:
    """What two steps in a row become, when that is less work."""
    if isinstance(first, Convolution | Dense) and isinstance(second, Scale) and len(second.scale) == 1:
        scale, shift = second.scale[0], second.shift[0]
        bias = first.bias * scale + shift
        word = f"{first.word}, {second.word}"
        return [replace(first, weight=first.weight * scale, bias=bias, target=second.target, word=word)]
    if isinstance(first, Dense) and isinstance(second, Gather) and bool((second.channels >= 0).all()):
        chosen = second.channels
        return [replace(first, weight=first.weight[:, :, chosen], bias=first.bias[chosen], target=second.target)]
    if isinstance(first, Curve) and _rises(first) and isinstance(second, Pool) and second.largest:
        layers.append(Layer(len(second.bins), layers[first.target].channels))
        between = len(layers) - 1
        return [
            second.moved(sources=first.sources, target=between),
            first.moved(sources=(between,), target=second.target),
        ]
    if isinstance(first, Combination) and first.how == "add" and isinstance(second, Pool) and not second.largest:
        return _pools_of_a_sum(first, second, layers)
    if isinstance(first, Scale) and isinstance(second, Scale):
        scale, shift = np.broadcast_arrays(first.scale * second.scale, first.shift * second.scale + second.shift)
        return [replace(second, sources=first.sources, scale=scale, shift=shift, word=f"{first.word}, {second.word}")]
    return None
