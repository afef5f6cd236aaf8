"""Pictures side by side: inputs that were found, natural ones, and what was added to one to become the other."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqinterp.errors import InputError, ShapeError
from seqinterp.plot.style import INK, LABEL_SIZE, TICK_SIZE, margins, new_figure
from seqinterp.shapes import Images

CELL, GAP, TITLE = 128, 10, 32  # CSS pixels: of the longer side of a picture, between two, and of two lines above each
LEFT, AROUND = 74, 8  # room for the labels of rows, and at the edges


def image_grid(
    images: Images,
    *,
    titles: Sequence[str] = (),
    rows: Sequence[str] = (),
    columns: int = 5,
    bounds: tuple[float, float] | None = None,
) -> Figure:
    """Draw pictures (image, channel, row, column), `columns` of them in a row, with a title of up to two lines each.

    One channel is drawn in greys and three in colours; of any other number the mean is drawn. `bounds` are black and
    white; without them the lowest and the highest number of each picture are. `rows` label the rows. A picture that is
    NaN everywhere leaves its cell empty.

    Raises:
        InputError: there are no pictures, more titles or labels than there is to name, or numbers that are not finite.
    """
    if not len(images) or columns < 1:
        raise InputError(f"at least one picture and one column are needed, not {len(images)} and {columns}")
    columns = min(columns, len(images))
    lines = -(-len(images) // columns)
    if len(titles) > len(images) or len(rows) > lines:
        raise InputError(
            f"{len(images)} pictures in {lines} rows take no more titles and labels than that, but {len(titles)} and"
            f" {len(rows)} came"
        )
    empty = np.isnan(images).all(axis=(1, 2, 3))
    if not np.isfinite(images[~empty]).all():
        raise InputError("pictures need finite numbers; these hold NaN or infinity")
    tall, wide = images.shape[2:]
    height, width = CELL * tall // max(tall, wide), CELL * wide // max(tall, wide)
    left = LEFT if rows else AROUND
    above = TITLE if titles else 4
    figure = new_figure(
        left + columns * (max(width, 48) + GAP) - GAP + AROUND, lines * (max(height, 24) + above) + AROUND
    )
    cells = np.atleast_2d(figure.subplots(lines, columns, squeeze=False))
    margins(figure, left=left, right=AROUND, top=above, bottom=AROUND)
    figure.subplots_adjust(wspace=GAP / max(width, 48), hspace=above / max(height, 24))
    for number, axes in enumerate(cells.flat):
        axes.set_axis_off()
        if number < len(images) and not empty[number]:
            axes.imshow(as_shown(images[number], bounds), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            name = titles[number] if number < len(titles) else ""
            axes.set_title(name, fontsize=TICK_SIZE, color=INK, loc="left", pad=3, parse_math=False, linespacing=1.1)
    for axes, label in zip(cells[:, 0], rows, strict=False):
        _row_label(axes, label)
    return figure


def as_shown(image: np.ndarray, bounds: tuple[float, float] | None) -> np.ndarray:
    """A picture (channel, row, column) as (row, column) greys or (row, column, 3) colours from 0 to 1."""
    if image.ndim != 3:
        raise ShapeError(f"a picture must be (channel, row, column), not {image.shape}")
    plain = image.astype(np.float64)
    shown = plain.transpose(1, 2, 0) if len(plain) == 3 else plain.mean(axis=0)
    low, high = bounds or (float(shown.min()), float(shown.max()))
    scaled: np.ndarray = np.clip((shown - low) / (high - low), 0, 1) if high > low else np.full(shown.shape, 0.5)
    return scaled


def _row_label(axes: Axes, label: str) -> None:
    """A label to the left of a row."""
    axes.text(
        -8 / CELL, 0.5, label, transform=axes.transAxes, fontsize=LABEL_SIZE, color=INK, ha="right", va="center",
        parse_math=False,
    )  # fmt: skip
