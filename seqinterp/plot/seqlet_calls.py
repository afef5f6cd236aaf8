"""How many seqlets are called at each false discovery rate, and how many of them chance would make."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from seqinterp.errors import InputError
from seqinterp.plot.style import BLUE, INK, MUTED, VERMILION, legend, margins, new_figure, tidy

NEEDED = ("rate", "calls", "positive", "negative", "false")


def calls_figure(curve: pd.DataFrame, *, threshold: float | None = None, size: tuple[int, int] = (520, 290)) -> Figure:
    """Draw the calls of a discovery's `curve` against the rate, on a logarithmic axis.

    The grey area is what would be called of sequences without anything to find; the dashed line is the threshold that
    was used. Raises `InputError` where the table lacks a column or has no rows.
    """
    lacking = [name for name in NEEDED if name not in curve.columns]
    if lacking or curve.empty:
        raise InputError(
            f"a curve of calls has rows with {', '.join(NEEDED)}; "
            f"{'this has no ' + ', '.join(lacking) if lacking else 'this has no rows'}"
        )
    figure = new_figure(*size)
    axes = figure.add_subplot()
    margins(figure, left=62, right=14, top=28, bottom=44)
    rates = curve["rate"].to_numpy(float)
    axes.fill_between(rates, 0, curve["false"].to_numpy(float), color=MUTED, alpha=0.25, linewidth=0, label="by chance")
    for column, colour, label in (
        ("calls", INK, "all"),
        ("positive", BLUE, "raise the score"),
        ("negative", VERMILION, "lower the score"),
    ):
        values = curve[column].to_numpy(float)
        if column == "calls" or values.any():
            axes.plot(rates, values, color=colour, linewidth=1.6, marker="o", markersize=3.5, label=label)
    if threshold is not None:
        axes.axvline(threshold, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label=f"used: {threshold:g}")
    tidy(axes, title="Seqlets called", horizontal="false discovery rate", vertical="seqlets", grid=True)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylim(bottom=0)
    legend(axes, place="upper left")
    return figure
