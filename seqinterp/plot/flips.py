"""How few substitutions flip predictions, and which ones flip one of them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Affine2D

from seqinterp.errors import ShapeError
from seqinterp.plot.logo import draw_logo
from seqinterp.plot.style import BLUE, FAINT, INK, MUTED, SKY, TICK_SIZE, legend, margins, new_figure, tidy
from seqinterp.shapes import BaseMap, Counters

MOST = 110  # columns that letters are drawn of
ROOM = 0.04  # of the width, for the number of a position
RAISED = 1.35  # letter heights that the row of those put in stands above the other
AROUND = 12  # columns beside the first and the last edit, where not all are drawn


def flips_figure(
    number: Counters,
    fewest: np.ndarray,
    before: BaseMap,
    after: BaseMap,
    *,
    title: str = "",
    size: tuple[int, int] = (1080, 250),
) -> Figure:
    """Draw how many examples need each number of substitutions, and one sequence with its substitutions above it.

    `number` holds 0 where nothing flips, and `fewest` says where no smaller set exists. `before` and `after` are
    one-hot (4, position). Of long sequences the part with the substitutions is drawn.

    Raises `ShapeError` where the parts do not belong together.
    """
    if fewest.shape != number.shape or before.shape != after.shape:
        raise ShapeError(
            f"number and fewest must be of one length, and before and after of one shape, not {number.shape},"
            f" {fewest.shape}, {before.shape} and {after.shape}"
        )
    figure = new_figure(*size)
    bars, letters = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1, 3.4]})
    margins(figure, left=50, right=14, top=30, bottom=44)
    figure.subplots_adjust(wspace=0.14)
    most = max(int(number.max(initial=0)), 2)
    places = np.arange(1, most + 2)
    proven = np.array([np.sum((number == n) & fewest) for n in range(1, most + 1)] + [0])
    others = np.array([np.sum((number == n) & ~fewest) for n in range(1, most + 1)] + [0])
    never = np.zeros(most + 1)
    never[-1] = np.sum(number == 0)
    bars.bar(places, proven, color=BLUE, width=0.72, label="proven fewest")
    bars.bar(places, others, bottom=proven, color=SKY, width=0.72, label="found")
    bars.bar(places, never, color=FAINT, width=0.72)
    tidy(bars, title="Substitutions that flip", horizontal="substitutions", vertical="examples")
    bars.set_xticks(places, [*(str(n) for n in range(1, most + 1)), "none"])
    bars.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    bars.set_ylim(0, 1.32 * max(1, int((proven + others + never).max())))  # room for the key
    legend(bars, place="upper right")
    draw_edits(letters, before, after)
    tidy(letters, title=title, horizontal="position (0-based)")
    return figure


def draw_edits(axes: Axes, before: BaseMap, after: BaseMap) -> None:
    """Letters of a sequence, pale where nothing changes, and above them those that are put in."""
    changed = np.flatnonzero((before != after).any(axis=0))
    low, high = _shown(changed, before.shape[1])
    edited = np.zeros(before.shape[1], dtype=bool)
    edited[changed] = True
    pale = draw_logo(axes, np.where(edited, 0, before)[:, low:high], start=low)
    pale.set_alpha(0.25)
    draw_logo(axes, np.where(edited, before, 0)[:, low:high], start=low)
    raised = draw_logo(axes, np.where(edited, after, 0)[:, low:high], start=low)
    raised.set_transform(Affine2D().translate(0, RAISED) + axes.transData)
    arrow = {"arrowstyle": "-|>", "color": MUTED, "lw": 0.8, "shrinkA": 0}
    free = -np.inf
    for place in changed.tolist():
        axes.annotate("", (place, RAISED - 0.03), (place, 1.04), arrowprops=arrow)
        if place >= free:
            axes.text(place, RAISED + 1.11, str(place), fontsize=TICK_SIZE, color=INK, ha="center", va="bottom")
            free = place + ROOM * (high - low)
    axes.set_ylim(-0.05, 2.9)
    axes.set_yticks([0.5, RAISED + 0.5], ["before", "after"])
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))


def _shown(changed: np.ndarray, length: int) -> tuple[int, int]:
    """Which columns are drawn: all, or those around the edits."""
    if length <= MOST or len(changed) == 0:
        return 0, min(length, MOST)
    low, high = max(0, int(changed[0]) - AROUND), min(length, int(changed[-1]) + 1 + AROUND)
    spare = max(0, MOST - (high - low))
    low = max(0, min(low - spare // 2, length - MOST))
    return low, min(length, max(high, low + MOST))
