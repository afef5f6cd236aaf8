"""The result of `necessity_and_sufficiency`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from seqinterp.api.results.tables import same_shape
from seqinterp.design.experiments.necessity import Mixtures, shares
from seqinterp.design.experiments.significance import standard_error
from seqinterp.io.arrays import load_arrays, save_arrays

_ARRAYS = ("example", "sites", "score", "shuffled", "ablated", "kept")


@dataclass(frozen=True, eq=False)
class NecessitySufficiency:
    """What goes from the score with all sites of a motif, and what these bring back alone; a row per motif and example.

    motif: its name, of every row.
    example, sites: `(row,)`, which example, and how many sites of the motif it has.
    score: `(row,)`, of the example.
    shuffled: `(row, draws)`, of its dinucleotide shuffles.
    ablated: `(row, draws)`, of the example with the bases of the shuffle at the sites.
    kept: `(row, draws)`, of the shuffle with the bases of the example at the sites.
    origin: kind of output, model hash, seed, device, versions, how effects were computed.
    """

    motif: tuple[str, ...]
    example: torch.Tensor
    sites: torch.Tensor
    score: torch.Tensor
    shuffled: torch.Tensor
    ablated: torch.Tensor
    kept: torch.Tensor
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        rows = len(self.motif)
        for name in _ARRAYS[:3]:
            same_shape(name, getattr(self, name), torch.Size((rows,)))
        for name in _ARRAYS[3:]:
            same_shape(name, getattr(self, name), torch.Size((rows, *self.shuffled.shape[1:2])))

    def __len__(self) -> int:
        return len(self.motif)

    def to_frame(self) -> pd.DataFrame:
        """One row per motif and example: motif, example, sites, score, shuffled, ablated, kept, total, standard_error,
        necessity, sufficiency.

        shuffled, ablated and kept are means over the draws. total = score - shuffled, and standard_error that of total.
        necessity = (score - ablated) / total; sufficiency = (kept - shuffled) / total. Both are NaN where total is not
        distinguishable from zero: not above the 97.5 % point of the t distribution times its standard error. They may
        lie below 0 or above 1, and are equal where the score adds up positions.
        """
        found = shares(Mixtures(self.score, self.shuffled, self.ablated, self.kept))
        table: dict[str, Any] = {"motif": self.motif, "example": self.example.numpy(), "sites": self.sites.numpy()}
        table |= {"score": self.score.double().numpy()}
        table |= {name: getattr(self, name).double().mean(dim=1).numpy() for name in _ARRAYS[3:]}
        table |= {name: getattr(found, name) for name in ("total", "standard_error", "necessity", "sufficiency")}
        return pd.DataFrame(table)

    def by_motif(self) -> pd.DataFrame:
        """One row per motif: motif, examples, left_out, necessity, necessity_standard_error, sufficiency,
        sufficiency_standard_error.

        Means over the examples whose total can be told from zero, and their standard errors; `left_out` counts the
        others.
        """
        rows = []
        for motif, part in self.to_frame().groupby("motif", sort=False):
            told = part["necessity"].notna()
            row: dict[str, Any] = {"motif": motif, "examples": int(told.sum()), "left_out": int((~told).sum())}
            for name in ("necessity", "sufficiency"):
                values = part.loc[told, name].to_numpy()
                row[name] = values.mean() if len(values) else np.nan
                row[f"{name}_standard_error"] = standard_error(values[None])[0]
            rows.append(row)
        return pd.DataFrame(rows)

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        save_arrays(path, "necessity and sufficiency", arrays, {"motif": self.motif, "origin": dict(self.origin)})

    @classmethod
    def load(cls, path: Path | str) -> "NecessitySufficiency":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "necessity and sufficiency", needed=_ARRAYS)
        parts: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
        return cls(motif=tuple(facts["motif"]), **parts, origin=facts["origin"])
