"""What several methods say of one example, one under the other: logos along a sequence, or maps beside a picture."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seqinterp.plot.image_grid import as_shown, image_grid
from seqinterp.plot.logo import draw_logo
from seqinterp.plot.overlay import draw_overlay, largest_shown, signed_map
from seqinterp.plot.style import (
    BLUE,
    INK,
    LABEL_SIZE,
    MUTED,
    PURPLE,
    SKY,
    TICK_SIZE,
    VERMILION,
    margins,
    new_figure,
    tidy,
)
from seqinterp.shapes import BaseMap, Certainties, Images

Stretch = tuple[int, int, str, bool]  # start, stop, name, whether methods look there

PANEL, SITES, GAP = 104, 15, 20  # CSS pixels: of a logo, of a row of names above the logos, between two panels
CELL = 168  # of a picture
CLIP = 99.0  # percentile of the sizes of a map that has full colour
LETTERS = 20  # that fit above a picture
LEFT, RIGHT, BOTTOM = 58, 12, 40
WIDTH = 1080
ROWS = 6  # of names at most; what does not fit stands in the table


def logos_figure(
    maps: Mapping[str, BaseMap],
    stretches: Sequence[Stretch] = (),
    consensus: Sequence[int] = (),
    *,
    band: tuple[str, Certainties, Certainties] | None = None,
    window: tuple[int, int] | None = None,
) -> Figure:
    """Draw attributions (4, position) by method, one axis of positions for all, with names of stretches above.

    Stretches that methods look at are drawn in full, others in grey; dots under the last logo are `consensus`. `band`
    lies behind the logo of its name, from low to high. Only the columns `[start, stop)` of `window` are shown.
    """
    length = next(iter(maps.values())).shape[1]
    start, stop = window or (0, length)
    inside = [one for one in stretches if one[0] < stop and one[1] > start]
    rows = _laid_out(inside, stop - start)
    above = 12 + SITES * (max(rows, default=-1) + 1)
    height = above + len(maps) * (PANEL + GAP) + BOTTOM
    figure = new_figure(WIDTH, height)
    panels = np.atleast_1d(figure.subplots(len(maps), 1, sharex=True))
    margins(figure, left=LEFT, right=RIGHT, top=above + GAP, bottom=BOTTOM + 4)
    figure.subplots_adjust(hspace=GAP / PANEL)
    for axes, (name, values) in zip(panels, maps.items(), strict=True):
        draw_logo(axes, values[:, start:stop], start=start)
        tidy(axes)
        axes.set_title(name, fontsize=LABEL_SIZE, color=INK, loc="left", pad=3, parse_math=False)
        axes.yaxis.set_major_locator(MaxNLocator(3))
        if band is not None and band[0] == name:
            _lay_behind(axes, band[1][start:stop], band[2][start:stop], start)
    last = panels[-1]
    last.set_xlabel("position (0-based)", fontsize=LABEL_SIZE, color=INK, labelpad=3)
    last.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    figure.supylabel("contribution", fontsize=LABEL_SIZE, color=INK, x=2 / WIDTH)
    _name(panels[0], inside, rows, (start, stop))
    named = [place for place in consensus if start <= place < stop]
    last.scatter(
        named, [-0.03] * len(named), transform=last.get_xaxis_transform(), s=16, color=VERMILION, linewidths=0,
        clip_on=False, zorder=5,
    )  # fmt: skip
    return figure


def _lay_behind(axes: Axes, low: Certainties, high: Certainties, start: int) -> None:
    """A band behind a logo."""
    at = np.arange(start, start + len(low))
    axes.fill_between(at, low, high, step="mid", color=SKY, alpha=0.35, linewidth=0, zorder=0)
    floor, top = axes.get_ylim()
    axes.set_ylim(min(floor, float(low.min())), max(top, float(high.max())))


def _laid_out(stretches: Sequence[Stretch], columns: int) -> list[int]:
    """The row of every stretch, so that names do not overlap."""
    ends: list[float] = []
    rows = []
    for start, stop, name, _ in stretches:
        reach = max(stop, start + (len(name) + 2) * columns / 150)  # some 150 letters fit across
        row = next((number for number, end in enumerate(ends) if end <= start), len(ends))
        ends[row : row + 1] = [reach]
        rows.append(min(row, ROWS - 1))
    return rows


def _name(axes: Axes, stretches: Sequence[Stretch], rows: Sequence[int], window: tuple[int, int]) -> None:
    """A bar and a name for each stretch, above the first panel."""
    for (start, stop, name, looked), row in zip(stretches, rows, strict=True):
        colour = (PURPLE if name == "unnamed" else BLUE) if looked else MUTED
        low, high = max(start, window[0]), min(stop, window[1])
        height = 1 + (GAP + SITES * row + 2) / PANEL
        axes.plot(
            [low - 0.5, high - 0.5], [height] * 2, transform=axes.get_xaxis_transform(), color=colour, linewidth=3,
            clip_on=False, solid_capstyle="butt",
        )  # fmt: skip
        axes.text(
            low - 0.5, height + 0.03, name, transform=axes.get_xaxis_transform(), fontsize=TICK_SIZE, color=colour,
            va="bottom", ha="left", parse_math=False, clip_on=False,
        )  # fmt: skip


def maps_figure(image: np.ndarray, maps: Mapping[str, np.ndarray]) -> Figure:
    """Draw a picture (channel, row, column), and over it maps (row, column) by method."""
    tall, wide = image.shape[1:]
    height, width = max(40, CELL * tall // max(tall, wide)), max(60, CELL * wide // max(tall, wide))
    count = 1 + len(maps)
    figure = new_figure(count * (width + 14) + 14, height + 34)
    cells = np.atleast_1d(figure.subplots(1, count))
    margins(figure, left=8, right=8, top=26, bottom=8)
    figure.subplots_adjust(wspace=14 / width)
    for axes, name in zip(cells, ("the picture", *maps), strict=True):
        axes.set_axis_off()
        axes.set_title(name, fontsize=TICK_SIZE, color=INK, loc="left", pad=4, parse_math=False)
    cells[0].imshow(as_shown(image, None), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    for axes, values in zip(cells[1:], maps.values(), strict=True):
        shown = signed_map(image, values, "all")
        draw_overlay(axes, image, shown, largest_shown(shown, CLIP))
    return figure


def pictures_figure(pictures: Images, titles: Sequence[str]) -> Figure:
    """Draw the nearest training examples in a row, each with a title of two lines, the end of which is what differs."""
    short = ["\n".join(_shortened(line) for line in title.split("\n")) for title in titles]
    return image_grid(pictures, titles=short, columns=len(pictures))


def _shortened(line: str) -> str:
    """The last letters of a line that is longer than its picture is wide."""
    return line if len(line) <= LETTERS else f"…{line[1 - LETTERS :]}"
