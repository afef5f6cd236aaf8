"""What edits gain is the difference of the values, whatever is added up in them."""

import numpy as np
import pytest
import torch

from naive import searches as naive
from searches import random_codes
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.codes import codes_of, columns_of
from seqinterp.design.goals import minimize, reach, weighted
from seqinterp.design.objective import Objective
from seqinterp.design.penalties import per_edit, unlikely
from seqinterp.errors import InputError
from seqinterp.sequence.markov import GENOME_LIKE, UNIFORM
from seqinterp.sequence.markov_fit import fit_background


def models(count, length=10):
    for seed in range(count):
        torch.manual_seed(seed)
        layers = [torch.nn.Conv1d(4, 5, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(5 * (length - 2), 2)]
        yield torch.nn.Sequential(*layers).double().eval().requires_grad_(False)


SETTINGS = {
    "one": {"count": 1},
    "mean of three": {"count": 3},
    "uncertain": {"count": 3, "uncertainty": 0.7},
    "penalties": {"count": 1, "penalties": [per_edit(0.3), unlikely(GENOME_LIKE, 0.5)]},
    "all": {"count": 2, "uncertainty": 1.0, "penalties": [per_edit(0.1)]},
}


def objective(setting, target=None):
    options = dict(SETTINGS[setting])
    members = [Score(model, target or output(0)) for model in models(options.pop("count"))]
    return Objective(members, dtype=torch.float64, **options)


@pytest.mark.parametrize("setting", SETTINGS)
def test_gains_are_differences_of_values(setting):
    goal, codes, starts = objective(setting), random_codes(3, 10), random_codes(3, 10, seed=1)
    before = goal.values(codes, starts)
    gains = goal.gains_of_substitutions(codes, starts)
    for row in range(3):
        for base in range(4):
            for position in range(10):
                edited = codes[row].copy()
                edited[position] = base
                expected = goal.values(edited[None], starts[row : row + 1])[0] - before[row]
                assert gains[row, base, position] == pytest.approx(expected, abs=1e-12)
    candidates, example = random_codes(7, 10, seed=2), np.array([0, 1, 2, 2, 1, 0, 0])
    expected = goal.values(candidates, starts[example]) - before[example]
    np.testing.assert_allclose(goal.gains(codes, starts, candidates, example), expected, atol=1e-12)


@pytest.mark.parametrize("setting", SETTINGS)
def test_values_by_hand(setting):
    goal, codes, starts = objective(setting), random_codes(4, 10), random_codes(4, 10, seed=1)
    options = SETTINGS[setting]
    scores = np.stack(
        [model(columns_of(codes, dtype=torch.float64))[:, 0].numpy() for model in models(options["count"])]
    )
    expected = scores.mean(axis=0) - options.get("uncertainty", 0) * scores.std(axis=0)
    if "penalties" in options:
        weight = 0.3 if setting == "penalties" else 0.1
        expected = expected - weight * (codes != starts).sum(axis=1)
    if setting == "penalties":
        bits = [naive.markov_bits(one, GENOME_LIKE.start, GENOME_LIKE.transitions, 1) for one in codes]
        expected = expected + 0.5 * np.array(bits)
    np.testing.assert_allclose(goal.values(codes, starts), expected)


@pytest.mark.parametrize("order", range(4))
def test_likelihood_of_every_order(order):
    chain = fit_background(["ACGTTGCATGCCGATAGGCATTACG", "TTTACGGCATCGAGC"], order)
    codes = random_codes(5, 15, seed=order)
    found = unlikely(chain, 2.0)(columns_of(codes, dtype=torch.float64), columns_of(codes, dtype=torch.float64))
    expected = [-2 * naive.markov_bits(one, chain.start, chain.transitions, order) for one in codes]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


def test_an_even_chain_takes_two_bits_off():
    columns = columns_of(random_codes(2, 9))
    np.testing.assert_allclose(unlikely(UNIFORM, 1.0)(columns, columns).numpy(), [2, 2], rtol=1e-6)


def test_penalties_have_slopes():
    start = columns_of(random_codes(2, 9))
    soft = torch.softmax(torch.randn(2, 4, 9, generator=torch.Generator().manual_seed(0)), dim=1).requires_grad_()
    for penalty in (per_edit(1.0), unlikely(GENOME_LIKE, 1.0)):
        (slope,) = torch.autograd.grad(penalty(soft, start).sum(), soft)
        assert bool((slope != 0).any())


def test_goals_are_targets():
    outputs = torch.tensor([[1.0, 5.0], [-2.0, 3.0]])
    assert minimize(1)(outputs).tolist() == [-5, -3]
    assert reach(0, 3.0)(outputs).tolist() == [-2, -5]
    assert weighted((0, minimize(1)), (2.0, 1.0))(outputs).tolist() == [-3, -7]
    assert reach(lambda table: table.sum(dim=1), 6.0)(outputs).tolist() == [0, -5]
    with pytest.raises(InputError, match="as many weights as targets"):
        weighted((0, 1), (1.0,))


def test_codes_and_columns_go_both_ways():
    codes = np.array([[0, 1, 2, 3, 4]], np.uint8)
    columns = columns_of(codes)
    assert columns.shape == (1, 4, 5)
    assert columns.sum(dim=1).tolist() == [[1, 1, 1, 1, 0]]
    assert np.array_equal(codes_of(columns), codes)


@pytest.mark.parametrize("order", range(3))
def test_penalties_know_what_substitutions_do(order):
    chain = fit_background(["ACGTTGCATGCCGATAGGCATTACG", "TTTACGGCATCGAGC"], order)
    codes, starts = random_codes(2, 9), random_codes(2, 9, seed=1)
    for penalty in (per_edit(0.7), unlikely(chain, 1.3)):
        found = penalty.of_substitutions(codes, starts)
        for row, base, position in np.ndindex(found.shape):
            edited = codes[row].copy()
            edited[position] = base
            before, after = (
                float(penalty(columns_of(one[None], dtype=torch.float64), columns_of(starts[row][None]).double()))
                for one in (codes[row], edited)
            )
            assert found[row, base, position] == pytest.approx(after - before, abs=1e-9)


def test_n_is_neither_likely_nor_a_whole_edit():
    start, codes = np.array([[4, 4, 0, 1]], np.uint8), np.array([[4, 2, 0, 3]], np.uint8)
    taken = per_edit(1.0)(columns_of(codes), columns_of(start))
    assert float(taken) == 1.5
    gain = per_edit(1.0).of_substitutions(codes, start)
    assert gain[0, :, 0].tolist() == [0.5] * 4
    assert gain[0, :, 3].tolist() == [0, -1, 0, 0]
    with_n = unlikely(UNIFORM, 1.0)(columns_of(codes), columns_of(codes))
    assert float(with_n) == pytest.approx(2)


def test_a_chain_needs_longer_sequences():
    columns = columns_of(random_codes(1, 2))
    with pytest.raises(InputError, match="needs sequences of more than 2 bases"):
        unlikely(fit_background(["ACGTACGT"], 2), 1.0)(columns, columns)
