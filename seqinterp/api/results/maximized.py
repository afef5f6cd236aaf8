"""The result of `maximize_activation`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from seqinterp.api.results.neighbours import NearestExamples
from seqinterp.api.results.tables import same_shape
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.attribution.evidence import model_hash
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.design.gradients.nearest import neighbours
from seqinterp.design.gradients.unit import Unit
from seqinterp.errors import InputError
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.plot.column_logos import column_logos
from seqinterp.plot.curves import trajectories_figure
from seqinterp.plot.image_grid import image_grid
from seqinterp.sequence.alphabet import BASES
from seqinterp.sequence.onehot import one_hot
from seqinterp.shapes import Array, Inputs, Outputs, Scores

_ARRAYS = ("inputs", "start_activation", "activation", "trajectory")


@dataclass(frozen=True, eq=False)
class MaximizedInputs:
    """Inputs that a unit answers to strongly.

    inputs: `(count, *features)`; of DNA, shares of A, C, G, T that sum to 1 at each position.
    start_activation, activation: `(count,)`, at the start and at the end, without jitter.
    activation_of_sequence: `(count,)`, of DNA: of the largest base of each column. It is what a sequence that can be
        made reaches, and may be far below `activation`; None where the inputs are not DNA.
    trajectory: `(count, steps + 1)`, the activation before each step, through all octaves, and at the end.
    penalties: each regulariser's value at the end, without its weight, `(count,)`.
    origin: kind of inputs, layer, unit, places, options, model hash, seed, device, versions.
    model, unit: what was asked, for `nearest`; they are not saved.
    """

    inputs: Inputs
    start_activation: Scores
    activation: Scores
    activation_of_sequence: Scores | None
    trajectory: Outputs
    penalties: Mapping[str, Tensor]
    origin: Mapping[str, Any]
    model: nn.Module | None = field(default=None, repr=False)
    unit: Unit | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        rows = self.inputs.shape[:1]
        for name in ("start_activation", "activation", "activation_of_sequence"):
            same_shape(name, getattr(self, name), rows)
        for name, values in self.penalties.items():
            same_shape(name, values, rows)
        same_shape("trajectory", self.trajectory, torch.Size((*rows, *self.trajectory.shape[1:2])))

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def sequences(self) -> list[str]:
        """The largest base of each column.

        Raises:
            InputError: the inputs are not DNA.
        """
        if self.activation_of_sequence is None:
            raise InputError("these inputs are not DNA, so they have no sequences; take .inputs")
        return ["".join(BASES[base] for base in row) for row in self.inputs.argmax(dim=1).tolist()]

    def numpy(self) -> np.ndarray:
        """`inputs` as an array."""
        return self.inputs.numpy()

    def to_frame(self) -> pd.DataFrame:
        """One row per input: start_activation, activation, regularisers; of DNA sequence, activation_of_sequence."""
        table: dict[str, Any] = {"start_activation": self.start_activation, "activation": self.activation}
        table |= dict(self.penalties)
        if self.activation_of_sequence is not None:
            table = {"sequence": self.sequences, **table, "activation_of_sequence": self.activation_of_sequence}
        return pd.DataFrame({name: v.numpy() if isinstance(v, Tensor) else v for name, v in table.items()})

    def nearest(
        self,
        natural: Array | list[str],
        *,
        count: int = 5,
        layer: str | None = None,
        model: nn.Module | None = None,
        device: Device = None,
    ) -> NearestExamples:
        """The natural examples that excite the unit most, and those most like each input found to the model.

        Args:
            natural: inputs of the same shape; of DNA sequences will do.
            count: how many of each.
            layer: whose activations are compared, its channels over their places; None takes the layer of the unit, or
                of an output all outputs.
            model: needed for a result that was loaded.
            device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.

        Raises:
            InputError: no model is at hand, it is another one than was asked, or count or shapes do not fit.
        """
        asked = self._model(model)
        unit = self._unit()
        examples = as_inputs(asked, one_hot(natural) if isinstance(natural, list) else natural)
        compared = Unit(layer, 0, unit.places) if layer is not None else unit
        place = choose_device(device)
        with torch.inference_mode(False), torch.no_grad(), borrowed(asked, place):
            # hooks of the layer need the graph of a leaf, which `neighbours` makes
            here, there = self.inputs.to(place, examples.dtype, copy=True), examples.to(place, copy=True)
            found = neighbours(unit, compared, asked, here, there, count=count)
        return NearestExamples(
            self.inputs, examples[found.strongest], examples[found.nearest], self.activation, found, dict(self.origin)
        )

    def _model(self, model: nn.Module | None) -> nn.Module:
        """The model that was asked; the one given when it has the same weights."""
        asked = self.model if model is None else model
        if asked is None:
            raise InputError("a result that was loaded has no model; pass model= the one that was asked")
        if model is not None and model_hash(model) != self.origin["model_hash"]:
            raise InputError("this model has other weights than the one that was asked; pass that one")
        return asked

    def _unit(self) -> Unit:
        """The unit that was excited."""
        if self.unit is not None:
            return self.unit
        index = self.origin["unit"]
        if isinstance(index, str):
            raise InputError(f"the unit was a function of the outputs, {index}, which no file keeps; find inputs again")
        return Unit(self.origin["layer"], index, self.origin["places"])

    def save(self, path: Path | str) -> None:
        """Write everything but the model to one safetensors file."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        arrays |= {f"penalty {name}": values for name, values in self.penalties.items()}
        if self.activation_of_sequence is not None:
            arrays["activation_of_sequence"] = self.activation_of_sequence
        facts = {"origin": dict(self.origin), "penalties": list(self.penalties)}  # a file does not keep their order
        save_arrays(path, "maximized inputs", arrays, facts)

    @classmethod
    def load(cls, path: Path | str) -> "MaximizedInputs":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "maximized inputs", needed=_ARRAYS)
        named: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
        penalties = {name: arrays[f"penalty {name}"] for name in facts["penalties"]}
        of_sequence = arrays.get("activation_of_sequence")
        return cls(**named, activation_of_sequence=of_sequence, penalties=penalties, origin=facts["origin"])

    def plot(self) -> Figure:
        """The inputs: pictures side by side, or logos of bases; of other inputs the trajectories."""
        pairs = zip(self.start_activation.tolist(), self.activation.tolist(), strict=True)
        titles = [f"{begun:.3g} at the start\n{reached:.3g} at the end" for begun, reached in pairs]
        if self.origin["kind"] == "images":
            bounds = self.origin["options"].get("bounds")
            return image_grid(self.inputs.numpy(), titles=titles, bounds=tuple(bounds) if bounds else None)
        if self.activation_of_sequence is not None:
            of_sequence = self.activation_of_sequence.tolist()
            single = [f"activation {t.replace(chr(10), ', ')}" for t in titles]
            titles = [f"{t}, {value:.3g} of its sequence" for t, value in zip(single, of_sequence, strict=True)]
            return column_logos(self.inputs.double().numpy(), titles=titles)
        return trajectories_figure(list(self.trajectory.numpy()), label="activation")
