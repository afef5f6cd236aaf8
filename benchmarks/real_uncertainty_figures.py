"""The literature's three figures of a regression with uncertainty, drawn into a folder."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from real_uncertainty_regression import Measured, Run, Told, members_on_ten, on_training_data

from seqinterp.plot.style import BLUE, MUTED, SKY, VERMILION, legend, margins, new_figure, tidy


def draw(folder: Path, name: str, data: Measured, found: Run, unit: str) -> Path:
    """Measured and predicted on training data; ten models on ten test examples; error by standard deviation."""
    figure = new_figure(1080, 340)
    margins(figure, left=58, right=14, top=34, bottom=46)
    figure.subplots_adjust(wspace=0.3)
    left, middle, right = figure.subplots(1, 3)
    _training(left, *on_training_data(data, found), unit)
    _ten(middle, members_on_ten(data, found), unit)
    _errors(right, next(iter(found.told.values()))["ensemble of 10"], unit)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    figure.savefig(path, dpi=144)
    return path


def _training(axes: Axes, measured: np.ndarray, predicted: np.ndarray, unit: str) -> None:
    axes.scatter(measured, predicted, s=7, color=BLUE, alpha=0.4, linewidths=0)
    ends = [min(measured.min(), predicted.min()), max(measured.max(), predicted.max())]
    axes.plot(ends, ends, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    tidy(axes, title="Training data", horizontal=f"measured, {unit}", vertical=f"predicted, {unit}", grid=True)


def _ten(axes: Axes, table: pd.DataFrame, unit: str) -> None:
    models = table.drop(["measured", "deviation"])
    for number, said in enumerate(models.to_numpy().T):
        axes.scatter([number + 1] * len(said), said, s=12, color=SKY, label="one model" if number == 0 else None)
    at = np.arange(1, table.shape[1] + 1)
    bars = 2 * table.loc["deviation"].to_numpy()
    label = "mean, two deviations"
    axes.errorbar(at, models.mean(), yerr=bars, fmt="none", color=BLUE, linewidth=1, label=label)
    axes.scatter(at, table.loc["measured"], s=26, marker="D", color=VERMILION, zorder=3, label="measured")
    axes.set_xticks(at)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.35 * (high - low))  # room for the key
    tidy(axes, title="Ten models, ten test examples", horizontal="test example", vertical=unit, grid=True)
    legend(axes, place="upper left")


def _errors(axes: Axes, told: Told, unit: str) -> None:
    errors = np.abs(told.targets - told.means)
    inside = errors <= 2 * told.after
    for chosen, colour in ((inside, BLUE), (~inside, VERMILION)):
        axes.scatter(told.after[chosen], errors[chosen], s=9, color=colour, alpha=0.55, linewidths=0)
    top = float(told.after.max()) * 1.05
    axes.plot([0, top], [0, 2 * top], color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label="y = 2 x")
    axes.set_xlim(0, top)
    axes.set_ylim(bottom=0)
    title = f"Test data, {inside.mean():.0%} within two deviations"
    tidy(axes, title=title, horizontal=f"standard deviation, {unit}", vertical=f"|error|, {unit}", grid=True)
    legend(axes, place="upper left")
