"""The result of `optimize`, and with what `judge_designs` found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from seqinterp.api.results.design import Design as Design
from seqinterp.api.results.design_figures import edits_figure, motif_content_figure, sequences_figure
from seqinterp.api.results.design_records import annotated, in_words
from seqinterp.api.results.design_verdicts import Said, verdicts
from seqinterp.api.results.evidence import diversity_columns
from seqinterp.api.results.judgement import Judgement, typed
from seqinterp.design.edit_script import Step
from seqinterp.design.judging.motif_content import MOTIF_COLUMNS, SITE_COLUMNS, holders
from seqinterp.errors import InputError
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.io.design_files import Record, write_fasta, write_genbank, write_tsv
from seqinterp.plot.curves import trajectories_figure
from seqinterp.sequence.alphabet import code_block

SAVED = ("sequence", "score", "start", "start_score", "values", "uncertainty", "rules", "kinds")


@dataclass(frozen=True, eq=False)
class Designs(Sequence[Design]):
    """Designed sequences, best first; of several objectives the front that none of them dominates.

    evidence: what `judge_designs` has found, one row per design; None before it was asked.
    judgement: the motifs and attributions that it found beside that.
    """

    designs: tuple[Design, ...]
    origin: Mapping[str, Any]
    evidence: pd.DataFrame | None = field(default=None)
    judgement: Judgement | None = field(default=None)

    @overload
    def __getitem__(self, index: int) -> Design: ...
    @overload
    def __getitem__(self, index: slice) -> "Designs": ...
    def __getitem__(self, index: int | slice) -> "Design | Designs":
        if not isinstance(index, slice):
            return self.designs[index]
        kept = self.designs[index]
        evidence = None if self.evidence is None else self.evidence.iloc[index].reset_index(drop=True)
        if evidence is not None and kept and "nearest_design" in evidence.columns:
            codes = code_block([design.sequence for design in kept], str)
            evidence = evidence.assign(**diversity_columns(codes))  # they count from the first of those that are kept
        judgement = None if self.judgement is None else self.judgement.take(range(len(self))[index])
        return Designs(kept, self.origin, evidence, judgement)

    def __iter__(self) -> Iterator[Design]:
        return iter(self.designs)

    def __len__(self) -> int:
        return len(self.designs)

    @property
    def sequences(self) -> list[str]:
        """The designed sequences."""
        return [design.sequence for design in self]

    @property
    def edits(self) -> pd.DataFrame:
        """Every edit of every design: design, kind, position_in_start, position_in_design (0-based), before, after."""
        rows = [{"design": number, **step._asdict()} for number, design in enumerate(self) for step in design.edits]
        return pd.DataFrame(rows, columns=["design", *Step._fields])

    @property
    def rules(self) -> pd.DataFrame:
        """How every design stands to every constraint: design, constraint, kept, said."""
        rows = [{"design": number, **row} for number, design in enumerate(self) for row in design.rules]
        return pd.DataFrame(rows, columns=["design", "constraint", "kept", "said"])

    @property
    def verdicts(self) -> list[str]:
        """What the evidence means, in sentences; none before `judge_designs` was asked."""
        return [said.sentence for said in self._said]

    @property
    def doubts(self) -> list[str]:
        """The verdicts that are reasons not to trust the designs."""
        return [said.sentence for said in self._said if said.doubt]

    @property
    def sites(self) -> pd.DataFrame:
        """Where motifs stand in the designs: design, start, stop (0-based, half-open), strand, motif, kind, p_value."""
        if self.judgement is None:
            return typed(pd.DataFrame(columns=list(SITE_COLUMNS)))
        return self.judgement.sites.copy()

    @property
    def motif_content(self) -> pd.DataFrame:
        """One row per motif: motif, label, kind, share (of the designs that hold it), top_share, core_share.

        top_share: of the natural sequences that the model scores highest. core_share: of words that the designs share,
        the part of those natural sequences that hold as much as the word's most frequent core.
        """
        if self.judgement is None:
            return typed(pd.DataFrame(columns=list(MOTIF_COLUMNS))).assign(share=np.zeros(0))
        table = self.judgement.motifs.copy()
        share = table["motif"].map(holders(self.judgement.sites)).fillna(0).astype(float) / max(len(self), 1)
        table.insert(3, "share", share)
        return table

    @property
    def attributions(self) -> Tensor | None:
        """What each base of each design contributes, `(design, 4, position)`; None where that was not asked for."""
        return None if self.judgement is None else self.judgement.attributions

    @property
    def start_attributions(self) -> Tensor | None:
        """The same of the starts."""
        return None if self.judgement is None else self.judgement.start_attributions

    def to_frame(self) -> pd.DataFrame:
        """One row per design: sequence, score, start, start_score, edits (how many), uncertainty, values and evidence.

        A column that the evidence has as well (the score by the model that judged) stands for that of the search.
        """
        rows = [
            {
                "sequence": design.sequence,
                "score": design.score,
                "start": design.start,
                "start_score": design.start_score,
                "edits": len(design.edits),
                "uncertainty": design.uncertainty,
            }
            | {f"value_{number}": value for number, value in enumerate(design.values)}
            for design in self
        ]
        found = pd.DataFrame(rows)
        if self.evidence is None:
            return found
        both = [name for name in self.evidence.columns if name in found.columns]
        known = [name for name in both if self.evidence[name].notna().any()]
        found = found.assign(**{name: self.evidence[name].to_numpy() for name in known})
        return pd.concat([found, self.evidence.drop(columns=both)], axis=1)

    def to_tsv(self, path: Path | str) -> None:
        """Write `to_frame` with a column of edits in words; an older file is replaced whole."""
        words = [" ".join(in_words(step) for step in design.edits) for design in self]
        frame = self.to_frame()
        frame.insert(0, "name", [record.name for record in self._records])
        frame.insert(list(frame.columns).index("edits") + 1, "edit_list", words)
        write_tsv(path, frame)

    def to_fasta(self, path: Path | str) -> None:
        """Write the sequences with scores, model and seed in their headers; an older file is replaced whole."""
        write_fasta(path, self._records)

    def to_genbank(self, path: Path | str) -> None:
        """Write annotated sequences: edits, sites of motifs, and in the comment scores, model, seed and version.

        An older file is replaced whole.
        """
        write_genbank(path, self._records)

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        tensors = {"trajectory": torch.from_numpy(np.stack([design.trajectory for design in self]))}
        if self.judgement is not None:
            tensors |= self.judgement.tensors()
        facts = {
            "designs": [{name: getattr(design, name) for name in SAVED} for design in self],
            "origin": dict(self.origin),
            "evidence": None if self.evidence is None else self.evidence.to_dict("list"),
            "judgement": None if self.judgement is None else self.judgement.to_dict(),
        }
        save_arrays(path, "designs", tensors, facts)

    @classmethod
    def load(cls, path: Path | str) -> "Designs":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "designs", needed=("trajectory",))
        rows = zip(facts["designs"], arrays["trajectory"].numpy(), strict=True)
        designs = [
            Design(**row | {name: tuple(row[name]) for name in ("values", "rules", "kinds")}, trajectory=line)
            for row, line in rows
        ]
        evidence = None if facts["evidence"] is None else pd.DataFrame(facts["evidence"])
        said = facts.get("judgement")
        return cls(tuple(designs), facts["origin"], evidence, None if said is None else Judgement.of(said, arrays))

    def plot(self) -> Figure:
        """The value of each design after each step."""
        return trajectories_figure([design.trajectory for design in self])

    def plot_edits(self, number: int = 0, *, start: int | None = None, stop: int | None = None) -> Figure:
        """What the edits of one design did: the logo of its start above its own, edited positions marked.

        Letters are as high as their attributions where `judge_designs` has found these, else all alike. Of a sequence
        of more than 120 bases the part with most edits is drawn, or `[start, stop)`.
        """
        if not 0 <= number < len(self):
            raise InputError(f"there is no design {number}; designs are 0 to {len(self) - 1}")
        return edits_figure(self[number], number, self.judgement, start, stop)

    def plot_sequences(self, count: int = 10) -> Figure:
        """The best designs as rows of letters, with sites of motifs highlighted and edits underlined.

        Of sequences of more than 120 bases the part is drawn that holds most sites and edits.
        """
        if count < 1 or not len(self):
            raise InputError(f"count must be 1 or more and there must be a design, not {count} of {len(self)}")
        return sequences_figure(self.designs[:count], self.judgement)

    def plot_motifs(self, count: int = 12) -> Figure:
        """Which share of the designs holds each motif, beside that of the highest natural sequences.

        Of motifs that lie over the same sites, as those of one family do, one is drawn.
        """
        if self.judgement is None or self.judgement.motifs.empty:
            raise InputError("no motifs were looked for; ask judge_designs with motifs= or natural= first")
        if count < 1:
            raise InputError(f"count must be 1 or more, not {count}")
        return motif_content_figure(self.motif_content, self.judgement, len(self), count)

    @property
    def _said(self) -> list[Said]:
        return [] if self.evidence is None or self.judgement is None else verdicts(self.evidence, self.judgement)

    @property
    def _records(self) -> list[Record]:
        return [
            annotated(design, number, self.origin, self.evidence, self.judgement) for number, design in enumerate(self)
        ]
