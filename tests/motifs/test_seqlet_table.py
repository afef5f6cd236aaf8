"""Rows of seqlets, and their places in the genome, recovered by slicing it."""

import numpy as np
import pytest

from seqinterp.motifs.describe import Described
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.seqlet_table import seqlet_table, with_loci
from seqinterp.motifs.seqlets import Seqlets
from seqinterp.motifs.tracks import as_tracks
from seqinterp.sequence.examples import Locus
from seqinterp.sequence.onehot import one_hot
from seqinterp.sequence.strand import reverse_complement

GENERATOR = np.random.default_rng(0)
GENOME = {name: "".join(GENERATOR.choice(list("ACGT"), 500)) for name in ("chr1", "chrX")}
LOCI = [Locus("chr1", 40, 100), Locus("chrX", 7, 67, "-"), Locus("chr1", 200, 260, "-"), Locus("chrX", 0, 60)]
INPUTS = one_hot(["".join(GENERATOR.choice(list("ACGT"), 60)) for _ in range(4)]).numpy()
TRACKS = as_tracks(INPUTS, GENERATOR.normal(size=(4, 60)))
COLUMNS = ["example", "start", "stop", "strand", "motif", "sign", "attribution", "p_value", "q_value"]


def seqlets():
    """Ten of four examples, in order."""
    example, start = np.array([0, 0, 1, 1, 1, 2, 3, 3, 3, 3]), np.array([3, 40, 0, 10, 30, 53, 1, 9, 20, 50])
    sign = np.array([1, -1, 1, 1, 1, 1, -1, 1, 1, 1])
    return Seqlets(example, start, start + 7, sign, np.zeros(10), np.full(10, 0.01), np.full(10, 0.1))


def described(name, index, start, reverse, width):
    motif = Motif(name, np.ones((4, width)))
    return Described(motif, motif, 0, np.array(index), np.array(start), np.array(reverse))


FOUND = [
    described("pos_patterns.pattern_0", [2, 4, 8], [1, 26, 21], [True, False, True], 9),
    described("neg_patterns.pattern_0", [1], [38], [False], 12),
]


def read_at(row, sequence):
    """What a row's window says, as its strand reads it."""
    cut = sequence[row.start : row.stop]
    return reverse_complement(cut) if row.strand == "-" else cut


def test_one_row_for_each_seqlet():
    some = seqlets()
    table = seqlet_table(TRACKS, some, FOUND)
    assert list(table.columns) == COLUMNS
    assert len(table) == 10
    assert table.index.tolist() == list(range(10))
    free = table[table.motif == ""]
    assert (free.strand == ".").all()
    assert free.start.tolist() == some.start[[0, 3, 5, 6, 7, 9]].tolist()
    assert (free.stop - free.start == 7).all()


def test_rows_of_a_motif_show_its_columns():
    table = seqlet_table(TRACKS, seqlets(), FOUND)
    for one in FOUND:
        mine = table[table.motif == one.motif.name]
        assert mine.start.tolist() == one.start.tolist()
        assert (mine.stop - mine.start == one.motif.width).all()
        assert mine.strand.tolist() == ["-" if turned else "+" for turned in one.reverse]


def test_the_attribution_is_that_of_the_columns_shown():
    table = seqlet_table(TRACKS, seqlets(), FOUND)
    for row in table.itertuples():
        assert row.attribution == pytest.approx(TRACKS.total[row.example, row.start : row.stop].sum(), abs=1e-5)


def test_rows_come_in_order_of_example_and_start_and_are_not_shared():
    some = seqlets()
    held = some.start.copy()
    moved = [described("pos_patterns.pattern_0", [2, 4], [20, 2], [False, False], 9)]
    table = seqlet_table(TRACKS, some, moved)
    keys = list(zip(table.example, table.start, table.stop, strict=True))
    assert keys == sorted(keys)
    np.testing.assert_array_equal(some.start, held)


def test_no_seqlets_and_no_motifs():
    none = seqlets().take(np.zeros(0, np.int64))
    table = seqlet_table(TRACKS, none, [])
    assert list(table.columns) == COLUMNS
    assert len(table) == 0
    assert list(with_loci(table, LOCI).columns)[9:] == [
        "chromosome",
        "chromosome_start",
        "chromosome_stop",
        "chromosome_strand",
    ]


@pytest.mark.parametrize("loci", [None, [None] * 4])
def test_without_loci_there_are_no_places(loci):
    table = seqlet_table(TRACKS, seqlets(), FOUND)
    assert with_loci(table, loci) is table


def test_places_in_the_genome_hold_the_same_sequence():
    sequences = []
    for locus in LOCI:
        cut = GENOME[locus.chromosome][locus.start : locus.stop]
        sequences.append(reverse_complement(cut) if locus.strand == "-" else cut)
    placed = with_loci(seqlet_table(TRACKS, seqlets(), FOUND), LOCI)
    assert set(placed.chromosome_strand) == {"+", "-", "."}
    for row in placed.itertuples():
        locus = LOCI[row.example]
        cut = GENOME[row.chromosome][row.chromosome_start : row.chromosome_stop]
        assert len(cut) == row.stop - row.start
        assert locus.start <= row.chromosome_start < row.chromosome_stop <= locus.stop
        if row.strand == ".":
            assert row.chromosome_strand == "."
            plain = sequences[row.example][row.start : row.stop]
            assert plain == (reverse_complement(cut) if locus.strand == "-" else cut)
        else:
            assert read_at(row, sequences[row.example]) == (
                reverse_complement(cut) if row.chromosome_strand == "-" else cut
            )


def test_an_example_of_unknown_origin_has_no_place():
    placed = with_loci(seqlet_table(TRACKS, seqlets(), FOUND), [LOCI[0], None, LOCI[2], None])
    unknown = placed[placed.example.isin([1, 3])]
    assert set(unknown.chromosome) == {""}
    assert set(unknown.chromosome_start) == set(unknown.chromosome_stop) == {-1}
    assert set(unknown.chromosome_strand) == {"."}
    assert (placed[placed.example == 0].chromosome == "chr1").all()
