"""Which concepts do units detect? Network Dissection (Bau et al. 2017, arXiv:1704.05796), in any number of axes.

Each unit is thresholded so that it is active at a share of its places; what it marks on the input is compared with the
masks of concepts by intersection over union (IoU), summed over all examples. The paper's IoU threshold has no null of
its own; here `permutation.overlaps` gives one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqinterp.concepts.layer_places import Axis
from seqinterp.concepts.permutation import Overlaps, overlaps, refuse_too_many
from seqinterp.concepts.unit_maps import UnitMaps
from seqinterp.concepts.unit_masks import Thresholds, active, entries
from seqinterp.shapes import Inputs

LEAST_PERMUTATIONS, MOST_PERMUTATIONS, ALPHA = 200, 1000, 0.05


@dataclass(frozen=True)
class Units:
    """The units of all layers, one after the other: their layers, numbers in these, and thresholds."""

    layers: tuple[str, ...]
    numbers: tuple[int, ...]
    thresholds: Tensor


def dissect_units(
    maps: UnitMaps,
    inputs: Inputs,
    masks: Tensor,
    *,
    quantile: int | float,
    reach: int,
    permutations: int | None,
    seed: int,
    said: Callable[[str], None] = lambda _: None,
) -> tuple[Units, Overlaps, int]:
    """The units of the layers that `maps` reads, how they overlap with concepts, and the number of permutations.

    masks: bool `(batch, concept, *places)`, places like those of the inputs.
    permutations: None takes enough for one detector among all units to reach a q-value of 0.05, from 200 to 1000.
    """
    said("where the places of the layers sit")
    axes = maps.axes(inputs, seed)
    said("thresholds of the units")
    thresholds = _thresholds(maps, inputs, quantile)
    said("where the units are active")
    units, cells = _active_cells(maps, inputs, axes, thresholds, reach)
    names = tuple(layer for layer in maps.layers for _ in thresholds[layer])
    numbers = tuple(number for layer in maps.layers for number in range(len(thresholds[layer])))
    draws = permutations
    if draws is None:
        draws = min(MOST_PERMUTATIONS, max(LEAST_PERMUTATIONS, int(np.ceil(len(names) / ALPHA))))
    found = overlaps(
        units,
        cells,
        masks.flatten(2).transpose(1, 2).numpy(),
        count=len(names),
        circular=inputs.ndim == 3,
        permutations=draws,
        seed=seed,
        said=said,
    )
    return Units(names, numbers, torch.cat([thresholds[layer] for layer in maps.layers])), found, draws


def _thresholds(maps: UnitMaps, inputs: Inputs, quantile: int | float) -> dict[str, Tensor]:
    """The threshold of every unit of every layer."""
    values = {layer: len(inputs) * sum(int(np.prod(run[1:])) for run in maps.runs[layer]) for layer in maps.layers}
    collected = {layer: Thresholds(quantile, values[layer]) for layer in maps.layers}
    for part in inputs.split(maps.batch_size):
        for layer, found in maps.of(part).items():
            collected[layer].add(found)
    return {layer: each.values for layer, each in collected.items()}


def _active_cells(
    maps: UnitMaps,
    inputs: Inputs,
    axes: dict[str, list[tuple[Axis, ...]]],
    thresholds: dict[str, Tensor],
    reach: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Where units are active: unit and cell, sorted by unit."""
    units, cells, total = [], [], 0
    for number, part in enumerate(inputs.split(maps.batch_size)):
        before = 0
        for layer, found in maps.of(part).items():
            own, at = entries(active(found, axes[layer], thresholds[layer], reach), number * maps.batch_size)
            units.append(own + before)
            cells.append(at)
            before += len(thresholds[layer])
            total += len(at)
            refuse_too_many(total)
    together = np.concatenate(units)
    order = np.argsort(together, kind="stable")
    return together[order], np.concatenate(cells)[order]
