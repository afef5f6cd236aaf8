"""The result of `mutate`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqinterp.api.results.tables import long_frame, same_shape
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.sequence.onehot import decode
from seqinterp.shapes import Attributions, Effects, Scores, Sequences


@dataclass(frozen=True, eq=False)
class Mutagenesis:
    """What every edit would do to the score.

    effects: `(batch, 4, position)`, `score(edited) - score`; zero at the base that is there and outside
        `[start, stop)`.
    score: `(batch,)`, before any edit.
    origin: kind of output, model hash, device, versions.
    """

    inputs: Sequences
    effects: Effects
    score: Scores
    start: int
    stop: int
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        same_shape("effects", self.effects, self.inputs.shape)
        same_shape("score", self.score, self.inputs.shape[:1])

    @property
    def attributions(self) -> Attributions:
        """The effect of the base that is there against the mean of the four, `(batch, 4, position)`."""
        return self.hypothetical * self.inputs

    @property
    def hypothetical(self) -> Attributions:
        """What each base would contribute: its effect minus the mean of the four, `(batch, 4, position)`."""
        return self.effects - self.effects.mean(dim=1, keepdim=True)

    @property
    def predictions(self) -> Effects:
        """The score of each edited sequence, `(batch, 4, position)`."""
        return self.score[:, None, None] + self.effects

    def numpy(self) -> np.ndarray:
        """`effects` as an array."""
        return self.effects.numpy()

    def to_frame(self) -> pd.DataFrame:
        """One row per edit: example, base, position, effect."""
        return long_frame(self.effects, "effect")

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {"inputs": self.inputs, "effects": self.effects, "score": self.score}
        save_arrays(path, "mutagenesis", arrays, {"start": self.start, "stop": self.stop, "origin": dict(self.origin)})

    @classmethod
    def load(cls, path: Path | str) -> "Mutagenesis":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "mutagenesis", needed=("inputs", "effects", "score"))
        return cls(arrays["inputs"], arrays["effects"], arrays["score"], facts["start"], facts["stop"], facts["origin"])

    def plot(self, example: int = 0) -> Any:
        """Heat map of one example's effects, with the logo of its attributions above: a matplotlib Figure."""
        from seqinterp.plot.heatmap import mutagenesis_figure  # matplotlib takes half a second to load

        sequence = decode(self.inputs[example : example + 1])[0]
        return mutagenesis_figure(self.effects[example].numpy(), self.attributions[example].numpy(), sequence)
