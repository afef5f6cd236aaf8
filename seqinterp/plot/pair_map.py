"""Map of which two positions interact, with the logo of the single edits above it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seqinterp.errors import ShapeError
from seqinterp.plot.logo import draw_logo
from seqinterp.plot.style import DIVERGING, INK, MUTED, TICK_SIZE, new_figure, tidy
from seqinterp.shapes import BaseMap, PairMap, PositionPairs

LEFT, RIGHT, TOP, BOTTOM = 66, 96, 12, 44  # CSS pixels around the axes
LOGO, GAP = 96, 10  # height of the logo, and what lies between it and the map
BAR, BESIDE = 12, 14  # width of the colour scale, and its distance from the map


def pair_figure(interaction: PairMap, contributions: BaseMap, *, start: int = 0, width: int = 720) -> Figure:
    """Draw the strongest interaction of every two positions under the logo of the contributions (4, position).

    `interaction` is (position, base, position, base). A cell has the interaction of largest size among the bases, with
    its sign: red where two edits together raise the score more than their sum, blue where less. `start` is the 0-based
    position of the first base; `width` is in CSS pixels.

    Raises `ShapeError` where the two arrays differ in length.
    """
    length = contributions.shape[1]
    if interaction.shape != (length, 4, length, 4):
        raise ShapeError(
            f"contributions of {length} positions need interactions of shape ({length}, 4, {length}, 4); these have"
            f" {interaction.shape}"
        )
    strongest = strongest_interaction(interaction)
    limit = float(np.abs(strongest).max(initial=0.0)) or 1.0
    side = width - LEFT - RIGHT
    height = TOP + LOGO + GAP + side + BOTTOM
    figure = new_figure(width, height)

    def axes_at(left: int, bottom: int, across: int, up: int, shared: Axes | None = None) -> Axes:
        """Axes at a place in CSS pixels from the lower left."""
        return figure.add_axes((left / width, bottom / height, across / width, up / height), sharex=shared)

    cells = axes_at(LEFT, BOTTOM, side, side)
    logo = axes_at(LEFT, BOTTOM + side + GAP, side, LOGO, cells)
    ends = (start - 0.5, start + length - 0.5)
    image = cells.imshow(
        strongest,
        cmap=DIVERGING,
        norm=Normalize(-limit, limit),
        aspect="auto",
        interpolation="nearest",
        extent=(*ends, *ends[::-1]),
    )
    draw_logo(logo, contributions, start=start)
    tidy(logo, vertical="contribution")
    logo.tick_params(bottom=False, labelbottom=False)
    logo.spines["bottom"].set_visible(False)
    logo.yaxis.set_major_locator(MaxNLocator(4))
    tidy(cells, horizontal="position (0-based)", vertical="position (0-based)")
    cells.set_xlim(*ends)
    for axis in (cells.xaxis, cells.yaxis):
        axis.set_major_locator(MaxNLocator(12, integer=True, steps=[1, 2, 5, 10]))
    bar = figure.colorbar(image, cax=axes_at(LEFT + side + BESIDE, BOTTOM, BAR, side))
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=TICK_SIZE, colors=MUTED, labelcolor=INK, length=2, pad=2)
    bar.set_label("strongest interaction", fontsize=TICK_SIZE, color=INK, labelpad=4)
    return figure


def strongest_interaction(interaction: PairMap) -> PositionPairs:
    """Of all bases at two positions the interaction of largest size, with its sign, (position, position)."""
    length = interaction.shape[0]
    flat = interaction.transpose(0, 2, 1, 3).reshape(length, length, 16)
    chosen = np.abs(flat).argmax(axis=2, keepdims=True)
    return np.take_along_axis(flat, chosen, axis=2)[:, :, 0]
