"""Classes made equal, in training alone, and weights that say as much."""

import numpy as np
import pytest
import torch

from seqinterp.errors import InputError
from seqinterp.images.balance import class_weights, oversample, undersample
from seqinterp.images.image_set import ImageSet


def some(counts, *, split=None):
    labels = np.repeat(np.arange(len(counts)), counts)
    labels = np.random.default_rng(0).permutation(labels)
    count = len(labels)
    return ImageSet(
        inputs=torch.rand(count, 1, 3, 3, generator=torch.Generator().manual_seed(0)),
        labels=labels,
        classes=tuple(f"class {number}" for number in range(len(counts))),
        names=tuple(f"i{number}" for number in range(count)),
        groups=tuple(f"p{number // 2}" for number in range(count)),
        split=None if split is None else (split,) * count,
    )


def test_oversampling_repeats_evenly_and_says_of_what():
    images = some((5, 12, 12))
    found = oversample(images, seed=3)
    assert found.counts() == {"class 0": 12, "class 1": 12, "class 2": 12}
    assert found.names[:29] == images.names
    torch.testing.assert_close(found.inputs[:29], images.inputs, rtol=0, atol=0)
    where = {name: row for row, name in enumerate(images.names)}
    for row in range(29, 36):
        parent = where[found.parents[row]]
        assert found.names[row].startswith(f"{images.names[parent]} (repeat ")
        assert torch.equal(found.inputs[row], images.inputs[parent])
        assert (found.labels[row], found.groups[row]) == (images.labels[parent], images.groups[parent])
    shown = [found.parents.count(images.names[row]) for row in np.flatnonzero(images.labels == 0)]
    assert sorted(shown) == [2, 2, 2, 3, 3]
    assert oversample(images, seed=3).names == found.names != oversample(images, seed=4).names


def test_equal_classes_stay_as_they_are():
    images = some((4, 4))
    assert oversample(images) is images


def test_undersampling_draws_without_repeats():
    images = some((5, 12, 7), split="train")
    found = undersample(images, seed=1)
    assert found.counts() == {"class 0": 5, "class 1": 5, "class 2": 5}
    assert len(set(found.names)) == 15
    order = [images.names.index(name) for name in found.names]
    assert order == sorted(order)
    assert undersample(images, seed=1).names == found.names != undersample(images, seed=2).names


@pytest.mark.parametrize("function", [oversample, undersample])
def test_only_training_images(function):
    function(some((2, 3), split="train"))
    with pytest.raises(InputError, match=r"only training images .* i0 is marked test; give images.part\('train'\)"):
        function(some((2, 3), split="test"))
    with pytest.raises(InputError, match="class 1 has none"):
        function(some((2, 0, 3)))


def test_weights_of_the_published_training_part():
    labels = np.repeat([0, 1], [1342, 3876])
    weights = class_weights(labels, 2)
    np.testing.assert_allclose(weights, [1.944113263785395, 0.6731166150670795], rtol=1e-12)
    assert weights[labels].mean() == pytest.approx(1)
    assert weights[0] * 1342 == pytest.approx(weights[1] * 3876)


@pytest.mark.parametrize("labels", [[0, 0], [0, 1, 2]])
def test_weights_need_every_class(labels):
    with pytest.raises(InputError, match="each of 2 classes needs images"):
        class_weights(np.array(labels), 2)
