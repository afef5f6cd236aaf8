"""What each class was taken for, and how a classifier of images got there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from seqinterp.errors import InputError, ShapeError
from seqinterp.plot.style import BLUE, INK, LABEL_SIZE, MUTED, TICK_SIZE, VERMILION, legend, margins, new_figure, tidy

CELL = 74  # CSS pixels
LETTER = 6.2  # CSS pixels of one letter of a class name, about


def confusion_figure(confusion: NDArray[np.integer], classes: Sequence[str], *, title: str = "Confusion") -> Figure:
    """Draw counts of true class (row) by called class (column).

    Each cell holds its count and the share of its row, which its shade tells as well.

    Raises `ShapeError` where counts and classes differ in number.
    """
    if confusion.shape != (len(classes), len(classes)):
        raise ShapeError(
            f"{len(classes)} classes need {len(classes)} rows and columns of counts, but their shape is"
            f" {confusion.shape}"
        )
    left = 46 + int(LETTER * max(map(len, classes)))
    side = CELL * len(classes)
    figure = new_figure(left + side + 14, side + 92)
    margins(figure, left=left, right=14, top=34, bottom=58)
    axes = figure.add_subplot()
    totals = confusion.sum(axis=1, keepdims=True)
    shares = confusion / np.maximum(totals, 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(confusion.shape):
        share = shares[row, column]
        words = f"{confusion[row, column]:,}\n{share:.0%}" if totals[row] else f"{confusion[row, column]:,}"
        axes.text(
            column, row, words, ha="center", va="center", fontsize=LABEL_SIZE, color="white" if share > 0.55 else INK
        )
    tidy(axes, title=title, horizontal="called", vertical="true class")
    crowded = max(map(len, classes)) * LETTER > CELL
    slant: dict[str, Any] = {"rotation": 20, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
    axes.set_xticks(range(len(classes)), _plain(classes), **slant)
    axes.set_yticks(range(len(classes)), _plain(classes))
    axes.tick_params(length=0, labelsize=TICK_SIZE)
    for side_name in ("left", "bottom"):
        axes.spines[side_name].set_visible(False)
    return figure


def _plain(classes: Sequence[str]) -> list[str]:
    """Names in which a dollar sign stays a dollar sign."""
    return [name.replace("$", r"\$") for name in classes]


def image_training_figure(history: pd.DataFrame, *, size: tuple[int, int] = (1080, 270)) -> Figure:
    """Draw loss and accuracy after each epoch, training and validation; a dotted line marks the epoch that was kept.

    Wants the columns of `ImageFit.history`; with a column `stage` the stages follow one another, a line between them.
    Raises `InputError` where a column is missing or the table is empty.
    """
    wanted = ("epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy", "kept")
    missing = [name for name in wanted if name not in history.columns]
    if missing or history.empty:
        raise InputError(
            f"a training history needs rows with {', '.join(wanted)};"
            f" {'it has no ' + ', '.join(missing) if missing else 'it has no rows'}"
        )
    figure = new_figure(*size)
    panels = figure.subplots(1, 2)
    margins(figure, left=56, right=12, top=30, bottom=42)
    figure.subplots_adjust(wspace=0.16)
    passes = np.arange(1, len(history) + 1)
    stages = history["stage"].to_numpy() if "stage" in history.columns else np.ones(len(history))
    for axes, what, unit in zip(panels, ("loss", "accuracy"), ("cross-entropy", "share right"), strict=True):
        for stage in np.unique(stages):
            rows = stages == stage
            for part, colour, name in (("train", MUTED, "training"), ("valid", VERMILION, "validation")):
                label = name if stage == stages[0] and history[f"{part}_{what}"].notna().any() else None
                marker = "o" if rows.sum() == 1 else None
                line = history.loc[rows, f"{part}_{what}"]
                axes.plot(passes[rows], line, color=colour, linewidth=1.6, label=label, marker=marker)
        for number, kept in enumerate(passes[history["kept"].to_numpy(dtype=bool)]):
            label = None if number else "weights kept"
            axes.axvline(kept, color=BLUE, linewidth=1, linestyle=(0, (1, 2)), label=label)
        for border in passes[1:][np.diff(stages) != 0]:
            axes.axvline(border - 0.5, color=INK, linewidth=0.8)
        tidy(axes, title=what.capitalize(), horizontal="epoch", vertical=unit, grid=True)
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, steps=[1, 2, 5, 10]))
    legend(panels[0], place="upper right")
    return figure
