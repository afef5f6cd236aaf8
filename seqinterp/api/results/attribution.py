"""The result of `attribute`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqinterp.api.results.tables import long_frame, same_shape
from seqinterp.attribution.certificate import Certificate
from seqinterp.attribution.per_place import place_map
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.plot.logo import attribution_logo
from seqinterp.plot.overlay import overlay
from seqinterp.shapes import Attributions, Inputs, Scores


@dataclass(frozen=True, eq=False)
class Attribution:
    """What every feature contributes to the score.

    inputs, values: `(batch, *features)`; `hypothetical` of the same shape is what each base would contribute
        (TF-MoDISco reads it), None for inputs that are not DNA.
    score, reference_score: `(batch,)`, the number explained and the number the explanation starts from.
    certificate: the evidence for or against it.
    """

    inputs: Inputs
    values: Attributions
    hypothetical: Attributions | None
    score: Scores
    reference_score: Scores | None
    certificate: Certificate

    def __post_init__(self) -> None:
        same_shape("values", self.values, self.inputs.shape)
        same_shape("hypothetical", self.hypothetical, self.inputs.shape)
        same_shape("score", self.score, self.inputs.shape[:1])
        same_shape("reference_score", self.reference_score, self.inputs.shape[:1])

    def numpy(self) -> np.ndarray:
        """`values` as an array."""
        return self.values.numpy()

    def to_frame(self) -> pd.DataFrame:
        """One row per value: example, base, position, value."""
        return long_frame(self.values, "value")

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {"inputs": self.inputs, "values": self.values, "score": self.score}
        optional = {"hypothetical": self.hypothetical, "reference_score": self.reference_score}
        arrays |= {name: tensor for name, tensor in optional.items() if tensor is not None}
        save_arrays(path, "attribution", arrays, self.certificate.to_dict())

    @classmethod
    def load(cls, path: Path | str) -> "Attribution":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "attribution", needed=("inputs", "values", "score"))
        return cls(
            inputs=arrays["inputs"],
            values=arrays["values"],
            hypothetical=arrays.get("hypothetical"),
            score=arrays["score"],
            reference_score=arrays.get("reference_score"),
            certificate=Certificate(**facts),
        )

    def plot(self, example: int = 0, **options: Any) -> Figure:
        """The signed logo of one example's attributions; of an image its overlay, with the target and its score.

        options: of `seqinterp.plot.overlay.overlay`, for images: `sign=`, `clip=`, `opacity=`, `palette=`, `title=`.
        """
        if self.values.ndim != 4:
            return attribution_logo(self.values[example].numpy(), **options)
        made = self.certificate
        said = f"{made.method}, target {made.target}, score {self.score[example]:.3g}"
        shown = place_map(self.values[example].numpy(), made.method)
        return overlay(self.inputs[example].numpy(), shown, **{"title": said, **options})
