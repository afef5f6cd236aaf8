"""Copies are found, changed copies too, and nothing else."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from naive.images import likeness
from seqinterp.errors import InputError
from seqinterp.images.duplicates import find_duplicates
from seqinterp.images.groups import kermany_patient
from seqinterp.images.image_set import ImageSet
from seqinterp.io.image_files import read_images


def of(inputs, **fields):
    count = len(inputs)
    names = tuple(f"image {i}" for i in range(count))
    return ImageSet(inputs=inputs, labels=np.zeros(count, np.int64), classes=("a",), names=names, **fields)


def blobs(count, *, side=48, channels=1, seed=0):
    """Smooth random pictures."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, channels, 9, 9, generator=generator)
    return functional.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 1)


def test_equal_pixels_are_exact_all_pairs_of_three():
    inputs = blobs(6)
    inputs[4] = inputs[1]
    inputs[5] = inputs[1]
    table = find_duplicates(of(inputs))
    assert list(table.columns) == ["first", "second", "kind", "likeness"]
    assert table[["first", "second"]].values.tolist() == [
        ["image 1", "image 4"],
        ["image 1", "image 5"],
        ["image 4", "image 5"],
    ]
    assert set(table["kind"]) == {"exact"}
    assert (table["likeness"] == 1).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_changed_copies_are_near_and_their_likeness_is_the_formula(channels):
    inputs = blobs(5, side=32, channels=channels)
    inputs[3] = (0.8 * inputs[0] + 0.1).clamp(0, 1)
    table = find_duplicates(of(inputs), near=0.97)
    assert table[["first", "second", "kind"]].values.tolist() == [["image 0", "image 3", "near"]]
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None] if channels == 3 else 1
    grey = (inputs * weights).sum(dim=1).numpy()
    assert table["likeness"][0] == pytest.approx(likeness(grey[0], grey[3]), abs=1e-4)
    every = find_duplicates(of(inputs), near=0.01)
    for first, second, _, value in every.itertuples(index=False):
        i, j = int(first[-1]), int(second[-1])
        assert value == pytest.approx(likeness(grey[i], grey[j]), abs=1e-4)
    assert (np.diff(every["likeness"]) <= 0).all()


def test_near_none_leaves_exact_ones():
    inputs = blobs(3)
    inputs[1] = (inputs[0] * 0.9).clamp(0, 1)
    assert len(find_duplicates(of(inputs))) == 1
    assert len(find_duplicates(of(inputs), near=None)) == 0


def test_mirrored_and_turned_copies_are_found_when_asked_for():
    inputs = blobs(9)
    for row, turned in enumerate([inputs[0].flip(2), inputs[0].rot90(1, (1, 2)), inputs[0].flip(1).rot90(1, (1, 2))]):
        inputs[5 + row] = turned
    assert len(find_duplicates(of(inputs))) == 0
    found = find_duplicates(of(inputs), turned=True)
    assert {tuple(pair) for pair in found[["first", "second"]].values} == {
        (f"image {a}", f"image {b}") for a, b in [(0, 5), (0, 6), (0, 7), (5, 6), (5, 7), (6, 7)]
    }


def test_flat_images_are_like_none_but_their_equals():
    inputs = torch.cat([torch.full((1, 1, 20, 20), value) for value in (0.0, 0.3, 0.3, 0.9)])
    assert find_duplicates(of(inputs), near=0.1).values.tolist() == [["image 1", "image 2", "exact", 1.0]]


def test_blocks_do_not_matter(monkeypatch):
    inputs = blobs(9)
    inputs[7] = (inputs[2] * 0.9).clamp(0, 1)
    whole = find_duplicates(of(inputs), near=0.2)
    monkeypatch.setattr("seqinterp.images.duplicates.AT_ONCE", 2)
    parts = find_duplicates(of(inputs), near=0.2)
    assert whole[["first", "second"]].values.tolist() == parts[["first", "second"]].values.tolist()
    np.testing.assert_allclose(whole["likeness"], parts["likeness"], atol=1e-5)


@pytest.mark.parametrize("near", [0, 1.2, -1])
def test_a_likeness_is_wanted(near):
    with pytest.raises(InputError, match="near is a likeness"):
        find_duplicates(of(blobs(2)), near=near)


@pytest.mark.real_data
def test_the_copies_among_the_x_rays(shared_data):
    images = read_images(shared_data("kermany_cxr"), size=64, grey=True, groups=kermany_patient, laterality=True)
    table = find_duplicates(images)
    assert (table["kind"] == "exact").all()
    patients = [kermany_patient(name) for name in table["first"]]
    assert sorted(patients) == [
        *["NORMAL2-IM-0173", "NORMAL2-IM-0587", "person1312"],
        *["person1372"] * 3,  # three copies, so three pairs
    ]
    assert patients == [kermany_patient(name) for name in table["second"]]


@pytest.mark.real_data
def test_the_published_split_of_the_small_x_rays_holds_copies_on_two_sides(shared_data):
    images = read_images(shared_data("pneumoniamnist/pneumoniamnist.npz"))
    table = find_duplicates(images)
    assert table["kind"].tolist() == ["exact"] * 30
    assert sum(first.split("_")[0] != second.split("_")[0] for first, second in table[["first", "second"]].values) == 10
