"""The logo of a mean explanation with the band in which another one would lie."""

import numpy as np
from matplotlib.figure import Figure

from seqinterp.plot.logo import draw_logo, stack_limits
from seqinterp.plot.style import MUTED, SKY, TICK_SIZE, VERMILION, legend, margins, new_figure, tidy
from seqinterp.shapes import BaseMap, Certainties, Frozen


def band_figure(
    mean: BaseMap, low: Certainties, high: Certainties, called: Frozen, *, width: int = 1080, height: int = 230
) -> Figure:
    """Draw the mean (4, position) as letters, the band from `low` to `high` behind, and a dot under what is called."""
    figure = new_figure(width, height)
    margins(figure, left=58, right=12, top=24, bottom=40)
    axes = figure.add_subplot()
    draw_logo(axes, mean)
    at = np.arange(mean.shape[1])
    axes.fill_between(at, low, high, step="mid", color=SKY, alpha=0.3, linewidth=0, zorder=0, label="95 % of repeats")
    least, most = stack_limits(mean)
    floor, top = min(least, float(low.min())), max(most, float(high.max()))
    air = 0.08 * (top - floor)
    axes.set_ylim(floor - 2 * air, top + air)
    marked = at[called]
    axes.scatter(
        marked, np.full(len(marked), floor - air), s=9, color=VERMILION, linewidths=0, label="other than 0 (q 0.05)"
    )
    tidy(axes, horizontal="position", vertical="contribution")
    legend(axes, place="upper right")
    axes.tick_params(axis="x", labelsize=TICK_SIZE, colors=MUTED)
    return figure
