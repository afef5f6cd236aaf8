"""How like natural sequences designs are: numbers against counts on strings."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from naive import judging as naive
from naive.motif_questions import put, random_sequences, turned
from seqinterp.design.judging import realism
from seqinterp.design.judging.realism import (
    compare_gc,
    compare_likelihoods,
    compare_words,
    nearest_natural,
    other_strand,
    percentiles,
    word_width,
)
from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import code_block, letters_of

NATURAL = [*random_sequences(11, 30, seed=1), "ACGTACGTNACGTTTGACANNNACGTACGA"]
DESIGNS = [*random_sequences(3, 30, seed=2), "GGGGGGGGGGGGGGGGGGGGGGGGGGGGGG", "ACGTTGCANNNNNNACGTACGTACGTACCC"]


def codes(sequences):
    return code_block(sequences, str)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9), st.lists(st.integers(-4, 4), min_size=1, max_size=5))
def test_percentiles(among, values):
    found = percentiles(np.array(values, float), np.array(among, float))
    assert found.tolist() == pytest.approx([naive.percentile(value, among) for value in values])


def test_what_differs_by_rounding_is_equal():
    among = np.array([1.0, 2.0, 2.0 + 1e-9, 3.0])
    assert percentiles(np.array([2.0]), among).tolist() == [37.5]
    assert percentiles(np.array([2.0, 2.5]), among, tolerance=1e-6).tolist() == [50, 75]


def test_percentiles_of_what_is_not_known():
    found = percentiles(np.array([np.nan, 1.0]), np.array([np.nan, 0.0, 2.0]))
    assert np.isnan(found[0])
    assert found[1] == 50
    with pytest.raises(InputError, match="at least one number"):
        percentiles(np.array([1.0]), np.array([np.nan]))


@pytest.mark.parametrize("cells", [realism._CELLS, 3 * 4**4])
def test_words(monkeypatch, cells):
    """Also some sequences at a time."""
    monkeypatch.setattr(realism, "_CELLS", cells)
    found = compare_words(codes(DESIGNS), codes(NATURAL))
    ours, theirs = naive.word_distances(DESIGNS, NATURAL, 4)
    np.testing.assert_allclose(found.designs, ours, atol=1e-12)
    np.testing.assert_allclose(found.natural, theirs, atol=1e-12)
    assert (found.designs <= 1).all()
    np.testing.assert_allclose(found.percentiles, [naive.percentile(one, theirs) for one in ours])


def test_long_sequences_are_compared_by_longer_words():
    assert [word_width(length) for length in (8, 999, 1000, 2114)] == [4, 4, 6, 6]
    natural, designs = random_sequences(4, 1000, seed=3), random_sequences(2, 1000, seed=4)
    found = compare_words(codes(designs), codes(natural))
    ours, theirs = naive.word_distances(designs, natural, 6)
    np.testing.assert_allclose(found.designs, ours, atol=1e-12)
    np.testing.assert_allclose(found.natural, theirs, atol=1e-12)


def test_a_sequence_without_words_has_no_distance():
    found = compare_words(codes(["ACGNACGNAC"]), codes(random_sequences(10, 10)))
    assert np.isnan(found.designs).all()
    assert np.isnan(found.percentiles).all()


def test_likelihoods_of_natural_sequences_are_those_under_the_others():
    natural, designs = NATURAL[:10], DESIGNS[:4]  # ten: each part is one sequence
    found = compare_likelihoods(codes(designs), codes(natural))
    rest = [[one for j, one in enumerate(natural) if j != i] for i in range(10)]
    theirs = [naive.likelihood(one, others) for one, others in zip(natural, rest, strict=True)]
    ours = [np.mean([naive.likelihood(one, others) for others in rest]) for one in designs]
    np.testing.assert_allclose(found.natural, theirs)
    np.testing.assert_allclose(found.designs, ours)


def test_natural_sequences_are_not_judged_by_themselves():
    """Of twelve the first part holds two, which one chain of the others judges."""
    natural = random_sequences(12, 30, seed=8)
    found = compare_likelihoods(codes(DESIGNS[:1]), codes(natural))
    expected = [naive.likelihood(one, natural[2:]) for one in natural[:2]]
    np.testing.assert_allclose(found.natural[:2], expected)


def test_gc_is_a_share_of_known_bases():
    found = compare_gc(codes(["GGNN", "ACGT", "NNNN"]), codes(["AATT", "GCGC"]))
    np.testing.assert_array_equal(found.designs, [1, 0.5, np.nan])
    assert found.natural.tolist() == [0, 1]
    np.testing.assert_array_equal(found.percentiles, [75, 50, np.nan])


def test_the_other_strand():
    assert [letters_of(one) for one in other_strand(codes(["ACGTN", "TTAGC"]))] == ["NACGT", "GCTAA"]


def test_the_nearest_natural_sequence_of_either_strand():
    natural = random_sequences(30, 40, seed=5)
    near = put(natural[7], 11, "TTT")
    shifted = "A" + natural[9][:20] + natural[9][21:]  # a base put in, a base taken out
    across = put(turned(natural[21]), 3, "CCCC")
    number, edits = nearest_natural(codes([near, shifted, across, natural[2]]), codes(natural))
    assert number.tolist() == [7, 9, 21, 2]
    assert edits.tolist() == [
        naive.edits(natural[7], near),
        naive.edits(natural[9], shifted),
        naive.edits(turned(natural[21]), across),
        0,
    ]
    assert edits[1] == 2


def test_short_sequences_have_a_nearest_one_too():
    number, edits = nearest_natural(codes(["ACGTA"]), codes(["TTTTT", "ACGTT"]))
    assert (number.tolist(), edits.tolist()) == ([1], [1])
