"""The result of `optimize`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.plot.curves import trajectories_figure


@dataclass(frozen=True, eq=False)
class Design:
    """One designed sequence: where it started, where it ended, and the score after each step."""

    sequence: str
    score: float
    trajectory: np.ndarray
    start: str
    start_score: float


@dataclass(frozen=True, eq=False)
class Designs(Sequence[Design]):
    """Designed sequences, best first."""

    designs: tuple[Design, ...]
    origin: Mapping[str, Any]

    @overload
    def __getitem__(self, index: int) -> Design: ...
    @overload
    def __getitem__(self, index: slice) -> "Designs": ...
    def __getitem__(self, index: int | slice) -> "Design | Designs":
        return Designs(self.designs[index], self.origin) if isinstance(index, slice) else self.designs[index]

    def __len__(self) -> int:
        return len(self.designs)

    def to_frame(self) -> pd.DataFrame:
        """One row per design: sequence, score, start, start_score, edits (positions that differ)."""
        return pd.DataFrame(
            {
                "sequence": design.sequence,
                "score": design.score,
                "start": design.start,
                "start_score": design.start_score,
                "edits": sum(a != b for a, b in zip(design.start, design.sequence, strict=True)),
            }
            for design in self
        )

    def save(self, path: Path | str) -> None:
        """Write the trajectories and the sequences to one safetensors file."""
        trajectories = torch.from_numpy(np.stack([design.trajectory for design in self]))
        facts = {
            "designs": self.to_frame().to_dict("records"),
            "origin": dict(self.origin),
        }
        save_arrays(path, "designs", {"trajectory": trajectories}, facts)

    @classmethod
    def load(cls, path: Path | str) -> "Designs":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "designs", needed=("trajectory",))
        rows = zip(facts["designs"], arrays["trajectory"].numpy(), strict=True)
        return cls(
            tuple(Design(r["sequence"], r["score"], line, r["start"], r["start_score"]) for r, line in rows),
            facts["origin"],
        )

    def plot(self) -> Figure:
        """The score of each design after each step."""
        return trajectories_figure([design.trajectory for design in self])
