"""Regressions with uncertainty on real data: what is measured, and how well it is foretold.

One run trains ten networks on a training part (early stopping has a part of its own), asks them, and one of them under
dropout masks, about a part for calibration and about test examples, and holds the answers against what was measured.
Related examples stay together in every split that is made here.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
import torch
from scipy.stats import pearsonr, spearmanr
from torch import Tensor, nn

import seqinterp as si
from seqinterp.api.results.uncertainty_check import check_regression
from seqinterp.models.regression_trainer import RegressionSettings
from seqinterp.models.split import grouped_folds, grouped_split
from seqinterp.uncertainty.calibration import LEVELS

MEMBERS, DRAWS = 10, 50
CHECKED_FRACTIONS = (0.7, 0.1, 0.2)  # of what may be trained on: training, early stopping, calibration
METHODS = {"ensemble of 10": "members", "MC dropout, one network": "dropout"}


@dataclass(frozen=True)
class Measured:
    """What a data set gives: inputs, one or several targets by name, and examples that are related to one another."""

    inputs: Tensor
    targets: dict[str, np.ndarray]
    groups: np.ndarray

    def table(self, rows: np.ndarray) -> Tensor:
        return torch.as_tensor(np.column_stack([values[rows] for values in self.targets.values()]))

    def halved(self) -> np.ndarray:
        """Above the median or not, of the first target: splits keep the share."""
        first = next(iter(self.targets.values()))
        return (first > np.median(first)).astype(float)


@dataclass(frozen=True)
class Told:
    """What was said of test examples by one method, and what was measured."""

    targets: np.ndarray
    means: np.ndarray
    before: np.ndarray  # standard deviations
    after: np.ndarray
    epistemic: np.ndarray  # share of the variance
    conformal: np.ndarray  # inside the interval or not, one column per level
    widths: np.ndarray  # of the conformal intervals
    scale: np.ndarray

    def also(self, other: "Told") -> "Told":
        """Both, one after the other."""
        both = {f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)}
        return Told(**both)


@dataclass(frozen=True)
class Run:
    """Ten networks, the rows they were trained and tested on, and what they said, by target and method."""

    models: list[nn.Module]
    training: np.ndarray
    test: np.ndarray
    told: dict[str, dict[str, Told]]


def run(
    data: Measured,
    build: Callable[[], nn.Module],
    settings: RegressionSettings,
    test: np.ndarray,
    *,
    seed: int = 0,
) -> Run:
    """Train on what is not tested, calibrate, and ask about the test examples."""
    rest = np.setdiff1d(np.arange(len(data.inputs)), test)
    parts = grouped_split(data.groups[rest], data.halved()[rest], fractions=CHECKED_FRACTIONS, seed=seed)
    training, stopping, held = (rest[part] for part in parts)
    given = {"train": settings, "valid": (data.inputs[stopping], data.table(stopping)), "device": "cpu"}
    fitted = si.fit_members(
        build, data.inputs[training], data.table(training), members=MEMBERS, workers=1, seed=seed, **given
    )
    models = [one.model for one in fitted]
    told = {
        name: {method: _told(models, source, data, held, test, number) for method, source in METHODS.items()}
        for number, name in enumerate(data.targets)
    }
    return Run(models, training, test, told)


def folded(
    data: Measured, build: Callable[[], nn.Module], settings: RegressionSettings, *, folds: int = 5
) -> dict[str, dict[str, Told]]:
    """Every example told by networks that saw neither it nor its relatives."""
    whole: dict[str, dict[str, Told]] = {}
    for seed, test in enumerate(grouped_folds(data.groups, data.halved(), folds=folds, seed=0)):
        for name, methods in run(data, build, settings, test, seed=seed).told.items():
            row = whole.setdefault(name, {})
            for method, told in methods.items():
                row[method] = row[method].also(told) if method in row else told
    return whole


def _told(
    models: list[nn.Module], source: str, data: Measured, held: np.ndarray, test: np.ndarray, number: int
) -> Told:
    """One method's answers, calibrated on held-out examples."""
    asked = models if source == "members" else models[0]
    values = list(data.targets.values())[number]
    calibration = si.predict_uncertainty(asked, data.inputs[held], target=number, draws=DRAWS, device="cpu")
    said = si.predict_uncertainty(asked, data.inputs[test], target=number, draws=DRAWS, device="cpu")
    calibrator = si.calibrate(calibration, values[held])
    applied = calibrator.apply(said)
    intervals = [calibrator.intervals(said, level=level) for level in LEVELS]
    inside = [(values[test] >= table["low"]) & (values[test] <= table["high"]) for table in intervals]
    means, before = said.gaussian()
    return Told(
        targets=values[test].astype(np.float64),
        means=means,
        before=before,
        after=applied.gaussian()[1],
        epistemic=(said.epistemic / said.total).numpy(),
        conformal=np.column_stack(inside),
        widths=np.column_stack([table["high"] - table["low"] for table in intervals]),
        scale=np.full(len(test), calibrator.scale),
    )


def figures(told: Told) -> dict[str, object]:
    """Errors, and whether the standard deviations are right, before and after calibration."""
    before = check_regression(told.targets, told.means, told.before)
    after = check_regression(told.targets, told.means, told.after)
    right = np.abs(after.covered.covered - LEVELS)
    return {
        "examples": len(told.targets),
        "rmse": _short(after.error),
        "rmse_of_the_mean": _short(told.targets.std()),
        "r2": _short(1 - after.error**2 / told.targets.var()),
        "pearson": _short(pearsonr(told.means, told.targets).statistic),
        "spearman": _short(spearmanr(told.means, told.targets).statistic),
        "coverage_before": _by_level(before.covered.covered),
        "coverage_after": _by_level(after.covered.covered),
        "binomial_standard_error": _by_level(after.covered.standard_error),
        "farthest_from_nominal_after": _short(right.max()),
        "within_3_points_after": bool((right <= 0.03).all()),
        "conformal_coverage": _by_level(told.conformal.mean(axis=0)),
        "conformal_mean_width": _by_level(told.widths.mean(axis=0)),
        "within_two_deviations_before": _short(before.errors.inside),
        "within_two_deviations_after": _short(after.errors.inside),
        "rank_correlation_of_error_and_deviation": _short(after.errors.rank_correlation),
        "rmse_of_the_surest_half": _short(np.sqrt(after.risk.risk[len(after.risk.risk) // 2])),
        "epistemic_share_of_variance": _short(told.epistemic.mean()),
        "factor_of_deviations": [_short(value) for value in pd.unique(told.scale)],
    }


def members_on_ten(data: Measured, found: Run) -> pd.DataFrame:
    """What each of ten models says of ten test examples, spread over the range of what was measured."""
    values = next(iter(data.targets.values()))
    order = found.test[np.argsort(values[found.test], kind="stable")]
    ten = order[np.linspace(0, len(order) - 1, 10).round().astype(int)]
    said = si.predict_uncertainty(found.models, data.inputs[ten], target=0, device="cpu")
    table = pd.DataFrame(said.members.numpy(), index=[f"model {n + 1}" for n in range(len(found.models))])
    table.loc["measured"] = values[ten]
    table.loc["deviation"] = said.gaussian()[1]  # not calibrated
    return table


def on_training_data(data: Measured, found: Run) -> tuple[np.ndarray, np.ndarray]:
    """Measured and predicted, of the examples that the networks were trained on."""
    said = si.predict_uncertainty(found.models, data.inputs[found.training], target=0, device="cpu")
    return next(iter(data.targets.values()))[found.training].astype(np.float64), said.gaussian()[0]


def _by_level(values: np.ndarray) -> dict[str, float]:
    return {f"{level:.0%}": _short(value) for level, value in zip(LEVELS, values, strict=True)}


def _short(value: float) -> float:
    return round(float(value), 4)
