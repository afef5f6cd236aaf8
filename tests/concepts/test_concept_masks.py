"""One look at masks, for dissections and for studies of images."""

import numpy as np
import pytest
import torch

from seqinterp.concepts.concept_masks import as_mask, stacked
from seqinterp.errors import InputError, ShapeError

MASK = np.array([[True, False, False], [False, True, True]])


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float32, np.float16])
def test_flags_and_their_numbers_are_masks(kind):
    expected = torch.from_numpy(MASK)
    for given in (MASK.astype(kind), torch.from_numpy(MASK.astype(kind)), MASK.astype(kind).tolist()):
        assert torch.equal(as_mask(given, (2, 3), "it"), expected)
        assert torch.equal(stacked({"one": given}, torch.zeros(2, 4, 3))[:, 0], expected)
    assert torch.equal(as_mask(MASK[:, ::-1], (2, 3), "it"), expected.flip(1))


def test_a_mask_shares_nothing_with_the_array_it_came_as():
    array = MASK.copy()
    found = as_mask(array, (2, 3), "it")
    array[:] = True
    assert torch.equal(found, torch.from_numpy(MASK))


@pytest.mark.parametrize("given", ["mask", [["a"]], None, [[1], [1, 2]], MASK * 255, MASK * 0.5, MASK * np.nan])
def test_other_things_are_none(given):
    with pytest.raises((InputError, ShapeError), match=r"the mask of concept 'one' .*(True and False|has shape)"):
        stacked({"one": given}, torch.zeros(2, 4, 3))
