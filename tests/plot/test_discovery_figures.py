"""Figures of a discovery: calls, places, pairs and spacings are what the numbers are."""

import numpy as np
import pandas as pd
import pytest

from seqinterp.errors import InputError, ShapeError
from seqinterp.plot.motif_pairs import MOST, co_occurrence_figure, spacing_figure
from seqinterp.plot.position_bars import BASE, BINS, SIDE, TOP, position_bars
from seqinterp.plot.seqlet_calls import calls_figure

CURVE = pd.DataFrame(
    {
        "rate": [0.01, 0.1, 0.5],
        "calls": [100, 150, 400],
        "positive": [100, 140, 300],
        "negative": [0, 10, 100],
        "false": [1.0, 15.0, 200.0],
    }
)


def test_calls_are_drawn_against_the_rate():
    figure = calls_figure(CURVE, threshold=0.2)
    axes = figure.axes[0]
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_array_equal(lines["all"], CURVE[["rate", "calls"]])
    np.testing.assert_array_equal(lines["lower the score"], CURVE[["rate", "negative"]])
    assert lines["used: 0.2"][0, 0] == 0.2
    assert axes.get_xscale() == "log"
    figure.canvas.draw()


def test_a_sign_without_calls_has_no_line():
    labels = {line.get_label() for line in calls_figure(CURVE.assign(negative=0)).axes[0].lines}
    assert labels == {"all", "raise the score"}


@pytest.mark.parametrize("table", [CURVE.iloc[:0], CURVE.drop(columns="false")])
def test_a_curve_needs_rows_and_columns(table):
    with pytest.raises(InputError, match="a curve of calls has rows with rate"):
        calls_figure(table)


def test_bars_count_middles():
    middles = np.concatenate([np.full(6, 5.0), np.full(3, 299.0)])
    drawing = position_bars(middles, 300, width=210, height=64)
    up, across = 64 - BASE - TOP, 210 - 2 * SIDE
    bars = [shape.matrix for shape in drawing.shapes if shape.kind == "box" and shape.fill == "#0072B2"]
    assert [(m[4], m[3]) for m in bars] == [
        (SIDE, pytest.approx(up)),
        (pytest.approx(SIDE + across * (BINS - 1) / BINS), pytest.approx(up / 2)),
    ]
    dashes = [m for m in (s.matrix for s in drawing.shapes if s.kind == "box") if m[3] == 1.0]
    np.testing.assert_allclose([m[5] for m in dashes], BASE + up / 6 * 9 / BINS - 0.5)
    assert len(dashes) > 10
    assert [shape.content for shape in drawing.shapes if shape.kind == "text"] == ["0", "150", "300"]


@pytest.mark.parametrize("length", [1, 8, 5000])
def test_no_seqlets_and_any_length_can_be_drawn(length):
    assert not [s for s in position_bars(np.empty(0), length).shapes if s.fill == "#0072B2"]
    assert position_bars(np.array([length / 2]), length).png()


def test_the_colours_are_the_ratios():
    ratio = np.array([[np.nan, 1.5], [-np.inf, 9.0]])
    figure = co_occurrence_figure(ratio, ["a", "b"], sure=np.array([[False, True], [False, False]]))
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), [[0, 1.5], [-MOST, MOST]])
    assert axes.images[0].get_clim() == (-MOST, MOST)
    assert axes.collections[0].get_offsets().tolist() == [[1, 0]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]


@pytest.mark.parametrize("count", [1, 6, 40])
def test_any_number_of_motifs_has_room(count):
    names = [f"pos {i} MAFG::NFE2L1" for i in range(count)]
    figure = co_occurrence_figure(np.zeros((count, count)), names)
    figure.canvas.draw()
    box = figure.get_window_extent()
    for label in (*figure.axes[0].get_xticklabels(), *figure.axes[0].get_yticklabels()):
        extent = label.get_window_extent()
        assert extent.x0 >= box.x0 - 1
        assert extent.y0 >= box.y0 - 1
    widths = [label.get_window_extent().height for label in figure.axes[0].get_yticklabels()]
    assert max(widths) < 18


def test_pairs_need_as_many_names():
    with pytest.raises(ShapeError, match=r"3 motifs need log2_ratio of shape \(3, 3\)"):
        co_occurrence_figure(np.zeros((2, 2)), ["a", "b", "c"])
    with pytest.raises(ShapeError, match="sure"):
        co_occurrence_figure(np.zeros((2, 2)), ["a", "b"], sure=np.zeros((1, 2), bool))


def test_spacings_have_a_row_for_each_orientation():
    distances = np.arange(5.0)
    counts = {"same strand": np.array([0.0, 2, 0, 9, 1]), "turned": np.zeros(5)}
    figure = spacing_figure(distances, counts, title="a and b")
    one, other = figure.axes
    values, edges, _ = one.patches[0].get_data()
    np.testing.assert_array_equal(values, [0, 2, 0, 9, 1])
    np.testing.assert_array_equal(edges, distances[0] - 0.5 + np.arange(6))
    assert one.get_title(loc="left") == "a and b"
    assert other.get_title(loc="left") == ""
    assert one.get_ylim() == other.get_ylim()
    with pytest.raises(ShapeError, match="5 distances need as many counts"):
        spacing_figure(distances, {"same strand": np.zeros(4)})
