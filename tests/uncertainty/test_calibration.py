"""Coverage, errors beside deviations, reliability and scaling, on data whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.special import expit, log_softmax, softmax
from scipy.stats import norm

from naive.uncertainty import calibration_error
from seqinterp.errors import InputError, ShapeError
from seqinterp.uncertainty.calibration import CURVE_LEVELS, LEVELS, coverage, equal_bins, errors_by_deviation
from seqinterp.uncertainty.checks import check_rows
from seqinterp.uncertainty.class_calibration import binary_reliability, class_reliability
from seqinterp.uncertainty.scaling import binary_temperature, class_temperature, variance_scale

COUNT = 20000


def drawn(factor: float = 1.0, seed: int = 0):
    """Targets whose deviations are `factor` times those that are said."""
    chance = np.random.default_rng(seed)
    deviations = np.exp(chance.normal(size=COUNT) / 2)
    means = chance.normal(size=COUNT)
    return means + factor * deviations * chance.normal(size=COUNT), means, deviations


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("levels", [LEVELS, CURVE_LEVELS])
def test_coverage_is_that_of_the_gaussian(factor, levels):
    found = coverage(*drawn(factor), levels)
    expected = 2 * norm.cdf(norm.ppf((1 + np.array(levels)) / 2) / factor) - 1
    assert np.abs(found.covered - expected).max() < 4 * 0.5 / COUNT**0.5
    assert found.error == pytest.approx(np.abs(expected - levels).mean(), abs=0.01)
    assert found.standard_error[0] == pytest.approx((levels[0] * (1 - levels[0]) / COUNT) ** 0.5)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_errors_beside_deviations(factor):
    found = errors_by_deviation(*drawn(factor))
    assert found.inside == pytest.approx(2 * norm.cdf(2 / factor) - 1, abs=0.01)
    np.testing.assert_allclose(found.root_mean_square, factor * found.deviations, rtol=0.08)
    assert (np.diff(found.deviations) > 0).all()
    assert found.calibration_error == pytest.approx(abs(factor - 1), abs=0.03)
    assert found.rank_correlation > 0.3


def test_equal_deviations_are_one_bin():
    targets, means, _ = drawn()
    found = errors_by_deviation(targets, means, np.ones(COUNT))
    assert len(found.deviations) == 1
    assert np.isnan(found.rank_correlation)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=1, max_size=40), st.integers(1, 7))
def test_bins_keep_order_and_never_part_equals(values, bins):
    array = np.array(values, dtype=np.float64)
    groups = equal_bins(array, bins)
    assert set(groups) == set(range(groups.max() + 1))
    assert groups.max() < bins
    for one, group in zip(array, groups, strict=True):
        assert (groups[array < one] <= group).all()
        assert (groups[array == one] == group).all()


def test_bins_are_of_one_size_without_ties():
    sizes = np.bincount(equal_bins(np.random.default_rng(0).random(103), 10))
    assert len(sizes) == 10
    assert sizes.min() >= 10
    assert sizes.max() <= 11


@pytest.mark.parametrize("bins", [1, 5, 10, 200])
def test_reliability_is_that_of_the_formula(bins):
    chance = np.random.default_rng(1)
    probabilities = chance.random(150)
    labels = (chance.random(150) < probabilities**2).astype(float)
    found = binary_reliability(labels, probabilities, bins=bins)
    assert found.error == pytest.approx(calibration_error(labels, probabilities, bins))
    assert found.counts.sum() == 150


def classes(temperature: float, seed: int = 0, count: int = 4000):
    """Labels drawn from softmax of logits that are then multiplied by `temperature`."""
    chance = np.random.default_rng(seed)
    logits = 2 * chance.normal(size=(count, 4))
    labels = (softmax(logits, axis=1).cumsum(axis=1) < chance.random((count, 1))).sum(axis=1)
    return labels, logits * temperature


def test_reliability_of_the_named_class():
    labels, logits = classes(1.0)
    assert class_reliability(labels, softmax(logits, axis=1)).error < 0.03
    over = class_reliability(labels, softmax(4 * logits, axis=1))
    assert over.error > 0.12
    assert (over.predicted[1:] > over.observed[1:]).all()
    right = softmax(logits, axis=1).argmax(axis=1) == labels
    assert (over.observed * over.counts).sum() / over.counts.sum() == pytest.approx(right.mean())


@pytest.mark.parametrize("temperature", [0.3, 1.0, 3.0])
def test_the_temperature_is_found(temperature):
    labels, logits = classes(temperature)
    found = class_temperature(labels, logits)
    assert found == pytest.approx(temperature, rel=0.08)
    assert class_reliability(labels, softmax(logits / found, axis=1)).error < 0.03
    grid = np.exp(np.linspace(-0.02, 0.02, 9)) * found
    rows = np.arange(len(labels))
    losses = [-log_softmax(logits / each, axis=1)[rows, labels].mean() for each in grid]
    assert np.argmin(losses) == 4


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_the_temperature_of_one_logit(temperature):
    chance = np.random.default_rng(3)
    logits = 2 * chance.normal(size=6000)
    labels = (chance.random(6000) < expit(logits)).astype(float)
    assert binary_temperature(labels, logits * temperature) == pytest.approx(temperature, rel=0.1)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(2, 4), st.floats(0.01, 100), st.integers(0, 1000))
def test_scaling_never_makes_the_fitted_data_less_likely(count, kinds, strength, seed):
    chance = np.random.default_rng(seed)
    logits, labels = strength * chance.normal(size=(count, kinds)), chance.integers(0, kinds, count)
    found = class_temperature(labels, logits)
    before, after = (log_softmax(logits / each, axis=1)[np.arange(count), labels].mean() for each in (1.0, found))
    assert after >= before
    assert found > 0


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_the_factor_of_deviations_is_found(factor):
    targets, means, deviations = drawn(factor)
    found = variance_scale(targets, means, deviations)
    assert found == pytest.approx(factor, rel=0.03)
    losses = [-norm.logpdf(targets, means, each * deviations).mean() for each in found * np.array([0.99, 1, 1.01])]
    assert np.argmin(losses) == 1
    assert coverage(targets, means, found * deviations).error < 0.01


def test_refusals():
    ones = np.ones(3)
    with pytest.raises(ShapeError, match="one entry per example"):
        check_rows(targets=ones, means=np.ones(2))
    with pytest.raises(InputError, match="above 0"):
        coverage(ones, ones, 0 * ones)
    with pytest.raises(InputError, match="NaN"):
        coverage(ones * np.nan, ones, ones)
    with pytest.raises(InputError, match="between 0 and 1"):
        coverage(ones, ones, ones, [1.0])
    with pytest.raises(InputError, match="at least one level"):
        coverage(ones, ones, ones, [])
    with pytest.raises(InputError, match="no example"):
        errors_by_deviation(ones[:0], ones[:0], ones[:0])
    with pytest.raises(InputError, match="bins"):
        errors_by_deviation(ones, ones, ones, bins=0)
    with pytest.raises(InputError, match="0 or 1"):
        binary_reliability(2 * ones, ones)
    with pytest.raises(InputError, match=r"in \[0, 1\]"):
        binary_reliability(ones, 2 * ones)
    with pytest.raises(InputError, match="add up to 1"):
        class_reliability(np.zeros(3, dtype=int), np.ones((3, 2)))
    with pytest.raises(InputError, match="columns of the predictions"):
        class_temperature(np.full(3, 2), np.ones((3, 2)))
    with pytest.raises(ShapeError, match="2 classes"):
        class_temperature(np.zeros(3, dtype=int), np.ones((3, 1)))
    with pytest.raises(InputError, match="both classes"):
        binary_temperature(ones, ones)
    with pytest.raises(InputError, match="exactly right"):
        variance_scale(ones, ones, ones)
