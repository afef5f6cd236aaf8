"""The figures of a scorecard: every number is drawn, in its place, and told as good or poor without red and green."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from scorecards import curves_of, decisions_of, names_of, summary_of
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.scorecard.measures import MEASURES
from seqinterp.plot.scorecard import COLUMNS, TINTS, Column, goodness, in_cell, main_values, scorecard_figure, shortened
from seqinterp.plot.scorecard_curves import curves_figure
from seqinterp.plot.scorecard_likeness import agreement_figure, cascade_figure, order_by_likeness, settings_figure


def words(figure):
    """All that is written, in the order it was drawn."""
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def boxes(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]


@pytest.mark.parametrize("count", [1, 4, 21])
def test_one_cell_for_every_method_and_measure(count):
    names = names_of(count)
    figure = scorecard_figure(summary_of(names), decisions_of(names))
    assert len(boxes(figure)) == count * len(COLUMNS)
    written = words(figure)
    assert {column.measure.replace("_", " ") for column in COLUMNS} <= set(written)
    assert {column.group for column in COLUMNS} <= set(written)
    assert sum(text.startswith("method ") for text in written) == count


def test_the_best_verdict_stands_first():
    names = names_of(4)
    written = words(scorecard_figure(summary_of(names), decisions_of(names)))
    rows = [text for text in written if text.startswith("method ")]
    assert rows == ["method 1", "method 0", "method 3", "method 2"]
    said = [text for text in written if text in ("use", "use with care", "do not use")]
    assert said == ["use", "use with care", "use with care", "do not use"]
    assert [text for text in written if text in "✓!✕"] == ["✓", "!", "!", "✕"]


def test_what_was_not_asked_has_no_number():
    names = names_of(3)
    summary = summary_of(names, measures=["deletion_gain", "reseeding"])
    summary = summary[(summary["method"] != "method_1") | (summary["measure"] != "reseeding")]
    summary.loc[(summary["method"] == "method_2") & (summary["measure"] == "deletion_gain"), "mean"] = np.nan
    figure = scorecard_figure(summary, decisions_of(names))
    assert len(boxes(figure)) == 6
    assert sum(text.startswith("0.") for text in words(figure)) == 4
    assert sum(tuple(box.get_facecolor()) == (1, 1, 1, 1) for box in boxes(figure)) == 2


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.measure)
def test_tints_follow_the_direction_of_the_measure(column):
    better = MEASURES[column.measure].better
    if column.good is None:
        assert goodness(0.3, column) is None
        return
    assert goodness(column.good, column) == 1
    assert goodness(column.poor, column) == 0
    if better:
        assert (column.good > column.poor) == (better == "larger")


def test_tints_differ_in_blue_against_red_and_leave_dark_letters_readable():
    low, high = np.array(TINTS(0.0)), np.array(TINTS(1.0))
    assert low[0] > low[2] + 0.3
    assert high[2] > high[0] + 0.3
    for colour in TINTS(np.linspace(0, 1, 9)):
        assert colour[:3] @ [0.2126, 0.7152, 0.0722] > 0.6


def test_of_several_maps_the_most_alike_counts():
    summary = summary_of(["one"], measures=["null_similarity"])
    summary["mean"] = [0.2, -0.6]
    column = next(column for column in COLUMNS if column.measure == "null_similarity")
    assert main_values(summary, column)["one"] == -0.6
    assert goodness(-0.6, column) == goodness(0.6, column) < 0.2
    chosen = Column("null_similarity", "GC", "input")
    assert main_values(summary, chosen)["one"] == 0.2


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.50"), (-0.5, "−0.50"), (-0.001, "0.00"), (54.31, "54.3"), (123.4, "123"), (-2e5, "large")],
)
def test_numbers_fit_into_cells(value, text):
    assert in_cell(value) == text


def test_long_names_are_cut():
    assert shortened("a_name") == "a name"
    assert len(shortened("x" * 60)) == 32
    figure = scorecard_figure(summary_of(["$" * 60]), {"$" * 60: "use"})
    assert "$" * 31 + "…" in words(figure)
    figure.canvas.draw()


def test_names_do_not_run_into_verdicts_and_cells():
    name = "m" * 30
    figure = scorecard_figure(summary_of([name]), {name: "use with care"})
    figure.canvas.draw()
    axes = figure.axes[0]
    spans = {text.get_text(): text.get_window_extent() for text in axes.texts}
    assert spans[name].x0 >= 0
    assert spans["use with care"].x1 <= axes.transData.transform((0, 0))[0] + 1


def test_refusals():
    with pytest.raises(InputError, match="without methods"):
        scorecard_figure(summary_of([]), {})
    with pytest.raises(InputError, match="'maybe'"):
        scorecard_figure(summary_of(["one"]), {"one": "maybe"})
    for figure in (cascade_figure, settings_figure):
        with pytest.raises(InputError):
            figure(summary_of(["one"], measures=["deletion_gain"]))
    with pytest.raises(InputError):
        curves_figure(curves_of([]))
    with pytest.raises(InputError, match="two methods"):
        agreement_figure(("one",), np.ones((1, 1)))
    with pytest.raises(ShapeError, match=r"\(2, 2\)"):
        agreement_figure(("one", "two"), np.ones((3, 3)))


@pytest.mark.parametrize("count", [1, 5])
def test_every_method_has_a_panel_with_its_own_curves(count):
    figure = curves_figure(curves_of(names_of(count)))
    shown = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in shown] == [f"method {number}" for number in range(count)]
    for axes in shown:
        bold = [line for line in axes.lines if line.get_gid()]
        assert len(bold) == 2
        assert len(axes.lines) == 2 + 2 * count
        np.testing.assert_allclose(bold[0].get_ydata(), [0, 0.6, 3])
        assert len(axes.collections) == 2


@pytest.mark.parametrize("count", [1, 21])
def test_the_cascade_starts_at_itself(count):
    summary = summary_of(names_of(count), measures=["cascade"])
    figure = cascade_figure(summary, limit=0.5)
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 3]
    assert len(lines) == count
    for line, name in zip(lines, names_of(count), strict=True):
        np.testing.assert_allclose(line.get_xdata(), [0, 0.25, 1])
        np.testing.assert_allclose(line.get_ydata(), [1, *summary[summary["method"] == name]["mean"]])
    assert len({(line.get_color(), str(line._dash_pattern)) for line in lines}) == count
    figure.canvas.draw()
    labels = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(labels) == count
    labels.sort(key=lambda box: box.y0)
    assert all(upper.y0 >= lower.y1 - 2 for lower, upper in pairwise(labels))
    with pytest.raises(InputError, match="layers"):
        cascade_figure(summary.assign(of="the last"))


def test_methods_that_are_alike_stand_together():
    likeness = np.full((4, 4), 0.1)
    likeness[[0, 2], [2, 0]] = likeness[[1, 3], [3, 1]] = 0.9
    np.fill_diagonal(likeness, 1.0)
    order = order_by_likeness(likeness)
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset((0, 2)), frozenset((1, 3))}
    figure = agreement_figure(tuple(names_of(4)), likeness)
    assert sorted(words(figure)) == sorted(["0.90"] * 4 + ["0.10"] * 8)
    likeness[0, 1] = likeness[1, 0] = np.nan
    assert len(words(agreement_figure(tuple(names_of(4)), likeness))) == 10
    assert len(words(agreement_figure(tuple(names_of(21)), np.eye(21)))) == 420


def test_one_dot_for_every_setting():
    summary = summary_of(names_of(3), measures=["setting_similarity"])
    figure = settings_figure(summary)
    (axes,) = figure.axes
    assert [len(dots.get_offsets()) for dots in axes.collections] == [2, 2, 2]
    for row, dots in enumerate(axes.collections):
        own = summary[summary["method"] == f"method_{row}"]["mean"]
        np.testing.assert_allclose(np.sort(dots.get_offsets()[:, 0]), np.sort(own))
    assert all("window=3" in text and "window=7" in text for text in words(figure))
