"""The result of `ablate`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from seqinterp.api.results.tables import same_shape
from seqinterp.api.shared.sites import motif_names
from seqinterp.design.experiments.significance import (
    q_values,
    rank_p_values,
    rounding,
    standard_error,
    stratified_p_value,
)
from seqinterp.io.arrays import load_arrays, save_arrays


@dataclass(frozen=True, eq=False)
class Ablation:
    """What the score loses when sites are emptied.

    sites: example, start, stop, and motif and strand where they were given; the index is that of the table given.
    drops: `(sites, draws)`, score before less score after; above zero where the site raises the score.
    controls: `(sites, controls)`, the same for places of the same width in the same example that touch no site, the
        mean over the draws; NaN where there are not so many.
    score: `(batch,)`, before.
    origin: kind of output, model hash, seed, device, versions, how effects were computed.
    """

    sites: pd.DataFrame
    drops: torch.Tensor
    controls: torch.Tensor
    score: torch.Tensor
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        for name in ("drops", "controls"):
            numbers = getattr(self, name)
            same_shape(name, numbers, torch.Size((len(self.sites), *numbers.shape[1:2])))

    def __len__(self) -> int:
        return len(self.sites)

    def to_frame(self) -> pd.DataFrame:
        """The sites with drop, standard_error, control, p_value, q_value.

        drop: the mean over the draws. standard_error: of that mean; NaN for one draw. control: the mean over the
        control places. p_value: the share of the site and its control places whose drops lie as far from their median
        as the site's or farther, so at least 1 / (1 + controls); NaN where there is no control place. q_value:
        Benjamini & Hochberg 1995 over the sites.
        """
        own, controls, tolerance = self._numbers()
        p_values = rank_p_values(own.mean(axis=1), controls, tolerance=tolerance)
        return self.sites.assign(
            drop=own.mean(axis=1),
            standard_error=standard_error(own),
            control=_mean_of_numbers(controls),
            p_value=p_values,
            q_value=q_values(p_values),
        )

    def by_motif(self) -> pd.DataFrame:
        """One row per motif: motif, sites, drop, standard_error, control, p_value, q_value.

        standard_error: of the mean over sites. p_value: sites are exchanged at random with the control places of their
        own example and width, and the sums of the drops compared, two-sided; at least 0.001. It does not ask how
        scores differ between examples. q_value: Benjamini & Hochberg 1995 over the motifs.
        """
        own, controls, tolerance = self._numbers()
        drops, names = own.mean(axis=1), motif_names(self.sites)
        place = list(zip(self.sites["example"], self.sites["stop"] - self.sites["start"], strict=True))
        rows = []
        for motif in sorted(set(names)):
            mine = np.flatnonzero(names == motif)
            blocks: dict[Any, list[int]] = {}
            for row in mine.tolist():
                blocks.setdefault(place[row], []).append(row)
            alike = [(drops[some], controls[some[0]][np.isfinite(controls[some[0]])]) for some in blocks.values()]
            p_value = stratified_p_value(alike, tolerance=tolerance * len(mine))
            error = standard_error(drops[None, mine])[0]
            others = _mean_of_numbers(_mean_of_numbers(controls[mine])[None])[0]
            rows.append((motif, len(mine), drops[mine].mean(), error, others, p_value))
        columns = ["motif", "sites", "drop", "standard_error", "control", "p_value"]
        table = pd.DataFrame(rows, columns=columns)
        return table.assign(q_value=q_values(table["p_value"].to_numpy()))

    def _numbers(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Drops, controls, and how far rounding goes."""
        own = self.drops.double().numpy()
        precision = torch.finfo(self.drops.dtype).eps
        return own, self.controls.double().numpy(), rounding(self.score.numpy(), own, precision=precision)

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {"drops": self.drops, "controls": self.controls, "score": self.score}
        columns = {str(name): self.sites[name].tolist() for name in self.sites.columns}
        facts = {"sites": columns, "index": self.sites.index.tolist(), "origin": dict(self.origin)}
        save_arrays(path, "ablation", arrays, facts)

    @classmethod
    def load(cls, path: Path | str) -> "Ablation":
        """Read what `save` wrote."""
        needed = ("drops", "controls", "score")
        arrays, facts = load_arrays(path, "ablation", needed=needed)
        sites = pd.DataFrame(facts["sites"], index=facts["index"])
        return cls(sites, arrays["drops"], arrays["controls"], arrays["score"], facts["origin"])


def _mean_of_numbers(values: np.ndarray) -> np.ndarray:
    """The mean of each row without NaN; NaN where there is nothing else."""
    told = np.isfinite(values)
    total = np.where(told, values, 0).sum(axis=1)
    mean: np.ndarray = np.divide(total, told.sum(axis=1), out=np.full(len(values), np.nan), where=told.any(axis=1))
    return mean
