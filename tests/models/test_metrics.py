"""Metrics equal scikit-learn on every bootstrap replicate, and the formulas on small data."""

import time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.special import expit
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from naive import models as naive
from seqinterp.errors import InputError, ShapeError
from seqinterp.models.metrics import NAMES, Estimate, _rank, _resample, _statistics, evaluate_predictions


def predictions(count=200, *, ties=False, seed=0):
    rng = np.random.default_rng(seed)
    labels = (rng.random(count) < 0.3).astype(float)
    labels[:2] = 0, 1
    logits = rng.normal(size=count) + labels - 1
    return (np.round(logits) if ties else logits), labels


@given(st.integers(0, 10_000), st.booleans(), st.integers(4, 60))
@settings(max_examples=50, deadline=None)
def test_values_are_their_formulas(seed, ties, count):
    logits, labels = predictions(count, ties=ties, seed=seed)
    metrics = evaluate_predictions(logits, labels, draws=60, bins=4)
    assert metrics.auroc.value == pytest.approx(naive.auroc(logits, labels))
    assert metrics.average_precision.value == pytest.approx(naive.average_precision(logits, labels))
    if not ties:
        wanted = naive.calibration_error(expit(logits), labels, bins=4)
        assert metrics.calibration_error.value == pytest.approx(wanted)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
def test_every_replicate_equals_scikit_learn(ties, grouped):
    logits, labels = predictions(150, ties=ties)
    groups = np.random.default_rng(1).integers(0, 60, 150) if grouped else None
    ranked = _rank(logits, labels, bins=5)
    compared = 0
    for weights in _resample(ranked, groups, 70, seed=4):
        for weight, found in zip(weights, _statistics(ranked, weights), strict=True):
            drawn = np.repeat(ranked.order, weight)
            truth, scores = labels[drawn], logits[drawn]
            wanted = [
                roc_auc_score(truth, scores),
                average_precision_score(truth, scores),
                log_loss(truth, expit(scores)),
                brier_score_loss(truth, expit(scores)),
            ]
            np.testing.assert_allclose(found[:4], wanted, rtol=1e-9)
            compared += 1
            if groups is not None:  # a group comes whole or not at all
                counts = np.bincount(drawn, minlength=150)
                assert all(len(set(counts[groups == group])) == 1 for group in set(groups))
            elif not ties:
                assert len(drawn) == 150
    assert compared == 70


def test_intervals_are_percentiles_of_the_replicates():
    logits, labels = predictions()
    ranked = _rank(logits, labels, 10)
    replicates = np.concatenate([_statistics(ranked, weights) for weights in _resample(ranked, None, 120, seed=9)])
    metrics = evaluate_predictions(logits, labels, draws=120, level=0.9, seed=9)
    for i, name in enumerate(NAMES):
        low, high = np.percentile(replicates[:, i], [5, 95])
        assert (metrics.estimates()[name].low, metrics.estimates()[name].high) == pytest.approx((low, high))


def test_the_interval_covers_as_it_says():
    # 200 data sets with a known AUROC: normal scores one apart, AUROC = Phi(1 / sqrt(2)) = 0.7602
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        labels = np.repeat([0.0, 1.0], 60)
        metrics = evaluate_predictions(rng.normal(size=120) + labels, labels, draws=150, level=0.9, seed=seed)
        covered += metrics.auroc.low <= 0.7602 <= metrics.auroc.high
    assert 0.82 <= covered / 200 <= 0.96


def test_related_examples_widen_the_interval():
    logits, labels = predictions(100)
    alone = evaluate_predictions(logits, labels).auroc
    copied = evaluate_predictions(np.tile(logits, 5), np.tile(labels, 5)).auroc
    grouped = evaluate_predictions(np.tile(logits, 5), np.tile(labels, 5), groups=np.tile(np.arange(100), 5)).auroc
    assert copied.high - copied.low < 0.6 * (alone.high - alone.low)
    assert (grouped.low, grouped.high) == pytest.approx((alone.low, alone.high), abs=0.01)


def test_the_same_seed_gives_the_same_metrics_and_touches_nothing():
    logits, labels = predictions()
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, two = (evaluate_predictions(logits, labels, seed=3) for _ in range(2))
    assert one.estimates() == two.estimates()
    assert evaluate_predictions(logits, labels, seed=4).auroc != one.auroc
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_order_of_examples_does_not_matter():
    logits, labels = predictions(ties=True)
    order = np.random.default_rng(5).permutation(len(logits))
    one, two = evaluate_predictions(logits, labels), evaluate_predictions(logits[order], labels[order])
    for name in NAMES:
        assert one.estimates()[name].value == pytest.approx(two.estimates()[name].value)


def test_curves_enclose_the_areas():
    metrics = evaluate_predictions(*predictions())
    assert np.trapezoid(metrics.roc.vertical, metrics.roc.horizontal) == pytest.approx(metrics.auroc.value)
    assert metrics.precision_recall.horizontal[0] == 0
    assert metrics.precision_recall.horizontal[-1] == 1
    assert np.all(np.diff(metrics.calibration.horizontal) > 0)
    assert len(metrics.calibration.horizontal) == 10
    assert (metrics.examples, metrics.positives) == (200, int(predictions()[1].sum()))


def test_perfectly_calibrated_predictions_have_no_calibration_error():
    labels = np.tile([1.0, 0, 0, 0], 50)
    metrics = evaluate_predictions(np.full(200, np.log(1 / 3)), labels, draws=5)
    assert metrics.calibration_error.value == pytest.approx(0, abs=1e-12)
    assert metrics.calibration.vertical.tolist() == [0.25]
    assert metrics.auroc.value == 0.5


def test_replicates_without_a_class_are_left_out():
    labels = np.array([1.0] + [0.0] * 20)
    metrics = evaluate_predictions(np.arange(21.0), labels, draws=200)
    assert np.isfinite([metrics.auroc.low, metrics.auroc.high]).all()
    assert str(Estimate(0.5, 0.25, 0.75)) == "0.500 [0.250, 0.750]"


@pytest.mark.parametrize(
    ("logits", "labels", "options", "error", "message"),
    [
        (np.zeros(3), [0, 1], {}, ShapeError, "2 labels but the logits have the shape"),
        (np.array([0, np.nan]), [0, 1], {}, InputError, "1 of the 2 logits are NaN or infinite"),
        (np.zeros(2), [1, 1], {}, InputError, "the judged data holds only examples labelled 1"),
        (np.zeros(2), [0, 1], {"draws": 0}, InputError, "at least one draw"),
        (np.zeros(2), [0, 1], {"groups": np.arange(3)}, ShapeError, "groups have the shape"),
    ],
)
def test_what_cannot_be_judged_is_said(logits, labels, options, error, message):
    with pytest.raises(error, match=message):
        evaluate_predictions(logits, labels, **options)


def test_a_thousand_replicates_of_a_chromosome_take_seconds():
    logits, labels = predictions(35_000)
    start = time.perf_counter()
    evaluate_predictions(logits, labels, draws=100)
    assert time.perf_counter() - start < 3  # a thousand in a few seconds; generous, for a busy machine


def test_replicates_without_both_classes_are_refused():
    for seed in range(8):  # of two examples, one draw in two takes the same one twice
        try:
            evaluate_predictions(np.arange(2.0), np.array([0.0, 1]), draws=1, seed=seed)
        except InputError as error:
            assert "replicates held both classes" in str(error)
            return
    pytest.fail("no seed drew one example twice")


@pytest.mark.parametrize(("count", "resampled"), [(1, "examples"), (9, "examples"), (10, "groups"), (200, "groups")])
def test_few_groups_are_not_resampled(count, resampled):
    logits, labels = predictions(200)
    alone = evaluate_predictions(logits, labels)
    assert alone.resampled == "examples"
    grouped = evaluate_predictions(logits, labels, groups=np.arange(200) % count)
    assert grouped.resampled == resampled
    assert (grouped.estimates() == alone.estimates()) == (resampled == "examples")
    assert grouped.auroc.low < grouped.auroc.value < grouped.auroc.high
