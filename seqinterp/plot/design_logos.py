"""What edits did to a sequence: the logo of its start above that of the design, edited columns marked."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seqinterp.plot.logo import draw_logo, stack_limits
from seqinterp.plot.style import INK, SKY, TICK_SIZE, margins, new_figure, tidy
from seqinterp.shapes import BaseMap

WIDTH, PANEL, LOW, BETWEEN, TOP, BOTTOM, LEFT = 1080, 112, 26, 28, 26, 40, 62  # CSS pixels
SHADE, PALE = 0.28, 0.3


def edit_logos(
    before: BaseMap,
    after: BaseMap,
    edited: tuple[Sequence[int], Sequence[int]],
    *,
    start: int = 0,
    titles: tuple[str, str] = ("start", "design"),
    label: str = "contribution",
) -> Figure:
    """Draw two logos (4, position) on one scale, and shade what was taken out of the first and put into the second.

    `edited` are positions of the start and of the design, counted as `start`, the position of the first column, is;
    those outside the columns are left out. An empty `label` is for letters whose height says nothing: there are no
    numbers beside them, and those that stay are pale.
    """
    panel = PANEL if label else LOW
    figure = new_figure(WIDTH, TOP + 2 * panel + BETWEEN + BOTTOM)
    panels = figure.subplots(2, 1)
    margins(figure, left=LEFT if label else 14, right=10, top=TOP, bottom=BOTTOM)
    figure.subplots_adjust(hspace=BETWEEN / panel)
    limits = [stack_limits(one) for one in (before, after)]
    low, high = min(one[0] for one in limits), max(one[1] for one in limits)
    for axes, heights, positions, title in zip(panels, (before, after), edited, titles, strict=True):
        inside = [place for place in positions if start <= place < start + heights.shape[1]]
        shade(axes, inside)
        _draw(axes, heights, start, edited=None if label else inside)
        last = axes is panels[-1]
        tidy(axes, horizontal="position (0-based)" if last else "", vertical=label)
        axes.set_title(title, fontsize=TICK_SIZE + 0.5, color=INK, loc="left", pad=4, parse_math=False)
        axes.set_ylim(low, high)
        axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        if not last:
            axes.tick_params(labelbottom=False)
        if not label:
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
    return figure


def _draw(axes: Axes, heights: BaseMap, start: int, *, edited: Sequence[int] | None) -> None:
    """The letters; where `edited` is given, those that stay are pale."""
    if edited is None:
        draw_logo(axes, heights, start=start)
        return
    changed = np.zeros(heights.shape[1], dtype=bool)
    changed[[place - start for place in edited]] = True
    draw_logo(axes, np.where(changed, 0, heights), start=start).set_alpha(PALE)
    draw_logo(axes, np.where(changed, heights, 0), start=start)


def shade(axes: Axes, positions: Sequence[int]) -> None:
    """Mark columns from top to bottom."""
    for place in positions:
        axes.axvspan(place - 0.5, place + 0.5, color=SKY, alpha=SHADE, linewidth=0, zorder=0.2)
