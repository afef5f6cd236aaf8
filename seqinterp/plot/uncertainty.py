"""Predictions with what is not known of them, and whether that is right."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqinterp.plot.style import BLUE, MUTED, SKY, VERMILION, legend, margins, new_figure, tidy
from seqinterp.shapes import Numbers, Series

PANEL = (360, 320)  # CSS pixels


def predictions_figure(means: Series, deviations: Series, *, size: tuple[int, int] = (720, 300)) -> Figure:
    """Predictions in their order by size, with a band of two standard deviations on either side."""
    figure = new_figure(*size)
    margins(figure, left=62, bottom=44, top=14)
    axes = figure.add_subplot()
    order = np.argsort(means)
    at = np.arange(len(means))
    low, high = (means[order] + sign * 2 * deviations[order] for sign in (-1, 1))
    axes.fill_between(at, low, high, color=SKY, alpha=0.35, linewidth=0, label="two standard deviations")
    axes.plot(at, means[order], color=BLUE, linewidth=1.6, label="prediction")
    tidy(axes, horizontal="examples, in order of their prediction", vertical="prediction", grid=True)
    legend(axes, place="upper left")
    return figure


def check_figure(
    *,
    targets: Series,
    means: Series,
    deviations: Series,
    expected: Numbers,
    observed: Numbers,
    risk: tuple[Series, Series],
    regression: bool,
) -> Figure:
    """Calibration, error against uncertainty, and the error of the surest, side by side."""
    figure = new_figure(3 * PANEL[0], PANEL[1])
    margins(figure, left=58, right=14, top=34, bottom=46)
    figure.subplots_adjust(wspace=0.32)
    left, middle, right = figure.subplots(1, 3)
    _calibration(left, expected, observed, regression=regression)
    if regression:
        _errors(middle, np.abs(targets - means), deviations)
    else:
        _right_and_wrong(middle, deviations)
    _risk(right, *risk)
    return figure


def _calibration(axes: Axes, expected: Numbers, observed: Numbers, *, regression: bool) -> None:
    """Observed against promised; the diagonal is right."""
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(expected, observed, color=BLUE, linewidth=1.8, marker="o", markersize=3)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    words = ("level of the interval", "share covered") if regression else ("predicted probability", "share right")
    tidy(axes, title="Calibration", horizontal=words[0], vertical=words[1], grid=True)


def _errors(axes: Axes, errors: Series, deviations: Series) -> None:
    """Each example's error by its standard deviation, with the line of two deviations."""
    inside = errors <= 2 * deviations
    for chosen, colour in ((inside, BLUE), (~inside, VERMILION)):
        axes.scatter(deviations[chosen], errors[chosen], s=9, color=colour, alpha=0.55, linewidths=0)
    top = float(deviations.max()) * 1.05
    axes.plot([0, top], [0, 2 * top], color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label="y = 2 x")
    axes.set_xlim(0, top)
    axes.set_ylim(0, float(max(errors.max(), 2 * deviations.max())) * 1.05)
    title = f"{inside.mean():.0%} of errors within two deviations"
    tidy(axes, title=title, horizontal="predicted standard deviation", vertical="|error|", grid=True)
    legend(axes, place="upper left")


def _right_and_wrong(axes: Axes, entropy: Series) -> None:
    """How the uncertainty is spread over examples."""
    axes.hist(entropy, bins=24, color=SKY, edgecolor="white", linewidth=0.5)
    tidy(axes, title="Entropy of the prediction", horizontal="nats", vertical="examples", grid=True)


def _risk(axes: Axes, coverage: Series, risk: Series) -> None:
    """The mean error of the surest examples."""
    axes.plot(coverage, risk, color=BLUE, linewidth=1.8)
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    tidy(axes, title="Error of the surest", horizontal="share of examples kept", vertical="mean loss", grid=True)
