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
FEW = 40  # edits above which exchanges are not tried: each takes as many tries as there are edits, and wins little
SHARE = 8  # of the edits this part is undone at once, if it may


def pruned(problem: Problem, codes: CodeBlock, starts: CodeBlock, *, lose: float = 0.05) -> CodeBlock:
    """Each design with the edits undone that it can do without, the least useful first.

    An edit is undone as long as the value stays at or above value - `lose` * (value - value of the start) and the rules
    are kept; where a start is no worse than its design nothing may be lost. Undoing any single one of the edits that
    are left would break one or the other. Where only substitutions may be made and few are left, one of the best others
    is then put in for one or more of them, as long as that leaves fewer edits, or as many that are worth more.

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
    """One design with fewer edits, or as many that are worth more, as long as putting one in leads there."""
    while 0 < (codes != start).sum() <= FEW:
        gains = gains_of_edits(problem, codes[None], start[None])[0]
        least = problem.margin(floor)
        _, better = best_allowed(problem, gains, partial(numbered, codes), start, count=TRIED, least=least)
        tried = np.stack([codes, *(_pruned(problem, one, start, floor) for one in better)])
        edits = (tried != start).sum(axis=1)
        values = problem.objective.values(tried, np.broadcast_to(start, tried.shape))
        best = int(np.lexsort((-values, edits))[0])
        if edits[best] == edits[0] and values[best] - values[0] <= least:
            break
        codes = tried[best]
    return codes


def _pruned(problem: Problem, codes: Codes, start: Codes, floor: float) -> Codes:
    """One design: every round the edits are undone that are missed least, several at once while there are many."""
    script = (substitutions if problem.kinds == SUBSTITUTIONS else edit_script)(start, codes)
    here, least = codes, floor - problem.margin(floor)
    while script:
        undone = _needless(problem, script, codes, here, start, least)
        if not undone:
            break
        script = [step for number, step in enumerate(script) if number not in undone]
        here = replayed(start, script, codes)
    return here


def _needless(
    problem: Problem, script: Sequence[Step], codes: Codes, here: Codes, start: Codes, least: float
) -> set[int]:
    """Steps that the design can do without together: a share of the least missed, or one, or none."""

    def without(undone: set[int]) -> Codes:
        return replayed(start, [step for number, step in enumerate(script) if number not in undone], codes)

    fewer = np.stack([without({number}) for number in range(len(script))])
    gains = problem.objective.gains(here[None], start[None], fewer, np.zeros(len(fewer), np.int64), check=False)
    order = np.argsort(-gains, kind="stable").tolist()
    together = len(script) // SHARE
    while together > 1:
        if _stands(problem, without(set(order[:together])), start, least):
            return set(order[:together])
        together //= 2
    value = float(problem.objective.values(here[None], start[None])[0])
    for number in order:
        if value + gains[number] < least - problem.margin(least):
            break
        if _stands(problem, fewer[number], start, least):
            return {number}
    return set()


def _stands(problem: Problem, codes: Codes, start: Codes, least: float) -> bool:
    """Whether a sequence keeps the rules and is worth enough, in a forward pass."""
    kept = bool(problem.rules.keep(codes[None], start[None])[0])
    return kept and bool(problem.objective.values(codes[None], start[None])[0] >= least)


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
