"""Fronts against comparing all with all, and evolution towards one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from naive import searches as naive
from searches import random_codes
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.objective import Objective
from seqinterp.design.search.evolve import evolve, values_of
from seqinterp.design.search.pareto import best_first, crowding, dominated, fronts
from seqinterp.design.walk import Problem, begin, go

VALUES = arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.integers(0, 4).map(float))


@settings(deadline=None)
@given(VALUES)
def test_fronts_are_peeled_one_by_one(values):
    assert np.flatnonzero(~dominated(values)).tolist() == naive.front(values)
    left, level, rank = list(range(len(values))), 0, fronts(values)
    while left:
        mine = [left[i] for i in naive.front(values[left])]
        assert (rank[mine] == level).all()
        left, level = [i for i in left if i not in mine], level + 1


@settings(deadline=None)
@given(VALUES)
def test_the_order_is_by_front(values):
    order = best_first(values)
    assert sorted(order.tolist()) == list(range(len(values)))
    assert (np.diff(fronts(values)[order]) >= 0).all()
    if values.shape[1] == 1:
        assert (np.diff(values[order, 0]) <= 0).all()


def test_crowding_by_hand():
    values = np.array([[0.0, 4.0], [1.0, 3.0], [3.0, 1.0], [4.0, 0.0]])
    assert crowding(values).tolist() == [np.inf, 3 / 4 + 3 / 4, 3 / 4 + 3 / 4, np.inf]


def test_evolution_finds_the_whole_front_of_a_toy():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(20, 2)).double().requires_grad_(False)
    every = np.array(naive.every_sequence(5), np.uint8)
    goals = [Objective([Score(model, output(i))], dtype=torch.float64) for i in range(2)]
    problem = Problem(goals, steps=60)
    truth = values_of(problem, every, every)
    best = {tuple(np.round(row, 9)) for row in truth[naive.front(truth)]}
    starts = random_codes(1, 5)
    population = max(len(best) + 4, 30)
    walk = go(problem, begin(problem, starts, starts), lambda p, w: evolve(p, w, population=population))
    found = walk.memory["values"][0]
    reached = {tuple(np.round(row, 9)) for row in found[naive.front(found)]}
    assert len(best) > 5
    assert reached <= best
    assert len(reached) >= 0.9 * len(best)


@pytest.mark.parametrize("crossover", [0.0, 1.0])
def test_crossover_only_mixes_parents_that_are_there(crossover):
    """Without mutations worth the name every column of a child is one of a parent's."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(40, 1)).double().requires_grad_(False)
    problem = Problem([Objective([Score(model, output(0))], dtype=torch.float64)], steps=3)
    start = random_codes(1, 10)
    walk = go(
        problem,
        begin(problem, start, start),
        lambda p, w: evolve(p, w, population=6, mutations=1e-12, crossover=crossover),
    )
    assert np.array_equal(walk.memory["population"][0], np.repeat(start, 6, axis=0))
