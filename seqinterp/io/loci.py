"""Where sequences lie in a genome, read from BED (or narrowPeak): one line per sequence, in their order."""

from pathlib import Path

from seqinterp.errors import FileError, InputError
from seqinterp.io.text import read_lines
from seqinterp.sequence.examples import Locus, Strand

HEADERS = ("#", "track", "browser")  # what lines that are no intervals begin with
STRAND = 5  # the column of the strand, counted from 0


def read_loci(path: Path | str) -> list[Locus]:
    """The intervals of a BED file, plain or gzipped, 0-based and half-open; lines of comments are left out.

    The strand is that of the sixth column: the sequence of a line with "-" is the reverse complement of the genome
    there. It is + where there is no sixth column, or a dot in it.

    Raises:
        FileError: the file cannot be read, or a line is no interval, naming the line.
    """
    found = [
        _locus(f"{path}, line {number}", line)
        for number, line in enumerate(read_lines(path), start=1)
        if line.strip() and not line.startswith(HEADERS)
    ]
    if not found:
        raise FileError(f"{path} holds no interval; BED has lines such as 'chr1 100 200', one per sequence")
    return found


def _locus(where: str, line: str) -> Locus:
    """One line."""
    fields = line.split("\t") if "\t" in line else line.split()
    if len(fields) < 3 or not all(field.strip().isascii() and field.strip().isdigit() for field in fields[1:3]):
        raise FileError(f"{where}: chromosome, start and stop are wanted, with tabs between, but {line[:60]!r} came")
    strand = fields[STRAND].strip() if len(fields) > STRAND else "."
    if strand not in ("+", "-", "."):
        raise FileError(f"{where}: the sixth column of BED is the strand, +, - or a dot, but it is {strand[:20]!r}")
    read: Strand = "-" if strand == "-" else "+"
    try:
        return Locus(fields[0], int(fields[1]), int(fields[2]), read)
    except InputError as error:
        raise FileError(f"{where}: {error}") from error
