"""p-values are fair among the usual and small for strangers; shifts are found and not made up."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from sklearn.covariance import LedoitWolf

from naive.trust_faithfulness import likelihood
from naive.uncertainty import energy_distance, mahalanobis
from seqinterp.errors import InputError, ShapeError
from seqinterp.sequence.onehot import decode, one_hot
from seqinterp.uncertainty.keys import example_keys
from seqinterp.uncertainty.out_of_distribution import _mahalanobis, latent_strangeness, sequence_strangeness
from seqinterp.uncertainty.shift import distribution_shift


def dna(count: int, shares, seed: int, length: int = 120) -> torch.Tensor:
    chance = np.random.default_rng(seed)
    return one_hot(["".join(chance.choice(list("ACGT"), length, p=shares)) for _ in range(count)])


EVEN, RICH = (0.25,) * 4, (0.35, 0.15, 0.15, 0.35)
NATURAL = dna(400, (0.2, 0.3, 0.3, 0.2), 0)


@pytest.mark.parametrize("order", [0, 2])
def test_sequences_like_the_natural_ones_have_fair_p_values(order):
    found = sequence_strangeness(dna(400, (0.2, 0.3, 0.3, 0.2), 1), NATURAL, order=order)
    law = kstest(found.p_value, "uniform", alternative="two-sided" if order else "greater")  # order 0 counts G + C:
    assert law.statistic < 0.13  # many are equal, which makes p-values larger than need be, never smaller
    assert (found.p_value <= 0.05).mean() < 0.12


def test_another_composition_is_flagged_and_low_complexity_too():
    rich = sequence_strangeness(dna(50, (0.4, 0.1, 0.1, 0.4), 2), NATURAL)
    assert (rich.p_value < 0.02).mean() > 0.95
    repeat = sequence_strangeness(one_hot(["GC" * 60, "G" * 120]), NATURAL)
    assert (repeat.score > repeat.held_out.max()).all()  # more likely than any, and strange all the same
    assert repeat.p_value.tolist() == pytest.approx([2 / 201, 2 / 201])


def test_scores_are_likelihoods_under_one_half():
    natural = NATURAL[:30]
    found = sequence_strangeness(dna(2, EVEN, 3), natural, seed=5)
    keys = example_keys(natural.flatten(1).numpy(), 5, "halves")
    order = sorted(range(len(keys)), key=keys.__getitem__)
    texts = decode(natural)
    fitted = [texts[place] for place in order[::2]]
    expected = [likelihood(text, fitted) for text in decode(dna(2, EVEN, 3))]
    assert found.score.tolist() == pytest.approx(expected)
    held = sorted(likelihood(texts[place], fitted) for place in order[1::2])
    assert sorted(found.held_out) == pytest.approx(held)
    below = sum(value <= found.score[0] for value in held)
    above = sum(value >= found.score[0] for value in held)
    assert found.p_value[0] == pytest.approx(min(1, 2 * (1 + min(below, above)) / 16))


def test_order_changes_nothing():
    inputs = dna(6, EVEN, 3)
    one, other = sequence_strangeness(inputs, NATURAL), sequence_strangeness(inputs.flip(0), NATURAL.flip(0))
    np.testing.assert_allclose(one.p_value, other.p_value[::-1])
    features, reference = cloud(5, 1), cloud(60, 2)
    for distance in ("mahalanobis", "neighbours"):
        one = latent_strangeness(features, reference, distance=distance)
        other = latent_strangeness(features[::-1], reference[::-1], distance=distance)
        np.testing.assert_allclose(one.score, other.score[::-1])
        np.testing.assert_allclose(one.p_value, other.p_value[::-1])


def cloud(count: int, seed: int, shift: float = 0.0) -> np.ndarray:
    """Correlated features of different scales, the last of which never changes."""
    chance = np.random.default_rng(seed)
    mixed = chance.normal(size=(count, 3)) @ np.array([[1.0, 0.9, 0.0], [0.0, 0.2, 0.0], [0.0, 0.0, 50.0]])
    return np.column_stack([mixed + shift * np.array([0.5, -0.5, 0.0]), np.full(count, 4.0)])


@pytest.mark.parametrize("distance", ["mahalanobis", "neighbours"])
def test_latents_like_the_reference_have_fair_p_values(distance):
    found = latent_strangeness(cloud(500, 1), cloud(500, 2), distance=distance)
    assert kstest(found.p_value, "uniform").statistic < 0.11
    far = latent_strangeness(cloud(50, 3, shift=3.0), cloud(500, 2), distance=distance)
    assert (far.p_value < 0.02).mean() > 0.95
    assert far.p_value.min() == pytest.approx(1 / 251)


def test_mahalanobis_is_that_of_the_formula():
    fitted, shown = cloud(80, 1)[:, :3], cloud(5, 2)[:, :3]
    made = (fitted - fitted.mean(axis=0)) / fitted.std(axis=0)
    expected = mahalanobis(fitted, shown, LedoitWolf().fit(made).shrinkage_)
    np.testing.assert_allclose(_mahalanobis(fitted, shown, 5), expected)


def test_neighbours_are_those_of_the_formula():
    reference = cloud(40, 1)[:, :3]
    found = latent_strangeness(reference[:4], reference, distance="neighbours", neighbours=2)
    distances = []
    keys = example_keys(reference, 0, "halves")
    half = reference[sorted(range(40), key=keys.__getitem__)[::2]]
    for row in reference[:4]:
        distances.append(sorted(np.linalg.norm((half - row) / half.std(axis=0), axis=1))[1])
    np.testing.assert_allclose(found.score, distances, rtol=1e-6)


def test_the_energy_distance_is_that_of_the_formula():
    first, second = cloud(12, 1), cloud(17, 2, shift=1.0)
    found = distribution_shift(first, second, draws=3)
    deviation = np.concatenate([first, second]).std(axis=0)
    deviation[3] = 1.0
    assert found.distance == pytest.approx(energy_distance(first / deviation, second / deviation))
    moved = (second.mean(axis=0) - first.mean(axis=0)) / deviation
    np.testing.assert_allclose(found.feature_shifts, moved, atol=1e-12)


def test_shifts_are_found_and_not_made_up():
    assert distribution_shift(cloud(60, 1), cloud(60, 2, shift=1.0)).p_value == pytest.approx(0.001)
    wider = distribution_shift(cloud(80, 1), 2 * cloud(80, 2))
    assert wider.p_value < 0.01  # of equal means
    p_values = [distribution_shift(cloud(15, seed), cloud(20, 1000 + seed), draws=99).p_value for seed in range(200)]
    assert np.mean(np.array(p_values) <= 0.1) == pytest.approx(0.1, abs=4 * (0.09 / 200) ** 0.5)
    assert min(p_values) >= 0.01


def test_large_sets_are_thinned():
    found = distribution_shift(cloud(1200, 1), cloud(30, 2), draws=9, seed=1)
    assert found.compared == (1000, 30)


def test_refusals():
    with pytest.raises(ShapeError, match="crop the longer"):
        sequence_strangeness(dna(2, EVEN, 0, length=50), NATURAL)
    with pytest.raises(InputError, match="at least 20"):
        sequence_strangeness(NATURAL, NATURAL[:10])
    with pytest.raises(ShapeError, match="one-hot DNA"):
        sequence_strangeness(NATURAL * 2, NATURAL)
    with pytest.raises(InputError, match="neighbours must be"):
        latent_strangeness(cloud(3, 0), cloud(30, 0), neighbours=16)
    with pytest.raises(InputError, match="at least 20"):
        latent_strangeness(cloud(3, 0), cloud(10, 0))
    with pytest.raises(InputError, match="NaN"):
        latent_strangeness(cloud(3, 0) * np.nan, cloud(30, 0))
    for compare in (latent_strangeness, distribution_shift):
        with pytest.raises(ShapeError, match="features"):
            compare(cloud(30, 0)[:, :2], cloud(30, 0))
    with pytest.raises(InputError, match="two examples on each side"):
        distribution_shift(cloud(1, 0), cloud(30, 0))
