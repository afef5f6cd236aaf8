"""The examples that excite a unit most, and where it is active in them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqinterp.concepts.unit_maps import UnitMaps
from seqinterp.concepts.unit_masks import active
from seqinterp.shapes import Inputs


@dataclass(frozen=True)
class Strongest:
    """Examples in order of a unit's largest activation, these activations, and where it is active, `(_, *places)`."""

    examples: list[int]
    values: list[float]
    active: Tensor


def strongest(
    maps: UnitMaps, inputs: Inputs, unit: int, threshold: Tensor, *, reach: int, count: int, seed: int
) -> Strongest:
    """The `count` examples of the largest activation of a unit of the one layer that `maps` reads."""
    (layer,) = maps.layers
    peaks = []
    for part in inputs.split(maps.batch_size):
        found = maps.of(part)[layer]
        peaks.append(torch.stack([run[:, unit].flatten(1).amax(dim=1) for run in found]).amax(dim=0))
    order = torch.cat(peaks).sort(descending=True, stable=True)
    chosen = order.indices[:count]
    own = [run[:, unit : unit + 1] for run in maps.of(inputs[chosen])[layer]]
    axes = maps.axes(inputs, seed)[layer]
    where = active(own, axes, threshold.reshape(1), reach)[:, 0]
    return Strongest(chosen.tolist(), order.values[:count].tolist(), where)
