"""Beam search: greedy design that keeps the best few sequences of each round (Lowerre 1976).

With a width of 1 it is the greedy search.
"""

import numpy as np

from seqinterp.design.search.choose import best_allowed
from seqinterp.design.search.moves import gains_of_edits, numbered
from seqinterp.design.walk import Problem, Walk
from seqinterp.errors import InputError
from seqinterp.shapes import Candidates, CodeBlock, Counters


def beam(problem: Problem, walk: Walk, /, *, width: int = 10) -> None:
    """Replace the beam of each design by the `width` best edits of its sequences; stop when the best is no better.

    Raises:
        InputError: `width` is below 1.
    """
    if width < 1:
        raise InputError(f"width must be 1 or more, not {width}")
    if "beams" not in walk.memory:
        walk.memory["beams"] = np.repeat(walk.codes[:, None], width, axis=1)
        walk.memory["filled"] = np.ones(len(walk.codes), np.int64)
        walk.memory["values"] = np.repeat(walk.values[:, None], width, axis=1)
    beams, filled, reached = (walk.memory[name] for name in ("beams", "filled", "values"))
    design = walk.open
    rows = np.concatenate([beams[name, : filled[name]] for name in design])
    owner = np.repeat(design, filled[design])
    values = np.concatenate([reached[name, : filled[name]] for name in design])
    gains = gains_of_edits(problem, rows, walk.starts[owner], check=bool(walk.done.max() == 0))
    for name in design.tolist():
        mine = np.flatnonzero(owner == name)
        children = _children(problem, walk, name, rows[mine], values[mine, None] + gains[mine], width)
        of_children = problem.objective.values(children, np.broadcast_to(walk.starts[name], children.shape))
        if len(children) == 0 or not of_children.max() - walk.values[name] > problem.margin(walk.values[name]):
            walk.close(name)
            continue
        filled[name] = len(children)
        beams[name, : len(children)], reached[name, : len(children)] = children, of_children
        walk.done[name] += 1
        best = int(of_children.argmax())
        walk.reach(name, children[best], of_children[best], walk.done[name])


def _children(problem: Problem, walk: Walk, name: int, rows: CodeBlock, values: np.ndarray, width: int) -> Candidates:
    """The best different edits of the sequences of one beam, (at most width, position); `values` is (row, edit)."""
    edits = values.shape[1]

    def made(some: Counters) -> Candidates:
        row, edit = np.divmod(some, edits)
        return np.concatenate([numbered(rows[r], edit[i : i + 1]) for i, r in enumerate(row)])

    return best_allowed(problem, values.ravel(), made, walk.starts[name], count=width)[1]
