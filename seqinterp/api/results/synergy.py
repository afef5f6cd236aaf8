"""The result of `synergy`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from seqinterp.api.results.tables import same_shape
from seqinterp.design.experiments.significance import q_values, rank_p_values, rounding, standard_error
from seqinterp.design.experiments.spacing import interaction
from seqinterp.io.arrays import load_arrays, save_arrays

_ARRAYS = ("both", "left", "right", "controls", "score")


@dataclass(frozen=True, eq=False)
class Synergy:
    """What pairs of motifs do together, beyond the sum of the two, against partners that are no motif.

    pairs: the names of the left motif and the right one.
    gaps, orientations: the placements that were averaged over, as in `SpacingEffects`.
    both, left, right: `(pair, background)`, the effect of both motifs and of each alone, the mean over placements.
    controls: `(pair, 2, draws, background)`, the interaction of the left motif with shuffles of the right one, then of
        the right motif with shuffles of the left one.
    score: `(background,)`, without any motif.
    origin: kind of output, model hash, seed, device, versions, how effects were computed.
    """

    pairs: tuple[tuple[str, str], ...]
    gaps: tuple[int, ...]
    orientations: tuple[str, ...]
    both: torch.Tensor
    left: torch.Tensor
    right: torch.Tensor
    controls: torch.Tensor
    score: torch.Tensor
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        shape = (len(self.pairs), len(self.score))
        for name in _ARRAYS[:3]:
            same_shape(name, getattr(self, name), torch.Size(shape))
        same_shape("controls", self.controls, torch.Size((shape[0], 2, *self.controls.shape[2:3], shape[1])))

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def interaction(self) -> torch.Tensor:
        """`(pair, background)`: effect of both less the effects of each alone."""
        return interaction(self.both, self.left, self.right)

    @property
    def p_values(self) -> np.ndarray:
        """`(pair,)`: that one of the two could as well be any other order of its bases.

        The mean interaction is ranked among those with shuffles of the right motif, and among those with shuffles of
        the left one, two-sided; the larger of the two p-values is given, since an interaction of two motifs needs both
        (intersection-union test: Berger 1982, Technometrics 24:295). At least 1 / (1 + draws).
        """
        own, controls, tolerance = self._numbers()
        sides = [rank_p_values(own, controls[:, side], tolerance=tolerance) for side in (0, 1)]
        return np.asarray(np.maximum(*sides))

    def numpy(self) -> np.ndarray:
        """`interaction` as an array."""
        return self.interaction.numpy()

    def to_frame(self) -> pd.DataFrame:
        """One row per pair: left_motif, right_motif, left, right, both, interaction, standard_error, control, p_value,
        q_value.

        Means over backgrounds and placements; standard_error is that of the interaction over backgrounds, NaN for one,
        control the mean interaction with shuffled partners, p_value that of `p_values`, and q_value Benjamini &
        Hochberg 1995 over the pairs.
        """
        own, controls, _ = self._numbers()
        p_values = self.p_values
        table: dict[str, Any] = {
            "left_motif": [pair[0] for pair in self.pairs],
            "right_motif": [pair[1] for pair in self.pairs],
        }
        table |= {name: getattr(self, name).double().mean(dim=1).numpy() for name in ("left", "right", "both")}
        table |= {"interaction": own, "standard_error": standard_error(self.interaction.double().numpy())}
        table |= {"control": controls.mean(axis=(1, 2)), "p_value": p_values, "q_value": q_values(p_values)}
        return pd.DataFrame(table)

    def _numbers(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Mean interactions, those of the controls (pair, 2, draws), and how far rounding goes."""
        own, controls = self.interaction.double().mean(dim=1).numpy(), self.controls.double().mean(dim=3).numpy()
        precision = torch.finfo(self.both.dtype).eps
        return own, controls, rounding(self.score.numpy(), self.both.double().numpy(), precision=precision)

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        facts = {"pairs": self.pairs, "gaps": self.gaps, "orientations": self.orientations, "origin": dict(self.origin)}
        save_arrays(path, "synergy", {name: getattr(self, name) for name in _ARRAYS}, facts)

    @classmethod
    def load(cls, path: Path | str) -> "Synergy":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "synergy", needed=_ARRAYS)
        pairs = tuple((left, right) for left, right in facts["pairs"])
        parts: dict[str, Any] = {name: tuple(facts[name]) for name in ("gaps", "orientations")}
        parts |= {name: arrays[name] for name in _ARRAYS}
        return cls(pairs=pairs, **parts, origin=facts["origin"])
