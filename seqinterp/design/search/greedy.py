"""Greedy design: make the best of all single-base edits, again and again (in-silico evolution).

The search of Vaishnav et al. 2022, doi:10.1038/s41586-022-04506-6, with every edit tried in every round.
"""

from functools import partial

from seqinterp.design.search.choose import best_allowed
from seqinterp.design.search.moves import gains_of_edits, numbered
from seqinterp.design.walk import Problem, Walk


def greedy(problem: Problem, walk: Walk, /) -> None:
    """Make the edit of each design that raises its value most; a design that no edit raises is done."""
    design = walk.open
    gains = gains_of_edits(problem, walk.codes[design], walk.starts[design], check=bool(walk.done.max() == 0))
    climbing = []
    for i, name in enumerate(design):
        made, least = partial(numbered, walk.codes[name]), problem.margin(walk.values[name])
        _, better = best_allowed(problem, gains[i], made, walk.starts[name], least=least)
        if len(better):
            climbing.append(name)
            walk.codes[name] = better[0]
        else:
            walk.close(name)
    values = problem.objective.values(walk.codes[climbing], walk.starts[climbing])
    for name, value in zip(climbing, values, strict=True):
        walk.done[name] += 1
        walk.reach(name, walk.codes[name], value, walk.done[name])
