"""Simulated annealing (Kirkpatrick, Gelatt & Vecchi 1983, doi:10.1126/science.220.4598.671)."""

import numpy as np

from seqinterp.design.search.blocks import advance_blocks
from seqinterp.design.walk import Problem, Walk
from seqinterp.errors import InputError
from seqinterp.shapes import Column, Counters, FlagRows, Matrix, Numbers, Places

COLDEST = 0.01  # of the first temperature


def anneal(problem: Problem, walk: Walk, /, *, temperature: float | None = None) -> None:
    """Try random edits and take one that loses `d` with probability exp(-d / T); what was best is kept.

    T falls geometrically to a hundredth. `temperature` is the first one, in units of the score; None takes for each
    design the mean absolute effect of the single substitutions of its start that have any.

    Raises:
        InputError: `temperature` is not above 0.
    """
    if temperature is not None and not temperature > 0:
        raise InputError(f"temperature must be above 0, in units of the score, not {temperature}")
    if "temperature" not in walk.memory:
        count = len(walk.codes)
        walk.memory["temperature"] = _mean_effect(problem, walk) if temperature is None else np.full(count, temperature)
        walk.memory["chance"] = np.stack([problem.generator(i, 3).random(problem.steps) for i in range(count)])

    def accepts(gains: Matrix, values: Column, design: Counters, step: Places) -> FlagRows:
        cooled = walk.memory["temperature"][design, None] * COLDEST ** (step / walk.steps)
        with np.errstate(over="ignore"):
            lets = walk.memory["chance"][design[:, None], step] < np.exp(np.minimum(gains, 0) / cooled)
        found: FlagRows = (gains > problem.margins(values[:, 0])[:, None]) | lets
        return found

    advance_blocks(problem, walk, accepts)


def _mean_effect(problem: Problem, walk: Walk) -> Numbers:
    """The mean size of what substitutions do that do anything, (design,)."""
    effects = np.abs(problem.objective.gains_of_substitutions(walk.codes, walk.starts))
    found = effects > problem.margins(walk.values)[:, None, None]
    total: Numbers = np.where(found, effects, 0).sum(axis=(1, 2))
    mean: Numbers = total / np.maximum(found.sum(axis=(1, 2)), 1) + np.finfo(float).tiny
    return mean
