"""`calibrate`: set an uncertainty right on examples that the model was not trained on."""

from typing import Any

from seqinterp.api.results.calibrator import Calibrator
from seqinterp.api.results.uncertainty import Uncertainty, classes, numbers
from seqinterp.errors import InputError
from seqinterp.uncertainty.scaling import member_temperature, variance_scale

LEAST = 10  # examples: with fewer one factor is noise


def calibrate(uncertainty: Uncertainty, targets: Any) -> Calibrator:
    """Fit one factor of the standard deviations, or one temperature, and keep what conformal intervals need.

    Args:
        uncertainty: of held-out examples, a regression with one output, or classes.
        targets: what was measured of these, `(batch,)`.

    Returns:
        `Calibrator`: `.apply(uncertainty)` sets others right; `.intervals(uncertainty, level=0.9)` and
        `.sets(uncertainty, level=0.9)` cover the truth that often, whatever the model (split conformal prediction).

    Raises:
        InputError: fewer than 10 examples, several outputs, or targets that cannot be used.
        ShapeError: not one target per example.
    """
    if len(uncertainty) < LEAST:
        raise InputError(f"at least {LEAST} held-out examples are needed to calibrate, but {len(uncertainty)} came")
    if uncertainty.task == "regression":
        held = numbers(targets, len(uncertainty))
        means, deviations = uncertainty.gaussian()
        return Calibrator(uncertainty, held, scale=variance_scale(held, means, deviations), temperature=1.0)
    labels = classes(targets, len(uncertainty))
    members = uncertainty.member_probabilities()
    return Calibrator(uncertainty, labels, scale=1.0, temperature=member_temperature(labels, members))
