"""How unlike natural sequences the perturbed ones are."""

import numpy as np
import pytest
import torch

from naive.trust_faithfulness import likelihood
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.deletion import removal_order, taken_at
from seqinterp.evaluation.perturbation_shift import perturbation_shift
from seqinterp.evaluation.replacements import dinucleotide_shuffle, random_base, shuffled_bases
from seqinterp.sequence.onehot import decode, one_hot

GENERATOR = np.random.default_rng(4)


def repetitive(count: int, length: int = 60) -> list[str]:
    """Sequences in which the next base mostly is the next letter."""
    made = []
    for _ in range(count):
        steps = np.where(GENERATOR.random(length) < 0.9, 1, GENERATOR.integers(0, 4, length))
        made.append("".join("ACGT"[code] for code in steps.cumsum() % 4))
    return made


SEQUENCES = repetitive(8)
INPUTS = one_hot(SEQUENCES)
GUESS = torch.rand(INPUTS.shape, generator=torch.Generator().manual_seed(0))
SHARES = (0.0, 0.25, 1.0)


def test_equals_likelihoods_from_dictionaries():
    natural = repetitive(5)
    found = perturbation_shift(INPUTS, GUESS, natural=one_hot(natural), shares=SHARES, draws=2, seed=3)
    taken = taken_at(INPUTS, removal_order(INPUTS, GUESS, seed=3), SHARES)
    for point in range(3):
        made = random_base(INPUTS, taken[:, point], draws=2, seed=3)
        for example in range(2):
            after = [likelihood(text, natural) for text in decode(made[example])]
            expected = np.mean(after) - likelihood(SEQUENCES[example], natural)
            assert float(found.value[example, point]) == pytest.approx(expected)


def test_nothing_taken_away_is_no_shift_and_more_is_more():
    curve = perturbation_shift(INPUTS, GUESS, shares=SHARES, draws=2)
    assert curve.value[:, 0].tolist() == [0] * 8
    assert (curve.value[:, 1] < -0.5).all()
    assert (curve.value[:, 2] < -0.5).all()


def test_put_in_begins_where_taken_away_ends():
    away, back = (perturbation_shift(INPUTS, GUESS, draws=2, inserted=inserted) for inserted in (False, True))
    assert back.inserted
    torch.testing.assert_close(back.value[:, [0, -1]], away.value[:, [-1, 0]])


def test_a_dinucleotide_shuffle_of_everything_shifts_least():
    shift = {
        way: float(perturbation_shift(INPUTS, GUESS, shares=SHARES, draws=4, replacement=way).value[:, -1].mean())
        for way in (random_base, shuffled_bases, dinucleotide_shuffle)
    }
    assert shift[dinucleotide_shuffle] > shift[shuffled_bases] + 0.5
    assert abs(shift[dinucleotide_shuffle]) < 0.2


def test_the_order_of_examples_changes_nothing():
    forward = perturbation_shift(INPUTS, GUESS, shares=SHARES, draws=2)
    backward = perturbation_shift(INPUTS.flip(0), GUESS.flip(0), shares=SHARES, draws=2)
    torch.testing.assert_close(backward.value.flip(0), forward.value)


def test_refusals():
    with pytest.raises(ShapeError, match="needs one-hot DNA"):
        perturbation_shift(2 * INPUTS, GUESS)
    with pytest.raises(InputError, match="must rise from 0 to 1"):
        perturbation_shift(INPUTS, GUESS, shares=(0.0, 0.5))
    with pytest.raises(InputError, match="no known base"):
        perturbation_shift(one_hot(["ACGT", "NNNN"]), torch.zeros(2, 4, 4))
