"""Labelled sequences of one length, where they come from, and what was planted in them."""

import re
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import code_block, describe_record
from seqinterp.sequence.onehot import one_hot
from seqinterp.shapes import Labels, Sequences, Truth

Strand = Literal["+", "-"]
Kind = Literal["site", "decoy"]
SPLITS = ("train", "valid", "test")

_LOCUS = re.compile(r"(?P<chromosome>[^\s:]+):(?P<start>\d+)-(?P<stop>\d+)(?:\((?P<strand>[+-])\))?")
# Names such as FOS::JUN hold colons, so the name takes all that the rest can spare.
_SITE = re.compile(
    r"(?P<motif>.+):(?P<start>\d+)-(?P<stop>\d+):(?P<strand>[+-])(?::(?P<kind>site|decoy)(?::(?P<spans>[\d,-]*))?)?"
)


@dataclass(frozen=True)
class Locus:
    """A window of a genome: 0-based, half-open; `strand` is the one that the sequence was read from."""

    chromosome: str
    start: int
    stop: int
    strand: Strand = "+"

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise InputError(f"a locus needs 0 <= start < stop, but {self} came (0-based, half-open)")

    def __str__(self) -> str:
        return f"{self.chromosome}:{self.start}-{self.stop}" + ("(-)" if self.strand == "-" else "")

    def __len__(self) -> int:
        return self.stop - self.start

    @classmethod
    def parse(cls, text: str) -> "Locus":
        """Read "chr22:10-111", or "chr22:10-111(-)" for the reverse strand; InputError for anything else."""
        match = _LOCUS.fullmatch(text.strip())
        if match is None:
            raise InputError(f"a locus is written chr22:10-111 (0-based, half-open), but {text!r} came")
        strand: Strand = "-" if match["strand"] == "-" else "+"
        return cls(match["chromosome"], int(match["start"]), int(match["stop"]), strand)


@dataclass(frozen=True)
class Site:
    """A stretch of a sequence that was planted: a real site, or a decoy that means nothing.

    `start` and `stop` are 0-based and half-open within the sequence, and `informative` are the positions, also
    within the sequence, that count as truth. Written `motif:start-stop:strand`, then `:decoy` for a decoy; where
    the informative positions are not all positions of a site (or not none of a decoy), the kind and half-open
    spans follow: `MA0491.3:34-43:+:site:34-38,39-43`.
    """

    motif: str
    start: int
    stop: int
    strand: Strand
    kind: Kind
    informative: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.motif or ";" in self.motif or any(letter.isspace() for letter in self.motif):
            raise InputError(f"a site needs a motif name without ';' and spaces, but {self.motif!r} came")
        if not 0 <= self.start < self.stop:
            raise InputError(f"a site needs 0 <= start < stop, but {self.start}-{self.stop} came for {self.motif}")
        if any(not self.start <= position < self.stop for position in self.informative):
            raise InputError(f"the informative positions of {self.motif}:{self.start}-{self.stop} must lie inside it")

    def __str__(self) -> str:
        text = f"{self.motif}:{self.start}-{self.stop}:{self.strand}"
        if self.informative == _usual(self.kind, self.start, self.stop):
            return text + (":decoy" if self.kind == "decoy" else "")
        return f"{text}:{self.kind}:{_spans(self.informative)}"

    @classmethod
    def parse(cls, text: str) -> "Site":
        """Read what `str(site)` writes; InputError for anything else."""
        match = _SITE.fullmatch(text.strip())
        if match is None:
            raise InputError(
                f"a site is written MA0491.3:34-43:+ or TGAC:60-64:+:decoy, several separated by ';', but {text!r} came"
            )
        kind: Kind = "decoy" if match["kind"] == "decoy" else "site"
        strand: Strand = "-" if match["strand"] == "-" else "+"
        start, stop = int(match["start"]), int(match["stop"])
        informative = _usual(kind, start, stop)
        if match["spans"] is not None:
            informative = _positions(match["spans"], text)
        return cls(match["motif"], start, stop, strand, kind, informative)


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled sequences, one entry of every field per example; checks itself when it is made.

    `sequences` are of one length and are kept in upper case; `labels` are 0 or 1 (float64); `loci` hold None
    where the origin is unknown; `sites` are None where nothing is known to be planted (not even an empty
    entry); `split` is train, valid or test, or None where the caller shall split.
    """

    sequences: tuple[str, ...]
    labels: Labels
    names: tuple[str, ...]
    loci: tuple[Locus | None, ...]
    sites: tuple[tuple[Site, ...], ...] | None = None
    split: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        fields: dict[str, Sized | None] = {"labels": self.labels, "names": self.names, "loci": self.loci}
        fields |= {"sites": self.sites, "split": self.split}
        for field, values in fields.items():
            if values is not None and len(values) != len(self.sequences):
                raise InputError(
                    f"one entry of {field} per sequence is needed, but {len(values)} came for "
                    f"{len(self.sequences)} sequences"
                )
        code_block(self.sequences, describe_record(self.names))
        object.__setattr__(self, "sequences", tuple(sequence.upper() for sequence in self.sequences))
        object.__setattr__(self, "labels", np.array(self.labels, dtype=np.float64))
        self._check_values()

    def _check_values(self) -> None:
        """Labels are 0 or 1, splits are known, loci and sites fit their sequences."""
        if not np.isin(self.labels, (0.0, 1.0)).all():
            i = int(np.argmin(np.isin(self.labels, (0.0, 1.0))))
            raise InputError(f"labels are 0 or 1, but {self.names[i]!r} (number {i + 1}) has {self.labels[i]}")
        length = len(self.sequences[0])
        for name, split in zip(self.names, self.split or [None] * len(self), strict=True):
            if split not in (None, *SPLITS):
                raise InputError(f"a split is one of {', '.join(SPLITS)}, but {name!r} has {split!r}")
        for name, locus in zip(self.names, self.loci, strict=True):
            if locus is not None and len(locus) != length:
                raise InputError(
                    f"the locus {locus} of {name!r} spans {len(locus)} bases, but its sequence has {length}; loci "
                    "are 0-based and half-open"
                )
        for name, sites in zip(self.names, self.sites or [()] * len(self), strict=True):
            for site in sites:
                if site.stop > length:
                    raise InputError(f"the site {site} of {name!r} reaches past its {length} bases")

    @classmethod
    def of(
        cls,
        sequences: Sequence[str],
        labels: Sequence[float] | Sequence[int] | Labels,
        *,
        names: Sequence[str] | None = None,
        loci: Sequence[Locus | None] | None = None,
        sites: Sequence[tuple[Site, ...]] | None = None,
        split: Sequence[str] | None = None,
    ) -> "Examples":
        """Examples from plain lists; what is not given is unknown, and names become sequence_1, sequence_2 ..."""
        return cls(
            sequences=tuple(sequences),
            labels=np.asarray(labels, dtype=np.float64),
            names=tuple(names) if names is not None else tuple(f"sequence_{i + 1}" for i in range(len(sequences))),
            loci=tuple(loci) if loci is not None else (None,) * len(sequences),
            sites=tuple(sites) if sites is not None else None,
            split=tuple(split) if split is not None else None,
        )

    def __len__(self) -> int:
        return len(self.sequences)

    def take(self, indices: Sequence[int] | NDArray[Any]) -> "Examples":
        """The examples at `indices` (0-based, at least one, in that order), or where a boolean array is True."""
        rows = np.asarray(indices)
        chosen: list[int] = (np.flatnonzero(rows) if rows.dtype == np.bool_ else rows).tolist()
        if not chosen:
            raise InputError("at least one index is needed to take examples, but the list is empty")
        return Examples(
            sequences=tuple(self.sequences[i] for i in chosen),
            labels=self.labels[chosen],
            names=tuple(self.names[i] for i in chosen),
            loci=tuple(self.loci[i] for i in chosen),
            sites=None if self.sites is None else tuple(self.sites[i] for i in chosen),
            split=None if self.split is None else tuple(self.split[i] for i in chosen),
        )

    @cached_property
    def inputs(self) -> Sequences:
        """The sequences as float32 (batch, 4, position); made once."""
        return one_hot(self.sequences, names=self.names)

    def truth(self) -> Truth:
        """True (batch, position) at the informative positions of planted sites; decoys do not count.

        Raises InputError where nothing is known to be planted.
        """
        if self.sites is None:
            raise InputError("these examples have no planted sites; give a sites column or simulate them")
        truth = torch.zeros(len(self), len(self.sequences[0]), dtype=torch.bool)
        for row, sites in zip(truth, self.sites, strict=True):
            for site in sites:
                if site.kind == "site":
                    row[list(site.informative)] = True
        return truth


def _usual(kind: Kind, start: int, stop: int) -> tuple[int, ...]:
    """The informative positions that need no writing down: all of a site, none of a decoy."""
    return tuple(range(start, stop)) if kind == "site" else ()


def _spans(positions: tuple[int, ...]) -> str:
    """Rising positions as half-open spans: (3, 4, 7) is 3-5,7-8."""
    starts = [p for p in positions if p - 1 not in positions]
    stops = [p + 1 for p in positions if p + 1 not in positions]
    return ",".join(f"{start}-{stop}" for start, stop in zip(starts, stops, strict=True))


def _positions(spans: str, text: str) -> tuple[int, ...]:
    """The inverse of `_spans`."""
    positions: list[int] = []
    for span in filter(None, spans.split(",")):
        start, dash, stop = span.partition("-")
        if not (start.isdigit() and dash and stop.isdigit()):
            raise InputError(f"informative positions are written 35-38,40-43 (half-open), but {text!r} came")
        positions += range(int(start), int(stop))
    return tuple(positions)
