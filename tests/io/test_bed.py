import gzip
import re

import pandas as pd
import pytest

from seqinterp.errors import FileError, InputError
from seqinterp.io.bed import write_bed

SEQLETS = pd.DataFrame(
    {
        "example": [10, 2, 2, 2],
        "start": [4, 7, 0, 7],
        "stop": [9, 12, 5, 10],
        "strand": ["+", "-", ".", "+"],
        "motif": ["pos_patterns.pattern_0", "neg_patterns.pattern_1", "", "pos_patterns.pattern_0"],
        "sign": [1, -1, 1, 1],
        "attribution": [2.0, -1.0, 0.5, 0.001],
    }
)
LOCI = {
    "chromosome": ["chr10", "chr2", "chr2", "chr2"],
    "chromosome_start": [104, 1007, 1000, 1007],
    "chromosome_stop": [109, 1012, 1005, 1010],
}


def lines(path):
    return [line.split("\t") for line in path.read_text().splitlines()]


def test_seqlets_without_loci_lie_in_their_examples(tmp_path):
    write_bed(tmp_path / "x.bed", SEQLETS)
    assert lines(tmp_path / "x.bed") == [
        ["example_10", "4", "9", "pos_patterns.pattern_0", "1000", "+"],
        ["example_2", "0", "5", ".", "250", "."],
        ["example_2", "7", "10", "pos_patterns.pattern_0", "0", "+"],
        ["example_2", "7", "12", "neg_patterns.pattern_1", "500", "-"],
    ]


def test_seqlets_with_loci_lie_on_the_genome(tmp_path):
    write_bed(tmp_path / "x.bed", SEQLETS.assign(**LOCI))
    assert [line[:3] for line in lines(tmp_path / "x.bed")] == [
        ["chr10", "104", "109"],
        ["chr2", "1000", "1005"],
        ["chr2", "1007", "1010"],
        ["chr2", "1007", "1012"],
    ]


def test_the_strand_is_that_of_the_genome_where_it_is_known(tmp_path):
    write_bed(tmp_path / "x.bed", SEQLETS.assign(**LOCI, chromosome_strand=["-", "+", ".", "-"]))
    assert [line[5] for line in lines(tmp_path / "x.bed")] == ["-", ".", "-", "+"]


@pytest.mark.parametrize("unknown", [None, float("nan"), ""])
def test_rows_without_locus_stay_in_their_example(tmp_path, unknown):
    loci = {**LOCI, "chromosome": [unknown, *LOCI["chromosome"][1:]]}
    loci["chromosome_start"], loci["chromosome_stop"] = (
        [float("nan"), *LOCI[name][1:]] for name in ("chromosome_start", "chromosome_stop")
    )
    write_bed(tmp_path / "x.bed", SEQLETS.assign(**loci))
    assert [line[:3] for line in lines(tmp_path / "x.bed")] == [
        ["chr2", "1000", "1005"],
        ["chr2", "1007", "1010"],
        ["chr2", "1007", "1012"],
        ["example_10", "4", "9"],
    ]


def test_hits_are_scored_by_their_coefficient(tmp_path):
    hits = SEQLETS.assign(coefficient=[float("nan"), 3.0, 1.5, 0.0])
    write_bed(tmp_path / "x.bed", hits)
    assert [line[4] for line in lines(tmp_path / "x.bed")] == ["0", "500", "0", "1000"]


@pytest.mark.parametrize("table", [SEQLETS.drop(columns="attribution"), SEQLETS.assign(attribution=0.0)])
def test_scores_are_zero_where_nothing_is_known(tmp_path, table):
    write_bed(tmp_path / "x.bed", table)
    assert {line[4] for line in lines(tmp_path / "x.bed")} == {"0"}


def test_an_empty_table_is_an_empty_file(tmp_path):
    write_bed(tmp_path / "x.bed", SEQLETS.head(0))
    assert (tmp_path / "x.bed").read_bytes() == b""


def test_gzip_by_name(tmp_path):
    write_bed(tmp_path / "x.bed", SEQLETS)
    write_bed(tmp_path / "x.bed.gz", SEQLETS)
    assert gzip.decompress((tmp_path / "x.bed.gz").read_bytes()) == (tmp_path / "x.bed").read_bytes()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (SEQLETS.drop(columns="strand"), "a table of seqlets or hits has a column 'strand'"),
        (SEQLETS.assign(stop=7), "an interval of BED needs 0 <= start < stop, but example_2:7-7 came"),
        (SEQLETS.assign(start=-1), "0 <= start < stop, but example_10:-1-9 came"),
    ],
)
def test_what_is_no_bed_is_refused(tmp_path, table, message):
    with pytest.raises(InputError, match=re.escape(message)):
        write_bed(tmp_path / "x.bed", table)
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_is_kept_unless_forced(tmp_path):
    write_bed(tmp_path / "x.bed", SEQLETS)
    with pytest.raises(FileError, match="exists"):
        write_bed(tmp_path / "x.bed", SEQLETS)
    write_bed(tmp_path / "x.bed", SEQLETS.head(1), force=True)
    assert len(lines(tmp_path / "x.bed")) == 1
