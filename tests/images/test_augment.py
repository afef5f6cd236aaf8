"""Pixels land where they should, the seed decides, and mirrors are refused where they would be wrong."""

import numpy as np
import pytest
import torch

from naive.images import resampled
from seqinterp.errors import InputError
from seqinterp.images.augment import Augmentation, augmented, moved
from seqinterp.images.image_set import ImageSet

STILL = Augmentation(rotation=0, shift=0, scale=0)


def some(count=4, *, channels=1, height=10, width=10, **fields):
    return ImageSet(
        inputs=torch.rand(count, channels, height, width, generator=torch.Generator().manual_seed(1)),
        labels=np.arange(count) % 2,
        classes=("a", "b"),
        names=tuple(f"i{number}" for number in range(count)),
        **fields,
    )


def move(inputs, degrees=0.0, down=0.0, right=0.0, larger=1.0, mirrored=False):
    count = len(inputs)
    numbers = {"degrees": degrees, "down": down, "right": right, "larger": larger}
    each = {name: torch.full((count,), value, dtype=torch.float64) for name, value in numbers.items()}
    return moved(inputs, **each, mirrored=torch.full((count,), mirrored))


@pytest.mark.parametrize("turns", [1, 2, 3, -1])
def test_quarter_turns_are_exact(turns):
    inputs = some(channels=3).inputs
    torch.testing.assert_close(move(inputs, degrees=90 * turns), inputs.rot90(turns, (2, 3)), rtol=0, atol=1e-5)


def test_half_turn_shift_and_mirror_of_an_oblong():
    inputs = some(height=6, width=10).inputs
    torch.testing.assert_close(move(inputs, degrees=180.0), inputs.flip(2, 3), rtol=0, atol=1e-5)
    torch.testing.assert_close(move(inputs, mirrored=True), inputs.flip(3), rtol=0, atol=1e-5)
    shifted = move(inputs, down=1 / 6, right=0.2)
    torch.testing.assert_close(shifted[:, :, 1:, 2:], inputs[:, :, :-1, :-2], rtol=0, atol=1e-5)
    torch.testing.assert_close(shifted[:, :, 1:, 0], inputs[:, :, :-1, 0], rtol=0, atol=1e-5)  # the edge goes on


@pytest.mark.parametrize(
    "options",
    [
        {"degrees": 17.0},
        {"larger": 1.3},
        {"larger": 0.8},
        {"degrees": -8.0, "down": 0.1, "right": -0.07, "larger": 1.1},
        {"degrees": 33.0, "down": -0.2, "right": 0.15, "larger": 0.9, "mirrored": True},
    ],
)
def test_every_pixel_is_that_of_the_formula(options):
    inputs = some(1, height=7, width=11).inputs.double()
    expected = resampled(inputs[0, 0].numpy(), **options)
    np.testing.assert_allclose(move(inputs, **options)[0, 0], expected, atol=1e-9)


def test_nothing_asked_for_changes_nothing():
    images = some()
    found = augmented(images, STILL, draws=2)
    assert torch.equal(found.inputs, images.inputs.repeat_interleave(2, dim=0))
    assert torch.equal(STILL(images.inputs, torch.Generator()), images.inputs)


def test_variants_keep_what_is_known_of_their_image():
    images = some(groups=("p", "p", "q", "q"), split=("train",) * 4)
    found = augmented(images, Augmentation(), draws=3)
    assert found.names[:4] == ("i0 (augmented 1)", "i0 (augmented 2)", "i0 (augmented 3)", "i1 (augmented 1)")
    assert found.parents == tuple(name for name in images.names for _ in range(3))
    assert found.groups == ("p",) * 6 + ("q",) * 6
    assert found.split == ("train",) * 12
    assert found.labels.tolist() == [0] * 3 + [1] * 3 + [0] * 3 + [1] * 3
    assert augmented(found, Augmentation()).parents == found.parents  # the first image, not the one between


def test_the_seed_and_the_name_decide_and_nothing_else():
    images = some(6, channels=3)
    everything = Augmentation(grey=0.5, flip=True)
    found = augmented(images, everything, draws=2, seed=5)
    again = augmented(images.take([4, 1]), everything, draws=1, seed=5)
    assert torch.equal(again.inputs, found.inputs[[8, 2]])
    assert not torch.equal(augmented(images, everything, draws=2, seed=6).inputs, found.inputs)
    for row in range(0, 12, 2):
        assert not torch.equal(found.inputs[row], found.inputs[row + 1])
        assert not torch.equal(found.inputs[row], images.inputs[row // 2])
    assert found.inputs.min() >= 0
    assert found.inputs.max() <= 1


def test_a_batch_is_changed_row_by_row_from_its_generator():
    inputs = some(6).inputs
    whole = Augmentation()(inputs, torch.Generator().manual_seed(3))
    generator = torch.Generator().manual_seed(3)
    parts = torch.cat([Augmentation()(inputs[start : start + 2], generator) for start in (0, 2, 4)])
    torch.testing.assert_close(whole, parts, rtol=0, atol=1e-6)
    before = torch.random.get_rng_state()
    Augmentation()(inputs, generator)
    assert torch.equal(before, torch.random.get_rng_state())


def test_grey_and_mirrors_come_as_often_as_asked_for():
    images = some(400, channels=3, height=4, width=4)
    grey = augmented(images, Augmentation(rotation=0, shift=0, scale=0, grey=0.3)).inputs
    is_grey = (grey == grey[:, :1]).flatten(1).all(dim=1)
    assert is_grey.float().mean() == pytest.approx(0.3, abs=0.07)
    assert torch.equal(grey[~is_grey], images.inputs[~is_grey])
    expected = 0.299 * images.inputs[:, 0] + 0.587 * images.inputs[:, 1] + 0.114 * images.inputs[:, 2]
    torch.testing.assert_close(grey[is_grey][:, 2], expected[is_grey])
    flipped = augmented(images, Augmentation(rotation=0, shift=0, scale=0, flip=True)).inputs
    mirrored = (flipped - images.inputs.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-5
    assert mirrored.float().mean() == pytest.approx(0.5, abs=0.08)
    torch.testing.assert_close(flipped[~mirrored], images.inputs[~mirrored], rtol=0, atol=1e-5)


def test_a_chest_is_not_mirrored():
    with pytest.raises(InputError, match="a mirror image of them is wrong; leave out flip"):
        augmented(some(laterality=True), Augmentation(flip=True))
    augmented(some(laterality=True), Augmentation())


@pytest.mark.parametrize(
    "options", [{"rotation": -1.0}, {"shift": 1.5}, {"scale": 1.0}, {"grey": 2.0}, {"rotation": float("nan")}]
)
def test_refusals(options):
    with pytest.raises(InputError, match=f"{next(iter(options))} of an augmentation must be from 0 to"):
        Augmentation(**options)
    with pytest.raises(InputError, match="at least one draw"):
        augmented(some(), STILL, draws=0)
