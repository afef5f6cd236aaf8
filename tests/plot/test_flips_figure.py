"""The figure of substitutions that flip predictions."""

import numpy as np
import pytest

from seqinterp.errors import ShapeError
from seqinterp.plot.flips import flips_figure


def columns(letters):
    return np.array([[float(letter == base) for letter in letters] for base in "ACGT"])


def bars(axes):
    """Height of every bar, by its middle and its colour."""
    return [(round(p.get_x() + p.get_width() / 2), p.get_height()) for p in axes.patches if p.get_height()]


def test_bars_count_examples():
    number, fewest = np.array([1, 3, 3, 0, 1, 3]), np.array([True, True, False, False, True, False])
    figure = flips_figure(number, fewest, columns("ACGT"), columns("ACCT"), title="one")
    left, right = figure.axes
    assert sorted(bars(left)) == [(1, 2), (3, 1), (3, 2), (4, 1)]
    assert [text.get_text() for text in left.get_xticklabels()] == ["1", "2", "3", "none"]
    assert right.get_title(loc="left") == "one"
    assert right.get_xlim() == (-0.5, 3.5)
    assert [len(letters.get_paths()) for letters in right.collections] == [3, 1, 1]
    raised = right.collections[2].get_transform().transform((2, 0))
    np.testing.assert_allclose(raised, right.transData.transform((2, 1.35)))
    assert [text.get_text() for text in right.texts if text.get_text()] == ["2"]


@pytest.mark.parametrize(
    ("places", "shown"), [([3], (0, 110)), ([250], (190, 300)), ([20, 280], (8, 293)), ([], (0, 110))]
)
def test_of_long_sequences_the_part_around_the_edits_is_drawn(places, shown):
    letters = "A" * 300
    after = "".join("C" if i in places else "A" for i in range(300))
    figure = flips_figure(np.array([len(places)]), np.array([False]), columns(letters), columns(after))
    low, high = figure.axes[1].get_xlim()
    assert (low + 0.5, high + 0.5) == shown


def test_refusals():
    with pytest.raises(ShapeError, match="of one length"):
        flips_figure(np.array([1, 2]), np.array([True]), columns("A"), columns("A"))
