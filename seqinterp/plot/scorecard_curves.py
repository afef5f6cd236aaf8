"""Deletion and insertion curves, method by method."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seqinterp.errors import InputError
from seqinterp.plot.scorecard import shortened
from seqinterp.plot.style import BLUE, FAINT, INK, TICK_SIZE, VERMILION, margins, new_figure, tidy

WIDTH = 1080
ACROSS, PANEL = 4, 176  # panels beside one another, and the CSS pixels of each downwards


def curves_figure(curves: pd.DataFrame) -> Figure:
    """Draw one panel per method: the mean score while places are taken away and while they are put back.

    curves has the columns method, measure ("deletion_curve" or "insertion_curve"), share, mean, low and high. The
    band is the 95 % interval of the mean over examples; thin grey lines are those of the other methods.

    Raises:
        InputError: there is no curve.
    """
    names = list(dict.fromkeys(curves["method"]))
    if not names:
        raise InputError("there are no deletion or insertion curves to draw")
    rows = -(-len(names) // ACROSS)
    figure = new_figure(WIDTH, rows * PANEL + 62)
    panels = figure.subplots(rows, ACROSS, sharex=True, sharey=True, squeeze=False)
    margins(figure, left=64, right=10, top=40, bottom=44)
    figure.subplots_adjust(hspace=0.34, wspace=0.08)
    lines = dict(iter(curves.groupby(["method", "measure"], sort=False)))
    for number, axes in enumerate(panels.flat):
        if number >= len(names):
            axes.axis("off")
            continue
        for _, line in lines.items():
            axes.plot(line["share"], line["mean"], color=FAINT, linewidth=0.7, zorder=1)
        for measure, colour in (("deletion_curve", VERMILION), ("insertion_curve", BLUE)):
            if (names[number], measure) in lines:
                line = lines[names[number], measure]
                axes.fill_between(line["share"], line["low"], line["high"], color=colour, alpha=0.18, linewidth=0)
                axes.plot(line["share"], line["mean"], color=colour, linewidth=1.7, zorder=3, gid=names[number])
        tidy(axes, vertical="score" if number % ACROSS == 0 else "", grid=False)
        axes.set_title(
            shortened(names[number]), fontsize=TICK_SIZE + 0.5, color=INK, loc="left", pad=3, parse_math=False
        )
        if number + ACROSS >= len(names):
            axes.set_xlabel("share of the places", fontsize=TICK_SIZE, color=INK)
            axes.tick_params(labelbottom=True)
    _key(figure, [("taken away, largest first", VERMILION), ("put back, largest first", BLUE), ("others", "#aab3bc")])
    return figure


def _key(figure: Figure, entries: Sequence[tuple[str, str]]) -> None:
    """Words in the colour of their lines, at the top."""
    width, height = figure.get_size_inches() * figure.dpi
    across = 64.0
    for words, colour in entries:
        top = 1 - 11 / height
        ends = [across / width, (across + 18) / width]
        figure.add_artist(Line2D(ends, [top, top], color=colour, linewidth=2, transform=figure.transFigure))
        figure.text((across + 24) / width, top, words, va="center", fontsize=TICK_SIZE, color=INK)
        across += 24 + 6.4 * len(words) + 22
