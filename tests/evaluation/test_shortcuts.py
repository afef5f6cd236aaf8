"""Contributions outside a declared region: the share, the chance, and a planted shortcut."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from torch import nn

from seqinterp.attribution.gradient import gradient_times_input
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.shortcuts import mass_outside, shortcut_test
from seqinterp.sequence.markov import UNIFORM
from seqinterp.sequence.onehot import one_hot

SCORE = Score(nn.Identity(), output(0))
DNA = one_hot(UNIFORM.sample(40, count=24, seed=1))
CENTRE = torch.zeros(24, 40, dtype=torch.bool)
CENTRE[:, 10:30] = True


def reads(start, stop, weight=1.0, elsewhere=0.02):
    """A linear model that mostly reads some positions."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(160, 1, bias=False))
    weights = torch.randn(4, 40, generator=torch.Generator().manual_seed(2)) * elsewhere
    weights[:, start:stop] *= weight / elsewhere
    model[1].weight.data = weights.reshape(1, 160)
    return Score(model, output(0))


def test_the_share_by_hand():
    maps = torch.tensor([[[1.0, -2, 3, 0], [1, 0, 0, 2]], [[0, 0, 0, 0], [0, 0, 0, 0]]])
    region = torch.tensor([[True, True, False, False]] * 2)
    found = mass_outside(SCORE, maps, maps, region=region)
    assert float(found[0]) == pytest.approx(5 / 9)
    assert torch.isnan(found[1])


def test_a_planted_shortcut_is_found_where_it_is():
    score = reads(2, 6)
    found = shortcut_test(DNA, gradient_times_input(score, DNA), region=CENTRE)
    assert found.share > 0.9
    assert found.chance == pytest.approx(0.5)
    assert found.p_outside == pytest.approx(1 / 1001)
    assert found.p_inside > 0.9
    assert set(np.argsort(-found.mass)[:4].tolist()) == {2, 3, 4, 5}


def test_a_model_that_reads_the_region_has_no_shortcut():
    found = shortcut_test(DNA, gradient_times_input(reads(15, 20), DNA), region=CENTRE)
    assert found.share < 0.15
    assert found.p_inside == pytest.approx(1 / 1001)
    assert found.p_outside > 0.9


def test_a_shortcut_in_a_corner_of_images_is_found():
    images = torch.rand(12, 3, 9, 9, generator=torch.Generator().manual_seed(1))
    maps = 0.01 * images
    maps[:, :, :2, :2] += 1
    region = torch.zeros(12, 9, 9, dtype=torch.bool)
    region[:, 3:, 3:] = True
    found = shortcut_test(images, maps, region=region)
    assert found.p_outside < 0.01
    assert found.mass.shape == (9, 9)
    assert found.mass[:2, :2].min() > found.mass[2:].max()


@pytest.mark.parametrize("shape", [(1, 2, 7), (1, 2, 3, 4)])
def test_chance_is_all_moves_around_the_ends(shape):
    """With many draws the share of moves at least as far outside is what trying each of them gives."""
    generator = torch.Generator().manual_seed(4)
    maps = torch.randn(shape, generator=generator)
    region = torch.rand(1, *shape[2:], generator=generator) < 0.5
    size = maps.double().sum(1).abs()[0].numpy()
    axes = tuple(range(size.ndim))
    steps = np.ndindex(size.shape)
    outside = np.array([(np.roll(size, step, axes) * ~region[0].numpy()).sum() / size.sum() for step in steps])
    found = shortcut_test(maps, maps, region=region, draws=20000)
    assert found.chance == pytest.approx(outside.mean())
    assert found.p_outside == pytest.approx((outside >= found.share - 1e-9).mean(), abs=0.02)
    assert found.p_inside == pytest.approx((outside <= found.share + 1e-9).mean(), abs=0.02)


def test_p_values_are_even_where_there_is_no_preference():
    p_values = []
    for seed in range(100):
        generator = torch.Generator().manual_seed(seed)
        maps = torch.randn(5, 1, 40, generator=generator)
        p_values.append(shortcut_test(maps, maps, region=CENTRE[:5], draws=99).p_outside)
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_neither_order_nor_maps_of_zeros_change_a_thing():
    maps = torch.randn(24, 4, 40, generator=torch.Generator().manual_seed(3))
    found = shortcut_test(DNA, maps, region=CENTRE, draws=99)
    turned = shortcut_test(DNA.flip(0), maps.flip(0), region=CENTRE, draws=99)
    assert found.p_outside == turned.p_outside
    with_zeros = shortcut_test(
        torch.cat([DNA, DNA[:1]]), torch.cat([maps, 0 * maps[:1]]), region=CENTRE[[0, *range(24)]], draws=99
    )
    assert with_zeros.p_outside == found.p_outside
    assert with_zeros.examples == 24
    assert np.isnan(with_zeros.per_example[-1])


@pytest.mark.parametrize("region", [torch.ones(24, 40, dtype=torch.bool), torch.zeros(24, 40, dtype=torch.bool)])
def test_a_region_of_all_or_nothing_is_refused(region):
    with pytest.raises(InputError, match="some of its places and not all"):
        shortcut_test(DNA, DNA, region=region)


def test_what_cannot_be_tested_is_refused():
    with pytest.raises(InputError, match="zero everywhere"):
        shortcut_test(DNA, 0 * DNA, region=CENTRE)
    with pytest.raises(ShapeError, match="region must have shape"):
        mass_outside(SCORE, DNA, DNA, region=CENTRE[:, 1:])
