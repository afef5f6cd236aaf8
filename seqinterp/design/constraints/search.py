"""A sequence near a given one that keeps rules, by guided local search or by listing every sequence.

The walk takes a broken constraint, tries what may mend it and makes the change of least total cost, as WalkSAT does
(Selman, Kautz & Cohen 1994); constraints that stay broken come to weigh more (Morris 1993, the breakout method), and
what has just changed may not change back (Glover 1989).
"""

from dataclasses import dataclass
from hashlib import sha256
from itertools import product

import numpy as np

from seqinterp.design.constraints.conflicts import allowed_letters
from seqinterp.design.constraints.laid_out import laid_out
from seqinterp.design.constraints.protein import Protein
from seqinterp.design.constraints.rules import Constraint, Mending, Rules, no_moves
from seqinterp.shapes import CodeBlock, Codes, Frozen, LetterSets, Listing, Matrix, Numbers

AT_ONCE = 1 << 20  # bases of all possible sequences, up to which they are listed before anything else
AT_LAST = 1 << 26  # and up to which they are listed when the walk finds none
_BLOCK = 1 << 22  # bases that are listed together
_STALLED = 300  # steps without a sequence better than all before, after which a walk ends; fewer, 100 at least, where
_STALLED_BASES = 60_000  # so many steps times bases are reached before
_NOISE = 0.02  # share of steps that take any candidate
_SPOTS = 48  # positions whose substitutions are tried in one step
_TENURE = 4  # steps for which what changed stays, where there is room
_BULK = 8  # positions that change at once; with more, none of them is held


@dataclass(frozen=True)
class Outcome:
    """What a search found: a sequence, or None, and then whether there can be none."""

    codes: Codes | None
    proven: bool = False


def find(codes: Codes, start: Codes, rules: Rules, seed: int) -> Outcome:
    """A sequence near `codes` that keeps the rules, by a rule of the seed and `codes`."""
    allowed = allowed_letters(codes, start, rules.constraints)
    bases = _in_all(allowed)
    if bases <= AT_ONCE:
        return Outcome(_nearest(codes, start, rules), proven=True)
    generator = np.random.default_rng([seed, int.from_bytes(sha256(codes.tobytes()).digest()[:8])])
    for begin in (lambda: codes, lambda: start, lambda: laid_out(codes, start, rules, generator)):
        found = _walk(begin(), start, rules, generator)
        if found is not None:
            return Outcome(_trimmed(codes, found, start, rules))
    return Outcome(_nearest(codes, start, rules), proven=True) if bases <= AT_LAST else Outcome(None)


def _in_all(allowed: LetterSets) -> float:
    """The bases of all sequences of these letters together, infinite when there are very many."""
    choices = np.unpackbits(allowed[:, None], axis=1).sum(axis=1)
    if (choices == 0).any():
        return 0.0
    bits = float(np.log2(choices).sum())
    return len(allowed) * 2.0**bits if bits < 64 else np.inf


def _nearest(codes: Codes, start: Codes, rules: Rules) -> Codes | None:
    """Of all sequences that keep the rules the one with fewest positions unlike `codes`, the first of equals."""
    allowed = allowed_letters(codes, start, rules.constraints)
    choices = [[code for code in range(5) if letters >> code & 1] for letters in allowed.tolist()]
    inner, many = len(choices), 1
    while inner > 0 and many * len(choices[inner - 1]) * len(codes) <= _BLOCK:
        inner -= 1
        many *= len(choices[inner])
    block = np.empty((many, len(codes)), dtype=np.uint8)
    for column, grid in enumerate(np.meshgrid(*choices[inner:], indexing="ij") if inner < len(choices) else ()):
        block[:, inner + column] = grid.reshape(-1)
    best, least = None, len(codes) + 1
    for head in product(*choices[:inner]):
        block[:, :inner] = head
        differ = (block != codes).sum(axis=1)
        near = np.flatnonzero(differ < least)
        some = block[near]
        kept = near[rules.keep(some, np.repeat(start[None], len(some), axis=0))] if len(near) else near
        if len(kept):
            first = int(kept[differ[kept].argmin()])
            best, least = block[first].copy(), int(differ[first])
    return best


def _walk(begun: Codes, start: Codes, rules: Rules, generator: np.random.Generator) -> Codes | None:
    """The sequence that a walk ends at, None when it gets no better for long."""
    now, length = begun.copy(), len(begun)
    frozen = rules.frozen(length)
    units = np.array([each.unit if isinstance(each, Mending) else 1 for each in rules.constraints], dtype=np.float64)
    weights = 1 / units
    held = np.zeros(length, dtype=np.int64)
    costs = _costs(now[None], start, rules)[0]
    best, last, step = np.inf, 0, 0
    stalled = max(100, min(_STALLED, _STALLED_BASES // length))
    while step - last < stalled:
        broken = np.flatnonzero(costs)
        if len(broken) == 0:
            return now
        total = float((costs / units).sum())
        if total < best:
            best, last = total, step
        candidates = _candidates(now, start, rules, rules.constraints[generator.choice(broken)], frozen, generator)
        step += 1
        if len(candidates) == 0:
            continue
        reached = _costs(candidates, start, rules)
        taken = _choice(now, candidates, reached @ weights, held >= step, generator)
        if float(reached[taken] @ weights) >= float(costs @ weights):
            weights[broken] += 1 / units[broken]
        changed = np.flatnonzero(candidates[taken] != now)
        if len(changed) <= _BULK:
            held[changed] = step + generator.integers(1, 1 + min(_TENURE, max(1, length // 4)), endpoint=True)
        now, costs = candidates[taken].copy(), reached[taken]
    return None


def _choice(now: Codes, candidates: CodeBlock, totals: Numbers, held: Frozen, generator: np.random.Generator) -> int:
    """The candidate of least total among those that leave what is held, any of equals; at times any of all."""
    free = np.flatnonzero(~(candidates[:, held] != now[held]).any(axis=1))
    if len(free) == 0 or generator.random() < _NOISE:
        return int(generator.integers(len(candidates)))
    least = free[totals[free] <= totals[free].min() + 1e-9]
    return int(generator.choice(least))


def _candidates(
    now: Codes, start: Codes, rules: Rules, broken: Constraint, frozen: Frozen, generator: np.random.Generator
) -> CodeBlock:
    """What may mend a broken constraint: its own moves, and substitutions and synonymous codons where it is broken."""
    if isinstance(broken, Mending):
        spots, moves = broken.spots(now, start, generator), broken.moves(now, start, generator)
    else:
        spots, moves = np.arange(len(now)), no_moves(now)
    spots = spots[~frozen[spots]]
    if len(spots) > _SPOTS:
        spots = np.sort(generator.permutation(spots)[:_SPOTS])
    parts = [moves, substitutions(now, spots)]
    parts += [each.neighbours(now, start, spots) for each in rules.constraints if isinstance(each, Protein)]
    found = np.concatenate(parts)
    other: CodeBlock = found[(found != now).any(axis=1)]
    return other


def substitutions(codes: Codes, where: Listing) -> CodeBlock:
    """Every substitution at these positions: three for each, four where N stands."""
    found = np.repeat(codes[None], 4 * len(where), axis=0)
    bases, places = np.tile(np.arange(4, dtype=np.uint8), len(where)), np.repeat(where, 4)
    found[np.arange(len(found)), places] = bases
    other: CodeBlock = found[bases != codes[places]]
    return other


def _costs(candidates: CodeBlock, start: Codes, rules: Rules) -> Matrix:
    """The cost of each candidate by each constraint, (candidate, constraint)."""
    starts = np.repeat(start[None], len(candidates), axis=0)
    return np.stack([each.cost(candidates, starts) for each in rules.constraints], axis=1).astype(np.float64)


def _trimmed(codes: Codes, found: Codes, start: Codes, rules: Rules) -> Codes:
    """What was found, with as many positions as in `codes` as can be set back one after the other."""
    now = found.copy()
    while True:
        differ = np.flatnonzero(now != codes)[:256]
        back = np.repeat(now[None], len(differ), axis=0)
        back[np.arange(len(differ)), differ] = codes[differ]
        kept = np.flatnonzero(rules.keep(back, np.repeat(start[None], len(back), axis=0)))
        if len(kept) == 0:
            return now
        every = now.copy()
        every[differ[kept]] = codes[differ[kept]]
        now = every if rules.keep(every[None], start[None])[0] else back[kept[0]]
