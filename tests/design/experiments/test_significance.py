"""P-values: by hand, exact where they must be, and even where nothing is there."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from naive import motif_questions as naive
from seqinterp.design.experiments import significance as module
from seqinterp.design.experiments.significance import (
    q_values,
    rank_p_values,
    rounding,
    sign_flip_p_values,
    standard_error,
    stratified_p_value,
    uneven_p_value,
)


@given(st.lists(st.integers(-5, 5), min_size=2, max_size=9))
def test_ranks_by_hand(numbers):
    observed, controls = float(numbers[0]), [float(number) for number in numbers[1:]]
    found = rank_p_values(np.array([observed]), np.array([controls]))
    assert found[0] == pytest.approx(naive.rank_p_value(observed, controls))


def test_ranks_are_even_where_all_are_exchangeable():
    numbers = np.random.default_rng(0).normal(size=(2000, 20))
    p_values = rank_p_values(numbers[:, 0], numbers[:, 1:])
    for level in (0.05, 0.1, 0.5):
        assert np.mean(p_values <= level + 1e-9) == pytest.approx(level, abs=0.025)


def test_missing_controls_are_left_out():
    controls = np.array([[1.0, np.nan, 2.0], [np.nan, np.nan, np.nan]])
    found = rank_p_values(np.array([9.0, 9.0]), controls)
    assert found[0] == pytest.approx(naive.rank_p_value(9.0, [1.0, 2.0]))
    assert np.isnan(found[1])


def test_rounding_is_no_difference():
    controls = np.array([[1 + 1e-7] * 9])
    assert rank_p_values(np.array([1.0]), controls, tolerance=1e-6)[0] == 1
    values = np.full((3, 8), 1e-7)
    assert (sign_flip_p_values(values, tolerance=1e-6) == 1).all()
    assert uneven_p_value(np.arange(24.0).reshape(3, 8) * 1e-9, tolerance=1e-6) == 1
    assert rounding(np.array([-100.0]), np.array([3.0]), precision=1e-7) == pytest.approx(6.4e-4)


def test_sign_flips_are_all_sign_flips():
    chance = np.random.default_rng(1)
    values = chance.normal(size=(4, 9)) + np.array([0, 0.5, 1, 2])[:, None]
    np.testing.assert_allclose(sign_flip_p_values(values), naive.sign_flip_p_values(values), atol=0.015)


def test_looking_at_many_is_corrected_for():
    """With fifty tests and no effect one p-value of 0.05 or less is found in one of twenty sets, not in nearly all."""
    chance = np.random.default_rng(2)
    sets = [chance.normal(size=(50, 20)) for _ in range(60)]
    smallest = [sign_flip_p_values(values, seed=i).min() for i, values in enumerate(sets)]
    plain = [stats.ttest_1samp(values, 0, axis=1).pvalue.min() for values in sets]
    assert np.mean(np.array(smallest) <= 0.05) <= 0.12
    assert np.mean(np.array(plain) <= 0.05) >= 0.8


def test_whether_rows_differ_at_all():
    chance = np.random.default_rng(3)
    noise = chance.normal(size=(20, 12))
    same = [uneven_p_value(chance.normal(size=(20, 12)) + 3, seed=i) for i in range(40)]
    assert 0.3 < np.mean(same) < 0.7
    assert np.mean(np.array(same) <= 0.05) <= 0.15
    noise[7] += 3
    assert uneven_p_value(noise + 5) == 1 / (1 + module.FEWER)


def test_blocks_are_compared_within_themselves():
    """A block of high numbers says nothing; numbers above their own controls do."""
    chance = np.random.default_rng(4)
    levels = np.arange(12) * 100.0
    same = [(chance.normal(size=1) + level, chance.normal(size=9) + level) for level in levels]
    higher = [(own + 1.5, controls) for own, controls in same]
    assert stratified_p_value(same) > 0.05
    assert stratified_p_value(higher) < 0.01
    assert np.isnan(stratified_p_value([(np.array([1.0]), np.zeros(0))]))


def test_one_block_of_one_is_the_rank_from_the_mean():
    own, controls = np.array([5.0]), np.array([0.0, 1, 2, 3, 4, 6, 1, 2, 2])
    far = np.abs(np.append(controls, own) - np.append(controls, own).mean())
    exact = np.mean(far >= far[-1] - 1e-12)
    assert stratified_p_value([(own, controls)], tolerance=1e-9) == pytest.approx(exact, abs=0.04)


def test_blocks_are_even_where_nothing_is_there():
    chance = np.random.default_rng(5)
    p_values = [
        stratified_p_value([(chance.normal(size=2), chance.normal(size=6)) for _ in range(5)], seed=i)
        for i in range(80)
    ]
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.12)
    assert np.mean(np.array(p_values) <= 0.1) <= 0.2


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=12))
def test_q_values_by_hand(p_values):
    np.testing.assert_allclose(q_values(np.array(p_values)), naive.benjamini_hochberg(p_values), rtol=1e-12)


def test_what_is_no_number_does_not_count():
    found = q_values(np.array([0.01, np.nan, 0.5]))
    np.testing.assert_allclose(found, [0.02, np.nan, 0.5])
    np.testing.assert_allclose(standard_error(np.array([[1.0, 3.0]])), [1.0])
    assert np.isnan(standard_error(np.ones((2, 1)))).all()
