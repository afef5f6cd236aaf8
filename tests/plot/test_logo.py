"""Logos: the letters stand where the numbers say, as logomaker draws them."""

import time

import logomaker
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.colors import to_hex

from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif
from seqinterp.plot.glyphs import LETTER_WIDTH
from seqinterp.plot.logo import attribution_logo, draw_logo, motif_logo, stack_limits
from seqinterp.plot.style import BASE_COLOURS, new_figure

BASES = "ACGT"


def boxes(letters) -> dict[tuple[str, float], tuple[float, float]]:
    """Base and centre -> lower and upper edge, read from what is drawn."""
    base_of = {to_hex(colour): base for base, colour in BASE_COLOURS.items()}
    found = {}
    for path, colour in zip(letters.get_paths(), letters.get_facecolors(), strict=True):
        box = path.get_extents()
        found[base_of[to_hex(colour)], round((box.x0 + box.x1) / 2, 6)] = (box.y0, box.y1)
    return found


@pytest.fixture
def axes():
    return new_figure(400, 200).add_subplot()


def test_heights_and_stacks_by_hand(axes):
    heights = np.array([[1.0, 0.0], [0.5, -2.0], [0.0, 3.0], [-0.25, -1.0]])
    drawn = boxes(draw_logo(axes, heights, start=10))
    expected = {
        ("T", 10.0): (-0.25, 0.0), ("C", 10.0): (0.0, 0.5), ("A", 10.0): (0.5, 1.5),
        ("C", 11.0): (-3.0, -1.0), ("T", 11.0): (-1.0, 0.0), ("G", 11.0): (0.0, 3.0),
    }  # fmt: skip
    assert set(drawn) == set(expected)
    for letter, edges in expected.items():
        np.testing.assert_allclose(drawn[letter], edges, atol=1e-9)
    assert axes.get_xlim() == (9.5, 11.5)
    low, high = axes.get_ylim()
    assert low < -3.0
    assert high > 3.0


@pytest.mark.parametrize("seed", range(3))
def test_the_same_letters_as_logomaker(axes, seed):
    heights = np.random.default_rng(seed).normal(size=(4, 6)).round(2)
    ours = draw_logo(axes, heights)
    theirs = logomaker.Logo(
        pd.DataFrame(heights.T, columns=list(BASES)), ax=new_figure(400, 200).add_subplot(), color_scheme=BASE_COLOURS
    )
    peers = {(glyph.c, glyph.p): glyph.patch.get_path() for glyph in theirs.glyph_list}
    assert len(ours.get_paths()) == len(peers)
    letters = [(BASES[row], column) for column, row in np.argwhere(heights.T != 0)]
    for letter, path, colour in zip(letters, ours.get_paths(), ours.get_facecolors(), strict=True):
        peer = peers[letter]
        np.testing.assert_allclose(path.get_extents().get_points(), peer.get_extents().get_points(), atol=1e-9)
        np.testing.assert_allclose(path.vertices, peer.vertices, atol=1e-9)
        assert to_hex(colour) == BASE_COLOURS[letter[0]].lower()


@settings(deadline=None, max_examples=30)
@given(hnp.arrays(np.float64, st.tuples(st.just(4), st.integers(1, 8)), elements=st.floats(-5, 5, width=16)))
def test_every_column_spans_its_negative_and_positive_sums(heights):
    drawn = boxes(draw_logo(new_figure(100, 100).add_subplot(), heights))
    assert len(drawn) == np.count_nonzero(heights)
    for column in range(heights.shape[1]):
        edges = [box for (_, place), box in drawn.items() if place == column]
        if edges:
            assert min(low for low, _ in edges) == pytest.approx(np.minimum(heights[:, column], 0).sum(), abs=1e-9)
            assert max(high for _, high in edges) == pytest.approx(np.maximum(heights[:, column], 0).sum(), abs=1e-9)


def test_letters_below_zero_are_upside_down(axes):
    up, down = draw_logo(axes, np.array([[2.0, -2.0], [0, 0], [0, 0], [0, 0]])).get_paths()
    flat_of_a = up.vertices[:, 1].min()  # an A stands on two feet and has one tip
    feet = np.isclose(up.vertices[:, 1], flat_of_a).sum()
    assert feet > np.isclose(up.vertices[:, 1], up.vertices[:, 1].max()).sum()
    assert feet == np.isclose(down.vertices[:, 1], down.vertices[:, 1].max()).sum()


def test_letters_leave_the_gap_that_logomaker_leaves(axes):
    widest = max(path.get_extents().width for path in draw_logo(axes, np.eye(4)).get_paths())
    assert widest == pytest.approx(LETTER_WIDTH)


def test_a_motif_is_drawn_in_bits():
    counts = np.array([[8.0, 2], [0, 2], [0, 2], [0, 2]])
    axes = motif_logo(Motif(name="m", pfm=counts), title="one A").axes[0]
    assert boxes(axes.collections[0]) == {("A", 1.0): (0.0, 2.0)}
    assert axes.get_ylim() == (0, 2)
    assert axes.get_ylabel() == "bits"
    assert axes.get_title(loc="left") == "one A"
    assert list(axes.get_xticks()) == [1]


def test_more_than_two_bits_over_an_uneven_background_are_not_cut_off():
    motif = Motif(name="m", pfm=np.array([[0.0], [9], [0], [0]]), background=(0.4, 0.1, 0.1, 0.4))
    assert motif.information.max() == pytest.approx(np.log2(10))
    assert motif_logo(motif).axes[0].get_ylim() == (0, 4)


def test_an_attribution_logo_names_its_axes_and_keeps_absolute_positions():
    figure = attribution_logo(np.diag([1.0, -1, 2, 0.5]), start=1000, label="gradient times input")
    axes = figure.axes[0]
    assert axes.get_ylabel() == "gradient times input"
    assert sorted(place for _, place in boxes(axes.collections[0])) == [1000, 1001, 1002, 1003]


def test_all_zeros_give_an_empty_logo_with_a_range(axes):
    assert draw_logo(axes, np.zeros((4, 5))).get_paths() == []
    assert stack_limits(np.zeros((4, 5))) == (0.0, 1.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_heights_that_are_not_finite_are_refused(axes, bad):
    with pytest.raises(InputError, match="finite"):
        draw_logo(axes, np.full((4, 3), bad))


def test_a_hundred_bases_are_quick():
    heights = np.random.default_rng(0).normal(size=(4, 101))
    attribution_logo(heights)
    start = time.perf_counter()
    attribution_logo(heights)
    assert time.perf_counter() - start < 0.3


def test_a_dollar_in_a_title_is_no_formula():
    figure = motif_logo(Motif(name="m", pfm=np.eye(4)), title="a$_$b")
    figure.canvas.draw()
    assert figure.axes[0].get_title(loc="left") == "a$_$b"
