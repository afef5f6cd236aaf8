"""A sequence written from left to right so that what can be judged of a few bases together is kept."""

import numpy as np

from seqinterp.design.constraints.composition import GcShare, Homopolymer
from seqinterp.design.constraints.conflicts import allowed_letters
from seqinterp.design.constraints.rules import Constraint, Rules
from seqinterp.design.constraints.words import Forbidden
from seqinterp.shapes import Codes

_BEAM = 64  # sequences that are carried on at once


def laid_out(codes: Codes, start: Codes, rules: Rules, generator: np.random.Generator) -> Codes:
    """A sequence that keeps GC in windows, runs and forbidden words where it can, and is near `codes` otherwise.

    A beam search over prefixes: those that break least are carried on, of equals those that differ least from `codes`.
    """
    local = [(each, width) for each in rules.constraints if (width := _width(each)) is not None]
    allowed = allowed_letters(codes, start, rules.constraints)
    length = len(codes)
    beam = np.zeros((1, length), dtype=np.uint8)
    broken, unlike = np.zeros(1, dtype=np.int64), np.zeros(1)
    for position in range(length):
        choices = np.flatnonzero(allowed[position] >> np.arange(5) & 1).astype(np.uint8)
        if len(choices) == 0:  # constraints on what may stand here disagree
            choices = start[position : position + 1]
        beam = np.repeat(beam, len(choices), axis=0)
        beam[:, position] = np.tile(choices, len(beam) // len(choices))
        broken = np.repeat(broken, len(choices))
        for each, width in local:  # what ends here; what ended before was counted before
            if position + 1 >= width:
                ending = np.ascontiguousarray(beam[:, position + 1 - width : position + 1])
                broken += each.cost(ending, ending) > 0
        unlike = np.repeat(unlike, len(choices)) + (beam[:, position] != codes[position])
        kept = np.lexsort((generator.random(len(beam)), unlike, broken))[:_BEAM]
        beam, broken, unlike = beam[kept], broken[kept], unlike[kept]
    best: Codes = beam[0].copy()
    return best


def _width(constraint: Constraint) -> int | None:
    """How many bases together say whether a constraint is kept; None where it takes the whole sequence."""
    if isinstance(constraint, Homopolymer):
        return constraint.most + 1
    if isinstance(constraint, Forbidden):
        return len(constraint.word)
    return constraint.window if isinstance(constraint, GcShare) else None
