"""Windows around variants, against edits of the whole sequence; and what is refused, by row."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies

from seqinterp.errors import InputError
from seqinterp.mutagenesis.variants import Variant, check_length, read_variants, windows

GENOME = {"chr1": "ACGTTAGGCATTAGCCATTAGGACCA", "chr2": "acgtacgtac"}
#                  01234567890123456789012345


def table(**columns):
    start = {"chromosome": ["chr1"], "position": [4], "reference": ["T"], "alternative": ["G"]}
    return pd.DataFrame(start | columns)


def one(position, reference, alternative, length, keep="start", name="chr1"):
    found = windows([Variant(0, name, position, reference, alternative)], GENOME, length, keep)
    return found[0][0], found[1][0], int(found[2][0])


@pytest.mark.parametrize(
    ("variant", "length", "keep", "expected"),
    [
        ((8, "C", "G"), 5, "start", ("GGCAT", "GGGAT", 0)),
        ((8, "C", "G"), 4, "start", ("GGCA", "GGGA", 0)),  # the variant stands at length // 2
        ((8, "CA", "GG"), 6, "start", ("GGCATT", "GGGGTT", 0)),
        ((8, "CA", ""), 6, "start", ("GGCATT", "GGTTAG", 0)),  # AG comes in from the sequence
        ((8, "CA", ""), 6, "stop", ("GGCATT", "TAGGTT", 0)),  # TA does, from the other side
        ((7, "GCA", "G"), 6, "start", ("GGCATT", "GGTTAG", 0)),  # as VCF writes the same
        ((8, "", "CC"), 6, "start", ("AGGCAT", "AGGCCC", 0)),
        ((8, "", "CC"), 6, "stop", ("AGGCAT", "GCCCAT", 0)),
        ((1, "C", "A"), 7, "start", ("NNACGTT", "NNAAGTT", 2)),
        ((25, "A", "T"), 5, "start", ("CCANN", "CCTNN", 2)),
        ((24, "C", ""), 4, "start", ("ACCA", "ACAN", 1)),
        ((24, "C", ""), 4, "stop", ("ACCA", "GACA", 0)),
    ],
)
def test_windows_by_hand(variant, length, keep, expected):
    assert one(*variant, length, keep) == expected


def test_a_deletion_longer_than_the_window():
    """The end that stays is where the bases that go begin, so that the other side of the gap moves in."""
    assert one(6, "GGCATTAGCC", "", 4) == ("GGCA", "ATTA", 0)
    assert one(6, "GGCATTAGCC", "", 4, "stop") == ("AGCC", "GTTA", 0)


def test_the_whole_sequence_is_the_window_without_a_length():
    assert one(2, "G", "", None, name="chr2") == ("ACGTACGTAC", "ACTACGTACN", 1)
    assert one(2, "G", "TT", None, name="chr2") == ("ACGTACGTAC", "ACTTTACGTA", 0)
    assert one(2, "G", "TT", None, "stop", name="chr2") == ("ACGTACGTAC", "CTTTACGTAC", 0)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    strategies.text("ACGT", min_size=1, max_size=30),
    strategies.text("ACGT", max_size=8),
    strategies.integers(1, 24),
    strategies.data(),
)
def test_windows_are_cut_out_of_the_edited_sequence(sequence, alternative, length, data):
    start = data.draw(strategies.integers(0, len(sequence)))
    stop = data.draw(strategies.integers(start, min(len(sequence), start + 8)))
    variant = Variant(0, "s", start, sequence[start:stop], alternative)
    edited = sequence[:start] + alternative + sequence[stop:]
    far = 100
    for keep in ("start", "stop"):
        ((before,), (after,), _) = windows([variant], {"s": sequence}, length, keep)
        assert len(before) == len(after) == length
        padded, other = ("N" * far + text + "N" * far for text in (sequence, edited))
        moved = 0 if keep == "start" else len(edited) - len(sequence)
        places = range(far - 30, far + len(sequence) + 30)
        assert any(padded[p : p + length] == before and other[p + moved : p + moved + length] == after for p in places)


@pytest.mark.parametrize(("anchored", "bare"), [((7, "GCA", "G"), (8, "CA", "")), ((7, "G", "GTT"), (8, "", "TT"))])
@pytest.mark.parametrize("keep", ["start", "stop"])
def test_how_an_indel_is_written_changes_nothing(anchored, bare, keep):
    assert one(*anchored, 9, keep) == one(*bare, 9, keep)


def test_rows_become_variants_in_upper_case():
    found = read_variants(table(chromosome=["chr2"], position=np.array([1]), reference=["c"]), GENOME)
    assert found == [Variant(0, "chr2", 1, "C", "G")]
    only = table().drop(columns="chromosome")
    assert read_variants(only, {7: GENOME["chr1"]}) == [Variant(0, 7, 4, "T", "G")]


def several(*rows):
    return pd.DataFrame(rows, columns=["chromosome", "position", "reference", "alternative"])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            several(["chr1", 4, "T", "G"], ["chr1", 8, "A", "G"]),
            r"row 1 \(chr1:8 A>G\): the reference allele is A, but the sequence holds C there; check",
        ),
        (table(reference=["G"], alternative=["T"]), "holds T there, which is the alternative allele: .* look swapped"),
        (table(reference=["CAG"], position=[5]), "the reference allele is CAG, but the sequence holds AGG there"),
        (
            several(["chr1", 9, "C", "G"], ["chr1", 3, "G", "A"]),
            r"row 0 .* every reference allele stands one base further left, so positions look 1-based: take 1 off",
        ),
        (table(position=[26], reference=["A"]), r"chr1:26 A>G\): it leaves the sequence, which has positions 0 to 25"),
        (table(position=[-1]), "positions are 0-based"),
        (table(position=[4.0]), "row 0 of the table of variants: position must be a whole number, 0-based, not 4.0"),
        (table(chromosome=["1"]), "no sequence '1'; there is 'chr1', so the two name chromosomes differently"),
        (table(chromosome=["chr3"]), "there is no sequence 'chr3'$"),
        (table(alternative=["A,G"]), "holds ',', and alleles are A, C, G, T; give each alternative a row of its own"),
        (table(alternative=["<DEL>"]), "symbolic alleles are not edits"),
        (table(alternative=["-"]), "write an empty string for no bases"),
        (
            table(alternative=[np.nan]),
            "alternative must be a string of bases, empty for none, not nan.*keep_default_na",
        ),
        (
            table().rename(columns={"position": "pos"}),
            r"lacks the column position, 0-based; 'pos' counts from 1 in VCF, so make it with"
            r" table\['position'\] = table\['pos'\] - 1",
        ),
        (table().drop(columns="position"), "lacks the column position, 0-based$"),
        (table().rename(columns={"reference": "ref"}), "lacks the column reference; .* rename 'ref'"),
        (table().drop(columns="chromosome"), "lacks the column chromosome"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_row(given, sentence):
    with pytest.raises(InputError, match=sentence):
        read_variants(given, GENOME)


def test_a_number_for_a_name_is_said():
    with pytest.raises(InputError, match="no sequence 1; there is '1': turn the column into strings"):
        read_variants(table(chromosome=[1]), {"1": "AAAAAAA", "2": "C"})


def test_lengths():
    check_length({"a": "ACG", "b": "ACT"}, None)
    check_length(GENOME, 5)
    with pytest.raises(InputError, match="have 10 to 26 bases, so they are not what the model reads; give length="):
        check_length(GENOME, None)
    with pytest.raises(InputError, match="give length="):
        check_length({"chr": "A" * 2_000_000}, None)
    with pytest.raises(InputError, match="length must be 1 or more, what the model reads, not 0"):
        check_length(GENOME, 0)
    with pytest.raises(InputError, match="keep must be 'start' or 'stop'"):
        windows([], GENOME, 5, "left")
