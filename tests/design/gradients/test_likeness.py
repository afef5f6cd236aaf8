"""How like natural pictures something is."""

import numpy as np
import pytest
import torch

from naive import activation as naive
from seqinterp.design.gradients.likeness import fit_gaussian, unlike
from seqinterp.errors import InputError

NUMBERS = np.random.default_rng(0)
MIXED = NUMBERS.normal(size=(12, 12)) @ np.diag(np.linspace(3, 0.1, 12))


def examples(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 12)) @ MIXED + 5


@pytest.mark.parametrize("components", [1, 3, 8])
def test_the_distance_is_that_of_the_inverse_covariance(components):
    natural, others = examples(60, 1), examples(4, 2)
    found = fit_gaussian(natural, components=components).distance(others)
    expected = [naive.mahalanobis(torch.from_numpy(natural), torch.from_numpy(one), components) for one in others]
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_fewer_examples_than_features():
    natural = examples(9, 1)
    found = fit_gaussian(natural, components=50)
    assert len(found.variances) == 4
    expected = naive.mahalanobis(torch.from_numpy(natural), torch.from_numpy(examples(1, 3)[0]), 4)
    assert found.distance(examples(1, 3))[0] == pytest.approx(expected)


def test_examples_of_the_same_kind_are_near_and_noise_is_far():
    natural = examples(400, 1)
    ours, theirs = unlike(
        np.concatenate([examples(5, 7), 5 + 20 * NUMBERS.normal(size=(5, 12))]), natural, components=6
    )
    assert len(theirs) == 200
    assert np.median(theirs) == pytest.approx(np.sqrt(12), rel=0.15)
    assert ours[:5].max() < theirs.max() * 1.5
    assert ours[5:].min() > theirs.max()


def test_the_halves_follow_from_the_seed():
    natural = examples(40, 1)
    runs = [unlike(natural[:3], natural, seed=seed)[0] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.allclose(runs[0], runs[2])


def test_refusals():
    with pytest.raises(InputError, match="at least 10 natural examples"):
        unlike(examples(2, 0), examples(9, 1))
    with pytest.raises(InputError, match="all the same"):
        unlike(examples(2, 0), np.ones((20, 12)))
    with pytest.raises(InputError, match="components must be 1 or more"):
        fit_gaussian(examples(20, 1), components=0)
