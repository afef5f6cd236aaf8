"""The result of `filter_motifs`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqinterp.io.motif_files import write_meme
from seqinterp.motifs.motif import Motif
from seqinterp.plot.logo import motif_logo


class Motifs(Sequence[Motif]):
    """Motifs found in a model, in the order of its filters, and the database they were named from."""

    def __init__(self, motifs: Sequence[Motif], *, database: str, database_size: int) -> None:
        self._motifs = tuple(motifs)
        self.database, self.database_size = database, database_size

    @overload
    def __getitem__(self, index: int) -> Motif: ...
    @overload
    def __getitem__(self, index: slice) -> "Motifs": ...
    def __getitem__(self, index: int | slice) -> "Motif | Motifs":
        if isinstance(index, slice):
            return Motifs(self._motifs[index], database=self.database, database_size=self.database_size)
        return self._motifs[index]

    def __len__(self) -> int:
        return len(self._motifs)

    def __iter__(self) -> Iterator[Motif]:
        return iter(self._motifs)

    def __repr__(self) -> str:
        named = sum(motif.match is not None for motif in self)
        return f"Motifs({len(self)} motifs, {named} named from {self.database} ({self.database_size} matrices))"

    def to_frame(self) -> pd.DataFrame:
        """One row per motif: name, consensus, bits, hits, match, q-value, and what the filter was started from."""
        return pd.DataFrame(
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
            }
            for motif in self
        )

    def save(self, path: Path | str) -> None:
        """Write the motifs as a MEME file."""
        write_meme(path, list(self), force=True)

    def plot(self, index: int = 0) -> Figure:
        """The information-content logo of one motif."""
        return motif_logo(self[index])
