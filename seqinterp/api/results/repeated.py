"""What repeats of one number say together: how far one more would move, and whether the number differs from 0."""

import numpy as np
import torch
from scipy.stats import t as student
from torch import Tensor

from seqinterp.motifs.false_discovery import q_values

LEVEL = 0.95  # of the interval


def reach(deviation: Tensor, count: int) -> Tensor:
    """Half of the interval that holds one more repeat with 95 % confidence (Student's t, Gaussian repeats)."""
    factor: float = student.ppf((1 + LEVEL) / 2, count - 1) * (1 + 1 / count) ** 0.5
    return deviation * factor


def same_sign(repeats: Tensor) -> Tensor:
    """The share of repeats, along the first axis, that have the sign of their mean."""
    return (repeats.sign() == repeats.mean(dim=0).sign()).double().mean(dim=0)


def differs_from_zero(repeats: Tensor) -> Tensor:
    """The false discovery rate of calling each mean over the first axis other than 0.

    A t-test of each, Benjamini and Hochberg over all; what is the same every time is 0 or certain.
    """
    count, centre = len(repeats), repeats.mean(dim=0)
    error = repeats.std(dim=0) / count**0.5
    statistic = (centre / error.where(error > 0, 1.0)).abs().numpy()
    p_values = 2 * student.sf(statistic, count - 1)
    certain = (error == 0).numpy()
    p_values[certain] = np.where(centre.numpy()[certain] != 0, 0.0, 1.0)
    return torch.from_numpy(q_values(p_values.flatten(), p_values.size).reshape(p_values.shape))
