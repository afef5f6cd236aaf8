"""The main measures of every method side by side: one row per method, one cell per measure, its number in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from seqinterp.errors import InputError
from seqinterp.plot.style import FAINT, INK, LABEL_SIZE, MUTED, TICK_SIZE, margins, new_figure

# Orange to blue keeps apart under the common kinds of colour blindness; both ends are light enough for dark numbers.
TINTS = LinearSegmentedColormap.from_list("poor to good", ("#f0a775", "#faf6f2", "#8cbfe3"))
MARKS = {"use": ("✓", "#0b5a94"), "use with care": ("!", "#8a5a00"), "do not use": ("✕", "#a83a00")}
WIDTH, NAMES, VERDICT, RIGHT = 1080, 206, 104, 10  # CSS pixels
ROW, HEAD, FOOT = 25, 150, 40
LONGEST = 32  # letters of a method's name that have room


@dataclass(frozen=True)
class Column:
    """A measure, of what, its group, and the numbers at which a cell is wholly poor and wholly good.

    of: None takes the one of largest size over all that the measure was taken of. Without `poor` and `good` a cell is
    not tinted.
    """

    measure: str
    of: str | None
    group: str
    poor: float | None = None
    good: float | None = None


COLUMNS = (
    Column("deletion_gain", "", "faithful", 0.0, 0.4),
    Column("insertion_gain", "", "faithful", 0.0, 0.4),
    Column("sensitivity_n", "", "faithful", 0.0, 0.8),
    Column("infidelity", "", "faithful", 1.0, 0.2),
    Column("neighbour_similarity", "", "stable", 0.2, 0.9),
    Column("strand_consistency", "", "stable", 0.2, 0.9),
    Column("shift_consistency", "", "stable", 0.2, 0.9),
    Column("reseeding", "", "stable", 0.5, 1.0),
    Column("members", "", "stable", 0.2, 0.9),
    Column("randomised", "spearman", "model", 0.7, 0.1),
    Column("null_similarity", None, "input", 0.7, 0.0),
    Column("completeness_error", "", "adds up", 0.2, 0.0),
    Column("truth_auroc", "", "right", 0.5, 1.0),
    Column("agreement", "", "others", 0.0, 0.9),
    Column("fixed_places", "", "places"),
    Column("outside", "", "places"),
)


def scorecard_figure(summary: pd.DataFrame, decisions: Mapping[str, str]) -> Figure:
    """Draw a table: methods down, best verdict first; measures across, grouped by question.

    summary: one row per method and measure, with columns method, measure, of and mean, as `Scorecard.summary` gives.
    decisions: the verdict of each method: "use", "use with care" or "do not use". Blue cells are good, orange ones
    poor; a cell without a number was not asked, one without a colour is shown and not judged.

    Raises:
        InputError: no method, or a verdict that is none of the three.
    """
    if not decisions:
        raise InputError("a scorecard without methods cannot be drawn; try at least one method that suits the model")
    odd = next((said for said in decisions.values() if said not in MARKS), None)
    if odd is not None:
        raise InputError(f"a verdict is one of {', '.join(MARKS)}, not {odd!r}")
    names = sorted(decisions, key=lambda name: list(MARKS).index(decisions[name]))
    values = {column: main_values(summary, column) for column in COLUMNS}
    shown = [column for column, found in values.items() if not found.empty]
    figure = new_figure(WIDTH, HEAD + ROW * len(names) + FOOT)
    axes = figure.add_subplot()
    margins(figure, left=NAMES + VERDICT, right=RIGHT, top=HEAD, bottom=FOOT)
    axes.set_xlim(0, max(len(shown), 8))
    axes.set_ylim(len(names), 0)
    axes.axis("off")
    for row, name in enumerate(names):
        _draw_name(axes, row, name, decisions[name])
        for across, column in enumerate(shown):
            _draw_cell(axes, across, row, values[column].get(name, np.nan), column)
    _draw_heads(axes, shown)
    _draw_key(figure)
    return figure


def main_values(summary: pd.DataFrame, column: Column) -> "pd.Series[float]":
    """The number of every method that has one, by its name; of the largest size where there are several."""
    rows = summary[(summary["measure"] == column.measure) & summary["mean"].notna()]
    if column.of is not None:
        rows = rows[rows["of"] == column.of]
    else:
        rows = rows.loc[rows["mean"].abs().sort_values(ascending=False, kind="stable").index]
    return rows.drop_duplicates("method").set_index("method")["mean"].astype(float)


def goodness(value: float, column: Column) -> float | None:
    """From 0, poor, to 1, good; None for what is not judged. Likeness to a null map counts by its size."""
    if column.poor is None or column.good is None:
        return None
    size = abs(value) if column.of is None else value
    return float(np.clip((size - column.poor) / (column.good - column.poor), 0, 1))


def in_cell(value: float) -> str:
    """A number in four or five letters."""
    if abs(value) >= 99.5:
        return f"{value:,.0f}".replace("-", "−") if abs(value) < 1e4 else "large"
    text = f"{value:.1f}" if abs(value) >= 9.95 else f"{value:.2f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def shortened(name: str) -> str:
    """A name with the words apart, cut where there is no room for it."""
    words = name.replace("_", " ")
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def _draw_name(axes: Axes, row: int, name: str, decision: str) -> None:
    """The method, its mark and its verdict, left of the cells."""
    mark, colour = MARKS[decision]
    place: dict[str, Any] = {"transform": axes.transData, "va": "center", "fontsize": TICK_SIZE, "clip_on": False}
    wide = axes.get_window_extent().width / axes.get_xlim()[1]  # CSS pixels of a cell
    axes.text(-(NAMES + VERDICT - 6) / wide, row + 0.5, shortened(name), color=INK, parse_math=False, **place)
    axes.text(-(VERDICT - 2) / wide, row + 0.5, mark, color=colour, fontweight="bold", ha="center", **place)
    axes.text(-(VERDICT - 12) / wide, row + 0.5, decision, color=colour, **place)


def _draw_cell(axes: Axes, across: int, row: int, value: float, column: Column) -> None:
    """A tinted box with a number; an outline where nothing was asked."""
    good = None if np.isnan(value) else goodness(value, column)
    colour = "white" if good is None else TINTS(good)
    axes.add_patch(Rectangle((across + 0.03, row + 0.05), 0.94, 0.9, facecolor=colour, edgecolor=FAINT, linewidth=0.6))
    if not np.isnan(value):
        axes.text(across + 0.5, row + 0.52, in_cell(value), ha="center", va="center", fontsize=TICK_SIZE, color=INK)


def _draw_heads(axes: Axes, shown: list[Column]) -> None:
    """The measures, written upwards, and a line over each group."""
    for across, column in enumerate(shown):
        axes.text(
            across + 0.5, -0.25, column.measure.replace("_", " "), rotation=90, ha="center", va="bottom",
            fontsize=TICK_SIZE, color=INK,
        )  # fmt: skip
    above = -(HEAD - 22) / ROW
    for group in dict.fromkeys(column.group for column in shown):
        inside = [across for across, column in enumerate(shown) if column.group == group]
        first, last = inside[0] + 0.08, inside[-1] + 0.92
        axes.plot([first, last], [above, above], color=MUTED, linewidth=1, clip_on=False)
        axes.text((first + last) / 2, above - 0.15, group, ha="center", va="bottom", fontsize=LABEL_SIZE, color=MUTED)


def _draw_key(figure: Figure) -> None:
    """What the tints mean."""
    width, height = figure.get_size_inches() * figure.dpi
    ramp = figure.add_axes(((NAMES + VERDICT + 38) / width, 12 / height, 120 / width, 11 / height))
    ramp.imshow(np.linspace(0, 1, 64)[None], cmap=TINTS, aspect="auto")
    ramp.set_xticks([])
    ramp.set_yticks([])
    for spine in ramp.spines.values():
        spine.set_color(FAINT)
    place: dict[str, Any] = {"va": "center", "fontsize": TICK_SIZE, "color": MUTED}
    figure.text((NAMES + VERDICT + 32) / width, 17 / height, "poor", ha="right", **place)
    words = "good        no colour: shown, not judged        no number: not asked"
    figure.text((NAMES + VERDICT + 164) / width, 17 / height, words, **place)
