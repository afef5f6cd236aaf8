"""What a dissection found: concepts by layer, and where one unit is active."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from seqinterp.errors import InputError
from seqinterp.plot.image_grid import as_shown
from seqinterp.plot.logo import draw_logo
from seqinterp.plot.style import (
    FAINT,
    GREEN,
    INK,
    LABEL_SIZE,
    MUTED,
    SKY,
    TICK_SIZE,
    TITLE_SIZE,
    VERMILION,
    margins,
    new_figure,
    tidy,
)

MOST = 25  # concepts in one figure
CELL, ROW, TOP, BOTTOM, RIGHT = 96, 22, 84, 12, 74  # CSS pixels
LETTER = 6.4  # CSS pixels, the mean width of one in the type of the ticks
SHOWN = 24  # letters of a label
PICTURE, GAP, LOGO = 148, 10, 58  # CSS pixels


def by_layer_figure(
    largest: np.ndarray,
    detectors: np.ndarray,
    layers: Sequence[str],
    concepts: Sequence[str],
    categories: Sequence[str],
) -> Figure:
    """Draw concepts in rows, by category, and layers in columns.

    A cell is as dark as the largest IoU `(layer, concept)` of any unit of the layer, and holds how many units detect
    the concept. Of more than 25 concepts those with the largest IoU are drawn.

    Raises:
        InputError: there is nothing to draw, or shapes do not fit.
    """
    if not layers or not concepts or largest.shape != (len(layers), len(concepts)) or detectors.shape != largest.shape:
        raise InputError(
            f"the IoU and detectors must be (layer, concept) = ({len(layers)}, {len(concepts)}), not {largest.shape}"
            f" and {detectors.shape}"
        )
    best = np.argsort(-largest.max(axis=0), kind="stable")[:MOST]
    groups = list(dict.fromkeys(categories))
    rows = sorted(
        best.tolist(), key=lambda i: (groups.index(categories[i]), -detectors[:, i].sum(), -largest[:, i].max())
    )
    shown_names = [_short(concepts[i]) for i in rows]
    aside = max(len(_short(categories[i])) for i in rows)
    left = 22 + round(LETTER * max(map(len, shown_names)) + (LETTER * 1.12 * aside + 14 if aside else 0))
    width, height = left + CELL * len(layers) + RIGHT, TOP + ROW * len(rows) + BOTTOM
    figure = new_figure(max(width, 420), height)
    axes = figure.add_subplot()
    margins(figure, left=left, right=RIGHT + max(0, 420 - width), top=TOP, bottom=BOTTOM)
    shown = largest[:, rows].T
    top = max(0.1, float(shown.max()))
    image = axes.imshow(shown, cmap="Blues", vmin=0, vmax=top, aspect="auto", interpolation="nearest")
    for row, column in np.argwhere(detectors[:, rows].T > 0):
        colour = "white" if shown[row, column] > 0.6 * top else INK
        number = str(detectors[column, rows[row]])
        axes.text(column, row, number, ha="center", va="center", fontsize=TICK_SIZE, color=colour)
    _name_cells(axes, layers, shown_names)
    _name_groups(axes, [_short(categories[i]) for i in rows], left)
    for text, size, colour, down in (
        ("Detectors of each concept", TITLE_SIZE, INK, 8),
        ("numbers: units that detect it", TICK_SIZE, MUTED, 26),
    ):
        figure.text(8 / figure.bbox.width, 1 - down / height, text, fontsize=size, color=colour, va="top")
    _scale(figure, axes, image, height)
    return figure


def _name_cells(axes: Axes, layers: Sequence[str], concepts: Sequence[str]) -> None:
    """Layers above, concepts to the left, thin white lines between."""
    tidy(axes)
    axes.set_xticks(range(len(layers)), list(layers), parse_math=False, linespacing=1.15)
    axes.set_yticks(range(len(concepts)), list(concepts), parse_math=False)
    axes.tick_params(length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    for edge in np.arange(len(layers) - 1) + 0.5:
        axes.axvline(edge, color="white", linewidth=1.5)
    for edge in np.arange(len(concepts) - 1) + 0.5:
        axes.axhline(edge, color="white", linewidth=1.5)


def _name_groups(axes: Axes, categories: Sequence[str], left: int) -> None:
    """A line between categories, and their names at the far left, upright."""
    start = 0
    while start < len(categories):
        stop = start
        while stop < len(categories) and categories[stop] == categories[start]:
            stop += 1
        if start:
            axes.axhline(start - 0.5, color=MUTED, linewidth=0.8)
        at = axes.get_yaxis_transform()
        width = axes.get_position().width * axes.figure.bbox.width
        axes.text(
            -(left - 8) / width, (start + stop - 1) / 2, categories[start], transform=at, fontsize=LABEL_SIZE,
            color=MUTED, ha="left", va="center", parse_math=False,
        )  # fmt: skip
        start = stop


def _scale(figure: Figure, axes: Axes, image: object, height: int) -> None:
    """The colour scale of IoU to the right."""
    box = axes.get_position()
    tall = min(box.height, 130 / height)
    place = figure.add_axes((box.x1 + 14 / figure.bbox.width, box.y1 - tall, 9 / figure.bbox.width, tall))
    bar = figure.colorbar(image, cax=place)  # type: ignore[arg-type]
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=TICK_SIZE, colors=MUTED, labelcolor=INK, length=2, pad=2)
    bar.locator = MaxNLocator(4)
    bar.update_ticks()
    bar.set_label("largest IoU", fontsize=TICK_SIZE, color=INK, labelpad=3)


def unit_image_figure(
    images: np.ndarray, active: np.ndarray, concept: np.ndarray, title: str, titles: Sequence[str]
) -> Figure:
    """Draw images (example, channel, row, column), dimmed where a unit is not active, with outlines of both masks."""
    tall, wide = images.shape[2:]
    height, width = PICTURE * tall // max(tall, wide), PICTURE * wide // max(tall, wide)
    across = max(width, 96) + GAP
    figure = new_figure(len(images) * across + GAP, height + 62)
    cells = figure.subplots(1, len(images), squeeze=False)[0]
    margins(figure, left=GAP, right=GAP, top=50, bottom=10)
    figure.subplots_adjust(wspace=GAP / (across - GAP))
    bounds = float(images.min()), float(images.max())
    for number, axes in enumerate(cells):
        axes.set_axis_off()
        plain = as_shown(images[number], bounds)
        colours = plain if plain.ndim == 3 else np.repeat(plain[..., None], 3, axis=2)
        dimmed = 0.5 * colours + 0.1
        axes.imshow(np.where(active[number][..., None], colours, dimmed), vmin=0, vmax=1, interpolation="nearest")
        for mask, colour, width in ((concept, GREEN, 3.2), (active, VERMILION, 1.3)):
            axes.add_collection(LineCollection(_outline(mask[number]), colors=colour, linewidths=width), autolim=False)
        name = titles[number] if number < len(titles) else ""
        axes.set_title(name, fontsize=TICK_SIZE, color=INK, loc="left", pad=3, parse_math=False)
    _headline(figure, title, (("unit is active", VERMILION), ("concept", GREEN)))
    return figure


def unit_sequence_figure(
    columns: np.ndarray, active: np.ndarray, concept: np.ndarray, title: str, titles: Sequence[str]
) -> Figure:
    """Draw sequences (example, 4, position); what a unit marks is shaded, and a line is drawn under the concept."""
    count = len(columns)
    figure = new_figure(1080, count * LOGO + 84)
    rows = figure.subplots(count, 1, squeeze=False)[:, 0]
    margins(figure, left=126, right=10, top=36, bottom=42)
    figure.subplots_adjust(hspace=0.35)
    for number, axes in enumerate(rows):
        draw_logo(axes, columns[number])
        tidy(axes, horizontal="position (0-based)" if number == count - 1 else "")
        axes.set_ylim(-0.35, 1.02)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        for mask, floor, tall, colour in ((active, 0.0, 1.0, SKY), (concept, -0.3, 0.16, GREEN)):
            spans = [Rectangle((start - 0.5, floor), stop - start, tall) for start, stop in _spans(mask[number])]
            alpha = 0.45 if tall == 1.0 else 1.0
            axes.add_collection(
                PatchCollection(spans, facecolor=colour, alpha=alpha, linewidths=0, zorder=0), autolim=False
            )
        name = titles[number] if number < len(titles) else ""
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=TICK_SIZE, color=INK, parse_math=False)
        axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
        axes.tick_params(labelbottom=number == count - 1, bottom=number == count - 1)
        axes.spines["bottom"].set_color(FAINT)
    _headline(figure, title, (("unit is active", SKY), ("concept", GREEN)))
    return figure


def _outline(mask: np.ndarray) -> list[list[tuple[float, float]]]:
    """The sides (column, row) of pixels between True and False, and at the edge of the image."""
    padded = np.pad(mask, 1).astype(np.int8)
    level = [[(c - 0.5, r - 0.5), (c + 0.5, r - 0.5)] for r, c in np.argwhere(np.diff(padded[:, 1:-1], axis=0) != 0)]
    upright = [[(c - 0.5, r - 0.5), (c - 0.5, r + 0.5)] for r, c in np.argwhere(np.diff(padded[1:-1], axis=1) != 0)]
    return level + upright


def _spans(mask: np.ndarray) -> list[tuple[int, int]]:
    """Runs of True, half-open."""
    steps = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


def _headline(figure: Figure, title: str, key: Sequence[tuple[str, str]]) -> None:
    """The title, and what the colours are."""
    width, height = figure.bbox.width, figure.bbox.height
    figure.text(GAP / width, 1 - 8 / height, title, fontsize=TITLE_SIZE, color=INK, va="top", parse_math=False)
    handles = [Rectangle((0, 0), 1, 1, facecolor=colour, linewidth=0) for _, colour in key]
    figure.legend(
        handles, [name for name, _ in key], loc="upper right", bbox_to_anchor=(1 - 6 / width, 1 - 4 / height), ncols=2,
        frameon=False, fontsize=TICK_SIZE, labelcolor=INK, handlelength=1.0, handleheight=0.7, borderpad=0,
        borderaxespad=0, columnspacing=1.2,
    )  # fmt: skip


def _short(label: str) -> str:
    """A label that fits beside the axis."""
    return label if len(label) <= SHOWN else f"{label[: SHOWN - 1]}…"
