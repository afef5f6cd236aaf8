"""Logos of columns of bases."""

import numpy as np
import pytest

from seqinterp.errors import InputError
from seqinterp.plot.column_logos import column_logos, in_bits

COLUMNS = np.array([[1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]).T


def test_heights_are_information():
    heights = in_bits(COLUMNS, np.full(4, 0.25))
    np.testing.assert_allclose(heights.sum(axis=0), [2, 0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(heights[:, 2], [0.5, 0.5, 0, 0])
    shares = np.array([0.4, 0.1, 0.1, 0.4])
    own = in_bits(shares[:, None], shares)
    np.testing.assert_allclose(own, 0, atol=1e-12)
    assert in_bits(COLUMNS, shares)[0, 0] == pytest.approx(np.log2(1 / 0.4))


def test_each_sequence_has_a_panel_and_a_title():
    figure = column_logos(np.stack([COLUMNS, COLUMNS]), titles=["one"], background=np.array([0.4, 0.1, 0.1, 0.4]))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["one", ""]
    assert [axes.get_ylabel() for axes in figure.axes] == ["bits", "bits"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "position (0-based)"]
    assert figure.axes[0].get_ylim() == pytest.approx((0, np.log2(10)))
    assert len(column_logos(COLUMNS[None]).axes[0].collections[0].get_paths()) == 3


def test_refusals():
    with pytest.raises(InputError, match="at least one sequence"):
        column_logos(np.zeros((0, 4, 3)))
    with pytest.raises(InputError, match="no more titles"):
        column_logos(COLUMNS[None], titles=["a", "b"])
