"""A search on a small network, as the tests of every search set it up."""

import numpy as np
import torch

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.constraints.rules import Rules
from seqinterp.design.objective import Objective
from seqinterp.design.walk import SUBSTITUTIONS, Problem, Walk, begin, go


def random_codes(count: int, length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(4, size=(count, length)).astype(np.uint8)


def objective_of(model: torch.nn.Module, target=None, **settings) -> Objective:
    model.eval().requires_grad_(False)
    dtype = next(model.parameters()).dtype
    return Objective([Score(model, target or output(0))], dtype=dtype, **settings)


def search(advance, model, starts, *, steps, seed=0, rules=None, kinds=SUBSTITUTIONS, **settings) -> Walk:
    problem = Problem([objective_of(model, **settings)], rules or Rules(), steps, seed, kinds)
    return go(problem, begin(problem, starts, starts), advance)
