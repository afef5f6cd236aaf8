"""The likeness of maps: under other networks, and under noise."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqinterp.errors import InputError
from seqinterp.plot.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    LABEL_SIZE,
    MUTED,
    PURPLE,
    SKY,
    TICK_SIZE,
    VERMILION,
    margins,
    new_figure,
    tidy,
)

ROW, NAMES, RIGHT, WIDTH = 34, 168, 178, 888  # CSS pixels
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, "#8a6d00", SKY)


def networks_figure(likeness: pd.DataFrame, *, others: Sequence[str]) -> Figure:
    """Draw for each method how like its maps are under other networks, a dot for each, and a tick where maps of other
    images are.

    likeness: rows with method, other, similarity and chance.

    Raises:
        InputError: there is no row to draw.
    """
    rows = likeness[likeness["other"].isin(list(others)) & likeness["similarity"].notna()]
    if rows.empty:
        raise InputError("there is no likeness of maps to draw")
    methods = list(dict.fromkeys(rows["method"]))
    figure = new_figure(WIDTH, 62 + ROW * len(methods))
    axes = figure.add_subplot()
    margins(figure, left=NAMES, right=RIGHT, top=8, bottom=48)
    for place, method in enumerate(methods):
        axes.axhline(place, color=FAINT, linewidth=0.8, zorder=0)
        for number, other in enumerate(others):
            own = rows[(rows["method"] == method) & (rows["other"] == other)]
            label = other if place == 0 else None
            colour = COLOURS[number]
            axes.plot(own["similarity"], [place] * len(own), "o", color=colour, markersize=8, label=label)
            axes.plot(own["chance"], [place] * len(own), "|", color=colour, markersize=13, markeredgewidth=2)
    axes.plot([], [], "|", color=MUTED, markersize=13, markeredgewidth=2, label="maps of other\nimages")
    axes.set_yticks(range(len(methods)), [method.replace("_", " ") for method in methods])
    axes.set_ylim(len(methods) - 0.5, -0.5)
    low = float(np.nanmin(rows[["similarity", "chance"]].to_numpy()))
    axes.set_xlim(min(-0.02, low - 0.05), 1.02)
    tidy(axes, horizontal="rank correlation with the map of the network")
    axes.tick_params(axis="y", length=0, labelsize=LABEL_SIZE)
    _key(axes)
    return figure


def noise_figure(likeness: pd.DataFrame, *, limit: float) -> Figure:
    """Draw for each method how like its maps are under noise, by the level of noise; dotted is the limit.

    likeness: rows with method, other (the level), similarity.

    Raises:
        InputError: there is no row to draw.
    """
    rows = likeness[likeness["similarity"].notna()]
    if rows.empty:
        raise InputError("there is no likeness of maps under noise to draw")
    figure = new_figure(WIDTH, 270)
    axes = figure.add_subplot()
    margins(figure, left=56, right=RIGHT, top=10, bottom=44)
    axes.axhline(limit, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
    for number, (method, own) in enumerate(rows.groupby("method", sort=False)):
        levels = [0.0, *own["other"].astype(float)]
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(
            levels, [1.0, *own["similarity"]], "o-", color=colour, linewidth=1.6, label=str(method).replace("_", " ")
        )
    axes.set_ylim(min(0.0, float(rows["similarity"].min())) - 0.03, 1.03)
    tidy(
        axes, horizontal="standard deviation of the noise, as a share of white", vertical="rank correlation", grid=True
    )
    _key(axes)
    return figure


def _key(axes: Axes) -> None:
    """The key beside the axes."""
    axes.legend(
        fontsize=TICK_SIZE, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.02), labelcolor=INK,
        handlelength=1.6, borderaxespad=0,
    )  # fmt: skip
