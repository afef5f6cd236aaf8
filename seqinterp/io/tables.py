"""Labelled sequences as tables: TSV, CSV or columns parted by spaces, plain or gzipped."""

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from seqinterp.errors import FileError, InputError
from seqinterp.io.atomic import written_whole
from seqinterp.io.text import read_lines
from seqinterp.sequence.alphabet import code_block
from seqinterp.sequence.examples import SPLITS, Examples, Locus, Site

# What a column may be called, in any case.
COLUMNS = {
    "sequence": ("sequence", "seq"),
    "label": ("label", "bound"),
    "locus": ("locus", "interval", "region"),
    "name": ("name", "id", "eventid"),
    "sites": ("sites",),
    "split": ("split",),
}
NEEDED = ("sequence", "label")

T = TypeVar("T")
Rows = list[tuple[int, list[str]]]  # line number, counting from 1, and fields


def read_examples(path: str | Path) -> Examples:
    """Examples from a table with a header and the columns sequence (or seq) and label (or bound), 0 or 1.

    Columns that may be there: locus (`chr22:10-111`, 0-based, half-open, of the sequence's length), name, sites (see
    `Site`; several parted by ';') and split (train, valid, test). Other columns are left out. A header with a
    tab makes it TSV, one with a comma CSV, else columns are parted by spaces. Lower case is accepted.

    Raises FileError, or AlphabetError for a letter that is not DNA, naming file and line.
    """
    return examples_in(Path(path), read_lines(path))


def examples_in(path: Path, lines: list[str], *, needed: Sequence[str] = NEEDED) -> Examples:
    """Examples in the lines of the table `path`, as `read_examples` gives them; `needed` columns must be there.

    Labels are 0 where no column holds them.
    """
    places, rows = _rows(path, lines, needed)

    def column(role: str, parse: Callable[[str], T]) -> list[T] | None:
        if role not in places:
            return None
        return [_parsed(f"{path}, line {line}", fields[places[role]].strip(), parse) for line, fields in rows]

    sequences = column("sequence", str) or []
    labels = column("label", _label) or [0.0] * len(rows)
    _check_sequences(path, rows, sequences)
    loci = column("locus", lambda text: Locus.parse(text) if text else None)
    for (line, _), sequence, locus in zip(rows, sequences, loci or [None] * len(rows), strict=True):
        if locus is not None and len(locus) != len(sequence):
            raise FileError(
                f"{path}, line {line}: the locus {locus} spans {len(locus)} bases, but the sequence has "
                f"{len(sequence)}; loci are 0-based and half-open"
            )
    names = column("name", str) or [str(locus or "") for locus in loci or [None] * len(rows)]
    names = [name or f"line_{line}" for name, (line, _) in zip(names, rows, strict=True)]
    sites = column("sites", _sites(len(sequences[0])))
    return Examples.of(sequences, labels, names=names, loci=loci, sites=sites, split=column("split", _split))


def write_examples(path: str | Path, examples: Examples, *, force: bool = False) -> None:
    """Write examples so that `read_examples` gives them back: TSV, or CSV for a name with .csv; gzipped for .gz.

    The same examples always give the same bytes (gzip without time and name). Raises FileError if `path` exists
    and `force` is False.
    """
    path = Path(path)
    columns: dict[str, Sequence[str]] = {
        "sequence": examples.sequences,
        "label": [str(int(label)) for label in examples.labels],
        "name": examples.names,
    }
    if any(examples.loci):
        columns["locus"] = [str(locus or "") for locus in examples.loci]
    if examples.sites is not None:
        columns["sites"] = [";".join(map(str, sites)) for sites in examples.sites]
    if examples.split is not None:
        columns["split"] = examples.split
    text = io.StringIO()
    table = csv.writer(text, delimiter="," if ".csv" in path.suffixes else "\t", lineterminator="\n")
    table.writerow(columns)
    table.writerows(zip(*columns.values(), strict=True))
    content = text.getvalue().encode()
    with written_whole(path, force=force) as whole:
        whole.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _rows(path: Path, lines: list[str], needed: Sequence[str]) -> tuple[dict[str, int], Rows]:
    """Which column plays which role, and the rows below the header, each with as many fields."""
    found = _fields(path, lines)
    (top, header), *rows = found
    places = _places(f"{path}, line {top}", header, needed)
    if not rows:
        raise FileError(f"{path} has a header and nothing below it")
    for line, fields in rows:
        if len(fields) != len(header):
            raise FileError(f"{path}, line {line}: {len(header)} columns are wanted, but {len(fields)} came")
    return places, rows


def _fields(path: Path, lines: list[str]) -> Rows:
    """The fields of every line that is not blank."""
    header = next(line for line in lines if line.strip())
    delimiter = next((d for d in "\t," if d in header), None)
    if delimiter is None or not any('"' in line for line in lines):
        return [(i + 1, line.split(delimiter)) for i, line in enumerate(lines) if line.strip()]
    table = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        return [(table.line_num, fields) for fields in table if "".join(fields).strip()]
    except csv.Error as error:
        raise FileError(f"{path}, line {table.line_num}: {error}; check the quotes") from error


def _places(where: str, header: list[str], needed: Sequence[str]) -> dict[str, int]:
    """Which column plays which role."""
    found = ", ".join(name.strip()[:30] for name in header)
    places: dict[str, int] = {}
    for i, name in enumerate(header):
        role = next((role for role, known in COLUMNS.items() if name.strip().lower() in known), None)
        if role in places:
            raise FileError(f"{where}: two columns for the {role}; keep one of the columns {found}")
        if role:
            places[role] = i
    for role in needed:
        if role not in places:
            names = " or ".join(COLUMNS[role])
            raise FileError(f"{where}: no column for the {role} (named {names}); the columns found are {found}")
    return places


def _parsed(where: str, text: str, parse: Callable[[str], T]) -> T:
    """One field, its complaint with file and line."""
    try:
        return parse(text)
    except InputError as error:
        raise FileError(f"{where}: {error}") from error


def _label(text: str) -> float:
    """0 or 1."""
    if text not in ("0", "1", "0.0", "1.0"):
        raise InputError(f"a label is 0 or 1, but {text!r} came")
    return float(text)


def _split(text: str) -> str:
    """Train, valid or test."""
    if text not in SPLITS:
        raise InputError(f"a split is one of {', '.join(SPLITS)}, but {text!r} came")
    return text


def _sites(length: int) -> Callable[[str], tuple[Site, ...]]:
    """A reader of sites within sequences of `length` bases."""

    def parse(text: str) -> tuple[Site, ...]:
        sites = tuple(Site.parse(part) for part in text.split(";") if part.strip())
        for site in sites:
            if site.stop > length:
                raise InputError(f"the site {site} reaches past the {length} bases of its sequence")
        return sites

    return parse


def _check_sequences(path: Path, rows: Rows, sequences: list[str]) -> None:
    """Letters and lengths, with the lines of the file."""
    for (line, _), sequence in zip(rows, sequences, strict=True):
        if not sequence:
            raise FileError(f"{path}, line {line}: the sequence is empty")
        if len(sequence) != len(sequences[0]):
            raise FileError(
                f"{path}: all sequences must have one length, but line {rows[0][0]} has {len(sequences[0])} letters "
                f"and line {line} has {len(sequence)}; cut or pad them to one length"
            )
    code_block(sequences, lambda i: f"{path}, line {rows[i][0]}")
