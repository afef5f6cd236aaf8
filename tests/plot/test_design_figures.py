"""Figures of designs: letters, marks and bars stand where the data say."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from seqinterp.errors import InputError
from seqinterp.plot.design_logos import PALE, edit_logos
from seqinterp.plot.design_strips import MARKS, Strip, sequence_strips
from seqinterp.plot.motif_shares import motif_shares
from seqinterp.plot.shown_window import MOST, shown_window


def columns(letters):
    return np.array([[float(letter == base) for letter in letters] for base in "ACGT"])


def shaded(axes):
    return sorted(round(p.get_x() + 0.5) for p in axes.patches if isinstance(p, Rectangle))


def centres(collection):
    return sorted(round((p.get_extents().x0 + p.get_extents().x1) / 2) for p in collection.get_paths())


def test_logos_share_a_scale_and_mark_their_own_edits():
    before, after = columns("ACGT") * 0.5, columns("ACCT") * -2.0
    figure = edit_logos(before, after, ([12, 99], [11, 12]), start=10, titles=("one", "other"))
    upper, lower = figure.axes
    assert upper.get_ylim() == lower.get_ylim()
    assert upper.get_ylim()[0] < -2
    assert upper.get_ylim()[1] > 0.5
    assert (shaded(upper), shaded(lower)) == ([12], [11, 12])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["one", "other"]
    assert centres(upper.collections[0]) == [10, 11, 12, 13]
    assert lower.get_ylabel() == "contribution"


def test_letters_without_numbers_are_pale_unless_edited():
    figure = edit_logos(columns("ACGT"), columns("ACCT"), ([2], [2]), label="")
    for axes in figure.axes:
        pale, bright = axes.collections
        assert (centres(pale), centres(bright)) == ([0, 1, 3], [2])
        assert (pale.get_alpha(), bright.get_alpha()) == (PALE, None)
        assert list(axes.get_yticks()) == []


def test_rows_of_letters_with_sites_and_edits():
    strips = [
        Strip("0", "ACGTN", 0, [("AP1", 1, 3), ("other", 0, 5)], [2]),
        Strip("1", "TTTTT", 0, [("WORD", 3, 9)], []),
    ]
    figure = sequence_strips(strips, [("AP1", "JUND AP1"), ("WORD", "WORD")])
    (axes,) = figure.axes
    boxes = [(round(p.get_x() + 0.5), round(p.get_width()), round(p.get_y() + 0.38)) for p in axes.patches]
    assert boxes == [(1, 2, 1), (3, 2, 0)]  # the second one ends with its row
    assert [p.get_facecolor()[:3] for p in axes.patches] == [to_rgb(MARKS[0]), to_rgb(MARKS[1])]
    pale, bright, lines, *_ = axes.collections
    assert (centres(pale), centres(bright)) == ([0, 3], [1, 2])  # N is not drawn
    assert [round(p.get_extents().x0 + 0.45) for p in lines.get_paths()] == [2]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["1", "0"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["JUND AP1", "WORD", "edited (underlined)"]
    assert axes.get_xlabel() == "position (0-based)"


def test_rows_of_different_places_say_where_they_lie():
    strips = [Strip("0", "ACGT", 1000, [("A", 1001, 1003)], [1003]), Strip("1", "TTTT", 7, [], [])]
    axes = sequence_strips(strips, [("A", "A")]).axes[0]
    assert {text.get_text() for text in axes.texts} == {"1,000", "1,004", "7", "11"}
    assert axes.get_xlabel() == ""
    assert round(axes.patches[0].get_x() + 0.5) == 1
    assert [round(p.get_extents().x0 + 0.45) for p in axes.collections[2].get_paths()] == [3]


def test_rows_from_a_shared_place_keep_their_positions():
    axes = sequence_strips([Strip("0", "ACGT", 1000, [("A", 1001, 1003)], [])], [("A", "A")]).axes[0]
    assert axes.get_xlim()[0] == 999.5
    assert axes.patches[0].get_x() == 1000.5


@pytest.mark.parametrize("motifs", [0, 7])
def test_rows_that_cannot_be_drawn(motifs):
    strips = [Strip("0", "ACGT", 0, [], [])] if motifs else []
    with pytest.raises(InputError, match="at least one row and at most 6 motifs"):
        sequence_strips(strips, [(str(i), str(i)) for i in range(motifs)])


def test_bars_of_motifs():
    figure = motif_shares(
        ["JUND", "a name that is far too long to stand here"], np.array([1.0, 0.2]), np.array([0.5, 0])
    )
    (axes,) = figure.axes
    own, other = axes.containers
    assert [bar.get_width() for bar in own] == [100, 20]
    assert [bar.get_width() for bar in other] == [50, 0]
    assert own[0].get_y() > other[0].get_y() > own[1].get_y()
    assert [text.get_text() for text in axes.texts] == ["100 %", "50 %", "20 %", "0 %"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["JUND", "a name that is far too …"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["designs", "natural"]
    alone = motif_shares(["JUND"], np.array([1.0]), np.array([np.nan]))
    assert len(alone.axes[0].containers) == 1
    with pytest.raises(InputError, match="one share of designs"):
        motif_shares([], np.zeros(0), np.zeros(0))
    with pytest.raises(InputError, match="not 1 and 1 for 2 motifs"):
        motif_shares(["a", "b"], np.ones(1), np.ones(1))


@settings(deadline=None, max_examples=60)
@given(st.integers(121, 400), st.lists(st.integers(0, 399), max_size=6))
def test_of_long_sequences_the_window_with_most_weight_is_drawn(length, places):
    weight = np.bincount([place % length for place in places], minlength=length).astype(float)
    low, high = shown_window(weight)
    assert high - low == MOST
    assert 0 <= low <= length - MOST
    assert weight[low:high].sum() == max(weight[i : i + MOST].sum() for i in range(length - MOST + 1))


def test_windows_that_are_given_and_that_fit():
    assert shown_window(np.zeros(101)) == (0, 101)
    assert shown_window(np.zeros(500), start=20) == (20, 500)
    assert shown_window(np.zeros(500), start=20, stop=60) == (20, 60)
    one = np.zeros(500)
    one[250] = 1
    assert shown_window(one)[0] in (190, 191)
    for start, stop in ((5, 5), (-1, 9), (0, 501)):
        with pytest.raises(InputError, match="is empty or leaves"):
            shown_window(np.zeros(500), start=start, stop=stop)
