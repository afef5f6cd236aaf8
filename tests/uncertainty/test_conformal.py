"""Intervals and sets hold the truth as often as they promise, whatever the model; and the risk-coverage curve."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.special import softmax
from scipy.stats import beta as beta_law

from naive.uncertainty import adaptive_score, conformal_threshold, rank, risks
from seqinterp.errors import InputError, ShapeError
from seqinterp.uncertainty.conformal import (
    _sums,
    adaptive_sets,
    finite_quantile,
    residual_intervals,
    scaled_intervals,
    threshold_sets,
)
from seqinterp.uncertainty.risk_coverage import risk_coverage

REPEATS = 200


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.sampled_from([0.1, 0.5, 0.8, 0.9, 0.95, 0.99]))
def test_the_quantile_is_that_of_the_definition(scores, level):
    found = finite_quantile(np.array(scores, dtype=np.float64), level)
    assert found == conformal_threshold(scores, level)


def regression(chance, count):
    """A poor model of skewed noise: means and deviations that are both wrong."""
    inputs = chance.uniform(0, 2, count)
    return inputs + inputs * (chance.exponential(size=count) - 0.5), 0.7 * inputs, 0.3 + inputs**2


def table(chance, count):
    """An overconfident model of three classes."""
    logits = chance.normal(size=(count, 3))
    labels = (softmax(logits, axis=1).cumsum(axis=1) < chance.random((count, 1))).sum(axis=1)
    return labels, softmax(3 * logits, axis=1)


def covered(kind, level, chance, calibrated=99, new=100):
    """The share of new examples that are covered."""
    if kind in ("residual", "scaled"):
        targets, means, deviations = regression(chance, calibrated)
        truth, new_means, new_deviations = regression(chance, new)
        if kind == "residual":
            found = residual_intervals(targets, means, new_means, level=level)
        else:
            found = scaled_intervals(targets, means, deviations, new_means, new_deviations, level=level)
        return ((truth >= found.low) & (truth <= found.high)).mean()
    labels, probabilities = table(chance, calibrated)
    truth, new_probabilities = table(chance, new)
    sets = (threshold_sets if kind == "threshold" else adaptive_sets)(
        labels, probabilities, new_probabilities, level=level
    )
    return sets[np.arange(new), truth].mean()


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("kind", ["residual", "scaled", "threshold", "adaptive"])
def test_coverage_over_repeats(kind, level):
    """Given a calibration set the coverage is Beta(k, n + 1 - k), k the rank; new examples add binomial noise."""
    chance = np.random.default_rng([17, rank(99, level)])
    shares = [covered(kind, level, chance) for _ in range(REPEATS)]
    law = beta_law(rank(99, level), 100 - rank(99, level))
    variance = law.var() + (level * (1 - level) - law.var()) / 100
    assert law.mean() == pytest.approx(level)
    assert abs(np.mean(shares) - level) < 4 * (variance / REPEATS) ** 0.5
    assert np.var(shares) == pytest.approx(variance, rel=0.5)


def test_scaled_intervals_follow_the_deviation():
    chance = np.random.default_rng(0)
    targets, means, deviations = regression(chance, 500)
    found = scaled_intervals(targets, means, deviations, np.zeros(2), np.array([1.0, 3.0]))
    np.testing.assert_allclose(found.high / found.high[0], [1, 3])
    np.testing.assert_allclose(found.low, -found.high)


def test_too_few_examples_promise_everything():
    found = residual_intervals(np.zeros(8), np.ones(8), np.zeros(3), level=0.9)
    assert np.isinf(found.high).all()
    assert np.isfinite(residual_intervals(np.zeros(9), np.ones(9), np.zeros(3), level=0.9).high).all()
    labels, probabilities = table(np.random.default_rng(0), 8)
    assert threshold_sets(labels, probabilities, probabilities).all()
    assert adaptive_sets(labels, probabilities, probabilities).all()


def test_adaptive_scores_are_those_of_the_formula():
    _, probabilities = table(np.random.default_rng(0), 20)
    for row, found in zip(probabilities, _sums(probabilities, 3), strict=True):
        top = int(row.argmax())
        chance = found[top] / row[top]  # nothing lies above the most probable class
        assert 0 <= chance <= 1
        np.testing.assert_allclose(found, [adaptive_score(row, label, chance) for label in range(3)])


def test_sets_hold_the_likeliest_first_and_do_not_depend_on_order():
    labels, probabilities = table(np.random.default_rng(0), 300)
    _, new = table(np.random.default_rng(1), 50)
    for find in (threshold_sets, adaptive_sets):
        sets = find(labels, probabilities, new)
        ranked = np.take_along_axis(sets, np.argsort(-new, axis=1), axis=1)
        assert (ranked[:, :-1] >= ranked[:, 1:]).all()
        np.testing.assert_array_equal(find(labels[::-1], probabilities[::-1], new[::-1])[::-1], sets)
    limit = 1 - finite_quantile(1 - probabilities[np.arange(300), labels])
    np.testing.assert_array_equal(threshold_sets(labels, probabilities, new), new >= limit)
    sure = np.array([[0.98, 0.01, 0.01], [0.4, 0.3, 0.3]])
    assert (np.diff(adaptive_sets(labels, probabilities, sure, level=0.8).sum(axis=1)) >= 0).all()


def test_risks_are_those_of_the_formula():
    chance = np.random.default_rng(0)
    losses, uncertainty = chance.random(40), chance.random(40)
    found = risk_coverage(losses, uncertainty)
    np.testing.assert_allclose(found.risk, risks(losses, uncertainty))
    np.testing.assert_allclose(found.coverage, np.arange(1, 41) / 40)
    assert found.area == pytest.approx(np.mean(found.risk))
    assert found.best_area == pytest.approx(np.mean(risks(losses, losses)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=30), st.randoms())
def test_ties_share_and_order_changes_nothing(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    one, other = (risk_coverage(*np.array(each, dtype=np.float64).T) for each in (pairs, shuffled))
    np.testing.assert_allclose(one.risk, other.risk)
    assert one.risk[-1] == pytest.approx(one.whole)
    assert one.excess >= -1e-12


def test_what_knows_the_loss_has_no_excess_and_what_knows_nothing_the_mean():
    losses = np.random.default_rng(0).random(50)
    assert risk_coverage(losses, 3 * losses).excess == pytest.approx(0)
    assert risk_coverage(losses, np.ones(50)).area == pytest.approx(losses.mean())
    assert risk_coverage(losses, -losses).area > losses.mean()


def test_refusals():
    with pytest.raises(InputError, match="between 0 and 1"):
        finite_quantile(np.ones(3), 1.0)
    with pytest.raises(InputError, match="at least one score"):
        finite_quantile(np.ones(0))
    with pytest.raises(InputError, match="above 0"):
        scaled_intervals(np.ones(3), np.ones(3), np.ones(3), np.ones(2), np.zeros(2))
    labels, probabilities = table(np.random.default_rng(0), 30)
    with pytest.raises(ShapeError, match="in the new"):
        threshold_sets(labels, probabilities, np.full((2, 4), 0.25))
    with pytest.raises(InputError, match="add up to 1"):
        adaptive_sets(labels, probabilities, probabilities[:3] * 2)
    with pytest.raises(InputError, match="NaN"):
        risk_coverage(np.ones(3), np.full(3, np.nan))
