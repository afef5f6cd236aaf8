"""Splits: groups stay whole, every example stands once, both classes everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from seqinterp.errors import InputError, ShapeError
from seqinterp.models.split import grouped_folds, grouped_split


@st.composite
def problems(draw):
    """Groups of some size with some positives, at least six groups of either class."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(12, 60))
    sizes = rng.integers(1, draw(st.integers(2, 12)), count)
    groups = np.repeat(rng.permutation(1000)[:count], sizes)
    positive = np.append(np.ones(6), rng.integers(0, 2, count - 12)).astype(bool)
    labels = np.repeat(np.append(positive, np.zeros(6, dtype=bool)), sizes).astype(float)
    order = rng.permutation(len(groups))
    return groups[order], labels[order]


def check(parts, groups, labels):
    together = np.concatenate(parts)
    assert sorted(together) == list(range(len(groups)))
    for i, part in enumerate(parts):
        assert set(labels[part]) == {0.0, 1.0}
        assert np.all(np.diff(part) > 0)
        for other in parts[:i]:
            assert not set(groups[part]) & set(groups[other])


@given(problems(), st.integers(2, 6), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_folds_hold_whole_groups_and_both_classes(problem, folds, seed):
    groups, labels = problem
    parts = grouped_folds(groups, labels, folds=folds, seed=seed)
    check(parts, groups, labels)
    again = grouped_folds(groups, labels, folds=folds, seed=seed)
    assert all(np.array_equal(one, two) for one, two in zip(parts, again, strict=True))


@given(problems(), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_a_split_holds_whole_groups_and_both_classes(problem, seed):
    groups, labels = problem
    check(grouped_split(groups, labels, seed=seed), groups, labels)


def test_the_names_of_groups_do_not_matter():
    labels = np.tile([1.0, 0, 0], 20)
    groups = np.repeat(np.arange(30), 2)
    for one, two in zip(grouped_folds(groups, labels), grouped_folds(groups * 7 - 50, labels), strict=True):
        np.testing.assert_array_equal(one, two)


def test_many_small_groups_are_dealt_evenly():
    rng = np.random.default_rng(0)
    labels = (rng.random(6000) < 0.02).astype(float)
    groups = np.sort(rng.integers(0, 4000, 6000))
    parts = grouped_folds(groups, labels, folds=5)
    positives = [labels[part].sum() for part in parts]
    sizes = [len(part) for part in parts]
    assert max(positives) - min(positives) <= 2
    assert max(sizes) - min(sizes) <= 6
    train, valid, test = grouped_split(groups, labels, fractions=(0.6, 0.25, 0.15))
    for part, fraction in ((train, 0.6), (valid, 0.25), (test, 0.15)):
        assert len(part) / 6000 == pytest.approx(fraction, abs=0.01)
        assert labels[part].sum() / labels.sum() == pytest.approx(fraction, abs=0.02)


def test_another_seed_deals_otherwise():
    labels = np.tile([1.0, 0.0], 50)
    groups = np.arange(100)
    assert not np.array_equal(grouped_folds(groups, labels, seed=0)[0], grouped_folds(groups, labels, seed=1)[0])


@pytest.mark.parametrize(
    ("groups", "labels", "error", "message"),
    [
        (np.zeros(6, dtype=int), [0, 1, 0, 1, 0, 1], InputError, "would hold no examples: the data have 1 groups"),
        (np.array([0, 0, 0, 1, 2, 3]), [1, 1, 1, 0, 0, 0], InputError, "only examples labelled 0.* 1 of them with"),
        (np.arange(4), [1, 1, 1, 1], InputError, "only examples labelled 1"),
        (np.arange(4), [1, 0, np.nan, 1], InputError, "1 labels of the data are NaN, the first at example 2"),
        (np.arange(4), [1, 0, 2, 1], InputError, "labels must be 0 or 1, but example 2 of the data has 2"),
        (np.arange(4), ["yes", "no", "no", "no"], InputError, "some are words"),
        (np.arange(3), [1, 0, 0, 1], ShapeError, r"there are 4 labels but the groups have the shape \(3,\)"),
        (np.arange(0), [], InputError, "the data holds no examples"),
    ],
)
def test_what_cannot_be_split_is_said(groups, labels, error, message):
    with pytest.raises(error, match=message):
        grouped_folds(groups, labels, folds=3)


def test_wrong_wishes_are_refused():
    groups, labels = np.arange(4), [0, 1, 0, 1]
    with pytest.raises(InputError, match="at least 2 folds, but folds is 1"):
        grouped_folds(groups, labels, folds=1)
    for fractions in ((0.5, 0.5, 0.5), (1.0, 0.0, 0.0)):
        with pytest.raises(InputError, match="must be positive and sum to 1"):
            grouped_split(groups, labels, fractions=fractions)
