"""Logos of columns of bases that an input is made of, in bits, one sequence under the other."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seqinterp.errors import InputError
from seqinterp.plot.logo import draw_logo
from seqinterp.plot.style import INK, TICK_SIZE, margins, new_figure, tidy
from seqinterp.shapes import BaseMap, BaseMaps, Numbers

WIDTH, PANEL, BETWEEN, BOTTOM = 1080, 82, 30, 40  # CSS pixels


def column_logos(columns: BaseMaps, *, titles: Sequence[str] = (), background: Numbers | None = None) -> Figure:
    """Draw columns (sequence, 4, position) that sum to 1, as high as they tell of each position.

    A letter is p log2(p / q) bits summed over the column, times its p (Schneider & Stephens 1990), q the background;
    None takes 1/4 of each. Columns of zeros (N) are left empty. The axis ends at the most a column can hold.

    Raises:
        InputError: there is no sequence, or more titles than sequences.
    """
    if not len(columns) or len(titles) > len(columns):
        raise InputError(f"at least one sequence and no more titles are needed, not {len(columns)} and {len(titles)}")
    shares = np.full(4, 0.25) if background is None else np.asarray(background, dtype=np.float64)
    figure = new_figure(WIDTH, len(columns) * (PANEL + BETWEEN) + BOTTOM - 8)
    panels = figure.subplots(len(columns), 1, squeeze=False)[:, 0]
    margins(figure, left=46, right=10, top=BETWEEN - 6, bottom=BOTTOM)
    figure.subplots_adjust(hspace=BETWEEN / PANEL)
    for number, axes in enumerate(panels):
        draw_logo(axes, in_bits(columns[number], shares))
        last = number == len(columns) - 1
        tidy(axes, horizontal="position (0-based)" if last else "", vertical="bits")
        title = titles[number] if number < len(titles) else ""
        axes.set_title(title, fontsize=TICK_SIZE, color=INK, loc="left", pad=3, parse_math=False)
        axes.set_ylim(0, float(-np.log2(shares.min())))
        axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    return figure


def in_bits(columns: BaseMap, shares: Numbers) -> BaseMap:
    """Heights (4, position) of the letters of columns over a background `(4,)`."""
    plain = columns.astype(np.float64)
    ratio = np.divide(plain, shares[:, None], out=np.ones_like(plain), where=plain > 0)
    heights: np.ndarray = plain * np.maximum((plain * np.log2(ratio)).sum(axis=0), 0)
    return heights
