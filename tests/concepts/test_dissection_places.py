"""Places of layers sit where the arithmetic of padding, width and stride puts them."""

import numpy as np
import pytest
import torch
from torch import nn

from pictures import drawn
from seqinterp.concepts.layer_places import Axis, measured_axis
from seqinterp.concepts.unit_maps import read_layers
from seqinterp.concepts.unit_masks import interpolated
from seqinterp.models.networks import build
from seqinterp.sequence.onehot import one_hot


def sequences(count=12, length=60, seed=0):
    return one_hot(["".join(row) for row in np.random.default_rng(seed).choice(list("ACGT"), (count, length))]).double()


def axes_of(network, inputs):
    maps = read_layers(network, inputs, None, device="cpu", batch_size=64)
    return {layer: [[(a.first, a.last, a.stride) for a in run] for run in runs]
            for layer, runs in maps.axes(inputs, 0).items()}  # fmt: skip


NETWORKS = [
    ("valid", lambda: nn.Sequential(nn.Conv1d(4, 6, 7)), {"0": (0, 6, 1)}),
    ("same", lambda: nn.Sequential(nn.Conv1d(4, 6, 7, padding=3)), {"0": (-3, 3, 1)}),
    ("even", lambda: nn.Sequential(nn.Conv1d(4, 6, 8, stride=2)), {"0": (0, 7, 2)}),
    ("dilated", lambda: nn.Sequential(nn.Conv1d(4, 6, 3, dilation=4, padding=4)), {"0": (-4, 4, 1)}),
    (
        "pooled",
        lambda: nn.Sequential(nn.Conv1d(4, 6, 7), nn.ReLU(), nn.MaxPool1d(3), nn.Conv1d(6, 5, 5, padding=2)),
        {"0": (0, 6, 1), "3": (-6, 14, 3)},
    ),
    ("over both ends", lambda: build("deepbind"), {"filters": (-23, 0, 1)}),
    ("one-sided", lambda: build("jund", {"length": 60}), {"filters": (-4, 5, 1), "later.3": (-8, 10, 1)}),
]


@pytest.mark.parametrize(("name", "make", "expected"), NETWORKS, ids=[n for n, _, _ in NETWORKS])
def test_fields_are_found(name, make, expected):
    found = axes_of(drawn(make), sequences())
    for layer, wanted in expected.items():
        assert found[layer] == [[wanted]]


def test_both_strands_are_found():
    found = axes_of(drawn(lambda: build("default")), sequences())
    assert found["filters"] == [[(-9, 9, 1)], [(50, 68, -1)]]


def test_images_have_two_axes():
    network = drawn(lambda: nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                                          nn.Conv2d(8, 8, 5, stride=2)))  # fmt: skip
    inputs = torch.rand(6, 3, 32, 24, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert axes_of(network, inputs) == {"0": [[(-1, 1, 1)] * 2], "3": [[(-1, 10, 4)] * 2]}


def test_what_reads_everything_is_spread_evenly():
    axis = measured_axis(np.ones((12, 4), dtype=bool))
    assert axis.whole
    assert [axis.centre + axis.stride * i for i in range(4)] == [1, 4, 7, 10]


def test_interpolation_is_linear_and_ends_half_a_stride_out():
    maps = torch.tensor([[[0.0, 4.0, 2.0]]], dtype=torch.float64)
    found = interpolated(maps, [Axis(2.0, 5.0, 4.0, 3, 20)])[0, 0].tolist()  # centres 3.5, 7.5, 11.5
    inf = float("inf")
    assert found[:2] == [-inf, -inf]
    assert found[2:14] == [0, 0, 0.5, 1.5, 2.5, 3.5, 3.75, 3.25, 2.75, 2.25, 2, 2]
    assert found[14:] == [-inf] * 6


def test_bilinear_is_what_torch_does():
    """Places in the middle of blocks: torch's upsampling without aligned corners."""
    maps = torch.rand(2, 3, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    axes = [Axis(0.0, 2.0, 3.0, 5, 15), Axis(0.0, 2.0, 3.0, 4, 12)]
    expected = nn.functional.interpolate(maps, size=(15, 12), mode="bilinear")
    torch.testing.assert_close(interpolated(maps, axes), expected)


def test_a_place_covers_its_field_or_the_middle_of_it():
    axis = Axis(-1.0, 3.0, 2.0, 3, 8)
    assert axis.covered(25).int().tolist() == [
        [1, 1, 1, 1, 0, 0, 0, 0],
        [0, 1, 1, 1, 1, 1, 0, 0],
        [0, 0, 0, 1, 1, 1, 1, 1],
    ]
    assert axis.covered(3).int().tolist() == [
        [1, 1, 1, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 1, 1, 0],
    ]
