"""Curves of how well a model ranks, how far its probabilities can be believed, and how it got there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from seqinterp.errors import InputError
from seqinterp.plot.style import BLUE, MUTED, VERMILION, Corner, legend, margins, new_figure, tidy
from seqinterp.shapes import Series

SQUARE = (350, 320)  # CSS pixels of the three unit-square curves, which stand side by side on a page
WIDE = (1080, 270)


def roc_figure(
    false_positive_rate: Series,
    true_positive_rate: Series,
    *,
    label: str = "model",
    size: tuple[int, int] = SQUARE,
) -> Figure:
    """Give the receiver operating characteristic with the diagonal that guessing would follow."""
    figure, axes = _unit_square("ROC curve", "false positive rate", "true positive rate", size)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label="guessing")
    axes.plot(false_positive_rate, true_positive_rate, color=BLUE, linewidth=1.8, label=label)
    legend(axes, place="lower right")
    return figure


def precision_recall_figure(
    recall: Series,
    precision: Series,
    *,
    base_rate: float,
    label: str = "model",
    size: tuple[int, int] = SQUARE,
) -> Figure:
    """Give precision against recall; the dashed line is the share of positives, which guessing would reach."""
    figure, axes = _unit_square("Precision and recall", "recall", "precision", size)
    axes.axhline(base_rate, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label=f"base rate {base_rate:.3g}")
    axes.plot(recall, precision, color=BLUE, linewidth=1.8, label=label)
    legend(axes, place=_free_corner(precision, base_rate))
    return figure


def _free_corner(precision: Series, base_rate: float) -> Corner:
    """Give a place for the key that a precision curve leaves free: weak models hug the base rate, good ones the top."""
    if len(precision) == 0 or float(np.median(precision)) < 0.55:
        return "upper right"
    return "center left" if base_rate < 0.3 else "lower left"


def calibration_figure(
    predicted: Series, observed: Series, *, label: str = "model", size: tuple[int, int] = SQUARE
) -> Figure:
    """Give the observed share of positives against the mean predicted probability, bin by bin.

    Points on the dashed diagonal are predictions that can be read as probabilities.
    """
    figure, axes = _unit_square("Calibration", "mean predicted probability", "share of positives", size)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label="calibrated")
    axes.plot(predicted, observed, color=BLUE, linewidth=1.4, marker="o", markersize=4.5, label=label)
    legend(axes, place="upper left")
    return figure


def _unit_square(title: str, horizontal: str, vertical: str, size: tuple[int, int]) -> tuple[Figure, Axes]:
    """Give axes from zero to one in both directions."""
    figure = new_figure(*size)
    axes = figure.add_subplot()
    margins(figure, left=50, right=12, top=30, bottom=42)
    tidy(axes, title=title, horizontal=horizontal, vertical=vertical, grid=True)
    # A little beyond the square, so that a curve along its edge is drawn at full width.
    axes.set_xlim(-0.015, 1.015)
    axes.set_ylim(-0.015, 1.03)
    ticks = np.linspace(0, 1, 6)
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    return figure, axes


def history_figure(history: pd.DataFrame, *, size: tuple[int, int] = WIDE) -> Figure:
    """Give the losses and the validation average precision after each epoch.

    Wants the columns epoch, train_loss, valid_loss and valid_ap; one line each, or one per `member` where the
    table has that column. Raises `InputError` where a column is missing or the table is empty.
    """
    missing = [name for name in ("epoch", "train_loss", "valid_loss", "valid_ap") if name not in history.columns]
    if missing or history.empty:
        raise InputError(
            f"a training history needs rows with epoch, train_loss, valid_loss and valid_ap; "
            f"{'it has no ' + ', '.join(missing) if missing else 'it has no rows'}"
        )
    figure = new_figure(*size)
    losses, precision = figure.subplots(1, 2)
    margins(figure, left=56, right=12, top=30, bottom=42)
    figure.subplots_adjust(wspace=0.16)
    members = [part for _, part in history.groupby("member")] if "member" in history.columns else [history]
    opacity = 1.0 if len(members) == 1 else 0.65
    for number, member in enumerate(members):
        for axes, column, colour in (
            (losses, "train_loss", MUTED),
            (losses, "valid_loss", VERMILION),
            (precision, "valid_ap", BLUE),
        ):
            label = {"train_loss": "training", "valid_loss": "validation"}.get(column) if not number else None
            axes.plot(member["epoch"], member[column], color=colour, alpha=opacity, linewidth=1.5, label=label)
    tidy(losses, title="Loss", horizontal="epoch", vertical="cross-entropy", grid=True)
    tidy(precision, title="Validation average precision", horizontal="epoch", grid=True)
    legend(losses, place="upper right")
    for axes in (losses, precision):
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, steps=[1, 2, 5, 10]))
    return figure


def trajectories_figure(
    trajectories: Sequence[NDArray[Any]], *, label: str = "score (logit)", size: tuple[int, int] = WIDE
) -> Figure:
    """Give the scores of several searches, the first before any step; the one that ends highest is in colour.

    Each search is a one-dimensional array; they may differ in length. Raises `InputError` where there is
    no search to draw.
    """
    if not trajectories or any(len(scores) == 0 for scores in trajectories):
        raise InputError("trajectories need at least one search, each with at least one score")
    figure = new_figure(*size)
    axes = figure.add_subplot()
    margins(figure, left=56, right=12, top=30, bottom=42)
    best = int(np.argmax([scores[-1] for scores in trajectories]))
    for number, scores in enumerate(trajectories):
        if number != best:
            axes.plot(np.arange(len(scores)), scores, color=MUTED, alpha=0.55, linewidth=1)
    axes.plot(np.arange(len(trajectories[best])), trajectories[best], color=BLUE, linewidth=2, label="best")
    tidy(axes, title="Score during the search", horizontal="step", vertical=label, grid=True)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, steps=[1, 2, 5, 10]))
    axes.margins(x=0.01)
    if len(trajectories) > 1:
        legend(axes, place="lower right")
    return figure
