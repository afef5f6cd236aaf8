"""Filters that start from motifs see these motifs, and say so."""

import numpy as np
import pytest
import torch
from torch import nn

from seqinterp.errors import InputError
from seqinterp.models.networks import build
from seqinterp.models.start_filters import FLOOR, filter_from_motif, start_filters
from seqinterp.sequence.onehot import one_hot
from seqinterp.sequence.strand import reverse_complement_inputs

PATTERN = "TGAGTCA"
PWM = one_hot(PATTERN)[0].double().numpy() * 0.91 + 0.0225


def dna(count=300, length=50, seed=0):
    letters = torch.randint(0, 4, (count, length), generator=torch.Generator().manual_seed(seed))
    return nn.functional.one_hot(letters, 4).transpose(1, 2).float()


def test_a_motif_becomes_its_log_odds():
    found = filter_from_motif(PWM, 7)
    np.testing.assert_allclose(found, np.log2(PWM / 0.25))
    assert filter_from_motif(np.eye(4)[:, [0]], 1).min() >= np.log2(FLOOR / 0.25) - 0.1


@pytest.mark.parametrize("width", [8, 9, 19, 20])
def test_a_short_motif_stands_in_the_middle_of_zeros(width):
    found = filter_from_motif(PWM, width)
    assert found.shape == (4, width)
    left = (width - 7) // 2
    np.testing.assert_array_equal(found[:, left : left + 7], filter_from_motif(PWM, 7))
    assert np.count_nonzero(np.delete(found, np.s_[left : left + 7], axis=1)) == 0


def test_a_long_motif_keeps_its_informative_stretch():
    flat = np.full((4, 6), 0.25)
    found = filter_from_motif(np.hstack([flat, PWM, flat[:, :2]]), 7)
    np.testing.assert_allclose(found, filter_from_motif(PWM, 7))


@pytest.mark.parametrize("name", ["default", "deepbind", "jund"])
def test_started_filters_are_set_recorded_and_scaled_by_the_inputs(name):
    inputs, settings = dna(), {"length": 50} if name == "jund" else {}
    network = build(name, {**settings, "filters": 5, "width": 9})
    before = network.filters.weight.detach().clone()
    start_filters(network, {"MA0491.3": PWM, "again": PWM}, inputs)
    assert network.settings.started_from == ("MA0491.3", "again", None, None, None)
    assert torch.equal(network.filters.weight[2:], before[2:])
    assert torch.equal(network.filters.weight[0], network.filters.weight[1])
    outputs = nn.functional.conv1d(
        torch.cat([inputs, reverse_complement_inputs(inputs)], 0), network.filters.weight[:1], padding=4
    )
    best = torch.maximum(*outputs.amax(2)[:, 0].chunk(2))
    assert best.std().item() == pytest.approx(1, abs=1e-4)
    answered = (best + network.filters.bias[0] > 0).float().mean().item()
    assert 0.0 < answered <= 0.12  # the best tenth, ties apart
    site = one_hot("CCCCCCCCC" + PATTERN + "CCCCCCCCC")
    assert (network.filters(site)[0, 0].amax() > 0).item()


def test_the_same_seed_draws_the_same_inputs():
    banks = []
    for _ in range(2):
        network = build("default", {"filters": 1})
        start_filters(network, {"one": PWM}, dna(3000, 20), seed=3)
        banks.append((network.filters.weight.detach(), network.filters.bias.detach()))
    assert torch.equal(banks[0][0], banks[1][0])
    assert torch.equal(banks[0][1], banks[1][1])


def test_what_cannot_start_a_filter_is_refused():
    network = build("default", {"filters": 1})
    with pytest.raises(InputError, match="2 motifs cannot start 1 filters"):
        start_filters(network, {"one": PWM, "two": PWM}, dna(10))
    with pytest.raises(InputError, match="'flat' scores all sequences alike"):
        start_filters(network, {"flat": np.full((4, 6), 0.25)}, dna(10))
    with pytest.raises(InputError, match="whose columns sum to 1"):
        start_filters(network, {"counts": PWM * 30}, dna(10))
    start_filters(network, {}, dna(10))
    assert network.settings.started_from == ()
