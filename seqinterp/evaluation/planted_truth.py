"""Do the attributions point at the bases that were planted?

AUROC over the bases of each sequence, on simulated data (Prakash, Shrikumar & Kundaje 2022, PMLR 165:58-77).
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata
from torch import Tensor

from seqinterp.errors import InputError, ShapeError


@dataclass(frozen=True)
class PlantedTruth:
    """Mean over sequences of the AUROC over bases, with a bootstrap interval over sequences."""

    auroc: float
    low: float
    high: float
    per_sequence: np.ndarray


def planted_truth(importance: Tensor, truth: Tensor, *, draws: int = 1000, seed: int = 0) -> PlantedTruth:
    """How well `importance`, `(batch, position)`, ranks planted bases above the others of the same sequence.

    0.5 is chance and 1 is perfect. Give a magnitude (an absolute value) when the sign does not matter.
    Sequences without a planted base, or with nothing else, are left out.

    Raises:
        ShapeError: the two shapes differ.
        InputError: no sequence has both planted and other bases.
    """
    if importance.shape != truth.shape:
        raise ShapeError(
            f"importance has shape {tuple(importance.shape)} and truth {tuple(truth.shape)};"
            " both must be (batch, position)"
        )
    planted = truth.numpy()
    usable = planted.any(axis=1) & ~planted.all(axis=1)
    if not usable.any():
        raise InputError("no sequence has both planted and other bases, so there is nothing to rank")
    ranks = rankdata(importance.double().numpy()[usable], axis=1)
    planted = planted[usable]
    inside, outside = planted.sum(axis=1), (~planted).sum(axis=1)
    # AUROC = U / (inside * outside) with the rank sum of Mann and Whitney
    each = ((ranks * planted).sum(axis=1) - inside * (inside + 1) / 2) / (inside * outside)
    again = np.random.default_rng(seed).integers(len(each), size=(draws, len(each)))
    low, high = np.quantile(each[again].mean(axis=1), [0.025, 0.975])
    return PlantedTruth(float(each.mean()), float(low), float(high), each)
