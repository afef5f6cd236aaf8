"""The result of `gallery`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from matplotlib.figure import Figure

from seqinterp.api.results.tables import same_shape
from seqinterp.concepts.gallery import LayerGallery
from seqinterp.errors import InputError
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.plot.gallery import gallery_figure

_FIELDS = tuple(each.name for each in fields(LayerGallery))
_ENDS = ("row_start", "row_stop", "column_start", "column_stop")


@dataclass(frozen=True, eq=False)
class Gallery:
    """The examples that excite the units of layers most, and what in them does.

    layers: by name, in the order asked for, a `LayerGallery` of tensors: `units`, `examples`, `activations`, `boxes`,
        `patches`, `projections`.
    names: what the inputs are called. origin: method, model hash, device, versions.
    """

    layers: Mapping[str, LayerGallery]
    names: tuple[str, ...]
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        for layer, each in self.layers.items():
            size = each.examples.shape
            same_shape(f"units of layer {layer!r}", each.units, size[:1])
            same_shape(f"activations of layer {layer!r}", each.activations, size)
            same_shape(f"boxes of layer {layer!r}", each.boxes, torch.Size((*size, 4)))
            same_shape(f"projections of layer {layer!r}", each.projections, each.patches.shape)
            if int(each.examples.max()) >= len(self.names):
                raise InputError(
                    f"layer {layer!r} has example {int(each.examples.max())}, but there are {len(self.names)} names"
                )

    def to_frame(self) -> pd.DataFrame:
        """One row per example shown: layer, unit, rank, example, name, activation, and its box, half-open."""
        rows = [
            {
                "layer": layer,
                "unit": int(unit),
                "rank": rank,
                "example": int(each.examples[number, rank]),
                "name": self.names[int(each.examples[number, rank])],
                "activation": float(each.activations[number, rank]),
                **dict(zip(_ENDS, each.boxes[number, rank].tolist(), strict=True)),
            }
            for layer, each in self.layers.items()
            for number, unit in enumerate(each.units)
            for rank in range(each.examples.shape[1])
        ]
        return pd.DataFrame(rows)

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {
            f"{number} {field}": getattr(each, field)
            for number, each in enumerate(self.layers.values())
            for field in _FIELDS
        }
        facts = {"layers": list(self.layers), "names": list(self.names), "origin": dict(self.origin)}
        save_arrays(path, "gallery", arrays, facts)

    @classmethod
    def load(cls, path: Path | str) -> "Gallery":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "gallery")
        layers = {
            layer: LayerGallery(**{field: arrays[f"{number} {field}"] for field in _FIELDS})
            for number, layer in enumerate(facts["layers"])
        }
        return cls(layers, tuple(facts["names"]), facts["origin"])

    def plot(self, layer: str | None = None) -> Figure:
        """A row for every unit of one layer: the patches that excite it most, and beside them their projections.

        layer: None takes the first.

        Raises:
            InputError: there is no such layer in the gallery.
        """
        name = next(iter(self.layers)) if layer is None else layer
        if name not in self.layers:
            raise InputError(f"layer {name!r} is not in this gallery; it has {', '.join(map(repr, self.layers))}")
        each = self.layers[name]
        return gallery_figure(
            each.patches.double().numpy(),
            each.projections.double().numpy(),
            labels=[f"unit {unit}\n{peak:.3g}" for unit, peak in zip(each.units, each.activations[:, 0], strict=True)],
            title=f"Layer {name}: what excites its units most, and the projections ({self.origin['method']})",
        )
