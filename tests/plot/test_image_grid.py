"""Pictures side by side: the numbers are those given, and each stands where it belongs."""

import numpy as np
import pytest

from seqinterp.errors import InputError
from seqinterp.plot.image_grid import as_shown, image_grid

NUMBERS = np.random.default_rng(0)


def test_pictures_are_drawn_in_their_order_with_their_titles():
    images = NUMBERS.random((7, 1, 6, 9))
    figure = image_grid(
        images, titles=[f"number {i}" for i in range(7)], columns=3, rows=["a", "b", "c"], bounds=(0.0, 1.0)
    )
    assert len(figure.axes) == 9
    for number, axes in enumerate(figure.axes[:7]):
        np.testing.assert_array_equal(axes.images[0].get_array(), images[number, 0])
        assert axes.get_title(loc="left") == f"number {number}"
    assert not figure.axes[8].images
    assert [figure.axes[i].texts[0].get_text() for i in (0, 3, 6)] == ["a", "b", "c"]


def test_channels_and_scales():
    colours = NUMBERS.normal(size=(3, 4, 5))
    shown = as_shown(colours, None)
    assert shown.shape == (4, 5, 3)
    assert (shown.min(), shown.max()) == (0, 1)
    np.testing.assert_allclose(as_shown(colours, (-1.0, 3.0)), np.clip((colours.transpose(1, 2, 0) + 1) / 4, 0, 1))
    np.testing.assert_allclose(as_shown(NUMBERS.random((1, 2, 2)) * 0 + 3, None), np.full((2, 2), 0.5))
    two = NUMBERS.random((2, 4, 5))
    np.testing.assert_allclose(as_shown(two, (0.0, 1.0)), two.mean(axis=0))


def test_an_empty_cell():
    images = NUMBERS.random((3, 1, 4, 4))
    images[1] = np.nan
    figure = image_grid(images)
    assert [len(axes.images) for axes in figure.axes] == [1, 0, 1]
    images[2, 0, 0, 0] = np.nan
    with pytest.raises(InputError, match="finite numbers"):
        image_grid(images)


@pytest.mark.parametrize(
    ("count", "options", "message"),
    [
        (0, {}, "at least one picture"),
        (2, {"columns": 0}, "at least one picture and one column"),
        (2, {"titles": ["a", "b", "c"]}, "no more titles and labels"),
        (2, {"rows": ["a", "b"]}, "no more titles and labels"),
    ],
)
def test_refusals(count, options, message):
    with pytest.raises(InputError, match=message):
        image_grid(NUMBERS.random((count, 1, 4, 4)), **options)
