"""Whether an uncertainty is right: figures and drawings."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqinterp.uncertainty.calibration import (
    CURVE_LEVELS,
    LEVELS,
    Coverage,
    ErrorsByDeviation,
    coverage,
    errors_by_deviation as by_deviation,
)
from seqinterp.uncertainty.class_calibration import Reliability, class_reliability
from seqinterp.uncertainty.risk_coverage import RiskCoverage, risk_coverage


@dataclass(frozen=True, eq=False)
class UncertaintyCheck:
    """What was measured beside what was predicted.

    error: root mean squared error of a regression, share of wrong classes else. covered, curve: the share of targets
    inside Gaussian intervals, at 50, 80, 90 and 95 % and at many levels. errors: by predicted standard deviation, with
    the share within two of them. reliability: of class probabilities; its `error` is the expected calibration error.
    risk: error of the surest examples, by how many they are. targets, means, deviations: what was compared.
    """

    error: float
    covered: Coverage | None
    curve: Coverage | None
    errors: ErrorsByDeviation | None
    reliability: Reliability | None
    risk: RiskCoverage
    targets: np.ndarray
    means: np.ndarray
    deviations: np.ndarray

    def to_frame(self) -> pd.DataFrame:
        """One row per figure: name, value."""
        rows = {"error": self.error, "risk area": self.risk.area, "risk excess": self.risk.excess}
        if self.covered is not None and self.errors is not None:
            levels = zip(self.covered.levels, self.covered.covered, strict=True)
            rows |= {f"covered at {level:.0%}": float(share) for level, share in levels}
            rows |= {"within two deviations": self.errors.inside, "rank correlation": self.errors.rank_correlation}
            rows |= {"calibration error of deviations": self.errors.calibration_error}
        if self.reliability is not None:
            rows |= {"expected calibration error": self.reliability.error}
        return pd.DataFrame({"figure": list(rows), "value": list(rows.values())})

    def plot(self) -> Figure:
        """Calibration, error against standard deviation with the line y = 2 x, and risk by coverage."""
        from seqinterp.plot.uncertainty import check_figure  # matplotlib's figures cost half a second to import

        curve = self.curve
        return check_figure(
            targets=self.targets,
            means=self.means,
            deviations=self.deviations,
            expected=curve.levels if curve is not None else self.reliability.predicted,  # type: ignore[union-attr]
            observed=curve.covered if curve is not None else self.reliability.observed,  # type: ignore[union-attr]
            risk=(self.risk.coverage, self.risk.risk),
            regression=curve is not None,
        )


def check_regression(targets: np.ndarray, means: np.ndarray, deviations: np.ndarray) -> UncertaintyCheck:
    """Of a regression with one output."""
    errors = targets - means
    return UncertaintyCheck(
        error=float(np.sqrt((errors**2).mean())),
        covered=coverage(targets, means, deviations, LEVELS),
        curve=coverage(targets, means, deviations, CURVE_LEVELS),
        errors=by_deviation(targets, means, deviations),
        reliability=None,
        risk=risk_coverage(errors**2, deviations),
        targets=targets,
        means=means,
        deviations=deviations,
    )


def check_classes(labels: np.ndarray, probabilities: np.ndarray, entropy: np.ndarray) -> UncertaintyCheck:
    """Of classes; the surest are those of least entropy."""
    predicted = probabilities.argmax(axis=1)
    wrong = (predicted != labels).astype(np.float64)
    return UncertaintyCheck(
        error=float(wrong.mean()),
        covered=None,
        curve=None,
        errors=None,
        reliability=class_reliability(labels, probabilities),
        risk=risk_coverage(wrong, entropy),
        targets=labels.astype(np.float64),
        means=probabilities.max(axis=1),
        deviations=entropy,
    )
