from collections import Counter
from itertools import product

import numpy as np
import pytest

from seqinterp.errors import InputError
from seqinterp.sequence.markov import GENOME_LIKE, UNIFORM, Background


def test_the_built_in_table_is_what_it_says():
    pairs = GENOME_LIKE.start[:, None] * GENOME_LIKE.transitions
    single = pairs.sum(1)
    np.testing.assert_allclose(pairs.sum(0), single, atol=1e-12)  # stationary
    np.testing.assert_allclose(pairs, pairs[::-1, ::-1].T, atol=1e-12)  # the same on both strands
    assert single[0] + single[3] == pytest.approx(0.59, abs=0.005)
    assert pairs[1, 2] / (single[1] * single[2]) == pytest.approx(0.25, abs=0.02)
    assert (GENOME_LIKE.order, UNIFORM.order) == (1, 0)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_a_sample_follows_its_chain(order):
    rng = np.random.default_rng(order)
    transitions = rng.dirichlet([1.0] * 4, 4**order)
    start = np.full(4**order, 4.0**-order)
    chain = Background(start, transitions)
    assert chain.order == order
    (drawn,) = chain.sample(60_000, seed=1)
    words = Counter(drawn[i : i + order + 1] for i in range(60_000 - order))
    counts = np.array([words["".join(word)] for word in product("ACGT", repeat=order + 1)]).reshape(-1, 4)
    held = counts.sum(1, keepdims=True)
    error = np.sqrt(transitions * (1 - transitions) / held) + 0.002
    assert (np.abs(counts / held - transitions) / error).max() < 5


def test_sequence_i_depends_on_seed_and_i_alone():
    assert GENOME_LIKE.sample(50, count=9, seed=2)[:4] == GENOME_LIKE.sample(50, count=4, seed=2)
    assert GENOME_LIKE.sample(50, seed=2) != GENOME_LIKE.sample(50, seed=3)
    assert len(set(GENOME_LIKE.sample(50, count=100))) == 100


def test_sequences_shorter_than_the_order_have_their_length():
    chain = Background(np.full(64, 1 / 64), np.full((64, 4), 0.25))
    assert [len(chain.sample(length)[0]) for length in (1, 2, 3, 4)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: GENOME_LIKE.sample(0), InputError, "length and count must be 1 or more"),
        (lambda: Background(np.ones(1), np.full((2, 4), 0.25)), InputError, r"\(2, 4\)"),
        (lambda: Background(np.ones(4), np.full((1, 4), 0.25)), InputError, "start must hold 1"),
        (lambda: Background(np.ones(1), np.full((1, 4), 0.3)), InputError, "sum to 1"),
    ],
)
def test_what_cannot_be_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
