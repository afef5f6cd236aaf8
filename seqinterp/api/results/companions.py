"""The result of `find_companions`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from seqinterp.api.results.tables import same_shape
from seqinterp.design.judging.companion_table import CARRIED, USED, Evidence, motif_table, pair_table, verdicts
from seqinterp.errors import InputError
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.shapes import Scores

_NAMES = ("names", "labels", "sequences")
_ARRAYS = ("holds", "background_holds", "drops", "controls", "score")


@dataclass(frozen=True, eq=False)
class Companions:
    """Which motifs the maximisers of a score share, and which of them it uses.

    names, labels: of the motifs; a label is what people call it, "" where there is none. sequences: the maximisers.
    holds, background_holds: `(sequence, motif)`, whether a maximiser, or a sequence of the background, has a site.
    places: the sites in the maximisers: motif (its number), example, start, stop (0-based, half-open), strand.
    drops: `(motif, maximiser)`, what the score loses with all sites of the motif, the mean over ten fills; columns
        under sites of a motif that is enriched and costs more are left alone. NaN where no column is left.
    controls: `(motif, maximiser, controls)`, with random windows of the same widths in their place.
    score: `(maximiser,)`, before.
    origin: kind of output, model hash, seed, device, versions, how effects were computed, the threshold of sites.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    sequences: tuple[str, ...]
    holds: torch.Tensor
    background_holds: torch.Tensor
    places: pd.DataFrame
    drops: torch.Tensor
    controls: torch.Tensor
    score: Scores
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        count, motifs = len(self.sequences), len(self.names)
        if len(self.labels) != motifs:
            raise InputError(f"{motifs} motifs need as many labels, not {len(self.labels)}")
        same_shape("holds", self.holds, torch.Size((count, motifs)))
        same_shape("background_holds", self.background_holds, torch.Size((len(self.background_holds), motifs)))
        same_shape("drops", self.drops, torch.Size((motifs, count)))
        same_shape("controls", self.controls, torch.Size((motifs, count, *self.controls.shape[2:3])))
        same_shape("score", self.score, torch.Size((count,)))

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def _evidence(self) -> Evidence:
        """What the tables are made from."""
        holds, others, drops, controls = (getattr(self, name).numpy() for name in _ARRAYS[:4])
        precision = torch.finfo(self.score.dtype).eps
        names = self.names, self.labels
        return Evidence(*names, holds, others, self.places, drops, controls, self.score.numpy(), precision)

    @cached_property
    def _table(self) -> pd.DataFrame:
        return motif_table(self._evidence)

    def to_frame(self) -> pd.DataFrame:
        """One row per motif: motif, label, holders, share, background_share, odds_ratio, p_value, q_value, enriched,
        sites, drop, control, drop_p_value, drop_q_value, used, same_as, role.

        holders, share: maximisers with a site. odds_ratio: with 1/2 added to every count. p_value: Fisher's exact test,
        one-sided, q_value: Benjamini & Hochberg 1995; enriched: q below 0.05 and at least twice the odds. sites: the
        mean number in a maximiser. drop, control: what the score loses with all sites, and with random windows of the
        same widths, the mean over the holders; columns under stronger motifs are left alone, see `drops`. drop_p_value:
        in each maximiser the drop is exchanged with its controls; of motifs that are enriched or that half of the
        maximisers hold, else NaN. used: more is lost than with random windows, q below 0.05. same_as: a stronger motif
        whose sites lie over most of these. role: "main" is the motif that is used and costs most; "companion, used" and
        "companion, carried along" are the other enriched ones.
        """
        return self._table.copy()

    @property
    def pairs(self) -> pd.DataFrame:
        """One row per two motifs: first, second, together, share, expected_share, background_share,
        independence_p_value, p_value, q_value.

        together, share: maximisers with both. expected_share: the product of the two shares. independence_p_value:
        one-sided, that independent motifs meet so often; it is 1 where one of them is in every maximiser, and then only
        the background can tell. p_value, q_value: against the background (Fisher's exact test, one-sided).
        """
        return pair_table(self._evidence)

    @property
    def sites(self) -> pd.DataFrame:
        """The sites in the maximisers: example, start, stop, strand, motif; a table that `ablate` takes."""
        names = np.array(self.names, dtype=object)
        table = self.places.assign(motif=names[self.places["motif"].to_numpy(np.int64)])
        return table[["example", "start", "stop", "strand", "motif"]]

    @property
    def companions(self) -> tuple[str, ...]:
        """The names of the companions, used or carried along."""
        table = self._table
        return tuple(table.loc[table["role"].isin([USED, CARRIED]), "motif"])

    @property
    def verdicts(self) -> list[str]:
        """What was found, in sentences."""
        if not self.names:
            return [
                f"no word of 6 bases or more is held by most of the {len(self.sequences)} maximisers more often than by"
                " their shuffles and the background"
            ]
        return verdicts(self._table, len(self.sequences))

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        facts = {**{name: getattr(self, name) for name in _NAMES}, "origin": dict(self.origin)}
        places = {str(name): self.places[name].tolist() for name in self.places.columns}
        save_arrays(path, "companions", {name: getattr(self, name) for name in _ARRAYS}, {**facts, "places": places})

    @classmethod
    def load(cls, path: Path | str) -> "Companions":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "companions", needed=_ARRAYS)
        parts: dict[str, Any] = {name: tuple(facts[name]) for name in _NAMES}
        parts |= {name: arrays[name] for name in _ARRAYS}
        return cls(**parts, places=pd.DataFrame(facts["places"]), origin=facts["origin"])
