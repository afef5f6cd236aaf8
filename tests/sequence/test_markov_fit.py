"""Fitted Markov chains: counts by hand, probabilities that sum to one, and likelihoods of words."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from naive import activation as naive
from seqinterp.errors import AlphabetError, InputError
from seqinterp.sequence.markov import GENOME_LIKE, UNIFORM
from seqinterp.sequence.markov_fit import fit_background, log_likelihood
from seqinterp.sequence.strand import reverse_complement

SEQUENCES = ["ACGTNACGGA", "TTTNA", "ACACACRACAC", "G"]


def words(order: int) -> list[str]:
    return ["".join(letters) for letters in product("ACGT", repeat=order)]


@pytest.mark.parametrize("order", range(4))
def test_transitions_are_counts_with_a_pseudocount(order):
    fitted = fit_background(SEQUENCES, order, pseudocount=0.5)
    counts = naive.markov_counts(SEQUENCES, order)
    for row, context in enumerate(words(order)):
        here = [counts.get(context, {}).get(base, 0) + 0.5 for base in "ACGT"]
        np.testing.assert_allclose(fitted.transitions[row], np.array(here) / sum(here))
    assert fitted.order == order


def test_the_first_letters_have_the_shares_of_all_words():
    fitted = fit_background(["AACN", "AAT"], 2)
    expected = {"AA": 3, "AC": 2, "AT": 2}
    total = sum(expected.values()) + 13
    np.testing.assert_allclose(fitted.start, [expected.get(word, 1) / total for word in words(2)])


@pytest.mark.parametrize("order", range(4))
def test_both_strands_count_alike(order):
    turned = [reverse_complement(each) for each in SEQUENCES]
    one, other = (fit_background(each, order, both_strands=True) for each in (SEQUENCES, turned))
    together = fit_background(SEQUENCES + turned, order)
    for background in (one, other):
        np.testing.assert_allclose(background.transitions, together.transitions)
        np.testing.assert_allclose(background.start, together.start)


@settings(deadline=None, max_examples=40)
@given(order=st.integers(0, 3), sequence=st.text("ACGT", min_size=1, max_size=12), seed=st.integers(0, 9))
def test_likelihood_is_the_product(order, sequence, seed):
    fitted = fit_background(GENOME_LIKE.sample(40, count=3, seed=seed), order)
    start = dict(zip(words(order), fitted.start, strict=True))
    rows = (dict(zip("ACGT", row, strict=True)) for row in fitted.transitions)
    step = dict(zip(words(order), rows, strict=True))
    expected = naive.markov_log2_likelihood(start, step, sequence)
    assert log_likelihood(fitted, sequence)[0] == pytest.approx(expected)


@pytest.mark.parametrize("order", range(4))
@pytest.mark.parametrize("length", [1, 2, 5])
def test_the_probabilities_of_all_sequences_sum_to_one(order, length):
    fitted = fit_background(SEQUENCES, order)
    every = words(length)
    assert (2 ** (length * log_likelihood(fitted, every))).sum() == pytest.approx(1)


def test_unknown_letters_end_a_stretch():
    fitted = fit_background(SEQUENCES, 2)
    parts = log_likelihood(fitted, ["ACGT", "TTA", "G"])
    whole = log_likelihood(fitted, ["NACGTNTTARGN"])
    assert whole[0] == pytest.approx((parts @ [4, 3, 1]) / 8)
    assert whole.shape == (1,)


def test_a_fit_likes_what_it_was_fitted_to():
    natural = GENOME_LIKE.sample(300, count=30, seed=1)
    fitted = fit_background(natural, 1)
    np.testing.assert_allclose(fitted.transitions, GENOME_LIKE.transitions, atol=0.03)
    held_out, even = GENOME_LIKE.sample(300, count=20, seed=2), UNIFORM.sample(300, count=20, seed=3)
    assert log_likelihood(fitted, held_out).min() > log_likelihood(fitted, even).max()
    np.testing.assert_allclose(log_likelihood(UNIFORM, held_out), -2)


def test_refusals():
    with pytest.raises(InputError, match="order must be 0 to 3, not 4"):
        fit_background(SEQUENCES, 4)
    with pytest.raises(InputError, match="pseudocount must be above 0"):
        fit_background(SEQUENCES, pseudocount=0.0)
    with pytest.raises(InputError, match="at least one sequence"):
        fit_background([])
    with pytest.raises(InputError, match=r"sequence 2 .* has no known base"):
        log_likelihood(UNIFORM, ["ACGT", "NNN"])
    with pytest.raises(AlphabetError, match="sequence 1"):
        log_likelihood(UNIFORM, ["ACXT"])
