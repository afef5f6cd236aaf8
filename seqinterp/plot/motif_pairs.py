"""Two motifs in one sequence: how often, compared with chance, and how far apart."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seqinterp.errors import ShapeError
from seqinterp.plot.style import (
    BLUE,
    DIVERGING,
    GREEN,
    INK,
    LABEL_SIZE,
    MUTED,
    PURPLE,
    TICK_SIZE,
    VERMILION,
    margins,
    new_figure,
    tidy,
)
from seqinterp.shapes import Matrix, Numbers

MOST = 3.0  # log2 at which colours end, eight times as often or as seldom as by chance
CELL, LETTER = (16, 34), 6.2  # CSS pixels: least and greatest side of a cell, width of a letter
COLOURS = (BLUE, VERMILION, GREEN, PURPLE)


def co_occurrence_figure(
    log2_ratio: Matrix, names: Sequence[str], *, sure: np.ndarray | None = None, most: int = 760
) -> Figure:
    """Draw which motifs share sequences more often (red) or less often (blue) than by chance, motif by motif.

    `log2_ratio` is (motif, motif), observed over expected; NaN is left white, infinite values have the last colour.
    `sure` marks with a dot the pairs that differ from chance. `most` is the width in CSS pixels that the cells take at
    most.

    Raises `ShapeError` where names or marks are not as many as the matrix has rows.
    """
    count = len(names)
    for what, shape in (("log2_ratio", log2_ratio.shape), ("sure", (count, count) if sure is None else sure.shape)):
        if shape != (count, count):
            raise ShapeError(f"{count} motifs need {what} of shape ({count}, {count}), but it is {shape}")
    cell = max(CELL[0], min(CELL[1], most // max(1, count)))
    label = round(LETTER * max((len(name) for name in names), default=1)) + 14
    side = max(1, count) * cell
    width, height = label + side + 84, label + side + 12
    figure = new_figure(width, height)
    axes = figure.add_axes((label / width, label / height, side / width, side / height))
    shown = np.clip(np.nan_to_num(log2_ratio, nan=0.0, posinf=MOST, neginf=-MOST), -MOST, MOST)
    limit = max(1.0, float(np.abs(shown).max(initial=0.0)))
    image = axes.imshow(shown, cmap=DIVERGING, norm=Normalize(-limit, limit), interpolation="nearest")
    if sure is not None and sure.any():
        rows, columns = np.nonzero(sure)
        axes.scatter(columns, rows, s=(cell / 5) ** 2, color=INK, edgecolors="white", linewidths=0.6)
    tidy(axes)
    for spine in axes.spines.values():
        spine.set_visible(False)
    places = range(count)
    axes.set_xticks(places, [name.replace("$", r"\$") for name in names], rotation=90)
    axes.set_yticks(places, [name.replace("$", r"\$") for name in names])
    axes.tick_params(length=0)
    bar = figure.colorbar(
        image, cax=figure.add_axes(((label + side + 16) / width, label / height, 12 / width, min(side, 220) / height))
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=TICK_SIZE, colors=MUTED, labelcolor=INK, length=2, pad=2)
    bar.locator = MaxNLocator(4, symmetric=True)
    bar.update_ticks()
    bar.set_label("log2 observed / expected", fontsize=TICK_SIZE, color=INK, labelpad=4)
    return figure


def spacing_figure(
    distances: Numbers, counts: Mapping[str, np.ndarray], *, title: str = "", size: tuple[int, int] = (530, 300)
) -> Figure:
    """Draw how often two motifs stand at each distance, one row of bars for each way that they are turned.

    `distances` are in base pairs, at even steps, and `counts` go from the words for an orientation to one number per
    distance. Rows share one scale.

    Raises `ShapeError` where a row has more or fewer numbers than there are distances.
    """
    for name, numbers in counts.items():
        if numbers.shape != distances.shape:
            raise ShapeError(f"{len(distances)} distances need as many counts, but {name} has {numbers.shape}")
    step = float(np.diff(distances).min()) if len(distances) > 1 else 1.0
    edges = np.append(distances - step / 2, distances[-1:] + step / 2)
    top = max((float(numbers.max(initial=0.0)) for numbers in counts.values()), default=0.0) or 1.0
    figure = new_figure(*size)
    rows = figure.subplots(max(1, len(counts)), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    margins(figure, left=50, right=14, top=30 if title else 8, bottom=44)
    figure.subplots_adjust(hspace=0.28)
    for number, (axes, (name, numbers)) in enumerate(zip(rows, counts.items(), strict=True)):
        axes.stairs(numbers, edges, fill=True, color=COLOURS[number % len(COLOURS)])
        last = number == len(counts) - 1
        tidy(axes, title="" if number else title, horizontal="distance (bp)" if last else "")
        axes.yaxis.set_major_locator(MaxNLocator(2, integer=True))
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, steps=[1, 2, 5, 10]))
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(0, 1.25 * top)  # room for the words
        axes.text(0.995, 0.97, name, transform=axes.transAxes, fontsize=LABEL_SIZE, color=INK, ha="right", va="top")
    figure.supylabel("pairs", fontsize=LABEL_SIZE, color=INK, x=0.012)
    return figure
