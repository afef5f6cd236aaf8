"""The hill climb and the greedy search equal their one-at-a-time loops."""

import numpy as np
import pytest
import torch

from cases import DNA_CASES
from naive import design as naive
from searches import objective_of, random_codes, search
from seqinterp.design.codes import codes_of, columns_of
from seqinterp.design.search.greedy import greedy
from seqinterp.design.search.hill_climb import hill_climb


def columns(codes, dtype=torch.float64):
    return columns_of(np.atleast_2d(codes), dtype=dtype)


@pytest.mark.parametrize("case", DNA_CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("steps", [1, 31, 32, 33, 200])
def test_hill_climb_is_the_published_loop(case, steps):
    model, starts = case.model().eval(), random_codes(3, case.shape[1], seed=4)
    found = search(hill_climb, model, starts, steps=steps, seed=9)
    for design, start in enumerate(columns(starts)):
        sequence, scores = naive.hill_climb(model, start, steps, 9, design)
        assert torch.equal(columns(found.codes[design])[0], sequence)
        np.testing.assert_allclose(found.trajectory[design], scores, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", DNA_CASES, ids=lambda case: case.name)
def test_greedy_makes_the_best_of_all_edits(case):
    model, starts = case.model().eval(), codes_of(case.inputs(3))
    found = search(greedy, model, starts, steps=6)
    for design, start in enumerate(columns(starts)):
        sequence, scores = naive.greedy(model, start, 6)
        assert torch.equal(columns(found.codes[design])[0], sequence)
        np.testing.assert_allclose(found.trajectory[design], scores, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("way", [hill_climb, greedy])
def test_no_steps_give_the_starts_back(way):
    starts = codes_of(DNA_CASES[0].inputs(2))
    found = search(way, DNA_CASES[0].model(), starts, steps=0)
    assert np.array_equal(found.codes, starts)
    assert found.trajectory.shape == (2, 1)


def test_greedy_stops_at_the_top():
    counts_a = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 1))
    with torch.no_grad():
        counts_a[1].weight.copy_(torch.tensor([[1.0] * 3 + [0.0] * 9]))
    found = search(greedy, counts_a, np.full((1, 3), 3, np.uint8), steps=20)
    assert found.trajectory.shape == (1, 21)
    assert found.codes.tolist() == [[0, 0, 0]]
    assert np.unique(found.trajectory[0, 3:]).size == 1


def test_more_designs_do_not_change_the_first():
    model, many = DNA_CASES[0].model(), random_codes(6, 20, seed=1)
    found = search(hill_climb, model, many, steps=100, seed=1).codes[:2]
    assert np.array_equal(found, search(hill_climb, model, many[:2], steps=100, seed=1).codes)


@pytest.mark.parametrize("seed", range(3))
def test_rounding_never_decides(seed):
    """Most edits of a max-pooled model change nothing; in single precision the batch must not make them count."""
    case = next(case for case in DNA_CASES if case.name == "pooled")
    model = case.model().float().eval()
    starts = random_codes(6, 17, seed=seed)
    many = search(hill_climb, model, starts, steps=150, seed=seed)
    few = search(hill_climb, model, starts[:2], steps=150, seed=seed)
    assert np.array_equal(many.codes[:2], few.codes)
    for design, start in enumerate(columns(starts, torch.float32)):
        expected = naive.hill_climb(model, start, 150, seed, design)[0]
        assert torch.equal(columns(many.codes[design], torch.float32)[0], expected)


def test_the_exact_engine_leads_where_forward_passes_do():
    """A network large enough to be planned: the path of the kernels is that of all forward passes."""
    torch.manual_seed(0)
    layers = [torch.nn.Conv1d(4, 32, 9), torch.nn.ReLU(), torch.nn.Conv1d(32, 32, 5), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers, torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten(), torch.nn.Linear(32, 1))
    starts = random_codes(2, 80, seed=3)
    planned = search(greedy, model, starts, steps=12, repeats=10_000)
    loops = [naive.greedy(model, start, 12) for start in columns(starts, torch.float32)]
    for design, (sequence, scores) in enumerate(loops):
        assert torch.equal(columns(planned.codes[design], torch.float32)[0], sequence)
        np.testing.assert_allclose(planned.trajectory[design], scores, rtol=1e-5)
    assert objective_of(model).rounding < 1e-5
