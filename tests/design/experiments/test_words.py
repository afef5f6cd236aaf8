"""Motifs as words: consensus, draws, arrangements."""

import numpy as np
import pytest
import torch

from naive import motif_questions as naive
from seqinterp.design.experiments.words import Arrangements, consensus, sampled
from seqinterp.errors import InputError
from seqinterp.sequence.onehot import decode

PWM = np.array(
    [[0.7, 0.25, 0.4, 0.0, 0.0], [0.1, 0.25, 0.4, 0.0, 0.1], [0.1, 0.25, 0.1, 0.0, 0.2], [0.1, 0.25, 0.1, 0, 0.7]]
)


def test_the_consensus_keeps_what_says_nothing():
    """The most probable base; the first of two; N where all four are alike and where there is nothing."""
    assert decode(consensus(PWM)) == ["ANANT"]
    one = consensus(naive.encoded("TGACTCA").numpy())
    assert torch.equal(one[0], naive.encoded("TGACTCA"))


def test_draws_follow_the_probabilities():
    drawn = sampled(PWM, 4000, seed=3)
    assert drawn.shape == (4000, 4, 5)
    np.testing.assert_allclose(drawn.mean(dim=0).numpy(), PWM, atol=0.03)
    assert torch.equal(drawn.sum(dim=1), torch.tensor([1.0, 1, 1, 0, 1]).expand(4000, 5))


def test_a_draw_is_a_rule_of_the_seed_and_its_number():
    some, more = sampled(PWM, 3, seed=5), sampled(PWM, 8, seed=5)
    assert torch.equal(some, more[:3])
    assert not torch.equal(sampled(PWM, 8, seed=6), more)


@pytest.mark.parametrize(("samples", "seed"), [(0, 0), (1, -1)])
def test_refusals(samples, seed):
    with pytest.raises(InputError, match="samples must be 1 or more and seed 0 or more"):
        sampled(PWM, samples, seed=seed)


def test_arrangements_are_made_once_and_share_a_window():
    forms = Arrangements([naive.encoded("ACG"), naive.encoded("TT")])
    assert [forms.row((0, 10), (1, 15)), forms.row((1, 8)), forms.row((0, 10), (1, 15))] == [0, 1, 0]
    words, start = forms.drawn()
    assert start == 8
    assert decode(words) == ["NNACGNNTT", "TTNNNNNNN"]
