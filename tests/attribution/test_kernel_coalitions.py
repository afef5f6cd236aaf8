"""The coalitions of KernelSHAP: all of them weigh what the kernel says, and so do drawn ones on average."""

from math import comb

import pytest
import torch

from seqinterp.attribution.kernel_coalitions import drawn_coalitions, kernel, weighted_coalitions


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_kernel_is_that_of_the_paper():
    for count in (2, 5, 12):
        for size in range(1, count):
            expected = (count - 1) / (comb(count, size) * size * (count - size))
            assert kernel(count)[size] == pytest.approx(expected, rel=1e-14)
        assert kernel(count)[0] == kernel(count)[count] == 0


def test_all_coalitions():
    rows, weights = weighted_coalitions(4)
    assert rows.unique(dim=0).shape == (16, 4)
    assert weights.tolist() == [kernel(4)[int(size)] for size in rows.sum(dim=1)]


def by_size(rows, weights):
    """Share of the weight that coalitions of each size carry together."""
    total = torch.zeros(rows.shape[1] + 1, dtype=torch.float64).index_add_(0, rows.sum(dim=1), weights)
    return total / total.sum()


@pytest.mark.parametrize("count", [6, 7, 13])
@pytest.mark.parametrize("draws", [2**13, 10**6])
def test_enough_draws_are_all_coalitions_with_the_weights_of_the_kernel(count, draws):
    rows, weights = drawn_coalitions(count, draws, chance())
    assert len(rows) == 2**count == len(rows.unique(dim=0))
    expected = kernel(count)[rows.sum(dim=1)]
    torch.testing.assert_close(weights / weights.sum(), expected / expected.sum())


@pytest.mark.parametrize("count", [14, 15, 40])
@pytest.mark.parametrize("draws", [2, 27, 301, 2048])
def test_some_draws(count, draws):
    rows, weights = drawn_coalitions(count, draws, chance())
    assert len(rows) == 2 + draws + draws % 2
    assert not rows[0].any()
    assert rows[-1].all()
    assert weights[0] == weights[-1] == 0
    inner, sizes = rows[1:-1], rows[1:-1].sum(dim=1)
    assert (weights[1:-1] > 0).all()
    assert bool(((sizes > 0) & (sizes < count)).all())
    once, times = inner.unique(dim=0, return_counts=True)
    again, as_often = (~inner).unique(dim=0, return_counts=True)
    assert torch.equal(once, again)  # complements too
    assert torch.equal(times, as_often)
    if draws == 2048:  # single groups and all but one are all there
        assert int((sizes == 1).sum()) == int((sizes == count - 1).sum()) == count


@pytest.mark.parametrize("draws", [20, 400])
def test_draws_carry_the_weight_of_the_kernel_on_average(draws):
    expected = kernel(14) * torch.tensor([comb(14, size) for size in range(15)])
    found = torch.stack([by_size(*drawn_coalitions(14, draws, chance(seed))) for seed in range(400)]).mean(dim=0)
    torch.testing.assert_close(found, expected / expected.sum(), atol=0.02, rtol=0)


def test_every_group_is_drawn_as_often_as_every_other():
    rows, _ = drawn_coalitions(30, 40_000, chance())
    drawn = rows[rows.sum(dim=1) == 5].double()
    torch.testing.assert_close(drawn.mean(dim=0), torch.full((30,), 1 / 6, dtype=torch.float64), atol=0.02, rtol=0)
