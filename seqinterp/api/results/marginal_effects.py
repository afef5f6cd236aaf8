"""The result of `marginalize`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from seqinterp.api.results.tables import same_shape
from seqinterp.design.experiments.significance import q_values, rank_p_values, rounding, standard_error
from seqinterp.io.arrays import load_arrays, save_arrays

_FACTS = ("names", "sequences", "starts")


@dataclass(frozen=True, eq=False)
class MarginalEffects:
    """What motifs do to the score of backgrounds.

    names, sequences, starts: of every motif its name, the consensus that is put in (N keeps what is there), and where.
    effects: `(motif, background)`, score with the motif less score without.
    controls: `(motif, draws, background)`, the same for the motif's bases in another order.
    score: `(background,)`, without any motif.
    origin: kind of output, model hash, seed, device, versions, how effects were computed.
    """

    names: tuple[str, ...]
    sequences: tuple[str, ...]
    starts: tuple[int, ...]
    effects: torch.Tensor
    controls: torch.Tensor
    score: torch.Tensor
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        shape = (len(self.names), len(self.score))
        same_shape("effects", self.effects, torch.Size(shape))
        same_shape("controls", self.controls, torch.Size((shape[0], *self.controls.shape[1:2], shape[1])))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def p_values(self) -> np.ndarray:
        """`(motif,)`: how far the mean effect lies out among those of the motif's own shuffles, two-sided.

        The share of the 1 + draws mean effects that lie as far from their median as the motif's own or farther (a
        permutation test: Phipson & Smyth 2010, doi:10.2202/1544-6115.1585), so at least 1 / (1 + draws). The order of
        the bases is what is tested: against a few shuffles, a signed-rank test over backgrounds would call nearly every
        word significant that is given enough of them.
        """
        own, controls = self.effects.double().numpy(), self.controls.double().numpy()
        precision = torch.finfo(self.effects.dtype).eps
        tolerance = rounding(self.score.numpy(), own, precision=precision)
        return rank_p_values(own.mean(axis=1), controls.mean(axis=2), tolerance=tolerance)

    def numpy(self) -> np.ndarray:
        """`effects` as an array."""
        return self.effects.numpy()

    def to_frame(self) -> pd.DataFrame:
        """One row per motif: motif, sequence, start, stop, effect, standard_error, control, p_value, q_value.

        effect: the mean over backgrounds. standard_error: of that mean; NaN for one background. control: the mean over
        shuffles and backgrounds. p_value: `p_values`. q_value: Benjamini & Hochberg 1995, over the motifs.
        """
        own, p_values = self.effects.double().numpy(), self.p_values
        return pd.DataFrame(
            {
                "motif": self.names,
                "sequence": self.sequences,
                "start": self.starts,
                "stop": [start + len(word) for start, word in zip(self.starts, self.sequences, strict=True)],
                "effect": own.mean(axis=1),
                "standard_error": standard_error(own),
                "control": self.controls.double().mean(dim=(1, 2)).numpy(),
                "p_value": p_values,
                "q_value": q_values(p_values),
            }
        )

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {"effects": self.effects, "controls": self.controls, "score": self.score}
        facts = {name: list(getattr(self, name)) for name in _FACTS}
        save_arrays(path, "marginal effects", arrays, {**facts, "origin": dict(self.origin)})

    @classmethod
    def load(cls, path: Path | str) -> "MarginalEffects":
        """Read what `save` wrote."""
        needed = ("effects", "controls", "score")
        arrays, facts = load_arrays(path, "marginal effects", needed=needed)
        parts: dict[str, Any] = {name: tuple(facts[name]) for name in _FACTS}
        parts |= {name: arrays[name] for name in needed}
        return cls(**parts, origin=facts["origin"])
