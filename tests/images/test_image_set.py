"""Whatever the fields come as, a set of images holds one kind of each, or says in a sentence why not."""

import numpy as np
import pandas as pd
import pytest
import torch

from seqinterp.errors import InputError, ShapeError
from seqinterp.images.image_set import ImageSet

COUNT = 6
PIXELS = torch.rand(COUNT, 1, 4, 4, generator=torch.Generator().manual_seed(0))
LABELS = np.array([0, 1, 1, 0, 1, 0])
NAMES = tuple(f"i{number}" for number in range(COUNT))


def made(**fields):
    return ImageSet(**{"inputs": PIXELS, "labels": LABELS, "classes": ("a", "b"), "names": NAMES, **fields})


@pytest.mark.parametrize(
    "labels",
    [
        LABELS.tolist(),
        tuple(LABELS.tolist()),
        pd.Series(LABELS, index=range(COUNT, 0, -1)),
        pd.Series(LABELS, dtype="Int64"),
        torch.from_numpy(LABELS),
        LABELS.astype(bool),
        LABELS.astype(float),
        LABELS.astype(np.uint8),
    ],
    ids=["list", "tuple", "column", "column that may miss", "tensor", "flags", "floats", "bytes"],
)
def test_labels_become_whole_numbers(labels):
    images = made(labels=labels)
    assert type(images.labels) is np.ndarray and images.labels.dtype == np.int64
    assert images.labels.tolist() == LABELS.tolist()
    assert images.take([1, 2]).counts() == {"a": 0, "b": 2}


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["a", "b", "b", "a", "b", "a"], "class numbers, one for each image, but words came"),
        (pd.Series(list("abbaba")), "but words came"),
        (LABELS + 0.5, "which are whole, but 0.5 came"),
        ([0, 1, float("nan"), 0, 1, 0], "which are whole, but nan came"),
        (LABELS[:, None], r"in one row, but their shape is \(6, 1\)"),
        (3, r"in one row, but their shape is \(\)"),
        ([[0], [1, 2]], "a list came that is none"),
        (LABELS + 1j, "a ndarray of complex128 came"),
        ([0, 1, 2, 0, 1, 0], "0 to 1, but 0 to 2 came"),
    ],
)
def test_labels_that_are_none(labels, sentence):
    with pytest.raises(InputError, match=sentence):
        made(labels=labels)


@pytest.mark.parametrize(
    "inputs",
    [PIXELS.numpy(), PIXELS.tolist(), PIXELS.double(), PIXELS.numpy()[::1].astype(np.float64), PIXELS.clone()],
    ids=["array", "list", "float64", "float64 array", "tensor"],
)
def test_pixels_become_one_kind_of_tensor(inputs):
    images = made(inputs=inputs)
    assert isinstance(images.inputs, torch.Tensor) and images.inputs.dtype == torch.float32
    torch.testing.assert_close(images.inputs, PIXELS)


def test_pixels_forget_the_gradient_and_share_no_array():
    assert not made(inputs=PIXELS.clone().requires_grad_()).inputs.requires_grad
    array = PIXELS.numpy().copy()
    images = made(inputs=array)
    array[:] = 0
    torch.testing.assert_close(images.inputs, PIXELS)
    frozen = PIXELS.numpy()[:, :, ::-1].copy()
    frozen.flags.writeable = False
    assert torch.equal(made(inputs=frozen).inputs, PIXELS.flip(2))
    assert made().inputs is PIXELS


@pytest.mark.parametrize(
    ("inputs", "error", "sentence"),
    [
        ((PIXELS * 255).byte(), InputError, "divide bytes by 255"),
        (PIXELS * torch.nan, InputError, "must be finite numbers"),
        (PIXELS.to(torch.complex64), InputError, "complex"),
        ("pictures", InputError, "one array of numbers .* but words came"),
        (PIXELS[:, 0], ShapeError, r"their shape is \(6, 4, 4\)"),
    ],
)
def test_pixels_that_are_none(inputs, error, sentence):
    with pytest.raises(error, match=sentence):
        made(inputs=inputs)


def test_words_become_tuples_of_words():
    images = made(
        classes=["a", "b"],
        names=np.array(NAMES),
        groups=pd.Series(range(COUNT), index=range(5, 5 + COUNT)),
        parents=[None, *NAMES[1:]],
        split=["train"] * COUNT,
        laterality=np.True_,
    )
    assert images.classes == ("a", "b") and images.names == NAMES and images.laterality is True
    assert images.groups == tuple("012345") and images.split == ("train",) * COUNT
    assert images.parents == ("", *NAMES[1:])
    assert all(type(name) is str for name in images.names)
    assert images.take([4, 0]).groups == ("4", "0")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"classes": ("a", "a")}, "classes need names of their own, but 'a' stands more than once"),
        ({"classes": "ab"}, "classes must be a list of words, but 'ab' came"),
        ({"names": ("i0",) * COUNT}, "images need names of their own, but 'i0'"),
        ({"names": "abcdef"}, "names must be a list of words"),
        ({"names": 5}, "names must be a list of words, but 5 came"),
        ({"groups": ["p", None, "q", "q", "p", "p"]}, "groups must be a list of words, but entry 1 is None"),
        ({"groups": [0.0, 1.0, float("nan"), 1, 1, 1]}, "groups must be .* but entry 2 is nan"),
        ({"groups": ["p"] * 5}, "one entry of groups per image is needed, but 5 came for 6"),
        ({"parents": "i0"}, "parents must be a list of words"),
        ({"split": ["train"] * 5 + ["exam"]}, "a split is one of train, valid, test, but 'i5' has 'exam'"),
        ({"laterality": "left"}, "laterality is True or False, but 'left' came"),
    ],
)
def test_words_that_are_none(fields, sentence):
    with pytest.raises(InputError, match=sentence):
        made(**fields)
