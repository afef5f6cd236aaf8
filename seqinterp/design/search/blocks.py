"""Random proposals in a row, scored in blocks: the result is that of trying them one at a time."""

from collections.abc import Callable

import numpy as np

from seqinterp.design.edit_script import KINDS
from seqinterp.design.search.moves import moved
from seqinterp.design.walk import Problem, Walk
from seqinterp.shapes import Column, Counters, FlagRows, Matrix, Places

# Most proposals of one design that are scored together. All are edits of the same sequence, so the first that is
# taken makes the rest of the block void: blocks grow while few proposals are taken and shrink while many are.
LONGEST_BLOCK = 64
# Whether proposals are taken, given their gains, the designs' values now, and which designs and steps they are of:
# (design, block), (design, 1), (design,), (design, block).
Accepts = Callable[[Matrix, Column, Counters, Places], FlagRows]


def proposals(length: int, steps: int, seed: int, design: int) -> tuple[Counters, Counters]:
    """Positions and bases that design number `design` will try, `(steps,)` each: a rule of `(seed, design)`."""
    generator = np.random.default_rng([seed, design])
    return generator.integers(length, size=steps), generator.integers(4, size=steps)


def _draw(problem: Problem, walk: Walk) -> None:
    """All proposals of all designs, and where each design stands."""
    count, length = walk.codes.shape
    drawn = [proposals(length, problem.steps, problem.seed, design) for design in range(count)]
    kinds = np.array([KINDS.index(kind) for kind in problem.kinds])
    chosen = [problem.generator(design, 2).integers(len(kinds), size=problem.steps) for design in range(count)]
    walk.memory |= {
        "positions": np.stack([position for position, _ in drawn]),
        "bases": np.stack([base for _, base in drawn]),
        "kinds": kinds[np.stack(chosen)],
        "block": np.array([4]),
        "codes": walk.codes.copy(),
        "values": walk.values.copy(),
    }


def advance_blocks(problem: Problem, walk: Walk, accepts: Accepts) -> None:
    """Score the next block of proposals of every unfinished design; take the first that is accepted."""
    if "block" not in walk.memory:
        _draw(problem, walk)
    memory, design = walk.memory, walk.open
    block = int(memory["block"][0])
    step = walk.done[design, None] + np.arange(block)
    valid, step = step < walk.steps, np.minimum(step, walk.steps - 1)
    position, base, kind = (memory[name][design[:, None], step] for name in ("positions", "bases", "kinds"))
    example = np.repeat(np.arange(len(design)), block)
    here, starts = memory["codes"][design], walk.starts[design]
    candidates = moved(here[example], kind.ravel(), position.ravel(), base.ravel())
    allowed = np.flatnonzero(valid.ravel() & problem.rules.keep(candidates, starts[example]))
    flat = np.full(len(example), -np.inf)
    flat[allowed] = problem.objective.gains(
        here, starts, candidates[allowed], example[allowed], check=bool(walk.done.max() == 0)
    )
    gains = flat.reshape(len(design), block)
    taken = accepts(gains, memory["values"][design, None], design, step) & np.isfinite(gains)
    helped = taken.any(axis=1)
    memory["block"][0] = max(1, block // 2) if 2 * helped.sum() > len(design) else min(LONGEST_BLOCK, block * 2)
    first = np.where(helped, taken.argmax(axis=1), block - 1)
    walk.done[design] = np.minimum(walk.done[design] + first + 1, walk.steps)
    went = np.flatnonzero(helped)
    chosen = candidates.reshape(len(design), block, -1)[went, first[went]]
    values = problem.objective.values(chosen, starts[went])
    for i, codes, value in zip(went, chosen, values, strict=True):
        name = design[i]
        memory["codes"][name], memory["values"][name] = codes, value
        if value > walk.values[name]:
            walk.reach(name, codes, value, step[i, first[i]] + 1)
