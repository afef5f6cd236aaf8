"""Map of what every single-base edit does, with the contribution logo above it."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from seqinterp.errors import ShapeError
from seqinterp.plot.logo import draw_logo, stack_limits
from seqinterp.plot.style import DIVERGING, INK, MUTED, TICK_SIZE, margins, new_figure, tidy
from seqinterp.sequence.alphabet import BASES
from seqinterp.shapes import BaseMap

ROW_HEIGHT = 215  # CSS pixels of one logo and the map under it
TITLE_HEIGHT = 18


def mutagenesis_figure(
    effects: BaseMap,
    contributions: BaseMap,
    sequence: str,
    *,
    start: int = 0,
    columns: int = 200,
    width: int = 1080,
    title: str = "",
) -> Figure:
    """Draw the effects of all edits (4, position) under the logo of the contributions (4, position).

    Rows are A, C, G, T; red raises the score, blue lowers it, white is no effect, on one scale that is symmetric
    about zero. A dot marks the base that is there. Sequences longer than `columns` are broken into rows of nearly
    equal length. `start` is the 0-based position of the first base; `width` is in CSS pixels.

    Raises `ShapeError` where the arrays and the sequence differ in length.
    """
    length = len(sequence)
    for name, array in (("effects", effects), ("contributions", contributions)):
        if array.shape != (len(BASES), length):
            raise ShapeError(
                f"a sequence of {length} bases needs {name} of shape (4, {length}); these have {array.shape}"
            )
    rows = max(1, math.ceil(length / columns))
    across = math.ceil(length / rows)
    limit = float(np.abs(effects).max(initial=0.0)) or 1.0
    scale = Normalize(-limit, limit)
    above = TITLE_HEIGHT if title else 0
    figure = new_figure(width, rows * ROW_HEIGHT + 34 + above)
    margins(figure, left=58, right=62, top=12 + above, bottom=40)
    grid = figure.add_gridspec(rows, 1, hspace=0.32)
    shared: Axes | None = None
    for number in range(rows):
        cut = slice(number * across, min((number + 1) * across, length))
        pair = grid[number].subgridspec(2, 2, height_ratios=(1, 1), width_ratios=(90, 1), hspace=0.08, wspace=0.02)
        logo = figure.add_subplot(pair[0, 0], sharey=shared)
        shared = shared or logo
        cells = figure.add_subplot(pair[1, 0], sharex=logo)
        draw_logo(logo, contributions[:, cut], start=start + cut.start)
        image = draw_effects(cells, effects[:, cut], sequence[cut], start=start + cut.start, scale=scale)
        cells.set_xlim(start + cut.start - 0.5, start + cut.start + across - 0.5)
        _dress(logo, cells, title="" if number else title, last=number == rows - 1)
        _add_scale(figure, figure.add_subplot(pair[1, 1]), image)
    if shared is not None:
        shared.set_ylim(*stack_limits(contributions))  # one height for all rows, so that they compare
    return figure


def draw_effects(axes: Axes, effects: BaseMap, sequence: str, *, start: int, scale: Normalize) -> AxesImage:
    """Draw one cell for each edit and a dot on each base that is there; `N` gets no dot."""
    length = effects.shape[1]
    image = axes.imshow(
        effects,
        cmap=DIVERGING,
        norm=scale,
        aspect="auto",
        interpolation="nearest",
        extent=(start - 0.5, start + length - 0.5, len(BASES) - 0.5, -0.5),
    )
    here = [(start + column, BASES.index(base)) for column, base in enumerate(sequence.upper()) if base in BASES]
    axes.scatter([column for column, _ in here], [row for _, row in here], s=4, color=INK, linewidths=0, zorder=3)
    return image


def _dress(logo: Axes, cells: Axes, *, title: str, last: bool) -> None:
    """Name the rows and the axes; positions are written under the map alone."""
    tidy(logo, title=title, vertical="contribution")
    logo.tick_params(bottom=False, labelbottom=False)
    logo.spines["bottom"].set_visible(False)
    tidy(cells, vertical="edit to", horizontal="position (0-based)" if last else "")
    cells.set_yticks(range(len(BASES)), list(BASES))
    cells.tick_params(axis="y", length=0)
    cells.xaxis.set_major_locator(MaxNLocator(20, integer=True, steps=[1, 2, 5, 10]))


def _add_scale(figure: Figure, place: Axes, image: ScalarMappable) -> None:
    """Add the colour scale beside a map."""
    bar = figure.colorbar(image, cax=place)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=TICK_SIZE, colors=MUTED, labelcolor=INK, length=2, pad=2)
    bar.locator = MaxNLocator(3, symmetric=True)
    bar.update_ticks()
    bar.set_label("change of score", fontsize=TICK_SIZE, color=INK, labelpad=3)
