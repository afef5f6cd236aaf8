"""The figure of a gallery: each patch where it belongs, one scale for the projections of a unit."""

import numpy as np
import pytest

from seqinterp.errors import ShapeError
from seqinterp.plot.gallery import GAP, NOWHERE, gallery_figure

NUMBERS = np.random.default_rng(0)


def blocks(figure):
    """The patches and the projections as they are drawn."""
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


def test_patches_are_drawn_in_their_order_each_on_its_own_scale():
    patches = NUMBERS.random((2, 3, 1, 24, 16))
    patches[1, 2] *= 100
    projections = NUMBERS.normal(size=patches.shape)
    drawn, shown = blocks(gallery_figure(patches, projections, labels=["a", "b"], title="all"))
    for unit, rank in np.ndindex(2, 3):
        top, left = unit * (72 + GAP), rank * (48 + GAP)
        cell = drawn[top + 1 : top + 72 : 3, left + 1 : left + 48 : 3, 0]
        one = patches[unit, rank, 0]
        np.testing.assert_allclose(cell, (one - one.min()) / (one.max() - one.min()))
        bound = np.abs(projections[unit]).max()
        cell = shown[top + 1 : top + 72 : 3, left + 1 : left + 48 : 3, 1]
        np.testing.assert_allclose(cell, (projections[unit, rank, 0] / bound + 1) / 2)


def test_beyond_a_border_it_is_pale_and_colours_stay_colours():
    patches = NUMBERS.random((1, 1, 3, 3, 3))
    patches[0, 0, :, 0] = np.nan
    drawn, shown = blocks(gallery_figure(patches, np.where(np.isnan(patches), np.nan, 0.0), labels=["a"]))
    assert (drawn[:10, :40] == NOWHERE).all()
    assert (shown[20:40, :40] == 0.5).all()
    known = patches[0, 0][:, 1:]
    np.testing.assert_allclose(drawn[40, 5], (patches[0, 0, :, 2, 0] - known.min()) / (known.max() - known.min()))


@pytest.mark.filterwarnings("error")
def test_flat_patches_and_dead_units():
    flat = np.full((1, 2, 1, 4, 4), 0.3)
    drawn, shown = blocks(gallery_figure(flat, 0 * flat, labels=["a"]))
    assert np.isfinite(drawn).all()
    assert np.isfinite(shown).all()


def test_refusals():
    patches = NUMBERS.random((2, 3, 1, 4, 4))
    with pytest.raises(ShapeError, match="a label per unit"):
        gallery_figure(patches, patches, labels=["a"])
    with pytest.raises(ShapeError, match="of the same shape"):
        gallery_figure(patches, patches[:1], labels=["a", "b"])
