import gzip

import pytest

from seqinterp.errors import AlphabetError, FileError, InputError
from seqinterp.io.fasta import examples_from_fasta, read_fasta
from seqinterp.sequence.examples import Locus
from tests.naive import sequence as naive

TWO = ">chr1:10-22 first peak\nACGTACgattac\n\n>b\nAAC\nCTT\nGGATCC\n"


def written(folder, content, name="x.fa"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content", [TWO, TWO.replace("\n", "\r\n"), "\ufeff" + TWO, TWO.rstrip("\n"), gzip.compress(TWO.encode(), mtime=0)]
)
def test_records_are_read(tmp_path, content):
    assert read_fasta(written(tmp_path, content)) == (["chr1:10-22", "b"], ["ACGTACGATTAC", "AACCTTGGATCC"])


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("ACGT\n>a\nACGT\n", FileError, r"x.fa, line 1: FASTA starts with a '>' header, but 'ACGT' came"),
        (">a\nACGT\n>b\n>c\nACGT\n", FileError, "x.fa, line 3: record 'b' has no sequence"),
        (">a\nACGT\n>b\n", FileError, "x.fa, line 3: record 'b' has no sequence"),
        (">a\nACGT\n> \nACGT\n", FileError, "x.fa, line 3: a header without a name"),
        (">a\nACGT\n>b\nACGT\n>a\nACGT\n", FileError, "x.fa, line 5: header 'a' stands on line 1 already"),
        (">a\nACGT\nACGU\n", AlphabetError, "x.fa, line 3 .record 'a'. has 'U' at position 4 .*replace U by T"),
        (">a\nAC*T\n", AlphabetError, r"x.fa, line 2 .* has '\*' at position 3"),
        ("", FileError, "x.fa is empty"),
    ],
)
def test_the_bad_line_is_named(tmp_path, content, error, message):
    with pytest.raises(error, match=message):
        read_fasta(written(tmp_path, content))


def test_two_files_become_labelled_examples(tmp_path):
    positives = written(tmp_path, TWO, "p.fa")
    negatives = written(tmp_path, ">chr2:0-12(-)\nTTTTTTTTTTTT\n", "n.fa")
    examples = examples_from_fasta(positives, negatives)
    assert examples.labels.tolist() == [1, 1, 0]
    assert examples.names == ("chr1:10-22", "b", "chr2:0-12(-)")
    assert examples.loci == (Locus("chr1", 10, 22), None, Locus("chr2", 0, 12, "-"))
    assert examples.sites is None and examples.split is None


def test_shuffled_negatives_keep_dinucleotides_and_differ(tmp_path):
    sequences = ["ACACGA", "ACGACA", "AACGAA", "ATTATA"] * 5
    positives = written(tmp_path, "".join(f">s{i}\n{s}\n" for i, s in enumerate(sequences)))
    examples = examples_from_fasta(positives, "shuffle", seed=1)
    assert examples.names[20:] == tuple(f"s{i}_shuffled" for i in range(20))
    assert examples.labels.tolist() == [1] * 20 + [0] * 20 and set(examples.loci) == {None}
    for source, drawn in zip(examples.sequences[:20], examples.sequences[20:], strict=True):
        assert drawn != source and naive.pairs(drawn) == naive.pairs(source)
    assert examples_from_fasta(positives, "shuffle", seed=1).sequences == examples.sequences


@pytest.mark.parametrize(
    ("positives", "negatives", "error", "message"),
    [
        (">a\nACGT\n>b\nACG\n", None, FileError, r"p.fa, line 1 has 4 letters and that of .*p.fa, line 3 has 3"),
        (">a\nACGT\n", ">b\nACG\n", FileError, r"p.fa, line 1 has 4 letters and that of .*n.fa, line 1 has 3"),
        (">chr1:10-15\nACGT\n", None, FileError, "p.fa, line 1: chr1:10-15 spans 5 bases, but its sequence has 4"),
        (">chr1:11-14\nACGT\n", None, FileError, r"looks 1-based \(samtools\): write chr1:10-14"),
        (">a\nAACA\n>b\nAAAA\n", None, InputError, "p.fa, line 3: no other order of this sequence"),
        (">a\nACGRT\n", None, AlphabetError, "p.fa, line 1.* has 'R' at position 4"),
    ],
)
def test_records_that_make_no_examples_are_named(tmp_path, positives, negatives, error, message):
    first = written(tmp_path, positives, "p.fa")
    second = "shuffle" if negatives is None else written(tmp_path, negatives, "n.fa")
    with pytest.raises(error, match=message):
        examples_from_fasta(first, second)


@pytest.mark.real_data
def test_soft_masked_peaks_are_read(shared_data):
    examples = examples_from_fasta(shared_data("ctcf_pu1/ctcf.fa.gz"), shared_data("ctcf_pu1/pu1.fa.gz"))
    assert (len(examples), int(examples.labels.sum())) == (67_861, 39_184)
    assert examples.loci[0] == Locus("chr1", 17036408, 17036508) and None not in examples.loci
    assert examples.sequences[1].startswith("AGGCGCAGCGG")
