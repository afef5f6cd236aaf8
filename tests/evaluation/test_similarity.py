"""Are two maps alike?"""

import numpy as np
import pytest
import torch

from naive import trust_stable as naive
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.similarity import (
    contributions,
    cosine,
    magnitudes,
    pearson,
    sign_agreement,
    spearman,
    ssim,
    top_k_overlap,
    top_share,
)

ALL = [pearson, spearman, cosine, sign_agreement, top_k_overlap, ssim]
SIGNED = [pearson, spearman, cosine]


def maps(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two sets of maps that have half of what they show in common."""
    chance = torch.Generator().manual_seed(seed)
    shared, one, other = (torch.randn(shape, generator=chance, dtype=torch.float64) for _ in range(3))
    return shared + one, shared + other


@pytest.mark.parametrize("shape", [(4, 30), (3, 14, 17)])
@pytest.mark.parametrize("name", ["pearson", "spearman", "cosine", "sign_agreement", "top_k_overlap", "ssim"])
def test_equals_the_formula(name, shape):
    one, other = maps(*shape)
    options = {"ssim": {"data_range": 5.0}, "top_k_overlap": {"top": 7}}.get(name, {})
    found = next(measure for measure in ALL if measure.__name__ == name)(one, other, **options)
    expected = [getattr(naive, name)(a.numpy(), b.numpy(), **options) for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert 0.05 < found.mean() < 0.95


def test_ranks_share_ties_as_scipy_does():
    one, other = (tensor.round() for tensor in maps(5, 40))
    expected = [naive.spearman(a.numpy(), b.numpy()) for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(spearman(one, other), expected, atol=1e-12)


@pytest.mark.parametrize("measure", ALL)
def test_laws_of_every_measure(measure):
    one, other = maps(4, 25)
    torch.testing.assert_close(measure(one, one), torch.ones(4, dtype=torch.float64))
    torch.testing.assert_close(measure(one, other), measure(other, one))
    whole, order = measure(one, other), torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(measure(one[order], other[order]), whole[order])
    torch.testing.assert_close(measure(one[1:2], other[1:2]), whole[1:2])
    torch.testing.assert_close(measure(3 * one, 0.1 * other), whole)  # no unit


@pytest.mark.parametrize("measure", SIGNED)
def test_the_opposite_is_minus_one(measure):
    one, _ = maps(3, 25)
    torch.testing.assert_close(measure(one, -one), -torch.ones(3, dtype=torch.float64))


def test_what_is_not_defined_is_nan_and_says_so_for_that_example_only():
    one, other = maps(2, 25)
    one[0] = 0.1  # whose mean is not 0.1 in binary
    assert pearson(one, other).isnan().tolist() == [True, False]
    assert spearman(one, other).isnan().tolist() == [True, False]
    one[0] = 0
    assert cosine(one, other).isnan().tolist() == [True, False]
    assert sign_agreement(one[:1], one[:1]).isnan().all()
    assert ssim(one, one).tolist() == [1, 1]


def test_a_map_with_nan_is_no_number():
    one, other = maps(2, 25)
    one[0, 3] = torch.nan
    assert spearman(one, other).isnan().tolist() == [True, False]


def test_ties_for_the_end_share_their_ranks():
    rows = torch.tensor([[3.0, 1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    expected = torch.tensor([[1, 1 / 3, 1 / 3, 1 / 3, 0], [2 / 5] * 5], dtype=torch.float64)
    torch.testing.assert_close(top_share(rows, 2), expected)
    torch.testing.assert_close(top_k_overlap(rows, rows, top=2), torch.ones(2, dtype=torch.float64))


def test_maps_of_zeros_overlap_as_chance_does():
    one, _ = maps(3, 20)
    overlap = top_k_overlap(one, torch.zeros(3, 20), top=5)
    torch.testing.assert_close(overlap, torch.full((3,), 0.25, dtype=torch.float64))


def test_ssim_sees_structure_that_pixel_order_hides():
    one, _ = maps(3, 20, 20)
    moved = one.roll(3, dims=2)
    assert (ssim(one, one + 0.1 * moved) > 0.8).all()
    assert (ssim(one, moved).abs() < 0.3).all()


def test_small_maps_get_a_window_that_fits():
    one, other = maps(3, 4)
    assert ssim(one, other).isfinite().all()
    assert ssim(one[:, :1], other[:, :1]).isfinite().all()


def test_positions_are_sums_over_bases():
    values = torch.tensor([[[1.0, 0.0], [-2.0, 0.0], [0.0, 3.0], [0.0, 0.0]]])
    assert contributions(values).tolist() == [[-1, 3]]
    assert magnitudes(values).tolist() == [[3, 3]]
    assert contributions(values[:, :, 0]).shape == (1, 4)


@pytest.mark.parametrize("measure", ALL)
def test_shapes_must_agree(measure):
    with pytest.raises(ShapeError, match="one shape"):
        measure(torch.rand(2, 20), torch.rand(2, 21))


@pytest.mark.parametrize("top", [0, 21])
def test_top_is_a_number_of_places(top):
    with pytest.raises(InputError, match="from 1 to the 20 places"):
        top_k_overlap(torch.rand(2, 20), torch.rand(2, 20), top=top)


def test_data_range_is_positive():
    with pytest.raises(InputError, match="data_range"):
        ssim(torch.rand(2, 20), torch.rand(2, 20), data_range=0.0)
