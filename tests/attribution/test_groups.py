"""Features in groups: tiled without gaps, and a group's value handed on without loss."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from naive import perturbation as naive
from seqinterp.attribution.groups import blocks, cells, check_groups, spread
from seqinterp.errors import InputError

SHAPES = [(5,), (4, 20), (4, 7), (3, 8, 8), (1, 5, 9), (2, 3, 4, 5)]
shapes = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(torch.Size)


@pytest.mark.parametrize("features", SHAPES)
def test_cells_take_all_channels_of_a_place(features):
    assert torch.equal(cells(torch.Size(features)), naive.places_as_groups(torch.zeros(features)))


@given(shapes, st.integers(1, 30))
def test_blocks_are_boxes_of_nearly_equal_size_that_tile_the_places(features, count):
    found = blocks(features, count)
    assert found.shape == features
    assert torch.equal(check_groups(found, features), found)
    assert int(found.max()) + 1 <= count
    places = found[0] if len(features) > 1 else found
    assert torch.equal(found, places.expand(features))
    sides = []
    for group in range(int(found.max()) + 1):
        where = (places == group).nonzero()
        box = where.max(dim=0).values - where.min(dim=0).values + 1
        assert len(where) == int(box.prod())  # contiguous
        sides.append(box)
    sides = torch.stack(sides)
    assert int((sides.max(dim=0).values - sides.min(dim=0).values).max()) <= 1


@pytest.mark.parametrize(
    ("features", "count", "lengths"),
    [
        ((4, 20), 12, [2, 2, 1, 2, 2, 1, 2, 2, 1, 2, 2, 1]),
        ((4, 10), 3, [4, 3, 3]),
        ((4, 5), 12, [1] * 5),
        ((6,), 2, [3, 3]),
        ((3, 8, 8), 12, [4, 6, 6, 4, 6, 6, 4, 6, 6, 4, 6, 6]),
        ((3, 8, 8), 4, [16] * 4),
        ((3, 20, 2), 10, [4] * 10),
    ],
)
def test_sizes_of_blocks(features, count, lengths):
    found = blocks(torch.Size(features), count)
    places = found[0] if len(features) > 1 else found
    assert sorted(places.flatten().bincount().tolist()) == sorted(lengths)


def test_blocks_of_pixels_are_nearly_square():
    grid = blocks(torch.Size((3, 6, 6)), 4)[0]
    assert grid[0].tolist() == [0, 0, 0, 1, 1, 1]
    assert grid[:, 0].tolist() == [0, 0, 0, 2, 2, 2]


def test_no_blocks_are_refused():
    with pytest.raises(InputError, match="1 or more, not 0"):
        blocks(torch.Size((4, 5)), 0)


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        (torch.zeros(4, 6, dtype=torch.long), r"shape \(4, 5\).*got shape \(4, 6\) of int64"),
        (torch.zeros(4, 5), "whole numbers.*float32"),
        (torch.zeros(4, 5, dtype=torch.bool), "whole numbers.*bool"),
        (torch.ones(4, 5, dtype=torch.long), "numbers 1 to 1, 1 of them used"),
        (torch.arange(20).reshape(4, 5) * 2, "numbers 0 to 38, 20 of them used"),
        (torch.arange(20).reshape(4, 5) - 1, "numbers -1 to 18"),
        (torch.zeros(5, dtype=torch.long), r"got shape \(5,\)"),
    ],
)
def test_groups_that_cannot_be_used(groups, says):
    with pytest.raises(InputError, match=says):
        check_groups(groups, torch.Size((4, 5)))


def test_groups_may_be_an_array():
    given = np.arange(20, dtype=np.uint8).reshape(4, 5)
    assert torch.equal(check_groups(given, torch.Size((4, 5))), torch.arange(20).reshape(4, 5))


def test_groups_may_be_of_any_integer_kind():
    given = torch.tensor([0, 1, 1], dtype=torch.int8)
    assert check_groups(given, torch.Size((3,))).dtype == torch.long


@pytest.mark.parametrize("features", SHAPES)
@pytest.mark.parametrize("count", [1, 3, 5])
def test_spread_equals_its_oracle_and_keeps_the_sum(features, count):
    chance = torch.Generator().manual_seed(0)
    groups = blocks(torch.Size(features), count)
    values = torch.randn(3, int(groups.max()) + 1, generator=chance, dtype=torch.float64)
    inputs = (torch.rand(3, *features, generator=chance) < 0.3).double()
    inputs[1] = 0
    found = spread(values, groups, inputs)
    oracle = torch.stack([naive.spread(v.tolist(), one, groups) for v, one in zip(values, inputs, strict=True)])
    torch.testing.assert_close(found, oracle, rtol=1e-13, atol=1e-15)
    torch.testing.assert_close(found.flatten(1).sum(1), values.sum(1), rtol=1e-12, atol=1e-12)


def test_spread_gives_to_the_base_that_is_there():
    inputs = torch.tensor([[[0.0, 0], [1, 0], [0, 0], [0, 0]]])  # C, then N
    found = spread(torch.tensor([[2.0, 4.0]]), cells(torch.Size((4, 2))), inputs)
    assert found[0].tolist() == [[0, 1], [2, 1], [0, 1], [0, 1]]
