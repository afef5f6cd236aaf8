"""Scores against those of shuffles, among untrained copies."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from torch import nn

from seqinterp.attribution.dna_baselines import dinucleotide_shuffle
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.evaluation.grammars import grammar
from seqinterp.evaluation.order_of_bases import order_test
from seqinterp.sequence.markov import UNIFORM
from seqinterp.sequence.onehot import one_hot
from tests.naive.trust_scorecard import paired_t

DRAWN = grammar("single", count=16, length=60)
INPUTS = one_hot(UNIFORM.sample(40, count=12, seed=3))


def untrained(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Conv1d(4, 6, 7), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(6, 1))
    return Score(model.eval(), output(0))


def test_a_network_that_knows_a_motif_is_none_of_the_untrained_ones():
    found = order_test(DRAWN.score, DRAWN.inputs, copies=39, seed=1)
    assert found.p_value == pytest.approx(1 / 40)
    assert found.change > 2


def test_an_untrained_one_has_an_even_rank():
    p_values = [
        order_test(untrained(seed), INPUTS, copies=19, draws=1, seed=100 + 50 * seed).p_value for seed in range(40)
    ]
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_the_contrast_by_hand():
    score = untrained(0)
    found = order_test(score, INPUTS, copies=19, draws=2, seed=5)
    shuffles = dinucleotide_shuffle(INPUTS, draws=2, seed=5)
    with torch.no_grad():
        own, others = score(INPUTS).double().numpy(), score(shuffles.flatten(0, 1)).double().reshape(12, 2).numpy()
    assert found.change == pytest.approx(paired_t(own, others), rel=1e-6)
    assert found.spread == pytest.approx(np.log(own.std() / others.std()), rel=1e-6)


def test_a_count_of_bases_is_all_composition():
    model = nn.Sequential(nn.Conv1d(4, 1, 1), nn.AdaptiveAvgPool1d(1), nn.Flatten())
    model[0].weight.data = torch.tensor([-1.0, 1.0, 1.2, -1.1]).reshape(1, 4, 1)
    assert (
        order_test(Score(model, output(0)), INPUTS, copies=19).composition > 0.99
    )  # equal counts are rounded in another way


def test_the_model_and_the_global_state_are_as_before():
    score, state = untrained(2), torch.random.get_rng_state()
    before = [parameter.clone() for parameter in score.parameters()]
    order_test(score, INPUTS, copies=19)
    assert all(torch.equal(one, other) for one, other in zip(before, score.parameters(), strict=True))
    assert torch.equal(state, torch.random.get_rng_state())


def test_refusals():
    with pytest.raises(ShapeError, match="order of bases"):
        order_test(untrained(0), torch.rand(5, 3, 8, 8))
    with pytest.raises(InputError, match="3 examples and 19 copies"):
        order_test(untrained(0), INPUTS[:2])
    with pytest.raises(ModelError):
        order_test(Score(nn.Flatten(), output(0)), INPUTS)


def test_a_perfect_contrast_is_the_strongest():
    class Perfect(nn.Module):
        def __init__(self):
            super().__init__()
            self.bank = nn.Conv1d(4, 1, 12)
            self.bank.weight.data = INPUTS[:1, :, :12].clone()
            self.bank.bias.data.fill_(-11.0)

        def forward(self, inputs):
            return torch.relu(self.bank(inputs)).amax(dim=2)

    planted = INPUTS.clone()
    planted[:, :, 9:21] = INPUTS[0, :, :12]
    found = order_test(Score(Perfect(), output(0)), planted, copies=39)
    assert found.change == float("inf") and found.p_value == pytest.approx(1 / 40)
