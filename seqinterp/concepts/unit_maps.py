"""What the units of layers give at their places, for all layers at once, and where these places sit on the input."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.layers import captured
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.opaque import eager
from seqinterp.attribution.run import Device, batched
from seqinterp.attribution.targets import as_target
from seqinterp.concepts.layer_places import Axis, measured_axis
from seqinterp.errors import InputError
from seqinterp.shapes import Inputs

BATCH_SIZE = 32  # all layers of this many examples are held together
_TRIALS = 2  # examples, and as many of random numbers, whose positions are changed one after the other
_MOVED = 1e-5  # of a layer's largest activation: what moves less is rounding
Run = tuple[int, ...]  # (unit, *places) of one run of a layer


@dataclass
class UnitMaps:
    """Reads layers of a model.

    runs: of each layer what it gives for one example, `(unit, *places)`; several where a pass runs it several times, as
        a network does that reads both strands.
    """

    model: nn.Module
    layers: tuple[str, ...]
    device: Device
    batch_size: int = BATCH_SIZE
    runs: dict[str, list[Run]] = field(default_factory=dict)

    def of(self, rows: Inputs) -> dict[str, list[Tensor]]:
        """What each run of each layer gives for `rows`, `(batch, unit, *places)`, on the CPU."""
        with torch.no_grad():
            flat = batched(self._flat, self.model, rows, batch_size=self.batch_size, device=self.device)
        shapes = [(layer, shape) for layer in self.layers for shape in self.runs[layer]]
        stops = np.cumsum([0, *(int(np.prod(shape)) for _, shape in shapes)]).tolist()
        found: dict[str, list[Tensor]] = {layer: [] for layer in self.layers}
        for (layer, shape), (start, stop) in zip(shapes, pairwise(stops), strict=True):
            found[layer].append(flat[:, start:stop].reshape(len(rows), *shape))
        return found

    def _flat(self, rows: Inputs) -> Tensor:
        """All activations of each example in one row."""
        found = self._outputs(rows)
        return torch.cat([output.flatten(1) for layer in self.layers for output in found[layer]], dim=1)

    def _outputs(self, rows: Inputs) -> dict[str, list[Any]]:
        """What the layers give in one pass."""
        score = Score(self.model, as_target(0))
        with eager(), ExitStack() as stack:
            seen = [stack.enter_context(captured(score, layer)) for layer in self.layers]
            self.model(rows.clone())
        return {each.layer: each.outputs for each in seen}

    def look(self, rows: Inputs) -> dict[str, list[Any]]:
        """What the layers give for a few rows, whatever it is, on the device of the model."""
        with torch.no_grad():
            return self._outputs(rows)

    def axes(self, inputs: Inputs, seed: int) -> dict[str, list[tuple[Axis, ...]]]:
        """For each run of each layer where its places sit, one `Axis` for every axis of places.

        Positions are changed one at a time, along one axis through all of the others, in two of the inputs and in two
        inputs of random numbers.
        """
        given = inputs.shape[2:]
        reached = [
            {name: [np.zeros((size, run[1 + number]), bool) for run in self.runs[name]] for name in self.layers}
            for number, size in enumerate(given)
        ]
        numbers = _random_like(inputs, 1, seed + 1)[0]
        for trial in _trials(inputs, seed):
            before = self.of(trial[None])
            other = trial.roll(1, 0) if is_dna(inputs) else numbers
            for number, size in enumerate(given):
                for part in torch.arange(size).split(self.batch_size):
                    after = self.of(_changed(trial, other, number, part))
                    for name in self.layers:
                        for run, (old, new) in enumerate(zip(before[name], after[name], strict=True)):
                            reached[number][name][run][part.numpy()] |= _moved(old, new, number)
        return {
            name: [
                tuple(measured_axis(reached[number][name][run]) for number in range(len(given)))
                for run in range(len(self.runs[name]))
            ]
            for name in self.layers
        }


def _trials(inputs: Inputs, seed: int) -> Tensor:
    """The first examples, and random ones of the same kind."""
    return torch.cat([inputs[:_TRIALS], _random_like(inputs, _TRIALS, seed)])


def _random_like(inputs: Inputs, count: int, seed: int) -> Tensor:
    """Random bases for DNA, else random numbers from the lowest to the highest of the inputs."""
    generator = torch.Generator().manual_seed(seed)
    shape = inputs.shape[1:]
    if is_dna(inputs):
        codes = torch.randint(4, (count, shape[1]), generator=generator)
        return torch.nn.functional.one_hot(codes, 4).transpose(1, 2).to(inputs)
    drawn = torch.rand((count, *shape), generator=generator, dtype=torch.float64)
    low, high = float(inputs.min()), float(inputs.max())
    return (low + (high - low) * drawn).to(inputs)


def _changed(trial: Tensor, other: Tensor, axis: int, positions: Tensor) -> Tensor:
    """Copies of one example; each has, at another of `positions`, what the other example has there."""
    rows = trial.repeat(len(positions), *[1] * trial.ndim)
    for row, position in enumerate(positions.tolist()):
        rows[row].select(1 + axis, position).copy_(other.select(1 + axis, position))
    return rows


def _moved(old: Tensor, new: Tensor, axis: int) -> np.ndarray:
    """Which places along an axis differ, `(batch, place)`."""
    least = _MOVED * float(old.abs().max())
    moved = (new - old).abs() > least
    moved = moved.movedim(2 + axis, 1).flatten(2).any(dim=2)
    return moved.numpy()


def read_layers(
    model: nn.Module, inputs: Inputs, layers: tuple[str, ...] | None, *, device: Device, batch_size: int
) -> UnitMaps:
    """A reader of these layers; None takes every convolution that gives `(batch, unit, *places)`.

    Raises:
        InputError: a layer does not give one number per unit and place, or none does.
    """
    names = layers if layers is not None else _convolutions(model)
    maps = UnitMaps(model, names, device, batch_size)
    found: dict[str, list[Any]] = {}

    def peek(rows: Inputs) -> Tensor:
        found.update(maps.look(rows))
        return rows.new_zeros(len(rows))

    batched(peek, model, inputs[:1], batch_size=1, device=device)
    kept = []
    for name in names:
        trouble = _trouble(found[name], inputs.ndim)
        if trouble and layers is not None:
            raise InputError(
                f"layer {name!r} {trouble}; name layers that give (batch, unit, *places), places like those of the"
                " inputs, such as convolutions"
            )
        if not trouble:
            kept.append(name)
            maps.runs[name] = [tuple(output.shape[1:]) for output in found[name]]
    if not kept:
        raise InputError(
            "the model has no convolution that gives (batch, unit, *places) with places like those of the inputs; name"
            " layers that do with layers=, or dissect another model"
        )
    maps.layers = tuple(kept)
    return maps


def _convolutions(model: nn.Module) -> tuple[str, ...]:
    """The names of all convolutions, or of none where they have no name."""
    return tuple(name for name, m in model.named_modules() if name and isinstance(m, nn.modules.conv._ConvNd))


def _trouble(outputs: list[Any], axes: int) -> str:
    """What is wrong with what a layer gives for one example of so many axes; "" where nothing is."""
    if not outputs:
        return "takes no part in what the model gives"
    for output in outputs:
        if not isinstance(output, Tensor):
            return f"gives a {type(output).__name__}, not one tensor"
        if output.ndim != axes or len(output) != 1:
            return f"gives {tuple(output.shape)} for one example"
        if output[0, 0].numel() < 2:
            return f"gives {tuple(output.shape)} for one example, which has a single place"
    if len({output.shape[1] for output in outputs}) > 1:
        return "gives other numbers of units when it is run again"
    return ""
