"""Pictures made of filled outlines, written as SVG or PNG without a figure: what hundreds of logos need.

A figure of matplotlib lays out its axes, ticks and texts anew each time, some 40 ms for each of PNG and SVG. Here the
outlines of letters and words are made once and then only placed, so that a picture takes a few milliseconds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.image import imsave
from matplotlib.path import Path as Outline
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D

from seqinterp.plot.glyphs import outline as letter_outline
from seqinterp.plot.style import INK, PIXELS_PER_INCH

Number = float | int
Matrix = tuple[Number, Number, Number, Number, Number, Number]  # (x, y) goes to (ax + cy + e, bx + dy + f), as in SVG

_NO_WRITER: Any = {"Software": None}  # the version of matplotlib would make the bytes differ
_COMMANDS = {Outline.MOVETO: ("M", 1), Outline.LINETO: ("L", 1), Outline.CURVE3: ("Q", 2), Outline.CURVE4: ("C", 3)}


@dataclass(frozen=True)
class Shape:
    """An outline, placed and filled: a base ("letter", "A"), a word ("text", "bits") or a unit square ("box", "")."""

    kind: str
    content: str
    fill: str
    matrix: Matrix

    def moved(self, across: Number, up: Number) -> "Shape":
        """The same shape at another place."""
        a, b, c, d, e, f = self.matrix
        return replace(self, matrix=(a, b, c, d, e + across, f + up))


@dataclass(frozen=True)
class Drawing:
    """A picture of a size in CSS pixels; places are counted from its lower left corner."""

    width: int
    height: int
    shapes: tuple[Shape, ...]

    def svg(self) -> str:
        """The picture as SVG; words are outlines, so that it looks the same on every machine."""
        names = {shape: f"o{i}" for i, shape in enumerate(dict.fromkeys((s.kind, s.content) for s in self.shapes))}
        outlines = "".join(f'<path id="{name}" d="{_commands(*key)}"/>' for key, name in names.items())
        placed = "".join(
            f'<use xlink:href="#{names[s.kind, s.content]}" fill="{s.fill}"'
            f' transform="matrix({" ".join(_short(value) for value in s.matrix)})"/>'
            for s in self.shapes
        )
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
            f' width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}">'
            f"<defs>{outlines}</defs>"
            f'<rect width="{self.width}" height="{self.height}" fill="#fff"/>'
            f'<g transform="matrix(1 0 0 -1 0 {self.height})">{placed}</g></svg>\n'
        )

    def pixels(self, *, density: Number = 2) -> np.ndarray:
        """The picture as (row, column, RGBA) bytes, `density` dots per CSS pixel."""
        renderer = RendererAgg(round(self.width * density), round(self.height * density), PIXELS_PER_INCH * density)
        plain = renderer.new_gc()
        plain.set_linewidth(0)
        page = Shape("box", "", "#ffffff", (self.width, 0, 0, self.height, 0, 0))
        for shape in (page, *self.shapes):
            a, b, c, d, e, f = (density * value for value in shape.matrix)
            place = Affine2D(np.array([[a, c, e], [b, d, f], [0.0, 0.0, 1.0]]))
            renderer.draw_path(plain, _outline(shape.kind, shape.content), place, to_rgb(shape.fill))
        return np.asarray(renderer.buffer_rgba())

    def png(self, *, density: Number = 2) -> bytes:
        """The picture as PNG; the same picture always gives the same bytes."""
        held = BytesIO()
        # Without an alpha channel, which a white page does not need; stronger compression costs more than it saves.
        imsave(
            held,
            self.pixels(density=density)[:, :, :3],
            format="png",
            metadata=_NO_WRITER,
            pil_kwargs={"compress_level": 3},
        )
        return held.getvalue()

    def save(self, path: Path, *, density: Number = 2) -> None:
        """Write PNG or SVG, by the ending of the path."""
        path.write_bytes(self.png(density=density) if path.suffix == ".png" else self.svg().encode())


def letter(base: str, *, centre: Number, floor: Number, width: Number, height: Number, fill: str) -> Shape:
    """A base whose box is `width` wide, a little air included; a negative height turns it upside down."""
    return Shape("letter", base, fill, (width, 0, 0, height, centre, floor if height > 0 else floor - height))


def box(left: Number, bottom: Number, width: Number, height: Number, fill: str) -> Shape:
    """A filled rectangle; a line is a thin one."""
    return Shape("box", "", fill, (width, 0, 0, height, left, bottom))


def text(
    words: str,
    left: Number,
    bottom: Number,
    *,
    points: Number,
    fill: str = INK,
    anchor: Number = 0,
    upright: bool = False,
) -> Shape:
    """Words on a line that begins at (left, bottom), or has its middle (`anchor` 0.5) or its end (1) there.

    `upright` words run from below to above, as beside a vertical axis.
    """
    size = points * PIXELS_PER_INCH / 72 / text_to_path.FONT_SCALE
    back = anchor * size * text_width(words)
    if upright:
        return Shape("text", words, fill, (0, size, -size, 0, left, bottom - back))
    return Shape("text", words, fill, (size, 0, 0, size, left - back, bottom))


def shortened(words: str, room: Number, *, points: Number) -> str:
    """As many of the letters as there is room for, in CSS pixels, with an ellipsis where some are left out."""
    scale = points * PIXELS_PER_INCH / 72 / text_to_path.FONT_SCALE
    if scale * text_width(words) <= room:
        return words
    return next(
        (cut for end in range(len(words) - 1, 0, -1) if scale * text_width(cut := words[:end] + "…") <= room), ""
    )


def side_by_side(drawings: Iterable[Drawing], *, columns: int, gap: int = 12) -> Drawing:
    """Several pictures as one, row by row, each in a cell as large as the largest."""
    held = list(drawings)
    if not held:
        return Drawing(1, 1, ())
    across, up = max(one.width for one in held), max(one.height for one in held)
    rows = -(-len(held) // columns)
    columns = min(columns, len(held))
    height = rows * up + (rows - 1) * gap
    shapes: list[Shape] = []
    for number, one in enumerate(held):
        row, column = divmod(number, columns)
        left, bottom = column * (across + gap), height - row * (up + gap) - one.height
        shapes += [shape.moved(left, bottom) for shape in one.shapes]
    return Drawing(columns * across + (columns - 1) * gap, height, tuple(shapes))


@lru_cache(maxsize=4096)
def text_width(words: str) -> float:
    """How wide words are, in the units of the font."""
    width, _, _ = text_to_path.get_text_width_height_descent(words, _font(), ismath=False)
    return float(width)


@lru_cache(maxsize=4096)
def _outline(kind: str, content: str) -> Outline:
    """The outline that a shape places."""
    return _MAKERS[kind](content)


def _of_letter(base: str) -> Outline:
    return Outline(*letter_outline(base))


def _of_text(words: str) -> Outline:
    vertices, codes = text_to_path.get_text_path(_font(), words, ismath=False)
    return Outline(np.reshape(vertices, (-1, 2)), codes) if len(codes) else Outline(np.zeros((1, 2)))


def _of_box(_: str) -> Outline:
    return Outline.unit_rectangle()


_MAKERS: dict[str, Callable[[str], Outline]] = {"letter": _of_letter, "text": _of_text, "box": _of_box}


@cache
def _font() -> FontProperties:
    """The font that matplotlib brings along, whatever is installed."""
    return FontProperties(family="DejaVu Sans", size=text_to_path.FONT_SCALE)


@lru_cache(maxsize=4096)
def _commands(kind: str, content: str) -> str:
    """An outline in the language of SVG."""
    path = _outline(kind, content)
    vertices = np.asarray(path.vertices, np.float64)
    codes = [Outline.MOVETO] + [Outline.LINETO] * (len(path) - 1) if path.codes is None else np.asarray(path.codes)
    parts: list[str] = []
    here = 0
    while here < len(codes):
        if codes[here] == Outline.CLOSEPOLY:
            parts.append("Z")
            here += 1
            continue
        command, points = _COMMANDS[codes[here]]
        parts.append(command + " ".join(_short(value) for value in vertices[here : here + points].ravel()))
        here += points
    return "".join(parts)


def _short(value: Number) -> str:
    """A number with as many digits as can be seen."""
    return f"{value:.5g}"
