"""The result of `sweep_spacing`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from seqinterp.api.results.tables import same_shape
from seqinterp.design.experiments.significance import rounding, sign_flip_p_values, standard_error, uneven_p_value
from seqinterp.design.experiments.spacing import interaction, starts
from seqinterp.io.arrays import load_arrays, save_arrays

_ARRAYS = ("both", "left", "right", "score")
_FACTS = ("names", "sequences", "gaps", "orientations")


@dataclass(frozen=True)
class BestSpacing:
    """The placement whose mean interaction is largest, of either sign.

    interaction: its mean over backgrounds. It was chosen for being large and is too large for that;
        `held_out_interaction` is not: the placement is chosen in one half of the backgrounds and looked at in the
        other, both ways, and the mean taken. NaN for one background.
    p_value: that the interaction there is zero, corrected for having looked at every placement.
    preference_p_value: that all placements do the same, so that none is best.
    """

    orientation: str
    gap: int
    interaction: float
    standard_error: float
    held_out_interaction: float
    p_value: float
    preference_p_value: float


@dataclass(frozen=True, eq=False)
class SpacingEffects:
    """What two motifs do in the middle of backgrounds, at every distance and in every orientation.

    names, sequences: of the left motif and the right one; the consensus that is put in (N keeps what is there).
    gaps: how many bases lie between the last base of the left motif and the first base of the right one.
    orientations: the strand of the left motif, then of the right one; a motif on "-" is turned in its place.
    both: `(orientation, gap, background)`, score with both motifs less score without.
    left, right: the same of one motif alone, where it stands in the pair.
    score: `(background,)`, without any motif.
    length: of the backgrounds.
    origin: kind of output, model hash, device, versions, how effects were computed.
    """

    names: tuple[str, str]
    sequences: tuple[str, str]
    gaps: tuple[int, ...]
    orientations: tuple[str, ...]
    both: torch.Tensor
    left: torch.Tensor
    right: torch.Tensor
    score: torch.Tensor
    length: int
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        shape = torch.Size((len(self.orientations), len(self.gaps), len(self.score)))
        for name in _ARRAYS[:3]:
            same_shape(name, getattr(self, name), shape)

    @property
    def interaction(self) -> torch.Tensor:
        """`(orientation, gap, background)`: effect of both less the effects of each alone."""
        return interaction(self.both, self.left, self.right)

    @property
    def p_values(self) -> np.ndarray:
        """`(orientation, gap)`: that the mean interaction is zero, corrected for all placements looked at.

        Signs of whole backgrounds are flipped and the largest mean of all placements compared (single-step max,
        Westfall & Young 1993); with few backgrounds it cannot be small: n of them give at least 2^(1 - n).
        """
        values, tolerance = self._values()
        return sign_flip_p_values(values, tolerance=tolerance).reshape(len(self.orientations), len(self.gaps))

    def numpy(self) -> np.ndarray:
        """`interaction` as an array."""
        return self.interaction.numpy()

    def to_frame(self) -> pd.DataFrame:
        """One row per placement: orientation, gap, left_start, right_start, left, right, both, interaction, ...

        Means over backgrounds; standard_error is that of the interaction, NaN for one background, and p_value that of
        `p_values`, already corrected for the number of rows.
        """
        values = self._values()[0]
        left, right = (len(sequence) for sequence in self.sequences)
        places = [starts(self.length, left, right, gap) for gap in self.gaps] * len(self.orientations)
        table: dict[str, Any] = {
            "orientation": np.repeat(self.orientations, len(self.gaps)),
            "gap": list(self.gaps) * len(self.orientations),
            "left_start": [place[0] for place in places],
            "right_start": [place[1] for place in places],
        }
        table |= {name: getattr(self, name).double().mean(dim=2).flatten().numpy() for name in _ARRAYS[1:3]}
        table |= {"both": self.both.double().mean(dim=2).flatten().numpy(), "interaction": values.mean(axis=1)}
        return pd.DataFrame({**table, "standard_error": standard_error(values), "p_value": self.p_values.flatten()})

    def best(self) -> BestSpacing:
        """Where the two do most together, beyond the sum of the two, with the correction for having searched for it."""
        values, tolerance = self._values()
        row = int(np.abs(values.mean(axis=1)).argmax())
        halves = values[:, ::2], values[:, 1::2]
        held_out = float("nan")
        if values.shape[1] > 1:
            chosen = [int(np.abs(half.mean(axis=1)).argmax()) for half in halves]
            held_out = float(np.mean([halves[1][chosen[0]].mean(), halves[0][chosen[1]].mean()]))
        return BestSpacing(
            self.orientations[row // len(self.gaps)],
            self.gaps[row % len(self.gaps)],
            float(values[row].mean()),
            float(standard_error(values[row : row + 1])[0]),
            held_out,
            float(self.p_values.flatten()[row]),
            uneven_p_value(values, tolerance=tolerance),
        )

    def _values(self) -> tuple[np.ndarray, float]:
        """The interactions (placement, background), and how far rounding goes."""
        values = self.interaction.double().flatten(0, 1).numpy()
        precision = torch.finfo(self.both.dtype).eps
        return values, rounding(self.score.numpy(), self.both.double().numpy(), precision=precision)

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        facts = {name: list(getattr(self, name)) for name in _FACTS}
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        save_arrays(path, "spacing effects", arrays, {**facts, "length": self.length, "origin": dict(self.origin)})

    @classmethod
    def load(cls, path: Path | str) -> "SpacingEffects":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "spacing effects", needed=_ARRAYS)
        parts: dict[str, Any] = {name: tuple(facts[name]) for name in _FACTS}
        parts |= {name: arrays[name] for name in _ARRAYS}
        return cls(**parts, length=facts["length"], origin=facts["origin"])
