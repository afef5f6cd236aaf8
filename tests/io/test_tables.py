import gzip

import numpy as np
import pytest

from seqinterp.errors import AlphabetError, FileError
from seqinterp.io.tables import read_examples, write_examples
from seqinterp.sequence.examples import Examples, Locus, Site

ROWS = "sequence\tlabel\tlocus\tname\tsites\tsplit\n" + (
    "ACGTac\t1\tchr1:10-16\ta\tMA0491.3:1-4:+;TGAC:4-6:-:decoy\ttrain\nTTTTTN\t0\t\tb\t\ttest\n"
)


def written(folder, content, name="x.tsv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def same(left, right):
    fields = ("sequences", "names", "loci", "sites", "split")
    return left.labels.tolist() == right.labels.tolist() and all(getattr(left, f) == getattr(right, f) for f in fields)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (ROWS, "x.tsv"),
        (ROWS.replace("\n", "\r\n"), "x.tsv"),
        ("\ufeff\n" + ROWS, "x.tsv"),
        (gzip.compress(ROWS.encode(), mtime=0), "x.tsv.gz"),
        (ROWS.replace("\t", ","), "x.csv"),
        (ROWS.replace("\t", ",").replace("sequence,label", '"sequence","label"'), "x.csv"),
    ],
)
def test_every_column_is_read(tmp_path, content, name):
    examples = read_examples(written(tmp_path, content, name))
    assert examples.sequences == ("ACGTAC", "TTTTTN") and examples.labels.tolist() == [1, 0]
    assert examples.names == ("a", "b") and examples.loci == (Locus("chr1", 10, 16), None)
    sites = (Site("MA0491.3", 1, 4, "+", "site", (1, 2, 3)), Site("TGAC", 4, 6, "-", "decoy", ()))
    assert examples.sites == (sites, ()) and examples.split == ("train", "test")


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("seq,Bound\nACGT,1\nACGA,0\n", ("line_2", "line_3")),
        ("FoldID\tEventID\tseq\tBound\nA\tpeak_1\tACGT\t1.0\nA\tpeak_2\tACGA\t0.0\n", ("peak_1", "peak_2")),
        ("FoldID EventID  seq Bound\nA peak_1 ACGT 1\n\nA peak_2 ACGA 0\n", ("peak_1", "peak_2")),
        ("locus\tsequence\tbound\nchr1:1-5\tACGT\t1\nchr1:5-9\tACGA\t0\n", ("chr1:1-5", "chr1:5-9")),
    ],
)
def test_other_names_of_columns(tmp_path, content, names):
    examples = read_examples(written(tmp_path, content))
    assert examples.sequences == ("ACGT", "ACGA") and examples.labels.tolist() == [1, 0]
    assert examples.names == names and examples.sites is None and examples.split is None


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (
            "sequence\tscore\nACGT\t1\n",
            FileError,
            r"line 1: no column for the label \(named label or bound\); .* sequence, score",
        ),
        ("ACGT 1\nACGT 0\n", FileError, "no column for the sequence .* found are ACGT, 1"),
        ("seq\tsequence\tlabel\nA\tA\t1\n", FileError, "two columns for the sequence"),
        ("seq\tlabel\n", FileError, "has a header and nothing below it"),
        ("seq\tlabel\nACGT\t1\nACGT\n", FileError, "x.tsv, line 3: 2 columns are wanted, but 1 came"),
        ("seq\tlabel\nACGT\tyes\n", FileError, "x.tsv, line 2: a label is 0 or 1, but 'yes' came"),
        ("seq\tlabel\nACGT\t1\nACGT\tNaN\n", FileError, "x.tsv, line 3: .*'NaN'"),
        ("seq\tlabel\nACGT\t1\n\nACGT\t\n", FileError, "x.tsv, line 4: a label is 0 or 1, but ''"),
        ("seq\tlabel\nACGT\t2\n", FileError, "line 2: .*'2'"),
        ("seq\tlabel\nACGT\t1\nACG\t0\n", FileError, "line 2 has 4 letters and line 3 has 3"),
        ("seq\tlabel\nACGT\t1\nACGU\t0\n", AlphabetError, "x.tsv, line 3 has 'U' at position 4 .*replace U by T"),
        ("seq\tlabel\nACGT\t1\nAC1T\t0\n", AlphabetError, "x.tsv, line 3 has '1' at position 3"),
        ("seq\tlabel\n\t1\n", FileError, "x.tsv, line 2: the sequence is empty"),
        ("seq\tlabel\tlocus\nACGT\t1\tchr1\n", FileError, "line 2: a locus is written chr22:10-111 .* but 'chr1' came"),
        ("seq\tlabel\tlocus\nACGT\t1\tchr1:1-4\n", FileError, "line 2: the locus chr1:1-4 spans 3 bases, .* has 4"),
        ("seq\tlabel\tsites\nACGT\t1\tX:1-3\n", FileError, "line 2: a site is written MA0491.3:34-43:"),
        ("seq\tlabel\tsites\nACGT\t1\tX:1-6:+\n", FileError, "line 2: the site X:1-6:. reaches past the 4 bases"),
        ("seq\tlabel\tsplit\nACGT\t1\tdev\n", FileError, "line 2: a split is one of train, valid, test, but 'dev'"),
        ('seq,label\n"ACGT,1\n', FileError, "check the quotes"),
        ("", FileError, "x.tsv is empty"),
    ],
)
def test_the_bad_line_is_named(tmp_path, content, error, message):
    with pytest.raises(error, match=message):
        read_examples(written(tmp_path, content))


def whole():
    sites = ((Site("FOS::JUN", 0, 4, "-", "site", (0, 2)), Site("X", 4, 6, "+", "decoy", (4,))), ())
    loci = (Locus("chr1", 0, 6, "-"), None)
    names = ('a "quoted", name', "b")
    return Examples.of(["ACGTAC", "NNRYAC"], [1, 0], names=names, loci=loci, sites=sites, split=["train", "valid"])


@pytest.mark.parametrize("name", ["x.tsv", "x.csv", "x.tsv.gz", "x.csv.gz"])
@pytest.mark.parametrize("examples", [whole(), Examples.of(["ACGT", "TTTT"], [0, 1])])
def test_what_is_written_is_read_back(tmp_path, name, examples):
    write_examples(tmp_path / name, examples)
    assert same(read_examples(tmp_path / name), examples)
    content = (tmp_path / name).read_bytes()
    write_examples(tmp_path / name, examples, force=True)
    assert (tmp_path / name).read_bytes() == content
    with pytest.raises(FileError, match="exists and is not replaced"):
        write_examples(tmp_path / name, examples)


def test_informative_positions_survive(tmp_path):
    write_examples(tmp_path / "x.tsv", whole())
    assert "FOS::JUN:0-4:-:site:0-1,2-3;X:4-6:+:decoy:4-5" in (tmp_path / "x.tsv").read_text()
    assert read_examples(tmp_path / "x.tsv").truth().nonzero().tolist() == [[0, 0], [0, 2]]


def test_long_sequences_are_no_trouble(tmp_path):
    path = written(tmp_path, 'sequence,label,name\n{0},1,"a"\n{0},0,b\n'.format("ACGT" * 30_000))
    assert len(read_examples(path).sequences[0]) == 120_000


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "count", "positives"),
    [
        ("deepbind_encode/USF1_HepG2_USF-1_HudsonAlpha_B.seq.gz", 1_000, 500),
        ("deepbind_encode/USF1_HepG2_USF-1_HudsonAlpha_AC.seq.gz", 21_390, 21_390),
    ],
)
def test_real_tables_are_read(shared_data, file, count, positives):
    examples = read_examples(shared_data(file))
    assert (len(examples), int(examples.labels.sum()), len(examples.sequences[0])) == (count, positives, 101)
    assert len(set(examples.names)) == count
    np.testing.assert_array_equal(examples.inputs.sum((1, 2)) <= 101, True)
