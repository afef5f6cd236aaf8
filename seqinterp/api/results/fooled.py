"""The result of `fool`."""

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
from seqinterp.plot.column_logos import column_logos
from seqinterp.plot.curves import trajectories_figure
from seqinterp.plot.image_grid import image_grid
from seqinterp.sequence.onehot import decode
from seqinterp.shapes import Indices, Inputs, Scores

_ARRAYS = ("start", "inputs", "confidence", "success", "steps", "likelihood", "natural_likelihood")


@dataclass(frozen=True, eq=False)
class Fooled:
    """Inputs that the model is sure of, and how unlike natural ones they are.

    start, inputs: `(count, *features)`, before and after; start is noise, random or shuffled sequences.
    confidence: `(count,)`, the probability of the target. success: whether it is above the one asked for.
    steps: `(count,)`, steps of the climb, or edits of the sequence.
    likelihood: `(count,)`. Of DNA the mean log2-likelihood per base under a Markov chain of the natural sequences; of
        other inputs -d^2 / 2, d the Mahalanobis distance from natural examples: a log-density up to a constant.
    natural_likelihood: `(natural,)`, the same of natural examples; of inputs other than DNA, of those that the
        distribution was not fitted to.
    origin: kind of inputs, target, the confidence asked for, readout (how outputs became probabilities), options, model
        hash, seed, device, versions.
    """

    start: Inputs
    inputs: Inputs
    confidence: Scores
    success: torch.Tensor
    steps: Indices
    likelihood: torch.Tensor
    natural_likelihood: torch.Tensor
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        same_shape("start", self.start, self.inputs.shape)
        for name in ("confidence", "success", "steps", "likelihood"):
            same_shape(name, getattr(self, name), self.inputs.shape[:1])
        if not torch.equal(self.success, self.confidence > self.origin["confidence"]):
            raise InputError("success must say where the confidence is above the one asked for")

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def percentile(self) -> torch.Tensor:
        """`(count,)`, the percent of natural examples that are as unlikely as each input or more."""
        return 100 * (self.natural_likelihood[None] <= self.likelihood[:, None]).double().mean(dim=1)

    @property
    def sequences(self) -> list[str]:
        """The sequences; InputError where the inputs are not DNA."""
        if self.origin["kind"] != "DNA":
            raise InputError("these inputs are not DNA, so they have no sequences; take .inputs")
        return decode(self.inputs)

    @property
    def summary(self) -> str:
        """What was reached and what was not, in a sentence."""
        asked, reached = self.origin["confidence"], int(self.success.sum())
        said = f"{reached} of {len(self)} inputs reach a confidence above {asked:g}"
        if reached < len(self):
            said += (
                f", {len(self) - reached} do not (the surest of them {float(self.confidence[~self.success].max()):.3g})"
            )
        if reached:
            likeliest = float(self.percentile[self.success].max())
            said += f"; the likeliest of those is likelier than {likeliest:.3g} % of the natural examples, or as likely"
        return said

    def numpy(self) -> np.ndarray:
        """`inputs` as an array."""
        return self.inputs.numpy()

    def to_frame(self) -> pd.DataFrame:
        """One row per input: confidence, success, steps, how likely it is, percentile; of DNA the sequence first.

        How likely is log2_likelihood_per_base of DNA, and mahalanobis, a distance, of other inputs.
        """
        dna = self.origin["kind"] == "DNA"
        how = {"log2_likelihood_per_base": self.likelihood} if dna else {"mahalanobis": (-2 * self.likelihood).sqrt()}
        table = {name: getattr(self, name) for name in ("confidence", "success", "steps")} | how
        columns: dict[str, Any] = {name: numbers.numpy() for name, numbers in table.items()}
        first = {"sequence": self.sequences} if dna else {}
        return pd.DataFrame({**first, **columns, "percentile": self.percentile.numpy()})

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        save_arrays(path, "fooled", {name: getattr(self, name) for name in _ARRAYS}, {"origin": dict(self.origin)})

    @classmethod
    def load(cls, path: Path | str) -> "Fooled":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "fooled", needed=_ARRAYS)
        return cls(**{name: arrays[name] for name in _ARRAYS}, origin=facts["origin"])

    def plot(self) -> Figure:
        """The inputs, pictures or logos, each with its confidence and its percentile among natural examples."""
        pairs = list(zip(self.confidence.tolist(), self.percentile.tolist(), strict=True))
        if self.origin["kind"] == "DNA":
            titles = [f"p = {p:.4f}, percentile {share:.3g} of natural sequences" for p, share in pairs]
            return column_logos(self.inputs.double().numpy(), titles=titles)
        if self.inputs.ndim != 4:
            return trajectories_figure([self.confidence.numpy()], label="confidence")
        titles = [f"p = {p:.4f}\npercentile {share:.3g}" for p, share in pairs]
        return image_grid(self.inputs.numpy(), titles=titles, bounds=tuple(self.origin["bounds"]))
