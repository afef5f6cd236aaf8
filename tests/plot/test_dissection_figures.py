"""Figures of a dissection show what they were given."""

import numpy as np
import pytest

from seqinterp.errors import InputError
from seqinterp.plot.dissection import by_layer_figure, unit_image_figure, unit_sequence_figure

LARGEST = np.array([[0.5, 0.1, 0.02], [0.3, 0.2, 0.0]])
COUNTS = np.array([[3, 1, 0], [0, 2, 0]])


def test_cells_hold_the_largest_iou_and_the_detectors():
    figure = by_layer_figure(LARGEST, COUNTS, ["a\n4 units", "b\n8 units"], ["edge", "$dot$", "red"], ["t", "t", "c"])
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["edge", "$dot$", "red"]
    assert np.array_equal(axes.images[0].get_array(), LARGEST.T)
    numbers = {(text.get_position(), text.get_text()) for text in axes.texts if text.get_text().isdigit()}
    assert numbers == {((0, 0), "3"), ((0, 1), "1"), ((1, 1), "2")}
    assert [text.get_text() for text in axes.texts if not text.get_text().isdigit()] == ["t", "c"]


def test_many_concepts_are_cut_to_the_best():
    largest = np.linspace(0, 1, 100)[None]
    figure = by_layer_figure(largest, np.zeros((1, 100), int), ["a"], [f"c{i}" for i in range(100)], [""] * 100)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [f"c{i}" for i in range(99, 74, -1)]


@pytest.mark.parametrize(("layers", "concepts"), [([], ["a"]), (["a"], []), (["a"], ["b", "c"])])
def test_what_does_not_fit_is_refused(layers, concepts):
    with pytest.raises(InputError):
        by_layer_figure(LARGEST, COUNTS, layers, concepts, [""] * len(concepts))


def test_pictures_are_outlined_along_pixels():
    images, mask = np.random.default_rng(0).random((2, 3, 5, 5)), np.zeros((2, 5, 5), bool)
    mask[0, 1:3, 2:4] = True
    figure = unit_image_figure(images, mask, ~mask & False, "layer, unit", ["one", "two"])
    concept, active = figure.axes[0].collections
    assert len(active.get_segments()) == 8
    assert len(concept.get_segments()) == 0
    corners = {tuple(point) for segment in active.get_segments() for point in segment.tolist()}
    assert {(1.5, 0.5), (3.5, 2.5)} <= corners
    assert np.allclose(figure.axes[0].images[0].get_array()[1, 2], (images[0, :, 1, 2] - images.min()) / np.ptp(images))


def test_sequences_are_shaded_where_the_unit_is_active():
    columns, mask = np.eye(4)[np.zeros((2, 9), int)].transpose(0, 2, 1), np.zeros((2, 9), bool)
    mask[0, 2:5] = True
    figure = unit_sequence_figure(columns, mask, mask, "layer, unit", ["one", "two"])
    shaded = figure.axes[0].collections[1]
    assert shaded.get_paths()[0].get_extents().bounds == (1.5, 0.0, 3.0, 1.0)
    assert len(figure.axes[1].collections[1].get_paths()) == 0
