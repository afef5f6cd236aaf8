"""Contributions at the same places of every example."""

import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy.stats import kstest

from seqinterp.errors import InputError
from seqinterp.evaluation.fixed_places import fixed_places
from seqinterp.sequence.markov import UNIFORM
from seqinterp.sequence.onehot import one_hot
from tests.naive.trust_scorecard import fixed_mass

INPUTS = one_hot(UNIFORM.sample(40, count=16, seed=3))


def maps(seed, marker=0.0):
    drawn = torch.rand(16, 4, 40, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * INPUTS
    drawn[:, :, 5:7] += marker * INPUTS[:, :, 5:7]
    return drawn


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.03, 0.05, 0.2, 0.5]))
def test_the_mass_is_the_largest_that_so_many_places_can_hold(seed, share):
    found = fixed_places(INPUTS, maps(seed), share=share, draws=3)
    assert found.mass == pytest.approx(fixed_mass(maps(seed), max(1, round(share * 40))), rel=1e-9)
    assert float(found.per_example.mean()) == pytest.approx(found.mass)


def test_a_marker_is_found_where_it_is():
    found = fixed_places(INPUTS, maps(0, marker=30.0), draws=199)
    assert found.places[0].nonzero().flatten().tolist() == [5, 6]
    assert found.mass > 0.6 > 3 * found.chance
    assert found.p_value == pytest.approx(1 / 200)


def test_the_p_value_is_even_where_nothing_is_fixed():
    p_values = [
        fixed_places(one_hot(UNIFORM.sample(40, count=16, seed=seed)), maps(seed), draws=39).p_value
        for seed in range(60)
    ]
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_order_and_company_change_nothing():
    order = torch.randperm(16, generator=torch.Generator().manual_seed(1))
    one = fixed_places(INPUTS, maps(2), draws=19)
    other = fixed_places(INPUTS[order], maps(2)[order], draws=19)
    assert (one.mass, one.p_value) == (pytest.approx(other.mass), other.p_value)
    torch.testing.assert_close(one.per_example[order], other.per_example)


def test_pictures_too():
    pictures = torch.rand(8, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    marked = pictures.clone()
    marked[:, :, 0, 0] = 90
    found = fixed_places(pictures, marked, draws=39)
    assert bool(found.places[0, 0, 0]) and found.mass > 0.5


def test_a_map_of_zeros_is_left_out_and_nothing_else_refused():
    values = maps(4)
    values[3] = 0
    assert torch.isnan(fixed_places(INPUTS, values, draws=3).per_example).nonzero().flatten().tolist() == [3]
    with pytest.raises(InputError, match="zero everywhere"):
        fixed_places(INPUTS, values * 0)
    with pytest.raises(InputError, match="share must be between 0 and 1"):
        fixed_places(INPUTS, values, share=1.0)
