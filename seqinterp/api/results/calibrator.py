"""The result of `calibrate`."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from seqinterp.api.results.uncertainty import Uncertainty
from seqinterp.errors import InputError
from seqinterp.uncertainty.conformal import adaptive_sets, scaled_intervals, sets_by_class

LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Calibrator:
    """What was learned from held-out examples.

    held, targets: these, and what was measured. scale: by which standard deviations are multiplied; temperature: by
    which logits are divided. Above 1 the model was too sure.
    """

    held: Uncertainty
    targets: np.ndarray
    scale: float
    temperature: float

    def apply(self, uncertainty: Uncertainty) -> Uncertainty:
        """The same prediction with all parts scaled: variances by scale squared, logits of every member by temperature.

        Raises:
            InputError: an uncertainty of another task.
        """
        self._same_task(uncertainty)
        facts = {**uncertainty.facts, "scale": self.scale, "temperature": self.temperature}
        if uncertainty.task == "regression":
            factor = self.scale**2
            mean = uncertainty.mean
            parts = {name: getattr(uncertainty, name) * factor for name in ("total", "aleatoric", "epistemic")}
            spread = mean + self.scale * (uncertainty.members - mean)
            return replace(uncertainty, **parts, members=spread, facts=facts)
        members = _tempered(uncertainty.members, self.temperature, binary=uncertainty.task == "binary")
        whole = torch.stack([1 - members, members], dim=-1) if uncertainty.task == "binary" else members
        mean = whole.mean(dim=0)
        total = torch.special.entr(mean).sum(dim=-1)
        aleatoric = torch.minimum(torch.special.entr(whole).sum(dim=-1).mean(dim=0), total)
        entropies = {"total": total, "aleatoric": aleatoric, "epistemic": total - aleatoric}
        return replace(uncertainty, mean=members.mean(dim=0), members=members, facts=facts, **entropies)

    def intervals(self, uncertainty: Uncertainty, *, level: float = 0.9) -> pd.DataFrame:
        """From low to high, one row per example: wide as its standard deviation, covering `level` of new examples.

        The guarantee is over examples exchangeable with the held-out ones (Vovk et al. 2005; Lei et al. 2018,
        arXiv:1604.04173); infinite where these are too few for the level.

        Raises:
            InputError: it is no regression with one output, or a level outside (0, 1).
        """
        self._same_task(uncertainty)
        held, new = self.held.gaussian(), uncertainty.gaussian()
        found = scaled_intervals(self.targets, *held, *new, level=level)
        return pd.DataFrame({"mean": new[0], "low": found.low, "high": found.high})

    def sets(
        self, uncertainty: Uncertainty, *, level: float = 0.9, by_class: bool = False, seed: int = 0
    ) -> np.ndarray:
        """Which classes an example may be of, `(batch, classes)`; the truth is among them with chance `level`.

        Over all examples: where one class is rare, it may be missing from every set and the promise is still kept.
        `by_class` keeps it within each class, with larger sets.

        Raises:
            InputError: it is a regression, or a level outside (0, 1).
        """
        self._same_task(uncertainty)
        held = self.held.probabilities()
        if by_class:
            return np.asarray(sets_by_class(self.targets, held, uncertainty.probabilities(), level=level))
        return np.asarray(adaptive_sets(self.targets, held, uncertainty.probabilities(), level=level, seed=seed))

    def _same_task(self, uncertainty: Uncertainty) -> None:
        if uncertainty.task != self.held.task:
            raise InputError(f"calibrated was the task {self.held.task!r}, but this is {uncertainty.task!r}")


def _tempered(members: Tensor, temperature: float, *, binary: bool) -> Tensor:
    """Probabilities at another temperature."""
    if binary:
        return torch.sigmoid(members.clamp(LEAST, 1 - LEAST).logit() / temperature)
    return torch.softmax(members.clamp(min=LEAST).log() / temperature, dim=-1)
