import random
from collections import Counter

import pytest
from hypothesis import given, strategies as st
from scipy.stats import chisquare

from seqinterp.errors import AlphabetError, InputError
from seqinterp.sequence.shuffle import dinucleotide_shuffle, shuffle
from tests.naive import sequence as naive

SEQUENCES = ["ACGTACGATTACA", "GATTACATGATCA", "AACCAACCAACCA", "ACACACGTGTACA", "ANCGNACNTTNCA", "TTTTTATTTTTTA"]


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_every_dinucleotide_shuffle_is_equally_likely(sequence):
    possible = naive.all_dinucleotide_shuffles(sequence)
    drawn = Counter(dinucleotide_shuffle([sequence], draws=300 * len(possible), seed=3)[0])
    assert sorted(drawn) == possible
    assert len(possible) == 1 or chisquare([drawn[x] for x in possible]).pvalue > 1e-3


def test_the_enumeration_is_right():
    assert naive.all_dinucleotide_shuffles("ACACGA") == ["ACACGA", "ACGACA"]
    assert len(naive.all_dinucleotide_shuffles("ACGTACGATTACA")) == 48


@pytest.mark.parametrize("sequence", ["AACGT", "ACGTN", "AAAAC"])
def test_every_order_of_letters_is_equally_likely(sequence):
    possible = naive.all_orders(sequence)
    drawn = Counter(shuffle([sequence], draws=200 * len(possible), seed=4)[0])
    assert sorted(drawn) == possible
    assert chisquare([drawn[x] for x in possible]).pvalue > 1e-3


@given(st.text("ACGTN", min_size=1, max_size=60), st.integers(0, 2**63 - 1))
def test_composition_is_kept(sequence, seed):
    (drawn,) = dinucleotide_shuffle([sequence], seed=seed)[0]
    assert naive.pairs(drawn) == naive.pairs(sequence)
    assert (drawn[0], drawn[-1]) == (sequence[0], sequence[-1])
    assert sorted(shuffle([sequence], seed=seed)[0][0]) == sorted(sequence)


@pytest.mark.parametrize("method", [shuffle, dinucleotide_shuffle])
def test_a_draw_depends_on_seed_draw_and_sequence_alone(method):
    rng = random.Random(0)
    sequences = ["".join(rng.choices("ACGT", k=rng.randint(40, 60))) for _ in range(20)]
    together = method(sequences, draws=5, seed=7)
    assert method(sequences[::-1], draws=5, seed=7) == together[::-1]
    assert [method([s], draws=2, seed=7)[0] for s in sequences] == [row[:2] for row in together]
    assert method([s.lower() for s in sequences], draws=5, seed=7) == together
    assert method(sequences, draws=5, seed=8) != together
    assert len({x for row in together for x in row}) == 100
    method(sequences[:1], draws=1)
    assert method(sequences, draws=5, seed=7) == together


def test_the_stream_is_pinned():
    """Shuffled references are part of published results: the stream may not change unnoticed."""
    assert dinucleotide_shuffle(["ACGTACGATTACA"], draws=3, seed=0) == [
        ["ACGTTACACGATA", "ACGACATACGTTA", "ATACGTTACACGA"]
    ]
    assert shuffle(["ACGTACGATTACA"], draws=1, seed=0) == [["AGCATACCAAGTT"]]


@pytest.mark.parametrize("method", [shuffle, dinucleotide_shuffle])
@pytest.mark.parametrize(
    ("sequences", "options", "error", "message"),
    [
        (["ACGT", "ACRT"], {}, AlphabetError, r"sequence 2 .* has 'R' at position 3 .*replace it by N"),
        (["ACRT"], {"names": ["peak_1"]}, AlphabetError, "'peak_1'"),
        (["ACGU"], {}, AlphabetError, "replace U by T"),
        (["ACGT", ""], {}, InputError, "sequence 2 .* is empty"),
        (["ACGT"], {"draws": 0}, InputError, "draws must be at least 1"),
        (["ACGT"], {"seed": -1}, InputError, "seed must be"),
    ],
)
def test_what_cannot_be_shuffled_is_refused(method, sequences, options, error, message):
    with pytest.raises(error, match=message):
        method(sequences, **options)
