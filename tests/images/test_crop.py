"""Parts of images: the right pixels, with the parent kept, and never from outside."""

import numpy as np
import pytest
import torch

from seqinterp.errors import InputError
from seqinterp.images.crop import box_around, central_box, crop
from seqinterp.images.image_set import ImageSet


def some(count=3, *, height=10, width=8, **fields):
    return ImageSet(
        inputs=torch.rand(count, 1, height, width, generator=torch.Generator().manual_seed(1)),
        labels=np.arange(count) % 2,
        classes=("a", "b"),
        names=tuple(f"i{number}" for number in range(count)),
        **fields,
    )


def test_the_pixels_of_the_box():
    images = some(groups=("p", "q", "r"), split=("train", "valid", "test"))
    found = crop(images, (2, 7, 1, 8), size=(5, 7))
    assert torch.equal(found.inputs, images.inputs[:, :, 2:7, 1:8])
    assert found.parents == images.names
    assert found.names[0] == "i0 (rows 2:7, columns 1:8)"
    assert (found.groups, found.split) == (images.groups, images.split)


def test_the_size_is_that_of_the_images_unless_told():
    images = some()
    assert crop(images, (0, 5, 0, 4)).inputs.shape == images.inputs.shape
    assert crop(images, (0, 5, 0, 4), size=(3, 9)).inputs.shape == (3, 1, 3, 9)
    flat = ImageSet(torch.full((1, 1, 9, 9), 0.7), np.array([0]), ("a",), ("flat",))
    torch.testing.assert_close(crop(flat, (3, 5, 2, 6)).inputs, flat.inputs)
    assert torch.equal(crop(images, (0, 10, 0, 8)).inputs, images.inputs)


def test_a_box_of_its_own_for_each_image():
    images = some()
    boxes = {"i0": (0, 3, 0, 3), "i1": (1, 4, 2, 5), "i2": (7, 10, 5, 8)}
    found = crop(images, lambda image, name: boxes[name], size=(3, 3))
    for row, (top, bottom, left, right) in enumerate(boxes.values()):
        assert torch.equal(found.inputs[row], images.inputs[row, :, top:bottom, left:right])


def test_the_middle():
    image = torch.zeros(1, 10, 8)
    assert central_box(0.5)(image, "") == (2, 7, 2, 6)
    assert central_box(1)(image, "") == (0, 10, 0, 8)
    assert central_box(0.01)(image, "") == (4, 5, 3, 4)
    with pytest.raises(InputError, match="above 0 and at most 1"):
        central_box(0)


def test_a_box_around_a_mask():
    mask = torch.zeros(10, 8, dtype=torch.bool)
    mask[3, 2] = mask[5, 6] = True
    assert box_around(mask) == (3, 6, 2, 7)
    assert box_around(mask, margin=2) == (1, 8, 0, 8)
    with pytest.raises(InputError, match="marks nothing"):
        box_around(mask & False)


@pytest.mark.parametrize("box", [(0, 11, 0, 8), (-1, 5, 0, 8), (0, 10, 3, 9), (4, 4, 0, 8), (5, 3, 0, 8)])
def test_boxes_outside(box):
    with pytest.raises(InputError, match=r"the box of i0, rows .* does not lie within the 10 rows and 8 columns"):
        crop(some(), box)


def test_a_size_is_something():
    for size in ((0, 4), (4,), "4", 2.0, True):
        with pytest.raises(InputError, match="a size is rows and columns"):
            crop(some(), (0, 5, 0, 5), size=size)
    assert crop(some(), (0, 5, 0, 5), size=4).inputs.shape == (3, 1, 4, 4)
