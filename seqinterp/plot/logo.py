"""Sequence logos: information content of a motif, and signed attributions along a sequence."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif
from seqinterp.plot.glyphs import letter_floors, place_letter
from seqinterp.plot.style import BASE_COLOURS, INK, LABEL_SIZE, MUTED, margins, new_figure, tidy
from seqinterp.sequence.alphabet import BASES
from seqinterp.shapes import BaseMap


def draw_logo(axes: Axes, heights: BaseMap, *, start: int = 0) -> PathCollection:
    """Draw the letters of a (4, position) array of signed heights; column `i` is centred on `start + i`.

    The outlines and the stacking are logomaker's (Tareen and Kinney 2020), the drawing is not: `logomaker.Logo`
    lays out a text and adds a patch for every letter of every column, also for the zeros, which takes about
    0.7 s for 101 positions and 2 s for 249. The same letters as one collection of scaled outlines take some
    10 ms, and a report holds dozens of logos. A test holds the two drawings together.

    Raises `InputError` where a height is not finite.
    """
    heights = heights.astype(np.float64)
    if not np.isfinite(heights).all():
        raise InputError("a logo needs finite heights; these hold NaN or infinity")
    floors = letter_floors(heights)
    shown = [(int(row), int(column)) for column, row in np.argwhere(heights.T != 0)]
    letters = PathCollection(
        [
            place_letter(BASES[row], float(start + column), floors[row, column], heights[row, column])
            for row, column in shown
        ],
        facecolors=[BASE_COLOURS[BASES[row]] for row, _ in shown],
        linewidths=0,
        transform=axes.transData,
    )
    axes.add_collection(letters, autolim=False)
    axes.axhline(0, color=MUTED, linewidth=0.6, zorder=0.5)
    axes.set_xlim(start - 0.5, start + heights.shape[1] - 0.5)
    axes.set_ylim(*stack_limits(heights))
    return letters


def stack_limits(heights: BaseMap) -> tuple[float, float]:
    """Give the lowest and highest end of the stacks with a little air; a unit range where all are zero."""
    low = float(np.minimum(heights, 0).sum(axis=0).min(initial=0.0))
    high = float(np.maximum(heights, 0).sum(axis=0).max(initial=0.0))
    if low == high:
        return 0.0, 1.0
    air = 0.04 * (high - low)
    return (low - air if low < 0 else 0.0), (high + air if high > 0 else 0.0)


def draw_motif(axes: Axes, motif: Motif, *, start: int = 0) -> PathCollection:
    """Draw a motif's information content in bits; the axis ends at 2 bits, so logos compare by eye.

    Only over an uneven background can a column hold more than 2 bits; the axis then ends above it.
    """
    letters = draw_logo(axes, motif.information, start=start)
    tidy(axes)
    most = float(motif.information.sum(axis=0).max())
    top = 2 if most < 2.001 else math.ceil(most)
    axes.set_ylim(0, top)
    axes.set_yticks(range(top + 1))
    return letters


def motif_logo(motif: Motif, *, title: str = "", width: int | None = None, height: int = 120) -> Figure:
    """Give the information-content logo of a motif (Schneider and Stephens 1990), sizes in CSS pixels.

    Columns are counted from 1, as motif databases do. The width follows the motif unless it is given.
    """
    figure = new_figure(width or max(180, 60 + 24 * motif.width), height)
    axes = figure.add_subplot()
    margins(figure, left=36, bottom=24, top=26 if title else 8)
    draw_motif(axes, motif, start=1)
    tidy(axes, title=title)
    axes.set_ylabel("bits", fontsize=LABEL_SIZE, color=INK, labelpad=2)
    axes.set_xticks([1, *range(5, motif.width + 1, 5)])
    return figure


def attribution_logo(
    values: BaseMap,
    *,
    start: int = 0,
    title: str = "",
    label: str = "contribution",
    width: int = 1080,
    height: int = 150,
) -> Figure:
    """Give the signed logo of a (4, position) array of attributions; letters below zero are upside down.

    Zero entries are not drawn, so a gradient times input shows the present bases alone. `start` is the position
    of the first column, 0-based; sizes are CSS pixels.
    """
    figure = new_figure(width, height)
    axes = figure.add_subplot()
    margins(figure, left=58, bottom=38, top=26 if title else 8)
    draw_logo(axes, values, start=start)
    tidy(axes, title=title, horizontal="position (0-based)", vertical=label)
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    return figure
