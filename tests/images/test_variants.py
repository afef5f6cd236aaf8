"""Several sets as one, only where they fit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from seqinterp.errors import InputError
from seqinterp.images.image_set import ImageSet
from seqinterp.images.variants import together


def some(prefix, **fields):
    names = tuple(f"{prefix}{number}" for number in range(3))
    return ImageSet(torch.rand(3, 1, 4, 4), np.array([0, 1, 0]), ("a", "b"), names, groups=("p",) * 3, **fields)


def test_two_sets_as_one():
    first, second = some("i"), replace(some("j"), parents=("i0", "", "i1"))
    found = together(first, second)
    assert found.names == ("i0", "i1", "i2", "j0", "j1", "j2")
    assert found.parents == ("i0", "i1", "i2", "i0", "j1", "i1")
    assert torch.equal(found.inputs[3:], second.inputs)
    assert found.labels.tolist() == [0, 1, 0, 0, 1, 0]
    assert found.groups == ("p",) * 6


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("classes", {"classes": ("b", "a")}),
        ("size", {"inputs": torch.rand(3, 1, 5, 4)}),
        ("groups", {"groups": None}),
        ("split", {"split": ("train",) * 3}),
        ("laterality", {"laterality": True}),
    ],
)
def test_sets_that_do_not_fit(field, change):
    with pytest.raises(InputError, match=f"must agree in their {field}"):
        together(some("i"), replace(some("j"), **change))
