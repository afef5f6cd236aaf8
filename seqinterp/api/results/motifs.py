"""The result of `filter_motifs` and `discover`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqinterp.errors import InputError
from seqinterp.io.modisco_h5 import write_modisco
from seqinterp.io.motif_files import write_meme
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.tracks import Tracks
from seqinterp.plot.logo import motif_logo

_COLUMNS = (
    *("name", "consensus", "information_content", "importance", "hits", "match", "match_label", "also", "q_value"),
    *("offset", "reverse", "started_from", "sign", "contribution", "note"),
)


@dataclass(frozen=True, eq=False)
class Discovered:
    """What `discover` found beside the motifs.

    seqlets: one row each: example, start, stop (0-based, half-open, in the input), strand and motif ("." and "" in
        none), sign, attribution, p_value, q_value; with loci also chromosome, chromosome_start, chromosome_stop,
        chromosome_strand.
    hits: where motifs occur: example, start, stop, strand, motif, coefficient, similarity, importance, p_value, q_value
        (and chromosomes).
    curve: calls of seqlets at every false discovery rate, and how many of them are expected to be false.
    tracks: the sequences and attributions.
    """

    seqlets: pd.DataFrame
    hits: pd.DataFrame
    curve: pd.DataFrame
    tracks: Tracks


class Motifs(Sequence[Motif]):
    """Motifs found in a model or in attributions, and the database they were named from.

    `seqlets`, `hits` and `curve` are the tables of `Discovered`; of motifs read from filters there are none.
    """

    def __init__(
        self, motifs: Sequence[Motif], *, database: str, database_size: int, discovered: Discovered | None = None
    ) -> None:
        self._motifs = tuple(motifs)
        self.database, self.database_size = database, database_size
        self.discovered = discovered

    @property
    def seqlets(self) -> pd.DataFrame:
        """The seqlets that motifs were made of, and those in none."""
        return self._found().seqlets

    @property
    def hits(self) -> pd.DataFrame:
        """Where motifs occur."""
        return self._found().hits

    @property
    def curve(self) -> pd.DataFrame:
        """Calls of seqlets against the false discovery rate."""
        return self._found().curve

    def _found(self) -> Discovered:
        if self.discovered is None:
            raise InputError("motifs read from filters have no seqlets; seqinterp.discover finds motifs that have them")
        return self.discovered

    @overload
    def __getitem__(self, index: int) -> Motif: ...
    @overload
    def __getitem__(self, index: slice) -> "Motifs": ...
    def __getitem__(self, index: int | slice) -> "Motif | Motifs":
        if isinstance(index, slice):
            return Motifs(
                self._motifs[index],
                database=self.database,
                database_size=self.database_size,
                discovered=self.discovered,
            )
        return self._motifs[index]

    def __len__(self) -> int:
        return len(self._motifs)

    def __iter__(self) -> Iterator[Motif]:
        return iter(self._motifs)

    def __repr__(self) -> str:
        named = sum(motif.match is not None for motif in self)
        return f"Motifs({len(self)} motifs, {named} named from {self.database} ({self.database_size} matrices))"

    def to_frame(self) -> pd.DataFrame:
        """One row per motif: name, consensus, bits, hits (seqlets, of discovered motifs), match, q-value.

        Of filters also what they were started from; of discovered motifs their sign, mean contribution and note.
        """
        table = pd.DataFrame(
            [
                {
                    "name": motif.name,
                    "consensus": motif.consensus,
                    "information_content": motif.information_content,
                    "importance": motif.importance,
                    "hits": motif.hits,
                    "match": motif.match.name if motif.match else "",
                    "match_label": (motif.match.label or motif.match.name) if motif.match else "no match",
                    "also": ", ".join(motif.match.also) if motif.match else "",
                    "q_value": motif.match.q_value if motif.match else np.nan,
                    "offset": motif.match.offset if motif.match else 0,
                    "reverse": motif.match.reverse if motif.match else False,
                    "started_from": motif.started_from or "",
                    "sign": motif.sign,
                    "contribution": np.nan if motif.cwm is None else float(motif.cwm.sum()),
                    "note": motif.note,
                }
                for motif in self
            ],
            columns=list(_COLUMNS),
        )
        gone = ["sign", "contribution", "note"] if self.discovered is None else ["importance", "started_from"]
        table = table.drop(columns=gone)
        return table if self.discovered is None else table.rename(columns={"hits": "seqlets"})

    def save(self, path: Path | str) -> None:
        """Write the motifs by the ending of the path: .meme (or .txt), or .h5 as TF-MoDISco writes them.

        Raises:
            InputError: the ending is another, or motifs of filters are to be written as .h5.
        """
        ending = Path(path).suffix
        if ending == ".h5":
            found = self._found()
            write_modisco(path, list(self), found.tracks, found.seqlets, force=True)
        elif ending in (".meme", ".txt"):
            write_meme(path, list(self), force=True)
        else:
            raise InputError(f"motifs are written as .meme or .h5, but the path ends in {ending!r}")

    def plot(self, index: int = 0) -> Figure:
        """The information-content logo of one motif."""
        return motif_logo(self[index])
