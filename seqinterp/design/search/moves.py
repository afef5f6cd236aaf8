"""Edits of one base that searches try: substitutions, insertions, deletions; the length is kept."""

import numpy as np

from seqinterp.design.edit_script import KINDS
from seqinterp.design.walk import Problem
from seqinterp.shapes import CodeBlock, Codes, Counters, EditGains


def moved(codes: CodeBlock, kind: Counters, position: Counters, base: Counters) -> CodeBlock:
    """Each sequence with one edit; kinds are numbered as in `KINDS`.

    A substitution puts `base` at `position`; an insertion puts it before what is there, and the end falls off;
    a deletion takes away what is there, and `base` enters at the end.
    """
    row, place = np.arange(len(codes)), np.arange(codes.shape[1])
    after = (kind == 1)[:, None] & (place > position[:, None])
    before = (kind == 2)[:, None] & (place >= position[:, None])
    source = np.clip(place - after + before, 0, codes.shape[1] - 1)
    found: CodeBlock = codes[row[:, None], source]
    found[row, np.where(kind == 2, codes.shape[1] - 1, position)] = base
    return found


def numbered(codes: Codes, index: Counters) -> CodeBlock:
    """The edits with these numbers, by kind, base and position as `gains_of_edits` lists them."""
    length = len(codes)
    kind, rest = np.divmod(index, 4 * length)
    base, position = np.divmod(rest, length)
    return moved(np.repeat(codes[None], len(index), axis=0), kind, position, base)


def gains_of_edits(problem: Problem, codes: CodeBlock, starts: CodeBlock, *, check: bool = True) -> EditGains:
    """The gain of every edit of the kinds that may be made, (batch, kinds * 4 * position).

    Minus infinity where nothing would change, where no rule lets a base be touched, and for other kinds.
    """
    count, length = codes.shape
    found = np.full((count, len(KINDS), 4, length), -np.inf)
    if "substitution" in problem.kinds:
        found[:, 0] = problem.objective.gains_of_substitutions(codes, starts, check=check)
        row, position = np.nonzero(codes < 4)
        found[row, 0, codes[row, position], position] = -np.inf
        found[:, 0, :, problem.rules.frozen(length)] = -np.inf
    for kind in (1, 2):
        if KINDS[kind] in problem.kinds:
            index = np.arange(kind * 4 * length, (kind + 1) * 4 * length)
            for i, one in enumerate(codes):
                candidates = numbered(one, index)
                none = np.zeros(len(index), np.int64)
                gains = problem.objective.gains(codes[i : i + 1], starts[i : i + 1], candidates, none, check=check)
                found[i, kind] = np.where((candidates != one).any(axis=1), gains, -np.inf).reshape(4, length)
    return found[:, : 3 if set(problem.kinds) - {"substitution"} else 1].reshape(count, -1)
