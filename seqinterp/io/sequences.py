"""Sequences to ask a model about, with labels or without."""

from pathlib import Path

from seqinterp.io.fasta import read_records, require_one_length
from seqinterp.io.tables import examples_in
from seqinterp.io.text import read_lines
from seqinterp.sequence.examples import Examples


def read_sequences(path: str | Path) -> Examples:
    """Sequences of one length from FASTA (the first line that is not blank starts with '>') or from a table.

    A table is read as `read_examples` reads it, but needs no column of labels; labels are 0 where there are none, as
    in FASTA. Raises FileError, or AlphabetError for a letter that is not DNA, naming file and line.
    """
    path = Path(path)
    lines = read_lines(path)
    if not next(line for line in lines if line.strip()).lstrip().startswith(">"):
        return examples_in(path, lines, needed=("sequence",))
    names, sequences, headers = read_records(path)
    require_one_length([f"{path}, line {line}" for line in headers], sequences)
    return Examples.of(sequences, [0.0] * len(sequences), names=names)
