"""The result of `predict_uncertainty`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from torch import Tensor

from seqinterp.api.results.uncertainty_check import UncertaintyCheck, check_classes, check_regression
from seqinterp.errors import InputError, ShapeError
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.uncertainty.parts import Parts

_ARRAYS = ("mean", "total", "aleatoric", "epistemic", "members")


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """A prediction and what is not known of it, in double precision on the CPU.

    mean: `(batch,)`, or `(batch, outputs)` of several; for "binary" the probability of yes, for "classes" `(batch,
        classes)`. total, aleatoric, epistemic: variances of its shape for "regression", in squared units of the output;
        entropies and mutual information in nats, `(batch,)`, else. The first is the sum of the other two.
    members: what each member, mask or sample of the posterior said, `(members, batch, ...)`, shaped as `mean`.
    source: "members", "dropout" or "laplace", whose parts are worked out without its samples. facts: models, masks,
        seed, versions.
    """

    mean: Tensor
    total: Tensor
    aleatoric: Tensor
    epistemic: Tensor
    members: Tensor
    task: str
    source: str
    facts: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.members.shape[1:] != self.mean.shape or len(self.total) != len(self.mean):
            raise ShapeError(
                f"the mean has shape {tuple(self.mean.shape)}, but the members {tuple(self.members.shape)} and the"
                f" total {tuple(self.total.shape)}"
            )

    @classmethod
    def of(cls, parts: Parts, *, task: str, source: str, facts: Mapping[str, Any]) -> "Uncertainty":
        """Parts, without an axis of one output; of "binary" the probability of yes alone."""
        arrays = {name: getattr(parts, name) for name in _ARRAYS}
        if task == "binary":
            arrays |= {"mean": parts.mean[:, 1], "members": parts.members[:, :, 1]}
        elif task == "regression" and parts.mean.ndim == 2 and parts.mean.shape[1] == 1:
            arrays = {name: array.squeeze(-1) for name, array in arrays.items()}
        return cls(**arrays, task=task, source=source, facts=facts)

    @property
    def deviation(self) -> Tensor:
        """Standard deviation: of the prediction for "regression", of the members' probabilities else."""
        if self.task == "regression":
            return self.total.sqrt()
        return (self.members - self.members.mean(dim=0)).square().mean(dim=0).sqrt()

    def __len__(self) -> int:
        return len(self.mean)

    def check(self, targets: Any) -> UncertaintyCheck:
        """Is it right? Held against what was measured: coverage and errors, or reliability, and risk by coverage.

        Raises:
            InputError: the prediction has several outputs, or targets that cannot be used.
            ShapeError: not one target per example.
        """
        if self.task == "regression":
            return check_regression(numbers(targets, len(self)), *self.gaussian())
        return check_classes(classes(targets, len(self)), self.probabilities(), self.total.numpy())

    def gaussian(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of one output, `(batch,)` each.

        Raises:
            InputError: it is no regression, or one of several outputs.
        """
        if self.task != "regression" or self.mean.ndim != 1:
            raise InputError("this needs a regression with one output; pass target= to predict_uncertainty")
        return self.mean.numpy(), self.total.sqrt().numpy()

    def probabilities(self) -> np.ndarray:
        """Of all classes, `(batch, classes)`; "no" and "yes" for "binary".

        Raises:
            InputError: it is a regression.
        """
        if self.task == "regression":
            raise InputError("a regression predicts no classes")
        if self.task == "binary":
            return np.column_stack([1 - self.mean.numpy(), self.mean.numpy()])
        return np.asarray(self.mean.numpy())

    def member_probabilities(self) -> np.ndarray:
        """What each member says of all classes, `(members, batch, classes)`."""
        said = self.members.numpy()
        return np.stack([1 - said, said], axis=2) if self.task == "binary" else np.asarray(said)

    def to_frame(self) -> pd.DataFrame:
        """One row per example (and output, or class): mean, total, aleatoric, epistemic, deviation."""
        wide = self.mean.reshape(len(self), -1)
        count = wide.shape[1]
        index = np.indices(tuple(wide.shape)).reshape(2, -1)
        frame = pd.DataFrame({"example": index[0]} | ({"output": index[1]} if count > 1 else {}))
        frame["mean"] = wide.flatten().numpy()
        for name in ("total", "aleatoric", "epistemic", "deviation"):
            part = getattr(self, name).reshape(len(self), -1)
            frame[name] = part.expand(len(self), count).flatten().numpy()
        return frame

    def plot(self, targets: Any = None) -> Figure:
        """Predictions in order, with two standard deviations; with targets, these and the figures of `check`."""
        from seqinterp.plot.uncertainty import predictions_figure  # matplotlib's figures cost half a second to import

        if targets is not None:
            return self.check(targets).plot()
        return predictions_figure(self.mean.reshape(len(self), -1)[:, 0].numpy(), self._spread())

    def _spread(self) -> np.ndarray:
        return np.asarray(self.deviation.reshape(len(self), -1)[:, 0].numpy())

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        facts = {"task": self.task, "source": self.source, "facts": dict(self.facts)}
        save_arrays(path, "uncertainty", {name: getattr(self, name) for name in _ARRAYS}, facts)

    @classmethod
    def load(cls, path: Path | str) -> "Uncertainty":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "uncertainty", needed=_ARRAYS)
        told: dict[str, Any] = {**{name: arrays[name] for name in _ARRAYS}, **facts}
        return cls(**told)


def numbers(targets: Any, count: int) -> np.ndarray:
    """One finite number per example.

    Raises:
        InputError: they are no finite numbers.
        ShapeError: not one per example.
    """
    try:
        values = np.asarray(targets.detach().cpu() if isinstance(targets, Tensor) else targets, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("targets must be numbers, one per example") from error
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if values.shape != (count,):
        raise ShapeError(f"targets must be one number per example, shape ({count},), not {values.shape}")
    if not np.isfinite(values).all():
        raise InputError("targets must be finite; leave examples without one out")
    return values


def classes(targets: Any, count: int) -> np.ndarray:
    """One class number per example."""
    values = numbers(targets, count)
    if (values != values.round()).any():
        raise InputError("targets must be class numbers 0, 1, ...; for measured values use task='regression'")
    return values.astype(np.int64)
