"""Patches that excite units most, beside what of them does: two blocks of small pictures, a row for every unit."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from seqinterp.errors import ShapeError
from seqinterp.plot.drawing import Number
from seqinterp.plot.image_grid import as_shown
from seqinterp.plot.style import INK, LABEL_SIZE, PIXELS_PER_INCH, TICK_SIZE, TITLE_SIZE, new_figure
from seqinterp.shapes import AnyNumbers

GAP, BETWEEN, LEFT, TOP, EDGE = 3, 28, 74, 50, 8  # CSS pixels
SMALLEST, LARGEST, NOWHERE = 44, 72, 0.92  # of the longer side of a patch; and the grey beyond a border


def gallery_figure(patches: AnyNumbers, projections: AnyNumbers, *, labels: Sequence[str], title: str = "") -> Figure:
    """Draw patches (unit, rank, channel, row, column) and, to their right, the projections of the same shape.

    A patch is black at its lowest number and white at its highest. The projections of a unit share one scale: grey is
    zero, brighter speaks for the unit and darker against it. What is NaN, beyond the border of an image, is pale.

    Raises:
        ShapeError: the arrays differ in shape, or there is not one label per unit.
    """
    if patches.ndim != 5 or patches.shape != projections.shape or len(labels) != len(patches):
        raise ShapeError(
            "a gallery needs patches (unit, rank, channel, row, column), projections of the same shape and a label per"
            f" unit, not {patches.shape}, {projections.shape} and {len(labels)} labels"
        )
    units, ranks, _, tall, wide = patches.shape
    side = int(np.clip(3 * max(tall, wide), SMALLEST, LARGEST))
    height, width = max(side * tall // max(tall, wide), 1), max(side * wide // max(tall, wide), 1)
    block = ranks * (width + GAP)
    figure = new_figure(LEFT + 2 * block + BETWEEN + EDGE, TOP + units * (height + GAP) + EDGE)
    shades = [np.nanmax(np.abs(each), initial=0.0) for each in projections]
    for number, drawn in enumerate((patches, projections)):
        canvas = np.ones((units * (height + GAP), block, 3))
        for unit, rank in np.ndindex(units, ranks):
            scaled = _grey(drawn[unit, rank], shades[unit]) if number else _picture(drawn[unit, rank])
            top, left = unit * (height + GAP), rank * (width + GAP)
            canvas[top : top + height, left : left + width] = _enlarged(scaled, height, width)
        _place(figure, canvas, LEFT + number * (block + BETWEEN), TOP)
        _write(figure, LEFT + number * (block + BETWEEN), TOP - 6, ("patches", "projections")[number], LABEL_SIZE)
    for unit, label in enumerate(labels):
        _write(figure, LEFT - 8, TOP + unit * (height + GAP) + height / 2, label, TICK_SIZE, right=True)
    _write(figure, EDGE, 20, title, TITLE_SIZE)
    return figure


def _picture(patch: np.ndarray) -> np.ndarray:
    """A patch as (row, column, 3) from 0 to 1; pale where it is NaN."""
    known = ~np.isnan(patch).any(axis=0)
    low, high = (float(patch[:, known].min()), float(patch[:, known].max())) if known.any() else (0.0, 0.0)
    return _coloured(as_shown(np.where(known, patch, high), (low, high)), known)


def _grey(patch: np.ndarray, shade: Number) -> np.ndarray:
    """A projection as (row, column, 3), grey where it is zero."""
    known = ~np.isnan(patch).any(axis=0)
    bound = float(shade) or 1.0
    return _coloured(as_shown(np.where(known, patch, 0.0), (-bound, bound)), known)


def _coloured(shown: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Greys as colours; pale where nothing is known."""
    colours = shown if shown.ndim == 3 else np.repeat(shown[..., None], 3, axis=2)
    found: np.ndarray = np.where(known[..., None], colours, NOWHERE)
    return found


def _enlarged(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """The nearest pixel of a picture for each pixel of the page."""
    rows, columns = (np.arange(size) * have // size for size, have in zip((height, width), picture.shape, strict=False))
    found: np.ndarray = picture[rows[:, None], columns]
    return found


def _place(figure: Figure, canvas: np.ndarray, left: Number, top: Number) -> None:
    """A block of pixels at its place in CSS pixels."""
    width, height = figure.get_size_inches() * PIXELS_PER_INCH
    tall, wide = canvas.shape[:2]
    axes = figure.add_axes((left / width, 1 - (top + tall) / height, wide / width, tall / height))
    axes.imshow(canvas, interpolation="nearest", aspect="auto")
    axes.set_axis_off()


def _write(figure: Figure, left: Number, top: Number, words: str, size: Number, *, right: bool = False) -> None:
    """Words at a place in CSS pixels; `right` ends them there, in the middle of a row."""
    width, height = figure.get_size_inches() * PIXELS_PER_INCH
    across, up = ("right", "center") if right else ("left", "bottom")
    figure.text(
        left / width, 1 - top / height, words, fontsize=size, color=INK, parse_math=False, ha=across, va=up
    )  # fmt: skip
