"""Every mask reaches the image it is of, whole; what could be taken two ways is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from PIL import Image

from seqinterp.errors import FileError
from seqinterp.images.image_set import ImageSet
from seqinterp.io.mask_files import read_masks, scaled


def images(*names, size=(16, 16)):
    return ImageSet(torch.zeros(len(names), 1, *size), [0] * len(names), ("a",), names)


def save(pixels, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def square(value=True, dtype=bool, shape=(16, 16)):
    pixels = np.zeros(shape, dtype)
    pixels[2:6, 3:5] = value
    return pixels


@pytest.mark.parametrize(
    "pixels",
    [
        square(),
        square(1, np.uint8),
        square(255, np.uint8),
        square(100, np.uint8),
        square(1, np.uint16),
        square((255, 0, 0), np.uint8, (16, 16, 3)),
        square((0, 0, 1), np.uint8, (16, 16, 3)),
        square((0, 255, 0, 90), np.uint8, (16, 16, 4)),
    ],
    ids=["one bit", "0/1", "0/255", "0/100", "deep 0/1", "red", "nearly black blue", "half transparent green"],
)
def test_of_two_values_all_that_is_not_black_is_marked(tmp_path, pixels):
    save(pixels, tmp_path / "one.png")
    assert torch.equal(read_masks(tmp_path, images("one.jpeg"))["one.jpeg"], torch.from_numpy(square()))


def test_of_more_values_half_of_white_in_any_channel_is_marked(tmp_path):
    greys = np.zeros((16, 16), np.uint8)
    greys[0, :4] = (60, 127, 128, 255)
    save(greys, tmp_path / "grey.png")
    colours = np.zeros((16, 16, 3), np.uint8)
    colours[0, :4] = ((128, 0, 0), (0, 0, 255), (127, 127, 127), (10, 0, 0))
    save(colours, tmp_path / "colours.png")
    save(square(255, np.uint8), tmp_path / "photo.jpg", quality=60)
    found = read_masks(tmp_path, images("grey", "colours", "photo"))
    assert found["grey"].nonzero().tolist() == [[0, 2], [0, 3]]
    assert found["colours"].nonzero().tolist() == [[0, 0], [0, 1]]
    assert (found["photo"] ^ torch.from_numpy(square())).sum() <= 2
    save(np.zeros((16, 16), np.uint8), tmp_path / "grey.png")
    save(np.full((16, 16), 255, np.uint8), tmp_path / "photo.jpg")
    found = read_masks(tmp_path, images("grey", "photo"))
    assert not found["grey"].any() and found["photo"].all()


def test_dark_greys_are_no_mask(tmp_path):
    save(np.arange(256, dtype=np.uint8).reshape(16, 16) // 100, tmp_path / "one.png")
    with pytest.raises(FileError, match=r"several greys of which none is half of white \(the brightest is 0.00784"):
        read_masks(tmp_path, images("one.png"))


def test_a_thin_spot_stays(tmp_path):
    fine = np.zeros((160, 160), np.uint8)
    fine[40:42] = 255  # a fifth of a row of 16
    fine[100:120, 50:60] = 255
    save(fine, tmp_path / "one.png")
    expected = torch.zeros(16, 16, dtype=torch.bool)
    expected[4] = True
    expected[10:12, 5] = True
    assert torch.equal(read_masks(tmp_path, images("one.png"))["one.png"], expected)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**20), st.integers(1, 40), st.integers(1, 40), st.integers(1, 12), st.integers(1, 12))
def test_no_mask_becomes_empty_and_wholes_stay_whole(seed, height, width, rows, columns):
    generator = np.random.default_rng(seed)
    mask = generator.random((height, width)) < generator.choice([0.02, 0.3, 0.9])
    found = scaled(mask, (rows, columns))
    assert found.shape == (rows, columns) and found.any() == mask.any()
    assert scaled(mask | True, (rows, columns)).all()
    assert np.array_equal(scaled(mask, (height, width)), mask)
    assert np.array_equal(scaled(np.kron(mask, np.ones((3, 2), bool)), (height, width)), mask)
    assert np.array_equal(scaled(mask, (3 * height, 2 * width)), np.kron(mask, np.ones((3, 2), bool)))


def test_half_of_a_pixel_marks_it():
    mask = np.zeros((4, 6), bool)
    mask[0, :2] = mask[2:, 3] = mask[2, 4] = True
    assert scaled(mask, (2, 3)).tolist() == [[True, False, False], [False, True, False]]
    # a quarter of the last pixel belongs to a spot that has half of the one beside it


def test_a_mask_is_of_one_image_and_an_image_has_one(tmp_path):
    save(square(), tmp_path / "0.png")
    assert set(read_masks(tmp_path, images("a/0.png", "b/1.png"))) == {"a/0.png"}
    with pytest.raises(FileError, match=r"0.png fits two images, a/0.png and b/0.png; put masks into folders"):
        read_masks(tmp_path, images("a/0.png", "b/0.png"))
    with pytest.raises(FileError, match=r"fits two images, 0.png and 0.jpg"):
        read_masks(tmp_path, images("0.png", "0.jpg"))
    save(square(), tmp_path / "a" / "0.png")
    with pytest.raises(FileError, match=r"two masks for the image a/0.png, a/0.png and 0.png; keep one"):
        read_masks(tmp_path, images("a/0.png"))
    (tmp_path / "0.png").unlink()
    assert set(read_masks(tmp_path, images("a/0.png", "b/0.png"))) == {"a/0.png"}
    save(square(1, np.uint8), tmp_path / "a" / "0.jpg")
    with pytest.raises(FileError, match=r"two masks for the image a/0.png, a/0.jpg and a/0.png"):
        read_masks(tmp_path, images("a/0.png"))


def test_names_with_dots_and_hidden_files(tmp_path):
    save(square(), tmp_path / "scan 1.5.png")
    (tmp_path / "._scan 1.5.png").write_bytes(b"no picture")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "scan 1.5.png").write_bytes(b"no picture")
    assert set(read_masks(tmp_path, images("scan 1.5", "scan 1"))) == {"scan 1.5"}
