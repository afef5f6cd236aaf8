"""DeepDream: that of a plain loop, from coarse to fine, within bounds."""

import pytest
import torch

from naive import activation as naive
from pictures import picture_network
from seqinterp.design.gradients.activation import Ascent
from seqinterp.design.gradients.octaves import deep_dream, normalised, octave_sizes
from seqinterp.design.gradients.unit import Unit, activations
from seqinterp.errors import InputError

MODEL = picture_network(size=20)
PICTURES = torch.rand(2, 2, 20, 24, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
UNIT = Unit("features.2", 3)


def test_equals_the_published_loop():
    options = Ascent(steps=4, octaves=3, step_size=0.02, bounds=(0.0, 1.0))
    found = deep_dream(UNIT, MODEL, PICTURES, options=options, seed=0)
    for one, start in zip(found.inputs, PICTURES, strict=True):
        expected = naive.dream(MODEL.features[:3], 3, start, steps=4, octaves=3, step_size=0.02)
        torch.testing.assert_close(one, expected)
    assert found.trajectory.shape == (2, 3 * 4 + 1)


@pytest.mark.parametrize("unit", [UNIT, Unit("features.1", None), Unit("features.0", 2, "max")])
def test_the_activation_rises_over_octaves_and_bounds_are_kept(unit):
    options = Ascent(steps=10, octaves=3, jitter=2, bounds=(0.0, 1.0))
    found = deep_dream(unit, MODEL, PICTURES, options=options, seed=0)
    before, after = (activations(unit, MODEL, each) for each in (PICTURES, found.inputs))
    assert (after > before).all()
    torch.testing.assert_close(found.trajectory[:, -1], after)
    assert found.inputs.min() >= 0
    assert found.inputs.max() <= 1
    plain = deep_dream(unit, MODEL, PICTURES, options=Ascent(steps=10, octaves=3, bounds=(0.0, 1.0)), seed=0)
    for octave in range(3):  # within each octave, too
        assert (plain.trajectory[:, 10 * octave + 9] > plain.trajectory[:, 10 * octave]).all()


def test_a_picture_does_not_depend_on_its_batch():
    options = Ascent(steps=5, octaves=2, jitter=3)
    together = deep_dream(UNIT, MODEL, PICTURES, options=options, seed=1).inputs
    alone = deep_dream(UNIT, MODEL, PICTURES[:1], options=options, seed=1).inputs
    torch.testing.assert_close(together[:1], alone)
    assert not torch.allclose(alone, deep_dream(UNIT, MODEL, PICTURES[:1], options=options, seed=2).inputs)


def test_sizes():
    assert octave_sizes(PICTURES, Ascent(octaves=3)) == [(10, 12), (14, 17), (20, 24)]
    assert octave_sizes(PICTURES, Ascent(octaves=2, octave_scale=2.0)) == [(10, 12), (20, 24)]
    with pytest.raises(InputError, match="begin at 1 x 1"):
        octave_sizes(PICTURES, Ascent(octaves=10))
    with pytest.raises(InputError, match="octaves are sizes of pictures"):
        octave_sizes(PICTURES[:, :, 0], Ascent(octaves=2))


def test_gradients_are_of_one_size():
    slopes = PICTURES * torch.tensor([1e-30, 1e30]).double()[:, None, None, None]
    torch.testing.assert_close(normalised(slopes).abs().mean((1, 2, 3)), torch.ones(2).double())
    assert not normalised(torch.zeros(1, 2, 3, 3)).any()
