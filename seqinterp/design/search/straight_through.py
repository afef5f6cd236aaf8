"""Few edits along gradients, by straight-through Gumbel-softmax samples: Ledidi (Schreiber, Lu & Noble 2020).

doi:10.1101/2020.05.21.109686; the estimator is that of Jang, Gu & Poole 2017, arXiv:1611.01144.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from seqinterp.design.search.ascent import Sampling, ascend
from seqinterp.design.walk import Problem, Walk
from seqinterp.shapes import Sequences

NOTHING = 1e-4  # probability, but for a constant, of a base that is not there before anything is learnt


def straight_through(
    problem: Problem,
    walk: Walk,
    /,
    *,
    draws: int = 10,
    rate: float = 1.0,
    temperature: float = 1.0,
    patience: int = 100,
) -> None:
    """One step on the logits log(start + 1e-4) + weights; the loss is minus the mean value of the draws.

    Ledidi's loss holds 0.1 for every edit against a design; that is a penalty of the objective, as `per_edit`.
    """
    how = Sampling(draws, rate, noisy=True, temperature=temperature, patience=patience)
    count, length = walk.codes.shape
    ascend(problem, walk, how, {"weights": np.zeros((count, 4, length))}, _logits)


def _logits(learnt: Mapping[str, Tensor], starts: Sequences) -> Sequences:
    return torch.log(starts + NOTHING) + learnt["weights"]
