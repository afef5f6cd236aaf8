"""Would it help to answer only where the model is sure? The risk-coverage curve (Geifman & El-Yaniv 2017,
arXiv:1705.08500) and its area beyond the best possible (Geifman et al. 2019, arXiv:1805.08206).
"""

from dataclasses import dataclass

import numpy as np

from seqinterp.shapes import Deviations, Labels, Series
from seqinterp.uncertainty.checks import check_rows


@dataclass(frozen=True)
class RiskCoverage:
    """The mean loss of the surest examples, `risk`, by the share of all that they are, `coverage`.

    area: the mean of `risk`: lower is better; with an uncertainty that says nothing it is the mean loss, `whole`.
    best_area: that of an order by the losses themselves. excess: area - best_area, 0 at best.
    """

    coverage: Series
    risk: Series
    area: float
    best_area: float
    whole: float

    @property
    def excess(self) -> float:
        """The area beyond the best possible."""
        return self.area - self.best_area


def risk_coverage(losses: Labels, uncertainty: Deviations) -> RiskCoverage:
    """Leave out the least sure examples, one after another.

    losses: how wrong each prediction was: 0 and 1 for classes, squared or absolute errors for numbers.
    uncertainty: larger is less sure; only its order matters. Examples of equal uncertainty share their losses, which is
        the mean over all their orders.

    Raises:
        ShapeError: the arrays differ in length.
        InputError: numbers that are not finite, or none.
    """
    check_rows(losses=losses, uncertainty=uncertainty)
    counts = np.arange(1, len(losses) + 1)
    _, group = np.unique(uncertainty, return_inverse=True)
    shared = (np.bincount(group, weights=losses) / np.bincount(group))[np.sort(group)]
    risk = np.cumsum(shared) / counts
    best = np.cumsum(np.sort(losses)) / counts
    return RiskCoverage(counts / len(losses), risk, float(risk.mean()), float(best.mean()), float(losses.mean()))
