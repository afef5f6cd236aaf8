"""Laws of every faithfulness metric: the truth wins, and nothing but the example counts."""

import functools

import numpy as np
import pytest
import torch
from scipy.stats import wilcoxon

from naive.trust_faithfulness import MotifCounter, Weighted, other_base_effects, random_dna, score_of
from seqinterp.attribution.rows import row_limit
from seqinterp.evaluation.deletion import aopc, deletion_area, insertion_area
from seqinterp.evaluation.faithfulness_correlation import faithfulness_correlation
from seqinterp.evaluation.infidelity import infidelity
from seqinterp.evaluation.replacements import dinucleotide_shuffle, shuffled_bases
from seqinterp.evaluation.sensitivity_n import sensitivity_n

COUNT, LENGTH = 30, 30
CURVES = {"shares": (0.0, 0.1, 0.2, 0.5, 1.0), "draws": 2}
SETS = {"sets": 32, "draws": 2}
# name -> metric, and 1 where larger is better
METRICS = {
    "deletion": (functools.partial(deletion_area, **CURVES), -1),
    "deletion, shuffled": (functools.partial(deletion_area, replacement=shuffled_bases, **CURVES), -1),
    "insertion": (functools.partial(insertion_area, **CURVES), 1),
    "insertion, dinucleotides": (functools.partial(insertion_area, replacement=dinucleotide_shuffle, **CURVES), 1),
    "aopc": (functools.partial(aopc, **CURVES), 1),
    "aopc, first fifth": (functools.partial(aopc, until=0.2, **CURVES), 1),
    "infidelity": (functools.partial(infidelity, draws=24), -1),
    "infidelity, scaled": (functools.partial(infidelity, draws=24, scaled=True), -1),
    "sensitivity-n": (functools.partial(sensitivity_n, size=6, **SETS), 1),
    "faithfulness correlation": (functools.partial(faithfulness_correlation, sets=32), 1),
}
BLIND_TO_SIGN = {"infidelity, scaled"}


def linear():
    """A linear model, random sequences, and what each base gives over the other three."""
    inputs = random_dna(COUNT, LENGTH, seed=6)
    weights = torch.from_numpy(np.random.default_rng(7).normal(size=(4, LENGTH)))
    return score_of(Weighted(weights)), inputs, other_base_effects(inputs, weights)


def planted():
    """A network that counts one motif, sequences with one each, and what its bases give."""
    motif = torch.full((4, 6), -1.0, dtype=torch.float64)
    word = [2, 0, 1, 3, 2, 2]
    motif[word, range(6)] = torch.tensor([1.0, 1.6, 2.0, 1.8, 1.4, 1.0], dtype=torch.float64)
    inputs = random_dna(COUNT, LENGTH, seed=8)
    truth = torch.zeros_like(inputs)
    for example, start in enumerate(np.random.default_rng(9).integers(0, LENGTH - 6, COUNT).tolist()):
        inputs[example, :, start : start + 6] = torch.eye(4, dtype=torch.float64)[word].T
        own = inputs[example : example + 1, :, start : start + 6]
        truth[example, :, start : start + 6] = other_base_effects(own, motif)[0]
    return score_of(MotifCounter(motif, 3.0)), inputs, truth


CASES = {"linear": linear(), "planted": planted()}


def shuffled_over_positions(truth):
    """The same contributions, each at another position."""
    generator = np.random.default_rng(10)
    return torch.stack([row[:, generator.permutation(truth.shape[2])] for row in truth])


def reversed_over_bases(inputs, truth):
    """What is largest called smallest."""
    return -truth * inputs


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", METRICS)
def test_the_truth_beats_random_and_reversed(name, case):
    metric, sign = METRICS[name]
    score, inputs, truth = CASES[case]
    best = sign * metric(score, inputs, truth)
    others = {"random": shuffled_over_positions(truth), "reversed": reversed_over_bases(inputs, truth)}
    for word, other in others.items():
        worse = sign * metric(score, inputs, other)
        if word == "reversed" and name in BLIND_TO_SIGN:
            torch.testing.assert_close(worse, best)
            continue
        assert wilcoxon((best - worse).numpy(), alternative="greater").pvalue < 0.01, word


@pytest.mark.parametrize("name", METRICS)
def test_batch_order_rows_at_once_and_global_chance_change_nothing(name):
    metric, _ = METRICS[name]
    score, inputs, truth = CASES["planted"]
    inputs, truth = inputs[:3], truth[:3]
    state = torch.random.get_rng_state()
    whole = metric(score, inputs, truth)
    assert torch.equal(state, torch.random.get_rng_state())
    assert whole.shape == (3,)
    torch.testing.assert_close(metric(score, inputs.flip(0), truth.flip(0)).flip(0), whole)
    with row_limit(5):
        torch.testing.assert_close(metric(score, inputs[1:2], truth[1:2]), whole[1:2])


@pytest.mark.parametrize("name", METRICS)
def test_another_seed_gives_another_number_near_by(name):
    metric, _ = METRICS[name]
    score, inputs, truth = CASES["linear"]
    first, second = (metric(score, inputs[:2], truth[:2], seed=seed) for seed in (0, 1))
    assert not torch.equal(first, second)
    assert torch.equal(metric(score, inputs[:2], truth[:2], seed=1), second)
