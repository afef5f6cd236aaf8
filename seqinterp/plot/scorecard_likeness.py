"""How alike explanations are: to those of randomised copies, of other methods, of other settings."""

import re
import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from seqinterp.errors import InputError, ShapeError
from seqinterp.plot.scorecard import TINTS, in_cell, shortened
from seqinterp.plot.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    PURPLE,
    SKY,
    TICK_SIZE,
    VERMILION,
    margins,
    new_figure,
    tidy,
)
from seqinterp.shapes import PairTable

WIDTH, NAMES = 1080, 206  # CSS pixels
SETTINGS, SETTINGS_ROW, LINE = 400, 30, 62  # pixels beside the dots, pixels of a row, letters of a line of settings
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, "#8a6d00", SKY)
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
_STAGE = re.compile(r"(\d+) of (\d+) layers")


def cascade_figure(summary: pd.DataFrame, *, limit: float | None = None) -> Figure:
    """Draw the likeness to explanations of ever more random copies, one line per method.

    summary: as `Scorecard.summary` gives it; of its rows those of the measure "cascade" are taken. `limit` is the
    likeness above which a method is said to ignore the model.

    Raises:
        InputError: there is no such row.
    """
    rows = summary[(summary["measure"] == "cascade") & summary["mean"].notna()]
    if rows.empty:
        raise InputError("there is no cascade of randomised layers to draw")
    shares = rows["of"].map(_share)
    names = list(dict.fromkeys(rows["method"]))
    figure = new_figure(WIDTH, max(300, 76 + 17 * len(names)))
    axes = figure.add_subplot()
    margins(figure, left=56, right=214, top=12, bottom=44)
    ends = {}
    for number, name in enumerate(names):
        own = rows["method"] == name
        points = sorted(zip(shares[own], rows["mean"][own], strict=True))
        across, up = [0.0, *(point[0] for point in points)], [1.0, *(point[1] for point in points)]
        axes.plot(across, up, marker="o", markersize=3.5, linewidth=1.5, **_look(number))
        ends[name] = up[-1]
    if limit is not None:
        axes.axhline(limit, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    axes.set_xlim(-0.01, 1.0)
    axes.set_ylim(min(-0.05, *(value - 0.05 for value in ends.values())), 1.03)
    tidy(
        axes, horizontal="share of the layers with random weights, from the output down", vertical="Spearman", grid=True
    )
    _label_ends(axes, ends)
    return figure


def agreement_figure(names: tuple[str, ...], likeness: PairTable) -> Figure:
    """Draw the rank correlation of every two methods with its number, those that are alike next to one another.

    Raises:
        InputError: fewer than two methods.
        ShapeError: the table is not `(methods, methods)`.
    """
    count = len(names)
    if count < 2:
        raise InputError(f"agreement is between two methods or more, but there are {count}")
    if likeness.shape != (count, count):
        raise ShapeError(f"{count} methods need a table of shape ({count}, {count}); it has {likeness.shape}")
    order = order_by_likeness(likeness)
    table = likeness[np.ix_(order, order)]
    cell = min(52.0, (WIDTH - NAMES - 12) / count)
    figure = new_figure(round(NAMES + cell * count + 12), round(max(24.0, 0.62 * cell) * count + 176))
    axes = figure.add_subplot()
    margins(figure, left=NAMES, right=12, top=8, bottom=168)
    apart = np.where(np.eye(count, dtype=bool), np.nan, table)
    axes.imshow(apart, cmap=TINTS, vmin=-1, vmax=1, aspect="auto")
    for row, column in np.argwhere(~np.isnan(apart)):
        words = in_cell(float(apart[row, column]))
        axes.text(column, row, words, ha="center", va="center", fontsize=TICK_SIZE, color=INK)
    tidy(axes)
    said = [shortened(names[place]) for place in order]
    axes.set_xticks(range(count), said, rotation=90, parse_math=False)
    axes.set_yticks(range(count), said, parse_math=False)
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    return figure


def settings_figure(summary: pd.DataFrame) -> Figure:
    """Draw one row per method and one dot per other setting of it, at its likeness to the method as it comes.

    Raises:
        InputError: no method was run with another setting.
    """
    rows = summary[(summary["measure"] == "setting_similarity") & summary["mean"].notna()]
    if rows.empty:
        raise InputError("no method was run with another setting")
    names = list(dict.fromkeys(rows["method"]))
    figure = new_figure(WIDTH, SETTINGS_ROW * len(names) + 60)
    axes = figure.add_subplot()
    margins(figure, left=NAMES, right=SETTINGS, top=8, bottom=44)
    for row, name in enumerate(names):
        _draw_settings(axes, row, rows[rows["method"] == name].sort_values("mean"))
    axes.set_xlim(min(-0.03, float(rows["mean"].min()) - 0.05), 1.03)
    axes.set_ylim(len(names) - 0.4, -0.6)
    tidy(axes, horizontal="Spearman with the method as it comes")
    axes.set_yticks(range(len(names)), [shortened(name) for name in names], parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure


def _draw_settings(axes: Axes, row: int, own: pd.DataFrame) -> None:
    """The dots of one method, and what they are, on two lines at most."""
    axes.plot([own["mean"].min(), 1.0], [row, row], color=FAINT, linewidth=2, zorder=1)
    axes.scatter(own["mean"], [row] * len(own), s=34, color=BLUE, zorder=3)
    said = [f"{of.replace('_', ' ')} ({in_cell(mean)})" for of, mean in zip(own["of"], own["mean"], strict=True)]
    words = textwrap.fill(", ".join(said), LINE, max_lines=2, placeholder=" …")
    place: dict[str, Any] = {
        "transform": axes.get_yaxis_transform(),
        "va": "center",
        "fontsize": TICK_SIZE - 0.5,
        "color": INK,
    }
    axes.text(1.03, row, words, linespacing=1.15, parse_math=False, **place)


def order_by_likeness(likeness: PairTable) -> list[int]:
    """An order in which methods that are alike stand together (average linkage, leaves ordered optimally)."""
    if len(likeness) < 3:
        return list(range(len(likeness)))
    distance = 1 - np.nan_to_num(likeness)
    np.fill_diagonal(distance, 0.0)
    pairs = squareform((distance + distance.T) / 2, checks=False)
    return [int(place) for place in leaves_list(optimal_leaf_ordering(linkage(pairs, "average"), pairs))]


def _share(stage: str) -> float:
    """The share of layers in the name of a stage, "2 of 8 layers, down to ..."."""
    found = _STAGE.match(stage)
    if found is None:
        raise InputError(f"a stage of a cascade is called '2 of 8 layers, down to ...', not {stage!r}")
    return int(found[1]) / int(found[2])


def _look(number: int) -> dict[str, Any]:
    """Colour and dashes of a line, another pair for each of two dozen lines."""
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": DASHES[number // len(COLOURS) % len(DASHES)]}


def _label_ends(axes: Axes, ends: dict[str, float]) -> None:
    """Names right of where the lines end, moved apart where they would lie over one another."""
    low, high = axes.get_ylim()
    apart = 15 * (high - low) / axes.get_window_extent().height
    order = sorted(ends, key=lambda name: ends[name])
    places = [ends[name] for name in order]
    for number in range(1, len(places)):
        places[number] = max(places[number], places[number - 1] + apart)
    over = max(0.0, places[-1] - high)
    places[-1] -= over
    for number in range(len(places) - 2, -1, -1):
        places[number] = min(places[number], places[number + 1] - apart)
    for name, place in zip(order, places, strict=True):
        look = _look(list(ends).index(name))
        axes.plot([1.005, 1.02], [ends[name], place], color=look["color"], linewidth=0.8, clip_on=False,
                  transform=axes.get_yaxis_transform())  # fmt: skip
        axes.plot([1.02, 1.055], [place, place], linewidth=1.5, clip_on=False,
                  transform=axes.get_yaxis_transform(), **look)  # fmt: skip
        axes.text(1.062, place, shortened(name), transform=axes.get_yaxis_transform(), va="center",
                  fontsize=TICK_SIZE, color=INK, parse_math=False)  # fmt: skip
