"""The fewest edits that keep what a design has gained: backward elimination, and exchange of several edits for one."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from seqinterp.design.edit_script import Step, edit_script, substitutions
from seqinterp.design.search.choose import best_allowed
from seqinterp.design.search.moves import gains_of_edits, numbered
from seqinterp.design.walk import SUBSTITUTIONS, Problem
from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import letter_codes
from seqinterp.shapes import CodeBlock, Codes

TRIED = 4  # substitutions that are put in on trial


def pruned(problem: Problem, codes: CodeBlock, starts: CodeBlock, *, lose: float = 0.05) -> CodeBlock:
    """Each design with the edits undone that it can do without, the least useful first.

    An edit is undone as long as the value stays at or above value - `lose` * (value - value of the start) and the rules
    are kept; where a start is no worse than its design nothing may be lost. Undoing any single one of the edits that
    are left would break one or the other. Where only substitutions may be made, one of the best others is then put in
    if it lets two or more be undone, again and again.

    Raises:
        InputError: `lose` is not a share from 0 up to 1.
    """
    check_share(lose)
    values, begun = problem.objective.values(codes, starts), problem.objective.values(starts, starts)
    floors = (values - lose * np.maximum(values - begun, 0)).tolist()
    ends = [_pruned(problem, *row) for row in zip(codes, starts, floors, strict=True)]
    if problem.kinds == SUBSTITUTIONS:
        ends = [_exchanged(problem, *row) for row in zip(ends, starts, floors, strict=True)]
    return np.stack(ends)


def _exchanged(problem: Problem, codes: Codes, start: Codes, floor: float) -> Codes:
    """One design with fewer edits, as long as one more makes two or more needless."""
    while True:
        made = partial(numbered, codes)
        gains = gains_of_edits(problem, codes[None], start[None])[0]
        _, better = best_allowed(problem, gains, made, start, count=TRIED, least=problem.margin(floor))
        fewer = [codes, *(_pruned(problem, one, start, floor) for one in better)]
        shortest = min(fewer, key=lambda one: int((one != start).sum()))
        if shortest is codes:
            return codes
        codes = shortest


def _pruned(problem: Problem, codes: Codes, start: Codes, floor: float) -> Codes:
    """One design."""
    script = (substitutions if problem.kinds == SUBSTITUTIONS else edit_script)(start, codes)
    here = codes
    while script:
        fewer = [script[:i] + script[i + 1 :] for i in range(len(script))]
        candidates = np.stack([replayed(start, some, codes) for some in fewer])
        begun = np.broadcast_to(start, candidates.shape)
        values = problem.objective.values(candidates, begun)
        floor_with_rounding = floor - problem.margin(floor)
        good = (values >= floor_with_rounding) & problem.rules.keep(candidates, begun)
        if not good.any():
            break
        best = int(np.where(good, values, -np.inf).argmax())
        script, here = fewer[best], candidates[best]
    return here


def replayed(start: Codes, script: Sequence[Step], design: Codes) -> Codes:
    """The start with some edits of the design made; what enters at the right end is the end of the design."""
    parts, at = [], 0
    for step in script:
        parts.append(start[at : step.position_in_start])
        if step.kind != "deletion":
            parts.append(letter_codes(step.after, "an edit"))
        at = step.position_in_start + (step.kind != "insertion")
    found: Codes = np.concatenate([*parts, start[at:]])[: len(start)]
    return np.concatenate([found, design[len(found) :]])


def check_share(lose: float) -> None:
    """Raise InputError unless this is a share."""
    if isinstance(lose, bool) or not 0 <= lose <= 1:
        raise InputError(f"pruning is told which share of the gain it may lose, from 0 to 1, not {lose}")
