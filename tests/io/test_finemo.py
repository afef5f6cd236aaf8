import re

import numpy as np
import pandas as pd
import pytest

from seqinterp.errors import FileError, InputError
from seqinterp.io.finemo import read_hits, read_regions, write_hits, write_regions
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.tracks import Tracks
from seqinterp.sequence.examples import Locus

COLUMNS = [
    *("chr", "start", "end", "start_untrimmed", "end_untrimmed", "motif_name", "hit_coefficient"),
    *("hit_coefficient_global", "hit_similarity", "hit_correlation", "hit_importance", "hit_importance_sq"),
    *("strand", "peak_name", "peak_id"),
]
LOCI = [Locus("chr2", 100, 112), Locus("chr10", 50, 62, "-"), Locus("chr2", 500, 512)]


def tracks_of(hypothetical=True, length=12, seed=0):
    draw = np.random.default_rng(seed)
    inputs = np.eye(4, dtype=np.float32)[draw.integers(0, 4, (3, length))].transpose(0, 2, 1).copy()
    scores = draw.integers(-8, 9, inputs.shape).astype(np.float32) / 8 + np.float32(0.0625)  # whole in half precision
    return Tracks(inputs, inputs * scores, scores if hypothetical else None)


@pytest.mark.parametrize("hypothetical", [True, False])
@pytest.mark.parametrize("loci", [None, LOCI])
def test_regions_come_back_on_the_plus_strand(tmp_path, hypothetical, loci):
    tracks = tracks_of(hypothetical)
    write_regions(tmp_path / "regions.npz", tracks, loci)
    found, places = read_regions(tmp_path / "regions.npz")
    for name in ("inputs", "contributions", "hypothetical"):
        ours, theirs = getattr(tracks, name), getattr(found, name)
        if ours is None:
            assert theirs is None
            continue
        expected = ours.copy()
        if loci is not None:
            expected[1] = ours[1, ::-1, ::-1]
        np.testing.assert_array_equal(theirs, expected)
    assert places == (None if loci is None else [LOCI[0], Locus("chr10", 50, 62), LOCI[2]])


def test_regions_have_the_keys_and_types_of_fi_nemo(tmp_path):
    for name, hypothetical in (("a.npz", True), ("b.npz", False)):
        write_regions(tmp_path / name, tracks_of(hypothetical), LOCI, names=["x", "y", "long name"])
        with np.load(tmp_path / name) as file:
            found = {key: (file[key].dtype.kind + str(file[key].dtype.itemsize), file[key].shape) for key in file.files}
            held = {key: file[key].tolist() for key in ("chr", "chr_id", "start", "peak_id", "peak_name")}
        scores = ("f2", (3, 4, 12) if hypothetical else (3, 12))
        assert list(found.items())[:2] == [("sequences", ("i1", (3, 4, 12))), ("contributions", scores)]
        assert {key: kind[0] for key, (kind, _) in found.items()} | {"chr": "U", "peak_name": "U"} == {
            "sequences": "i", "contributions": "f", "chr": "U", "chr_id": "u", "start": "i", "peak_id": "u",
            "peak_name": "U",
        }  # fmt: skip
        assert [found[key] for key in ("chr_id", "start", "peak_id")] == [("u4", (3,)), ("i4", (3,)), ("u4", (3,))]
        assert held == {
            "chr": ["chr2", "chr10", "chr2"],
            "chr_id": [0, 1, 0],
            "start": [100, 50, 500],
            "peak_id": [0, 1, 2],
            "peak_name": ["x", "y", "long name"],
        }
    write_regions(tmp_path / "c.npz", tracks_of())
    with np.load(tmp_path / "c.npz") as file:
        assert file.files == ["sequences", "contributions"]


def scaled(factor):
    tracks = tracks_of()
    return Tracks(tracks.inputs, tracks.contributions, tracks.hypothetical * np.float32(factor))


@pytest.mark.parametrize(
    ("tracks", "loci", "options", "message"),
    [
        (Tracks(tracks_of().inputs / 2, tracks_of().contributions), None, {}, "some inputs are mixtures of bases"),
        (scaled(1e5), None, {}, "the greatest here is 1.06e+05; scale them"),
        (scaled(1e-5), None, {}, "6e-05 to 65504, but the greatest here is 1.06e-05; scale them"),
        (tracks_of(), LOCI[:2], {}, "but 2 came for 3 examples"),
        (tracks_of(), [*LOCI[:2], None], {}, "example 2 has None"),
        (tracks_of(length=11), LOCI, {}, "a locus of 11 positions, but example 0 has chr2:100-112"),
        (tracks_of(), LOCI, {"names": ["x"]}, "but 1 came for 3 examples"),
    ],
)
def test_regions_that_fi_nemo_would_misread_are_refused(tmp_path, tracks, loci, options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        write_regions(tmp_path / "x.npz", tracks, loci, **options)
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_no_regions_are_refused(tmp_path):
    with pytest.raises(FileError, match=r"name it \.npz"):
        write_regions(tmp_path / "x.npy", tracks_of())
    np.savez(tmp_path / "x.npz", sequences=np.zeros((1, 4, 5), np.int8))
    np.savez(tmp_path / "y.npz", sequences=np.zeros((1, 4, 5), np.int8), contributions=np.zeros((1, 4, 6), np.float16))
    np.save(tmp_path / "z.npy", np.zeros(3))
    (tmp_path / "no.npz").write_text("no")
    for name, message in (
        ("x.npz", "lacks the array 'contributions'"),
        ("y.npz", "must be (1, 4, 5) as the inputs are"),
        ("z.npy", "cannot be read as an npz file"),
        ("no.npz", "cannot be read as an npz file"),
        ("missing.npz", "cannot be read as an npz file"),
    ):
        with pytest.raises(FileError, match=re.escape(message)):
            read_regions(tmp_path / name)


# Of the five columns of the first motif the second to the fourth are strong, counted forwards.
CWM = np.array([[0.1, 0, 0, 0.4, 0], [0, 1.0, 0, 0, 0], [0, 0, -0.5, 0, 0.1], [0, 0, 0, 0, 0.1]])
MOTIFS = [
    Motif("pos_patterns.pattern_0", np.ones((4, 5)), cwm=CWM, sign=1),
    Motif("neg_patterns.pattern_0", np.ones((4, 3))),
]
HITS = pd.DataFrame(
    {
        "example": [1, 0, 0, 2],
        "start": [3, 6, 1, 0],
        "stop": [8, 11, 4, 5],
        "strand": ["+", "-", "+", "+"],
        "motif": [
            "pos_patterns.pattern_0",
            "pos_patterns.pattern_0",
            "neg_patterns.pattern_0",
            "pos_patterns.pattern_0",
        ],
        "coefficient": [1 / 3, 2.0, 0.1, 5.0],
        "similarity": [0.9, 0.8, 0.7, 0.6],
        "importance": [3.0, 4.0, 5.0, 1e-9],
        "p_value": np.nan,
        "q_value": np.nan,
    }
)


def on_genome(hits):
    """The table with what LOCI say, position by position."""
    rows = []
    for row in hits.itertuples():
        locus = LOCI[row.example]
        there = [locus.start + i if locus.strand == "+" else locus.stop - 1 - i for i in range(row.start, row.stop)]
        turned = {"+": "-", "-": "+"}[row.strand] if locus.strand == "-" else row.strand
        rows.append((locus.chromosome, min(there), max(there) + 1, turned))
    names = ["chromosome", "chromosome_start", "chromosome_stop", "chromosome_strand"]
    return pd.concat([hits, pd.DataFrame(rows, columns=names, index=hits.index)], axis=1)


def lines(path):
    return [line.split("\t") for line in path.read_text().splitlines()]


def test_hits_are_written_as_fi_nemo_writes_them(tmp_path):
    write_hits(tmp_path / "hits.tsv", HITS, MOTIFS)
    found, third = lines(tmp_path / "hits.tsv"), "0.3333333333333333"
    assert found[0] == COLUMNS
    assert found[1:] == [
        ["NA", "1", "4", "1", "4", MOTIFS[1].name, "0.1", "0.1", "0.7", "0.7", "5.0", "NaN", "+", "NA", "0"],
        ["NA", "7", "10", "6", "11", MOTIFS[0].name, "2.0", "2.0", "0.8", "0.8", "4.0", "NaN", "-", "NA", "0"],
        ["NA", "4", "7", "3", "8", MOTIFS[0].name, third, third, "0.9", "0.9", "3.0", "NaN", "+", "NA", "1"],
        ["NA", "1", "4", "0", "5", MOTIFS[0].name, "5.0", "5.0", "0.6", "0.6", "1e-09", "NaN", "+", "NA", "2"],
    ]  # fmt: skip


@pytest.mark.parametrize("strand", ["+", "-"])
def test_the_core_of_a_hit_turns_with_it(tmp_path, strand):
    motif = Motif("m", np.ones((4, 5)), cwm=np.array([[1.0, 0.5, 0.2, 0, 0]] * 4), sign=1)
    hits = HITS.head(1).assign(motif="m", strand=strand)
    write_hits(tmp_path / "hits.tsv", hits, [motif])
    assert lines(tmp_path / "hits.tsv")[1][1:5] == (["3", "5", "3", "8"] if strand == "+" else ["6", "8", "3", "8"])
    write_hits(tmp_path / "hits.tsv", hits, [motif], trim=0.0, force=True)
    assert lines(tmp_path / "hits.tsv")[1][1:5] == ["3", "8", "3", "8"]


def test_hits_with_loci_lie_on_the_genome(tmp_path):
    write_hits(tmp_path / "hits.tsv", on_genome(HITS), MOTIFS, names=["x", "y", "z"])
    found = [line[:5] + line[12:] for line in lines(tmp_path / "hits.tsv")[1:]]
    assert found == [
        ["chr2", "101", "104", "101", "104", "+", "x", "0"],
        ["chr2", "107", "110", "106", "111", "-", "x", "0"],
        ["chr2", "501", "504", "500", "505", "+", "z", "2"],
        ["chr10", "55", "58", "54", "59", "-", "y", "1"],
    ]


def test_hits_come_back(tmp_path):
    in_order = HITS.sort_values(["example", "start"]).reset_index(drop=True)
    write_hits(tmp_path / "hits.tsv", HITS, MOTIFS)
    pd.testing.assert_frame_equal(read_hits(tmp_path / "hits.tsv"), in_order)
    trimmed = read_hits(tmp_path / "hits.tsv", trimmed=True)
    assert trimmed["start"].tolist() == [1, 7, 4, 1] and trimmed["stop"].tolist() == [4, 10, 7, 4]


def test_hits_on_the_genome_come_back(tmp_path):
    table = on_genome(HITS.sort_values(["example", "start"]))
    in_order = table.iloc[[0, 1, 3, 2]].reset_index(drop=True)  # by chromosome
    write_hits(tmp_path / "hits.tsv", table, MOTIFS)
    found = read_hits(tmp_path / "hits.tsv", loci=LOCI)
    pd.testing.assert_frame_equal(found, in_order[[*found]])
    assert set(found) == set(in_order)
    without = read_hits(tmp_path / "hits.tsv")
    assert set(found) - set(without) == {"start", "stop", "strand"}
    for last in ([], [None], [Locus("chr2", 501, 513)], [Locus("chr3", 500, 512)]):
        with pytest.raises(InputError, match="chr2:500-505 is not in the locus of its example 2"):
            read_hits(tmp_path / "hits.tsv", loci=[*LOCI[:2], *last])


def test_no_hits_are_a_table_without_rows(tmp_path):
    write_hits(tmp_path / "hits.tsv", HITS.head(0), MOTIFS)
    assert lines(tmp_path / "hits.tsv") == [COLUMNS]
    found = read_hits(tmp_path / "hits.tsv")
    assert len(found) == 0 and {"example", "start", "stop", "motif"} <= set(found)


@pytest.mark.parametrize(
    ("hits", "motifs", "message"),
    [
        (HITS.drop(columns="motif"), MOTIFS, "has a column 'motif'"),
        (HITS, MOTIFS[:1], "1-4 of 'neg_patterns.pattern_0' in example 0 is of a motif that was not given"),
        (HITS.assign(stop=HITS["start"] + 5), MOTIFS, "is not as wide as its motif"),
        (HITS.assign(strand="."), MOTIFS, "is on neither strand"),
    ],
)
def test_hits_that_make_no_sense_are_refused(tmp_path, hits, motifs, message):
    with pytest.raises(InputError, match=re.escape(message)):
        write_hits(tmp_path / "hits.tsv", hits, motifs)
    assert list(tmp_path.iterdir()) == []


def test_each_example_needs_a_name_where_names_are_given(tmp_path):
    with pytest.raises(InputError, match="but 2 came and there is an example 2"):
        write_hits(tmp_path / "hits.tsv", HITS, MOTIFS, names=["x", "y"])


def test_files_that_are_no_hits_are_refused(tmp_path):
    path = tmp_path / "hits.tsv"
    with pytest.raises(FileError, match="cannot be read as a table of hits"):
        read_hits(path)
    for content, message in (
        ("", "cannot be read as a table of hits"),
        ("\t".join(COLUMNS[:-1]) + "\n", "lacks the column 'peak_id'"),
        ("\t".join(COLUMNS) + "\n" + "\t".join(["chr1", "x", *"234", "m", *"123456", "+", "p", "0"]), "hits.tsv: "),
    ):
        path.write_text(content)
        with pytest.raises(FileError, match=message):
            read_hits(path)
