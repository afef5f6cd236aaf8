"""Sequences as rows of letters, with sites of motifs highlighted and edited letters underlined."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from seqinterp.errors import InputError
from seqinterp.plot.glyphs import place_letter
from seqinterp.plot.style import (
    BASE_COLOURS,
    BLUE,
    GREEN,
    INK,
    MUTED,
    PIXELS_PER_INCH,
    PURPLE,
    SKY,
    TICK_SIZE,
    VERMILION,
    new_figure,
)

MARKS = (SKY, PURPLE, GREEN, VERMILION, BLUE, "#E69F00")  # one for each motif; no more can be told apart
CELL, ROW = 9, 26  # CSS pixels of a column and of a row
LEFT, RIGHT, TOP, BOTTOM, KEY = 128, 56, 12, 42, 24
LETTER = 0.54  # of a row
PALE = 0.5


@dataclass(frozen=True)
class Strip:
    """One row: a label, the letters that are drawn, and where the first of them stands in its sequence.

    sites: motif, start and stop of each site, and edited: positions, all counted from the sequence's own beginning.
    """

    label: str
    letters: str
    start: int
    sites: Sequence[tuple[str, int, int]]
    edited: Sequence[int]


def sequence_strips(strips: Sequence[Strip], motifs: Sequence[tuple[str, str]]) -> Figure:
    """Draw rows of letters. `motifs` are the name and the label of those that are highlighted, at most six.

    Rows that begin at one position share an axis; where they do not, each says at its ends where it lies.

    Raises:
        InputError: there is no row, or more motifs than colours.
    """
    if not strips or len(motifs) > len(MARKS):
        raise InputError(
            f"at least one row and at most {len(MARKS)} motifs can be drawn, not {len(strips)} and {len(motifs)}"
        )
    columns = max(len(strip.letters) for strip in strips)
    shared = len({strip.start for strip in strips}) == 1
    width = LEFT + max(columns * CELL, 420) + RIGHT
    below = KEY + (BOTTOM if shared else 8)
    height = TOP + len(strips) * ROW + below
    figure = new_figure(width, height)
    axes = figure.add_axes((LEFT / width, below / height, max(columns * CELL, 420) / width, len(strips) * ROW / height))
    first = strips[0].start if shared else 0
    colours = {name: colour for (name, _), colour in zip(motifs, MARKS, strict=False)}
    for row, strip in enumerate(strips):
        level = len(strips) - 1 - row
        _draw_row(axes, strip, level, 0 if shared else -strip.start, colours)
        if not shared:
            _name_ends(axes, strip, level)
    axes.set_xlim(first - 0.5, first + max(columns, 420 / CELL) - 0.5)
    axes.set_ylim(-0.5, len(strips) - 0.5)
    _name_axes(axes, strips, shared=shared)
    _draw_key(figure, axes, motifs, edited=any(len(strip.edited) for strip in strips))
    return figure


def _draw_row(axes: Axes, strip: Strip, level: int, shift: int, colours: dict[str, str]) -> None:
    """One row at a height; each position is drawn `shift` columns further."""
    stop = strip.start + len(strip.letters)
    lit = [False] * len(strip.letters)
    for name, begin, end in strip.sites:
        low, high = max(begin, strip.start), min(end, stop)
        if name not in colours or low >= high:
            continue
        axes.add_patch(
            Rectangle(
                (low + shift - 0.5, level - 0.38), high - low, 0.76, facecolor=colours[name], alpha=0.32, linewidth=0
            )
        )
        lit[low - strip.start : high - strip.start] = [True] * (high - low)
    for bright in (False, True):
        places = [i for i, letter in enumerate(strip.letters) if lit[i] == bright and letter in BASE_COLOURS]
        letters = PathCollection(
            [
                place_letter(strip.letters[i], float(strip.start + i + shift), level - LETTER / 2, LETTER)
                for i in places
            ],
            facecolors=[BASE_COLOURS[strip.letters[i]] for i in places],
            linewidths=0,
            alpha=1.0 if bright else PALE,
            transform=axes.transData,
        )
        axes.add_collection(letters, autolim=False)
    marks = [
        Rectangle((place + shift - 0.45, level - 0.40), 0.9, 0.075)
        for place in strip.edited
        if strip.start <= place < stop
    ]
    axes.add_collection(PatchCollection(marks, facecolor=INK, linewidth=0), autolim=False)


def _name_ends(axes: Axes, strip: Strip, level: int) -> None:
    """The positions of the first letter and behind the last one, beside the row."""
    stop = strip.start + len(strip.letters)
    for place, words, side in ((-1.1, f"{strip.start:,}", "right"), (len(strip.letters) + 0.1, f"{stop:,}", "left")):
        axes.text(place, level, words, fontsize=TICK_SIZE - 1, color=MUTED, ha=side, va="center")


def _name_axes(axes: Axes, strips: Sequence[Strip], *, shared: bool) -> None:
    """Labels of the rows at the left, positions below where all rows share them."""
    axes.set_yticks(range(len(strips)), [strip.label for strip in reversed(strips)], parse_math=False)
    axes.tick_params(axis="y", length=0, labelsize=TICK_SIZE, labelcolor=INK, pad=6 if shared else 40)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.tick_params(axis="x", labelsize=TICK_SIZE, colors=MUTED, labelcolor=INK, length=3)
    if shared:
        axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
        axes.set_xlabel("position (0-based)", fontsize=TICK_SIZE + 1, color=INK, labelpad=3)
    else:
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)


def _draw_key(figure: Figure, axes: Axes, motifs: Sequence[tuple[str, str]], *, edited: bool) -> None:
    """What the colours and the lines mean, below the rows."""
    handles = [
        Patch(facecolor=colour, alpha=0.32, label=label) for (_, label), colour in zip(motifs, MARKS, strict=False)
    ]
    if edited:
        handles.append(Patch(facecolor=INK, label="edited (underlined)"))
    if not handles:
        return
    left = axes.get_position().x0
    height = figure.get_size_inches()[1] * PIXELS_PER_INCH
    key = figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(left, 4 / height), ncols=len(handles), frameon=False,
        fontsize=TICK_SIZE, labelcolor=INK, handlelength=1.2, handleheight=0.8, columnspacing=1.4, borderaxespad=0,
    )  # fmt: skip
    for text in key.get_texts():
        text.set_parse_math(False)
