"""Designed sequences as files that other programs read: tables, and FASTA and GenBank, written by Biopython."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from Bio import SeqIO
from Bio.Seq import Seq
from Bio.SeqFeature import SeqFeature, SimpleLocation
from Bio.SeqRecord import SeqRecord

from seqinterp.errors import InputError
from seqinterp.io.atomic import written_whole

STRANDS = {"+": 1, "-": -1, "": 0}
NAME = 16  # letters of a name that the first line of a GenBank record has room for


@dataclass(frozen=True)
class Feature:
    """The bases `[start, stop)` of a record, 0-based, and what is said of them; a strand of "" is none.

    kind: a key of the GenBank feature table, such as "variation" or "misc_feature".
    """

    kind: str
    start: int
    stop: int
    strand: str
    qualifiers: Mapping[str, str]


@dataclass(frozen=True)
class Record:
    """One sequence with its name, one line of description, and for GenBank lines of comment and features."""

    name: str
    sequence: str
    description: str = ""
    comment: Sequence[str] = ()
    features: Sequence[Feature] = ()


def write_fasta(path: Path | str, records: Sequence[Record]) -> None:
    """Write `>name description` and the sequence, 60 letters to a line; an older file is replaced whole."""
    with written_whole(Path(path), force=True) as place:
        SeqIO.write([_plain(record) for record in records], place, "fasta")


def write_tsv(path: Path | str, frame: pd.DataFrame) -> None:
    """Write a table with enough digits to read the same numbers back; NaN is empty. An older file is replaced whole."""
    with written_whole(Path(path), force=True) as place:
        frame.to_csv(place, sep="\t", index=False, float_format="%.9g")


def write_genbank(path: Path | str, records: Sequence[Record]) -> None:
    """Write GenBank records of linear DNA with their features; an older file is replaced whole.

    Raises:
        InputError: a name is longer than 16 letters or holds a space, or a feature is empty or leaves its sequence.
    """
    for record in records:
        _refuse(record)
    with written_whole(Path(path), force=True) as place:
        SeqIO.write([_annotated(record) for record in records], place, "genbank")


def _refuse(record: Record) -> None:
    """InputError for what GenBank has no place for."""
    if not record.name or len(record.name) > NAME or any(letter.isspace() for letter in record.name):
        raise InputError(f"a GenBank name has 1 to {NAME} letters and no space, so {record.name!r} cannot be one")
    for feature in record.features:
        if not 0 <= feature.start < feature.stop <= len(record.sequence):
            raise InputError(
                f"the feature [{feature.start}, {feature.stop}) of {record.name} is empty or leaves its"
                f" {len(record.sequence)} bases"
            )


def _plain(record: Record) -> SeqRecord:
    """Name, sequence and description."""
    return SeqRecord(Seq(record.sequence), id=record.name, name=record.name, description=record.description)


def _annotated(record: Record) -> SeqRecord:
    """The same with comment and features."""
    found = _plain(record)
    found.annotations = {"molecule_type": "DNA", "topology": "linear", "data_file_division": "SYN"}
    if record.comment:
        found.annotations["comment"] = "\n".join(record.comment)
    for feature in record.features:
        place = SimpleLocation(feature.start, feature.stop, strand=STRANDS[feature.strand] or None)
        qualifiers = {name: [said] for name, said in feature.qualifiers.items()}
        found.features.append(SeqFeature(place, type=feature.kind, qualifiers=qualifiers))
    return found
