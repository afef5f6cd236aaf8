"""Logos of hundreds of motifs: information, contributions and the known motif, column under column."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif
from seqinterp.plot.drawing import Drawing, Shape, box, letter, shortened, side_by_side, text
from seqinterp.plot.glyphs import letter_floors
from seqinterp.plot.logo import stack_limits
from seqinterp.plot.style import BASE_COLOURS, LABEL_SIZE, MUTED, TICK_SIZE, TITLE_SIZE
from seqinterp.sequence.alphabet import BASES
from seqinterp.shapes import BaseMap

COLUMN, WIDEST = 19, 24.0  # CSS pixels of a column, and of one where there is room for more
LEFT, RIGHT, TOP, BOTTOM = 54, 6, 6, 18  # around the panels
TITLE, PANEL, GAP = 24, 64, 12
ROOM = 60  # height of a panel that a long label fits beside
SEEN = 0.1  # CSS pixels: what is lower cannot be seen, and is left out
NUMBERED = 5  # columns are counted from 1, and every fifth has its number


def motif_drawing(
    motif: Motif,
    *,
    known: Motif | None = None,
    title: str = "",
    labels: tuple[str, str, str] | None = None,
    width: int | None = None,
    panel: int = PANEL,
) -> Drawing:
    """Draw a motif's information in bits, below it its mean contributions (where it has any), and the known motif.

    `known` is drawn last, turned and placed as `motif.match` says. Bits end at 2, or above where an uneven background
    makes them more, so that logos compare by eye; contributions have a scale of their own. `labels` stand
    beside the three. Sizes are CSS pixels: the width follows the columns unless it is given, and `panel` is the height
    of each logo.

    Raises:
        InputError: `known` is given, but the motif has no match.
    """
    panels = _panels(motif, known, labels or ("bits", "contribution" if panel >= ROOM else "CWM", "known"))
    first = min(one.offset for one in panels)
    columns = max(one.offset + one.heights.shape[1] for one in panels) - first
    across = LEFT + RIGHT + COLUMN * columns if width is None else width
    column = min(WIDEST, (across - LEFT - RIGHT) / columns)
    above = TOP + (TITLE if title else 0)
    height = above + len(panels) * panel + (len(panels) - 1) * GAP + BOTTOM
    shapes: list[Shape] = []
    if title:
        words = shortened(title, across - 2 * RIGHT, points=TITLE_SIZE)
        shapes.append(text(words, RIGHT, height - TOP - 11, points=TITLE_SIZE))
    for number, one in enumerate(panels):
        bottom = height - above - (number + 1) * panel - number * GAP
        shapes += _axis(one, bottom, panel)
        shapes += _letters(one, LEFT + column * (one.offset - first), bottom, column, panel)
        shapes.append(box(LEFT, bottom + panel * one.share(0.0) - 0.4, column * columns, 0.8, MUTED))
    start = LEFT - column * first
    numbers = [1, *range(NUMBERED, motif.width + 1, NUMBERED)]
    shapes += [text(str(n), start + column * (n - 0.5), 3, points=TICK_SIZE, fill=MUTED, anchor=0.5) for n in numbers]
    return Drawing(across, height, tuple(shapes))


def motif_gallery(motifs: Sequence[Motif], *, columns: int = 4, width: int = 320) -> Drawing:
    """Draw all motifs as one picture, each under its name, `columns` of them in a row."""
    return side_by_side((motif_drawing(one, title=motif_title(one), width=width) for one in motifs), columns=columns)


def save_logos(folder: Path, motifs: Sequence[Motif], *, kinds: Sequence[str] = ("png", "svg")) -> list[Path]:
    """Write the logos of each motif as NAME.png and NAME.svg into a folder, which is made; gives the paths.

    Names are those of the motifs; other letters than those of file names become `_`.

    Raises:
        InputError: two motifs would have one file, or a kind is neither png nor svg.
    """
    wrong = [kind for kind in kinds if kind not in ("png", "svg")]
    if wrong:
        raise InputError(f"logos are written as png or svg, but {wrong[0]!r} was asked for")
    names = [file_name(motif.name) for motif in motifs]
    if len(set(names)) < len(names):
        raise InputError("each logo needs a name of its own, but two motifs have the same; rename one of them")
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, motif in zip(names, motifs, strict=True):
        drawing = motif_drawing(motif, title=motif_title(motif))
        for kind in kinds:
            drawing.save(folder / f"{name}.{kind}")
            paths.append(folder / f"{name}.{kind}")
    return paths


def motif_title(motif: Motif) -> str:
    """A motif's name, and what it resembles."""
    known = motif.label if motif.match is None else motif.match.label or motif.match.name
    return f"{motif.name}  {known}".rstrip()


def file_name(name: str) -> str:
    """A name that every file system takes."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)[
        :80
    ]


@dataclass(frozen=True)
class _Panel:
    """One logo: its letters, the column that it begins at, its label and the ends and ticks of its axis."""

    heights: BaseMap
    offset: int
    label: str
    limits: tuple[float, float]
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """How far up the panel a value lies, from 0 to 1."""
        return (value - self.limits[0]) / (self.limits[1] - self.limits[0])


def _panels(motif: Motif, known: Motif | None, labels: tuple[str, str, str]) -> list[_Panel]:
    """The logos of a motif, from above to below."""
    panels = [_in_bits(motif.information, 0, labels[0])]
    if motif.cwm is not None:
        limits = stack_limits(motif.cwm)
        panels.append(_Panel(motif.cwm, 0, labels[1], limits, _round_ticks(*limits)))
    if known is not None:
        if motif.match is None:
            raise InputError(f"motif {motif.name} has no match, so the known motif {known.name} has no place beside it")
        turned = known.reverse_complement() if motif.match.reverse else known
        panels.append(_in_bits(turned.information, motif.match.offset, labels[2]))
    return panels


def _in_bits(heights: BaseMap, offset: int, label: str) -> _Panel:
    """A logo of information; its axis ends at 2 bits, or above where the background makes columns hold more."""
    most = float(heights.sum(axis=0).max())
    top = 2 if most < 2.001 else math.ceil(most)
    return _Panel(heights, offset, label, (0.0, float(top)), tuple(float(tick) for tick in range(top + 1)))


def _round_ticks(low: float, high: float) -> tuple[float, ...]:
    """Zero, and one round number that is large enough to be told from it, on each side where it fits."""
    largest = max(high, -low)
    power = 10.0 ** math.floor(math.log10(largest))
    end = max(digit * power for digit in (1, 2, 5) if digit * power <= largest or digit == 1)
    return 0.0, *(value for value in (end, -end) if low <= value <= high)


def _axis(one: _Panel, bottom: int, panel: int) -> list[Shape]:
    """The vertical axis of a panel."""
    size = LABEL_SIZE if panel >= ROOM else TICK_SIZE
    shapes = [box(LEFT - 3, bottom, 0.8, panel, MUTED)]
    shapes.append(text(one.label, 13, bottom + panel / 2, points=size, anchor=0.5, upright=True))
    for value in one.ticks:
        at = bottom + panel * one.share(value)
        shapes.append(box(LEFT - 6, at - 0.4, 3, 0.8, MUTED))
        shapes.append(text(f"{value:g}".replace("-", "−"), LEFT - 8, at - 3.6, points=TICK_SIZE, anchor=1.0))
    return shapes


def _letters(one: _Panel, left: float, bottom: int, column: float, panel: int) -> list[Shape]:
    """The letters of a panel, stacked as `draw_logo` stacks them."""
    scale = panel / (one.limits[1] - one.limits[0])
    floors = letter_floors(one.heights)
    return [
        letter(
            BASES[row],
            centre=left + column * (place + 0.5),
            floor=bottom + panel * one.share(floors[row, place]),
            width=column,
            height=scale * one.heights[row, place],
            fill=BASE_COLOURS[BASES[row]],
        )
        for place, row in np.argwhere(np.abs(scale * one.heights.T) >= SEEN)
    ]
