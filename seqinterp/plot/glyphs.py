"""Outlines of the letters A, C, G and T, taken once from logomaker and placed many times."""

from functools import cache

import numpy as np
from logomaker import Glyph
from matplotlib.path import Path

from seqinterp.plot.style import new_figure
from seqinterp.shapes import BaseMap

LETTER_WIDTH = 0.95  # of a column, as logomaker draws it


@cache
def outline(base: str) -> tuple[np.ndarray, np.ndarray]:
    """Give one letter's vertices and path codes in a box one high, `LETTER_WIDTH` wide and centred on zero."""
    axes = new_figure(96, 96).add_subplot()
    path = Glyph(0, base, floor=0, ceiling=1, ax=axes, width=LETTER_WIDTH).patch.get_path()
    vertices, codes = np.array(path.vertices), np.array(path.codes)
    vertices.flags.writeable = codes.flags.writeable = False  # shared by every logo of this process
    return vertices, codes


def letter_floors(heights: BaseMap) -> np.ndarray:
    """Give the lower edge of every letter, stacked as logomaker's `big_on_top` does.

    Each column is one stack of boxes in the order of their signed height, so the most negative letter lies
    lowest, zero is where the negative letters end, and the tallest letters stand farthest from zero.
    """
    order = np.argsort(heights, axis=0)
    tall = np.abs(np.take_along_axis(heights, order, axis=0))
    lowest = np.minimum(heights, 0.0).sum(axis=0)
    floors = np.empty(heights.shape)
    np.put_along_axis(floors, order, lowest + np.cumsum(tall, axis=0) - tall, axis=0)
    return floors


def place_letter(base: str, centre: float, floor: float, height: float) -> Path:
    """Give the outline of a letter that fills its box; a negative height turns it upside down."""
    vertices, codes = outline(base)
    bottom = floor if height > 0 else floor - height
    return Path(vertices * (1.0, height) + (centre, bottom), codes)
