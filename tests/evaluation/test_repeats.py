"""What several explanations of the same inputs have in common."""

from itertools import combinations

import numpy as np
import pytest
import torch

from naive import trust_stable as naive
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.repeats import repeats

CHANCE = torch.Generator().manual_seed(0)
SHARED = torch.randn(3, 4, 30, generator=CHANCE, dtype=torch.float64)
NOISE = torch.randn(5, 3, 4, 30, generator=CHANCE, dtype=torch.float64)
RUNS = SHARED + 0.5 * NOISE


def test_equals_the_formulas():
    found = repeats(RUNS, top=6)
    maps = RUNS.sum(dim=2).numpy()
    np.testing.assert_allclose(found.mean, maps.mean(axis=0))
    np.testing.assert_allclose(found.deviation, maps.std(axis=0, ddof=1))
    same = [[[np.sign(maps[r, b, p]) == np.sign(maps[:, b, p].mean()) for p in range(30)] for b in range(3)]
            for r in range(5)]  # fmt: skip
    np.testing.assert_allclose(found.sign_agreement, np.mean(same, axis=0))
    pairs = [[naive.spearman(maps[i, b], maps[j, b]) for b in range(3)] for i, j in combinations(range(5), 2)]
    np.testing.assert_allclose(found.spearman, np.mean(pairs, axis=0))
    expected = [naive.surviving(maps[:, b], 6) for b in range(3)]
    np.testing.assert_allclose(found.surviving, expected)
    assert 0 < np.mean(expected) < 1
    assert (found.top, found.repeats) == (6, 5)


@pytest.mark.parametrize("shape", [(2, 4, 12), (2, 3, 6, 7), (2, 15)])
def test_the_same_every_time(shape):
    one = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    found = repeats([one, one, one])
    places = one.sum(dim=1) if one.ndim > 2 else one
    assert torch.allclose(found.mean, places.double())
    assert found.deviation.abs().max() < 1e-6
    assert (found.sign_agreement == 1).all()
    torch.testing.assert_close(found.spearman, torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(found.surviving, torch.ones(2, dtype=torch.float64))


def test_more_noise_is_less_in_common():
    quiet, loud = (repeats(SHARED + size * NOISE) for size in (0.1, 2.0))
    assert (quiet.spearman > loud.spearman + 0.3).all()
    assert (quiet.surviving > loud.surviving).all()
    assert quiet.sign_agreement.mean() > loud.sign_agreement.mean() + 0.1
    assert (quiet.deviation < loud.deviation).all()


def test_strong_negative_places_survive_too():
    one = torch.zeros(1, 4, 12)
    one[0, 0, 2], one[0, 0, 7] = -5.0, 3.0
    other = one.clone()
    other[0, 0, 7], other[0, 0, 9] = 0.0, 4.0
    assert repeats([one, one], top=2).surviving.tolist() == [1]
    assert repeats([one, other], top=2).surviving.tolist() == [0.5]


def test_order_of_repeats_and_of_examples_change_nothing():
    whole = repeats(RUNS)
    torch.testing.assert_close(repeats(RUNS.flip(0)).spearman, whole.spearman)
    turned = repeats(RUNS.flip(1))
    torch.testing.assert_close(turned.spearman.flip(0), whole.spearman)
    torch.testing.assert_close(turned.surviving.flip(0), whole.surviving)
    torch.testing.assert_close(repeats(list(RUNS[:, 1:2])).mean, whole.mean[1:2])


def test_refusals():
    with pytest.raises(InputError, match="at least two repeats"):
        repeats(RUNS[:1])
    with pytest.raises(ShapeError, match="one shape"):
        repeats([RUNS[0], RUNS[0][:, :, :5]])
    with pytest.raises(InputError, match="top must be"):
        repeats(RUNS, top=31)
