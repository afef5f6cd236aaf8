"""The result of `MaximizedInputs.nearest`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from seqinterp.api.results.tables import same_shape
from seqinterp.design.gradients.nearest import Neighbours
from seqinterp.errors import InputError
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.plot.column_logos import column_logos
from seqinterp.plot.image_grid import image_grid
from seqinterp.shapes import Inputs, Natural, References, Scores

_OWN = ("found", "strongest", "nearest", "found_activation")
_RANKS = ("activation", "strongest", "nearest", "distance")


@dataclass(frozen=True, eq=False)
class NearestExamples:
    """Natural examples beside inputs that were found.

    found: `(found, *features)`. strongest: `(count, *features)`, the examples of largest activation.
    nearest: `(found, count, *features)`, those nearest to each found input in the model's eyes.
    found_activation: `(found,)`.
    ranks: the same by their numbers, with activations and distances.
    """

    found: Inputs
    strongest: Natural
    nearest: References
    found_activation: Scores
    ranks: Neighbours
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        rows, count = self.ranks.nearest.shape
        features = self.found.shape[1:]
        same_shape("found", self.found, torch.Size((rows, *features)))
        same_shape("strongest", self.strongest, torch.Size((count, *features)))
        same_shape("nearest", self.nearest, torch.Size((rows, count, *features)))
        same_shape("found_activation", self.found_activation, torch.Size((rows,)))

    def to_frame(self) -> pd.DataFrame:
        """One row per neighbour: kind ("strongest" or "nearest"), found, rank, example, activation, distance.

        `found` is the number of the found input that an example is near to; missing for the strongest.
        """
        ranks, (rows, count) = self.ranks, self.ranks.nearest.shape
        example = torch.cat([ranks.strongest, ranks.nearest.flatten()])
        near_to = pd.Series([-1] * count + np.repeat(np.arange(rows), count).tolist(), dtype="Int64")
        distance = torch.cat([torch.full((count,), torch.nan, dtype=ranks.distance.dtype), ranks.distance.flatten()])
        return pd.DataFrame(
            {
                "kind": ["strongest"] * count + ["nearest"] * (rows * count),
                "found": near_to.mask(near_to < 0),
                "rank": list(range(count)) * (rows + 1),
                "example": example.numpy(),
                "activation": ranks.activation[example].numpy(),
                "distance": distance.numpy(),
            }
        )

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {name: getattr(self, name) for name in _OWN}
        arrays |= {f"rank {name}": getattr(self.ranks, name) for name in _RANKS}
        save_arrays(path, "nearest examples", arrays, {"origin": dict(self.origin)})

    @classmethod
    def load(cls, path: Path | str) -> "NearestExamples":
        """Read what `save` wrote."""
        needed = (*_OWN, *(f"rank {name}" for name in _RANKS))
        arrays, facts = load_arrays(path, "nearest examples", needed=needed)
        ranks = Neighbours(*(arrays[f"rank {name}"] for name in _RANKS))
        own: dict[str, Any] = {name: arrays[name] for name in _OWN}
        return cls(**own, ranks=ranks, origin=facts["origin"])

    def plot(self) -> Figure:
        """Every input found with the examples near to it, and below them those that excite the unit most.

        Raises:
            InputError: the inputs are neither pictures nor DNA.
        """
        if self.origin["kind"] == "features":
            raise InputError("inputs that are neither pictures nor DNA cannot be drawn; take to_frame()")
        excited = self.ranks.activation
        if self.origin["kind"] == "DNA":
            parts, titles = [], []
            for row, input_ in enumerate(self.found):
                parts += [input_[None], self.nearest[row, :1]]
                titles.append(f"found, activation {self.found_activation[row]:.3g}")
                number = int(self.ranks.nearest[row, 0])
                titles.append(f"nearest: example {number}, activation {excited[number]:.3g}")
            titles += [f"strongest: example {i}, activation {excited[i]:.3g}" for i in self.ranks.strongest.tolist()]
            return column_logos(torch.cat([*parts, self.strongest]).double().numpy(), titles=titles)
        empty = torch.full_like(self.found[:1], torch.nan)
        rows = [torch.cat([one[None], near]) for one, near in zip(self.found, self.nearest, strict=True)]
        titles = []
        for reached, near in zip(self.found_activation.tolist(), self.ranks.nearest.tolist(), strict=True):
            titles += [f"found\n{reached:.3g}", *(f"example {i}\n{excited[i]:.3g}" for i in near)]
        titles += ["", *(f"example {i}\n{excited[i]:.3g}" for i in self.ranks.strongest.tolist())]
        labels = [*["nearest"] * len(self.found), "strongest"]
        pictures = torch.cat([*rows, empty, self.strongest]).numpy()
        return image_grid(pictures, titles=titles, rows=labels, columns=1 + len(self.strongest))
