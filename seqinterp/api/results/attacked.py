"""The result of `attack`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from seqinterp.api.results.tables import same_shape
from seqinterp.errors import InputError
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.plot.image_grid import image_grid
from seqinterp.shapes import Indices, Inputs, Scores

_COLUMNS = (
    "labels", "already", "success", "distance", "prediction_before", "prediction_after", "confidence_before",
    "confidence_after", "loss_before", "loss_after",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Attacked:
    """Inputs that were changed a little to change what the model says of them.

    original, inputs: `(batch, *features)`, before and after.
    labels: `(batch,)`, the true classes, or with `targeted` those that the model was to say.
    already: the model said what the attack is after before it; such inputs are left as they were.
    success: the attack changed what the model says to what it is after; False where it was so already.
    distance: of each input from its original, in the norm of the attack.
    prediction, confidence: the class of largest probability and that probability, before and after.
    loss: -log of the probability of the label, before and after.
    origin: method, options, readout (how outputs became probabilities), model hash, seed, device, versions.
    """

    original: Inputs
    inputs: Inputs
    labels: Indices
    already: torch.Tensor
    success: torch.Tensor
    distance: Scores
    prediction_before: Indices
    prediction_after: Indices
    confidence_before: Scores
    confidence_after: Scores
    loss_before: Scores
    loss_after: Scores
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        same_shape("inputs", self.inputs, self.original.shape)
        for name in _COLUMNS:
            same_shape(name, getattr(self, name), self.inputs.shape[:1])
        if bool((self.already & self.success).any()):
            raise InputError("an input that the model was wrong about already is no success of the attack")

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def robust_accuracy(self) -> float:
        """The share of inputs that the model is right about before and after the attack.

        Raises:
            InputError: the attack was targeted, so its labels are not the true ones.
        """
        if self.origin["targeted"]:
            raise InputError("a targeted attack does not say which inputs the model is right about; attack untargeted")
        return float((~self.already & ~self.success).double().mean())

    @property
    def summary(self) -> str:
        """One sentence: how many were changed, were so already, and could not be changed."""
        tried = len(self) - int(self.already.sum())
        ball = f"{self.origin['epsilon']:.4g} in the {self.origin['norm']} norm"
        aim = "made what was asked for" if self.origin["targeted"] else "made wrong"
        kept = tried - int(self.success.sum())
        return (
            f"{int(self.success.sum())} of {tried} predictions were {aim} within {ball}, {kept} were not;"
            f" {int(self.already.sum())} were so before and were left alone"
        )

    def numpy(self) -> np.ndarray:
        """`inputs` as an array."""
        return self.inputs.numpy()

    def to_frame(self) -> pd.DataFrame:
        """One row per input: labels, already, success, distance, prediction, confidence and loss before and after."""
        return pd.DataFrame({name: getattr(self, name).numpy() for name in _COLUMNS})

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {name: getattr(self, name) for name in ("original", "inputs", *_COLUMNS)}
        save_arrays(path, "attacked", arrays, {"origin": dict(self.origin)})

    @classmethod
    def load(cls, path: Path | str) -> "Attacked":
        """Read what `save` wrote."""
        needed = ("original", "inputs", *_COLUMNS)
        arrays, facts = load_arrays(path, "attacked", needed=needed)
        return cls(**{name: arrays[name] for name in needed}, origin=facts["origin"])

    def plot(self, count: int = 6) -> Figure:
        """The first `count` pictures before, after, and what was added to each, grey where nothing was.

        Raises:
            InputError: the inputs are not pictures, or count is not 1 or more.
        """
        if self.inputs.ndim != 4 or count < 1:
            raise InputError("only pictures (batch, channel, row, column) can be drawn, one or more; take to_frame()")
        before, after = self.original[:count], self.inputs[:count]
        added = after - before
        largest = added.abs().flatten(1).amax(dim=1).clamp_min(torch.finfo(added.dtype).tiny)
        low, high = self.origin["bounds"] or (float(before.min()), float(before.max()))
        shown = low + (high - low) * (0.5 + 0.5 * added / largest[:, None, None, None])
        table = self.to_frame().iloc[:count]
        titles = [
            f"class {c}\np = {p:.3f}" for c, p in zip(table.prediction_before, table.confidence_before, strict=True)
        ]
        titles += [
            f"class {c}\np = {p:.3f}" for c, p in zip(table.prediction_after, table.confidence_after, strict=True)
        ]
        said = np.where(table.already, "so already", np.where(table.success, "success", "no success"))
        titles += [f"{word}\ndistance {far:.3g}" for word, far in zip(said, table.distance, strict=True)]
        pictures = torch.cat([before, after, shown]).numpy()
        rows = ("before", "after", "added")
        return image_grid(pictures, titles=titles, rows=rows, columns=len(before), bounds=(float(low), float(high)))
