"""Curves: the lines hold the numbers, and the lines of no skill are where they belong."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from seqinterp.errors import InputError
from seqinterp.plot.curves import (
    calibration_figure,
    history_figure,
    precision_recall_figure,
    roc_figure,
    trajectories_figure,
)

GRID = np.linspace(0, 1, 11)


def line(axes, label: str) -> np.ndarray:
    (found,) = (line for line in axes.get_lines() if line.get_label() == label)
    return found.get_xydata()


def test_roc_and_its_diagonal():
    axes = roc_figure(GRID, GRID**0.5, label="AUROC 0.7").axes[0]
    np.testing.assert_array_equal(line(axes, "AUROC 0.7"), np.column_stack([GRID, GRID**0.5]))
    np.testing.assert_array_equal(line(axes, "guessing"), [[0, 0], [1, 1]])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("false positive rate", "true positive rate")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["guessing", "AUROC 0.7"]


@pytest.mark.parametrize(
    ("precision", "base_rate"), [(1 - 0.5 * GRID, 0.5), (1 - 0.9 * GRID**4, 0.1), (0.3 - 0.2 * GRID, 0.1)]
)
def test_precision_and_recall_with_the_base_rate(precision, base_rate):
    axes = precision_recall_figure(GRID, precision, base_rate=base_rate).axes[0]
    np.testing.assert_array_equal(line(axes, "model"), np.column_stack([GRID, precision]))
    assert set(line(axes, f"base rate {base_rate:.3g}")[:, 1]) == {base_rate}


def test_the_key_leaves_the_precision_curve_free():
    figure = precision_recall_figure(GRID, 1 - 0.9 * GRID**4, base_rate=0.1)
    figure.canvas.draw()
    axes = figure.axes[0]
    key = axes.get_legend().get_window_extent()
    fine = np.linspace(0, 1, 500)
    curve = axes.transData.transform(np.column_stack([fine, np.interp(fine, GRID, 1 - 0.9 * GRID**4)]))
    assert not any(key.contains(x, y) for x, y in curve)


def test_calibration_and_its_diagonal():
    axes = calibration_figure(GRID, GRID**2).axes[0]
    np.testing.assert_array_equal(line(axes, "model"), np.column_stack([GRID, GRID**2]))
    np.testing.assert_array_equal(line(axes, "calibrated"), [[0, 0], [1, 1]])


def history(members: int) -> pd.DataFrame:
    rows = [
        {
            "epoch": epoch,
            "train_loss": 1 / epoch,
            "valid_loss": 2 / epoch + member,
            "valid_ap": 0.1 * epoch,
            "member": member,
        }
        for member in range(members)
        for epoch in range(1, 5)
    ]
    return pd.DataFrame(rows)


def test_history_draws_both_losses_and_the_precision():
    losses, precision = history_figure(history(1).drop(columns="member")).axes
    np.testing.assert_allclose(line(losses, "training")[:, 1], [1, 1 / 2, 1 / 3, 1 / 4])
    np.testing.assert_allclose(line(losses, "validation")[:, 1], [2, 1, 2 / 3, 1 / 2])
    np.testing.assert_allclose(precision.get_lines()[0].get_ydata(), [0.1, 0.2, 0.3, 0.4])


def test_history_draws_each_member_and_names_the_lines_once():
    losses, precision = history_figure(history(3)).axes
    assert len(precision.get_lines()) == 3
    assert [text.get_text() for text in losses.get_legend().get_texts()] == ["training", "validation"]


@pytest.mark.parametrize(
    ("table", "missing"),
    [(pd.DataFrame({"epoch": [1]}), "train_loss"), (history(1).iloc[:0], "no rows")],
)
def test_a_history_without_its_columns_or_rows_is_refused(table, missing):
    with pytest.raises(InputError, match=missing):
        history_figure(table)


def test_trajectories_count_from_the_start_and_colour_the_best():
    axes = trajectories_figure([np.array([0.0, 1.0]), np.array([0.0, 2.0, 5.0]), np.array([0.0, 3.0])]).axes[0]
    np.testing.assert_array_equal(line(axes, "best"), [[0, 0], [1, 2], [2, 5]])
    assert len(axes.get_lines()) == 3


@pytest.mark.parametrize("nothing", [[], [np.array([])]])
def test_no_trajectory_is_refused(nothing):
    with pytest.raises(InputError, match="at least one"):
        trajectories_figure(nothing)


def test_drawing_changes_no_global_setting_and_opens_no_window():
    from matplotlib import pyplot

    before = dict(mpl.rcParams)
    roc_figure(GRID, GRID)
    assert dict(mpl.rcParams) == before
    assert pyplot.get_fignums() == []
