"""How many designs hold each motif, beside how many natural sequences do."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqinterp.errors import InputError
from seqinterp.plot.style import BLUE, INK, MUTED, TICK_SIZE, TITLE_SIZE, margins, new_figure, tidy
from seqinterp.shapes import Numbers

ROW, TOP, BOTTOM, LEFT, RIGHT, ACROSS = 34, 64, 42, 168, 54, 420  # CSS pixels
BAR = 0.36  # of a row
SHOWN = 24  # letters of a label


def motif_shares(
    labels: Sequence[str], designs: Numbers, natural: Numbers, *, names: tuple[str, str] = ("designs", "natural")
) -> Figure:
    """Draw two bars for each motif, the first on top: the shares of designs and of natural sequences that hold it.

    Where no natural share is known (all NaN) only the designs are drawn.

    Raises:
        InputError: there is no motif, or not one number of each kind per motif.
    """
    if not labels or not len(labels) == len(designs) == len(natural):
        raise InputError(
            f"one share of designs and of natural sequences per motif is needed, not {len(designs)} and {len(natural)}"
            f" for {len(labels)} motifs"
        )
    height = TOP + ROW * len(labels) + BOTTOM
    figure = new_figure(LEFT + ACROSS + RIGHT, height)
    axes = figure.add_subplot()
    margins(figure, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    rows = np.arange(len(labels))[::-1].astype(float)
    known = np.isfinite(natural)
    pair = bool(known.any())
    shift = BAR / 2 if pair else 0.0
    axes.barh(rows + shift, 100 * designs, height=BAR, color=BLUE, label=names[0])
    if pair:
        axes.barh(rows - shift, 100 * np.where(known, natural, 0), height=BAR, color=MUTED, alpha=0.55, label=names[1])
    for row, own, other in zip(rows, designs, natural, strict=True):
        for level, share in ((row + shift, own), (row - shift, other))[: 1 + pair]:
            if np.isfinite(share):
                axes.text(
                    100 * share + 1, level, f"{100 * share:.0f} %", fontsize=TICK_SIZE - 1, color=INK, va="center"
                )
    tidy(axes, horizontal="sequences that hold the motif (%)")
    axes.set_title("Motif content", fontsize=TITLE_SIZE, color=INK, loc="left", pad=26)
    axes.set_yticks(rows, [_short(label) for label in labels], parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 100)
    axes.set_ylim(-0.6, len(labels) - 0.4)
    _draw_key(figure, axes, height)
    return figure


def _draw_key(figure: Figure, axes: Axes, height: int) -> None:
    """What the two kinds of bars are, in one line between title and bars."""
    key = figure.legend(
        *axes.get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(axes.get_position().x0, 1 - 34 / height),
        ncols=2, frameon=False, fontsize=TICK_SIZE, labelcolor=INK, handlelength=1.2, handleheight=0.8,
        columnspacing=1.6, borderpad=0, borderaxespad=0,
    )  # fmt: skip
    for text in key.get_texts():
        text.set_parse_math(False)


def _short(label: str) -> str:
    """A label that fits beside the axis."""
    return label if len(label) <= SHOWN else f"{label[: SHOWN - 1]}…"
