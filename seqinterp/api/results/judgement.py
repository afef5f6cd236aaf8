"""What `judge_designs` finds beside its table of evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
from torch import Tensor

from seqinterp.api.results.tables import same_shape
from seqinterp.design.judging.motif_content import MOTIF_COLUMNS, SITE_COLUMNS

_TENSORS = ("attributions", "start_attributions", "hypothetical")
_TABLES = {"sites": SITE_COLUMNS, "motifs": MOTIF_COLUMNS}


@dataclass(frozen=True, eq=False)
class Judgement:
    """Motifs and attributions of designs, and what verdicts are made from.

    sites: where motifs stand in the designs: design, start, stop (0-based, half-open), strand, motif, kind ("given", or
        "found" for words that the designs share), p_value (NaN for words).
    motifs: one row per motif that was looked for: motif, label, kind, top_share (of the highest natural sequences that
        hold it; NaN without any), core_share (of words that were found: as much of its most frequent core).
    attributions, start_attributions: `(design, 4, position)`, of the designs and of their starts; hypothetical: what
        each base would contribute to the designs. None where not asked for, or where the method cannot say it.
    facts: what was compared with what, and how.
    """

    sites: pd.DataFrame
    motifs: pd.DataFrame
    attributions: Tensor | None = None
    start_attributions: Tensor | None = None
    hypothetical: Tensor | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.attributions is not None:
            for name in _TENSORS[1:]:
                same_shape(name, getattr(self, name), self.attributions.shape)

    def take(self, designs: Sequence[int]) -> "Judgement":
        """What is known of some of the designs, which are numbered anew."""
        kept = list(designs)
        parts = [self.sites[self.sites["design"] == old].assign(design=new) for new, old in enumerate(kept)]
        sites = pd.concat(parts, ignore_index=True) if parts else self.sites.iloc[:0]
        parts_of: dict[str, Any] = {name: tensor[kept] for name, tensor in self.tensors().items()}
        return replace(self, sites=sites, **parts_of)

    def tensors(self) -> dict[str, Tensor]:
        """Those that there are, by name."""
        return {name: tensor for name in _TENSORS if (tensor := getattr(self, name)) is not None}

    def to_dict(self) -> dict[str, Any]:
        """All but the tensors, as JSON can hold it."""
        tables = {name: getattr(self, name)[list(columns)].to_dict("list") for name, columns in _TABLES.items()}
        return {**tables, "facts": dict(self.facts)}

    @classmethod
    def of(cls, said: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> "Judgement":
        """What `to_dict` and `tensors` gave."""
        parts: dict[str, Any] = {name: tensors.get(name) for name in _TENSORS}
        for name, columns in _TABLES.items():
            parts[name] = typed(pd.DataFrame(said[name], columns=list(columns)))
        return cls(**parts, facts=said["facts"])


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """A table of sites or of motifs whose columns have their types also where it has no row."""
    kinds = {"design": "int64", "start": "int64", "stop": "int64"}
    kinds |= dict.fromkeys(("p_value", "top_share", "core_share"), "float64")
    kinds |= dict.fromkeys(("strand", "motif", "label", "kind"), "str")
    return table.astype({name: kind for name, kind in kinds.items() if name in table.columns})
