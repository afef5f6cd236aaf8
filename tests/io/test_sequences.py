"""Sequences are read from tables and FASTA alike, with labels or without."""

import gzip

import pytest

from seqinterp.errors import AlphabetError, FileError
from seqinterp.io.sequences import read_sequences
from seqinterp.io.tables import read_examples
from seqinterp.sequence.examples import Locus


def written(folder, content, name="x.tsv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        ">a\nACGT\n>b\nACGA\n",
        "\n  \n>a words\nAC\ngt\n\n>b\nACGA\n",
        gzip.compress(b">a\nACGT\n>b\nACGA\n", mtime=0),
        "name\tsequence\na\tACGT\nb\tACGA\n",
        "\nname,seq,other\na,acgt,1\nb,ACGA,2\n",
    ],
)
def test_sequences_without_labels(tmp_path, content):
    examples = read_sequences(written(tmp_path, content))
    assert examples.sequences == ("ACGT", "ACGA") and examples.names == ("a", "b")
    assert examples.labels.tolist() == [0, 0]


def test_a_single_column_and_labels_that_are_there(tmp_path):
    assert read_sequences(written(tmp_path, "sequence\nACGT\n")).names == ("line_2",)
    path = written(tmp_path, "sequence\tlabel\tlocus\nACGT\t1\tchr1:1-5\nACGA\t0\t\n")
    examples = read_sequences(path)
    assert examples.labels.tolist() == [1, 0] and examples.loci == (Locus("chr1", 1, 5), None)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("name\tlabel\na\t1\n", FileError, "x.tsv, line 1: no column for the sequence"),
        ("sequence\tlabel\nACGT\t2\n", FileError, "x.tsv, line 2: a label is 0 or 1"),
        (">a\nACGT\n>b\nACG\n", FileError, "x.tsv, line 1 has 4 letters and that of .*x.tsv, line 3 has 3"),
        (">a\nACGT\n>b\nACGJ\n", AlphabetError, r"line 4 \(record 'b'\) has 'J'"),
        (">a\n", FileError, "record 'a' has no sequence"),
        ("", FileError, "is empty"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, content, error, message):
    with pytest.raises(error, match=message):
        read_sequences(written(tmp_path, content))


def test_labelled_examples_stay_strict(tmp_path):
    with pytest.raises(FileError, match="no column for the label"):
        read_examples(written(tmp_path, "sequence\nACGT\n"))
