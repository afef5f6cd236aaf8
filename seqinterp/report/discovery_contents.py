"""What the page of a discovery says, as motifs, tables and words; `discovery.discovery_page` draws it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif

SEQLETS = ("example", "start", "stop", "strand", "motif", "sign", "attribution", "q_value")
HITS = ("example", "start", "stop", "strand", "motif")

_NUMBERED = re.compile(r"(pos|neg)_patterns\.pattern_(\d+)")


@dataclass(frozen=True, eq=False)
class DiscoveryContents:
    """Everything that one page says of a discovery.

    `seqlets`, `hits` and `curve` are the tables of `seqinterp.discover`, and `threshold` the false discovery rate that
    the seqlets were called at. `examples` and `length` are the number of sequences and of their positions. `database`
    names where the motifs were looked up among `database_size` matrices, and `known` are those that are to be drawn
    beside the motifs that match them. `filters` are motifs of a network's filters, to be compared with what was found.
    `data` holds names and hashes of files, `settings` the options.

    Raises:
        InputError: a table lacks a column.
    """

    title: str
    run_id: str
    seed: int
    created: str
    command: str
    versions: Mapping[str, str]
    data: Mapping[str, str]
    settings: Mapping[str, str]
    motifs: tuple[Motif, ...]
    seqlets: pd.DataFrame
    hits: pd.DataFrame
    curve: pd.DataFrame
    examples: int
    length: int
    threshold: float
    database: str
    database_size: int
    known: tuple[Motif, ...] = ()
    filters: tuple[Motif, ...] = ()

    def __post_init__(self) -> None:
        """Hold the tables to their columns."""
        for what, table, needed in (("seqlets", self.seqlets, SEQLETS), ("hits", self.hits, HITS)):
            lacking = [name for name in needed if name not in table.columns]
            if lacking:
                raise InputError(f"the table of {what} needs a column {lacking[0]!r}, but it has {[*table.columns]}")


def short_name(motif: Motif) -> str:
    """ "pos 3" for `pos_patterns.pattern_3`; another name as it is."""
    found = _NUMBERED.fullmatch(motif.name)
    return f"{found[1]} {found[2]}" if found else motif.name


def known_name(motif: Motif) -> str:
    """What the motif resembles, in the words that people use, or "unknown"."""
    return "unknown" if motif.match is None else motif.match.label or motif.match.name


def full_name(motif: Motif) -> str:
    """Both: "pos 3 JUND", or only "pos 3"."""
    return short_name(motif) if motif.match is None else f"{short_name(motif)} {known_name(motif)}"


def anchor(motif: Motif) -> str:
    """The name of the motif's row, for links."""
    return "motif-" + re.sub(r"[^A-Za-z0-9]+", "-", motif.name)
