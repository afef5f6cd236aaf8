"""Screening: score many sequences and keep the best; the search to beat."""

import numpy as np

from seqinterp.design.walk import Problem, Walk
from seqinterp.errors import InputError
from seqinterp.sequence.markov import UNIFORM, Background

TRIED = 64  # sequences of one step


def random_library(problem: Problem, walk: Walk, /, *, background: Background = UNIFORM) -> None:
    """Draw 64 random sequences a step for each design and keep the best that keeps the rules.

    Protected bases are those of the start. Each draw is a rule of the seed, the design and the step.

    Raises:
        InputError: edits are counted from a start, which random sequences do not have.
    """
    if set(problem.kinds) != {"substitution"}:
        raise InputError("a random library is drawn, not edited; leave kinds out")
    design, length = walk.open, walk.codes.shape[1]
    frozen = problem.rules.frozen(length)
    for name in design:
        generator = problem.generator(int(name), int(walk.done[name]), 4)
        tried = np.stack([background.draw(length, generator) for _ in range(TRIED)])
        tried[:, frozen] = walk.starts[name][frozen]
        begun = np.broadcast_to(walk.starts[name], tried.shape)
        kept = tried[problem.rules.keep(tried, begun)]
        values = problem.objective.values(kept, begun[: len(kept)])
        walk.done[name] += 1
        if len(kept) and values.max() > walk.values[name]:
            best = int(values.argmax())
            walk.reach(name, kept[best], float(values[best]), walk.done[name])
