"""BED and narrowPeak as places of sequences."""

import gzip

import pytest

from seqinterp.errors import FileError
from seqinterp.io.loci import read_loci
from seqinterp.sequence.examples import Locus

BED = "track name=peaks\n# a comment\nchr1\t100\t200\nchr2\t5\t105\tpeak\t0\t-\n\nchrX 7 107 a 1 . 3.5\r\n"
EXPECTED = [Locus("chr1", 100, 200), Locus("chr2", 5, 105, "-"), Locus("chrX", 7, 107)]


@pytest.mark.parametrize("name", ["a.bed", "a.bed.gz"])
def test_lines_are_loci_in_their_order(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(BED.encode()) if name.endswith("gz") else BED.encode())
    assert read_loci(tmp_path / name) == EXPECTED


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("chr1\t100", "line 2: chromosome, start and stop are wanted"),
        ("chr1\tstart\tstop", "line 2: chromosome, start and stop are wanted"),
        ("chr1\t-5\t10", "line 2: chromosome, start and stop are wanted"),
        ("chr1\t10\t10", "line 2: a locus needs 0 <= start < stop"),
        ("chr1\t10\t20\ta\t0\tplus", "line 2: the sixth column of BED is the strand, +, - or a dot, but it is 'plus'"),
    ],
)
def test_lines_that_are_no_intervals(tmp_path, line, sentence):
    (tmp_path / "a.bed").write_text(f"chr1\t0\t10\n{line}\n")
    with pytest.raises(FileError) as caught:
        read_loci(tmp_path / "a.bed")
    assert sentence in str(caught.value)


def test_a_file_without_intervals(tmp_path):
    (tmp_path / "a.bed").write_text("# nothing\n")
    with pytest.raises(FileError, match="holds no interval"):
        read_loci(tmp_path / "a.bed")
