"""The result of `dissect`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from seqinterp.api.results.tables import same_shape
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.concepts.dissection import Units
from seqinterp.concepts.permutation import Overlaps
from seqinterp.concepts.strongest import strongest
from seqinterp.concepts.unit_maps import BATCH_SIZE, read_layers
from seqinterp.errors import InputError
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.motifs.false_discovery import q_values
from seqinterp.plot.dissection import by_layer_figure, unit_image_figure, unit_sequence_figure

_ARRAYS = ("unit", "threshold", "iou", "both", "active", "present", "pair_p", "best_p")
_FACTS = ("layers", "concepts", "categories", "least_iou", "origin")
ALPHA = 0.05


@dataclass(frozen=True, eq=False)
class Dissection:
    """Which units detect which concepts.

    layers: the layer of each unit. unit: its number in the layer, `(units,)`. threshold: above which it is active.
    concepts, categories: their names.
    iou: `(units, concepts)`, intersection over union, over all examples together. both, active, present: the positions
        that were counted, `(units, concepts)`, `(units,)` and `(concepts,)`.
    pair_p: `(units, concepts)`, how often a permutation gives this concept as large an IoU. best_p: `(units,)`, how
        often any concept one as large as the best.
    origin: quantile, permutations, reach, number of examples, model hash, seed, device, versions.
    asked: model, inputs and masks, for `plot_unit`; they are not saved.
    """

    layers: tuple[str, ...]
    unit: Tensor
    threshold: Tensor
    concepts: tuple[str, ...]
    categories: tuple[str, ...]
    iou: Tensor
    both: Tensor
    active: Tensor
    present: Tensor
    pair_p: Tensor
    best_p: Tensor
    least_iou: float
    origin: Mapping[str, Any]
    asked: tuple[nn.Module, Tensor, Tensor] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        units, concepts = len(self.layers), len(self.concepts)
        for name in ("unit", "threshold", "active", "best_p"):
            same_shape(name, getattr(self, name), torch.Size((units,)))
        for name in ("iou", "both", "pair_p"):
            same_shape(name, getattr(self, name), torch.Size((units, concepts)))
        same_shape("present", self.present, torch.Size((concepts,)))
        if len(self.categories) != concepts:
            raise InputError(f"{concepts} concepts need as many categories, not {len(self.categories)}")

    @classmethod
    def of(cls, units: Units, found: Overlaps, iou: np.ndarray, **rest: Any) -> "Dissection":
        """From what was counted."""
        counted = ("both", "active", "present", "pair_p", "best_p")
        arrays: dict[str, Any] = {name: torch.from_numpy(getattr(found, name)) for name in counted}
        arrays |= {"unit": torch.tensor(units.numbers), "threshold": units.thresholds, "iou": torch.from_numpy(iou)}
        return cls(units.layers, **arrays, **rest)

    def __len__(self) -> int:
        return len(self.layers)

    @property
    def units(self) -> pd.DataFrame:
        """One row per unit: layer, unit, concept, category, iou, precision, recall, p, q, threshold, active, detector.

        concept: the one with the largest IoU. precision: the share of positions where the unit is active that have it;
        recall: the share of its positions where the unit is active. p, q: see `seqinterp.dissect`. active: the share of
        all positions. detector: IoU of `least_iou` or more, and q of 0.05 or less.
        """
        best = self.iou.argmax(dim=1)
        rows = torch.arange(len(self))
        p_value, overlap = self.best_p.numpy(), self.iou[rows, best].numpy()
        q_value = q_values(p_value, len(p_value))
        hit, positions = self.both[rows, best].numpy(), self.origin["examples"] * int(np.prod(self.origin["places"]))
        return pd.DataFrame(
            {
                "layer": self.layers,
                "unit": self.unit.numpy(),
                "concept": [self.concepts[i] for i in best.tolist()],
                "category": [self.categories[i] for i in best.tolist()],
                "iou": overlap,
                "precision": hit / np.maximum(self.active.numpy(), 1),
                "recall": hit / self.present[best].numpy(),
                "p": p_value,
                "q": q_value,
                "threshold": self.threshold.numpy(),
                "active": self.active.numpy() / positions,
                "detector": (overlap >= self.least_iou) & (q_value <= ALPHA),
            }
        )

    @property
    def pairs(self) -> pd.DataFrame:
        """One row per unit and concept: layer, unit, concept, category, iou, p, q, the last over all pairs."""
        units, concepts = self.iou.shape
        p_value = self.pair_p.flatten().numpy()
        return pd.DataFrame(
            {
                "layer": np.repeat(np.array(self.layers, dtype=object), concepts),
                "unit": self.unit.repeat_interleave(concepts).numpy(),
                "concept": list(self.concepts) * units,
                "category": list(self.categories) * units,
                "iou": self.iou.flatten().numpy(),
                "p": p_value,
                "q": q_values(p_value, len(p_value)),
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """`units`."""
        return self.units

    def by_layer(self) -> pd.DataFrame:
        """One row per layer and category: layer, category, units (of the layer), detectors, concepts (different ones).

        The number of different concepts that units detect is what the paper calls unique detectors.
        """
        table = self.units
        rows = []
        for layer in dict.fromkeys(self.layers):
            own = table[table["layer"] == layer]
            for category in dict.fromkeys(self.categories):
                detecting = own[own["detector"] & (own["category"] == category)]
                counts = len(own), len(detecting), detecting["concept"].nunique()
                rows.append((layer, category, *counts))
        return pd.DataFrame(rows, columns=["layer", "category", "units", "detectors", "concepts"])

    def plot(self) -> Figure:
        """Concepts by layer: the largest IoU of any unit, and how many units detect the concept."""
        names = tuple(dict.fromkeys(self.layers))
        where = torch.tensor([names.index(layer) for layer in self.layers])
        largest = np.stack([self.iou[where == i].amax(dim=0).numpy() for i in range(len(names))])
        table = self.units[self.units["detector"]]
        counts = table.groupby(["layer", "concept"]).size()
        detectors = np.array([[int(counts.get((layer, name), 0)) for name in self.concepts] for layer in names])
        sizes = torch.bincount(where).tolist()
        labels = [f"{name}\n{count} units" for name, count in zip(names, sizes, strict=True)]
        return by_layer_figure(largest, detectors, labels, self.concepts, self.categories)

    def plot_unit(self, layer: str, unit: int, *, count: int = 6, device: Device = None) -> Figure:
        """The examples that excite a unit most, where it is active in them, and where its best concept is.

        Raises:
            InputError: there is no such unit, or the result was loaded and has no model and inputs.
        """
        if self.asked is None:
            raise InputError("a dissection that was loaded has no model and inputs; dissect again to see its units")
        found = [i for i, name in enumerate(self.layers) if name == layer and int(self.unit[i]) == unit]
        if not found:
            raise InputError(f"unit {unit} of layer {layer!r} was not dissected; see .units for those that were")
        model, inputs, masks = self.asked
        row = self.units.iloc[found[0]]
        place = choose_device(device)
        with borrowed(model, place):
            maps = read_layers(model, inputs, (layer,), device=place, batch_size=BATCH_SIZE)
            level, reach = self.threshold[found[0]], int(self.origin["reach"])
            shown = strongest(maps, inputs, unit, level, reach=reach, count=count, seed=int(self.origin["seed"]))
        concept = masks[shown.examples, self.concepts.index(row["concept"])].numpy()
        title = f"{layer}, unit {unit}: {row['concept']}, IoU {row['iou']:.2f}, q = {row['q']:.2g}"
        titles = [f"example {i}, {value:.3g}" for i, value in zip(shown.examples, shown.values, strict=True)]
        pictures = inputs[shown.examples].double().numpy()
        draw = unit_sequence_figure if inputs.ndim == 3 else unit_image_figure
        return draw(pictures, shown.active.numpy(), concept, title, titles)

    def save(self, path: Path | str) -> None:
        """Write everything but model, inputs and masks to one safetensors file."""
        facts = {name: getattr(self, name) for name in _FACTS}
        save_arrays(
            path,
            "dissection",
            {name: getattr(self, name) for name in _ARRAYS},
            {**facts, "origin": dict(self.origin)},
        )

    @classmethod
    def load(cls, path: Path | str) -> "Dissection":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "dissection", needed=_ARRAYS)
        parts: dict[str, Any] = {name: tuple(facts[name]) for name in ("layers", "concepts", "categories")}
        parts |= {name: arrays[name] for name in _ARRAYS}
        return cls(**parts, least_iou=facts["least_iou"], origin=facts["origin"])
