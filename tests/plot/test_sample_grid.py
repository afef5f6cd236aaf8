"""Each picture stands in the row of its class, or beside what it was made of."""

import numpy as np
import pytest
import torch

from seqinterp.errors import InputError
from seqinterp.images.augment import Augmentation, augmented
from seqinterp.images.crop import crop
from seqinterp.images.image_set import ImageSet
from seqinterp.plot.image_grid import LEFT
from seqinterp.plot.sample_grid import before_and_after, sample_grid


def some(counts=(4, 2), classes=("a", "b")):
    labels = np.repeat(np.arange(len(counts)), counts)
    inputs = torch.rand(len(labels), 1, 6, 8, generator=torch.Generator().manual_seed(0))
    return ImageSet(inputs, labels, classes, tuple(f"folder/picture {number}.png" for number in range(len(labels))))


def drawn(axes):
    return np.asarray(axes.images[0].get_array())


def test_a_row_for_each_class():
    images = some()
    figure = sample_grid(images, per_class=3, seed=2)
    assert len(figure.axes) == 6
    assert [figure.axes[row].texts[0].get_text() for row in (0, 3)] == ["a", "b"]
    assert not figure.axes[5].images  # the class has two
    for place, axes in enumerate(figure.axes[:5]):
        number = int(axes.get_title(loc="left").split()[1])
        assert images.labels[number] == place // 3
        np.testing.assert_allclose(drawn(axes), images.inputs[number, 0])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert len(set(titles[:5])) == 5
    assert titles == [axes.get_title(loc="left") for axes in sample_grid(images, per_class=3, seed=2).axes]


def test_long_names_of_classes_are_drawn_smaller_and_all_alike():
    figure = sample_grid(some(classes=("a", "PNEUMONIA OF ANY KIND")))
    labels = [text for axes in figure.axes for text in axes.texts]
    assert all(text.get_window_extent().x0 >= 0 and text.get_window_extent().width < LEFT for text in labels)
    assert len({text.get_fontsize() for text in labels}) == 1


def test_before_and_after():
    images = some()
    made = augmented(images.take([1, 5]), Augmentation(), draws=2)
    figure = before_and_after(images, made)
    assert len(figure.axes) == 6
    for row, number in enumerate((1, 5)):
        before, first, second = figure.axes[3 * row : 3 * row + 3]
        np.testing.assert_allclose(drawn(before), images.inputs[number, 0])
        np.testing.assert_allclose(drawn(first), made.inputs[2 * row, 0])
        np.testing.assert_allclose(drawn(second), made.inputs[2 * row + 1, 0])
        assert before.get_title(loc="left") == f"picture {number}"
        assert [axes.get_title(loc="left") for axes in (first, second)] == ["augmented 1", "augmented 2"]
    parts = crop(images, (0, 3, 0, 4), size=(3, 4))
    figure = before_and_after(images, parts, count=2)
    assert drawn(figure.axes[1]).shape == (6, 8)
    assert figure.axes[1].get_title(loc="left") == "rows 0:3\ncolumns 0:4"


def test_refusals():
    images = some()
    with pytest.raises(InputError, match="at least one image"):
        sample_grid(images, per_class=0)
    with pytest.raises(InputError, match="none of the variants was made of one of the images"):
        before_and_after(images, images)
    colours = ImageSet(images.inputs.repeat(1, 3, 1, 1), images.labels, images.classes, images.names)
    with pytest.raises(InputError, match="as many channels"):
        before_and_after(images, colours)
