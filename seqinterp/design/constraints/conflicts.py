"""Constraints that no sequence can meet together, where that can be read off them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from seqinterp.design.constraints.composition import GcShare, Homopolymer, gc_limits
from seqinterp.design.constraints.positions import EditBudget, Protected
from seqinterp.design.constraints.protein import Protein, complement, numbers, synonyms, translation
from seqinterp.design.constraints.rules import Constraint, Rules
from seqinterp.design.constraints.words import BIT_OF_CODE, UNKNOWN, Forbidden, Required, letter_sets, strands
from seqinterp.shapes import Codes, LetterSets

_BASES = 15  # the bits of A, C, G and T
_MOST_SOURCES = 8  # constraints that hold positions, above which only those alone and all together are looked at


@dataclass(frozen=True)
class Conflict:
    """Constraints that cannot be met together, and why in a clause."""

    constraints: tuple[Constraint, ...]
    reason: str


def proven(codes: Codes, start: Codes, rules: Rules) -> Conflict | None:
    """Constraints that cannot be met by any design begun from `start`, the fewest that were seen; None if none were.

    A design has bases everywhere, or N where `start` or `codes` has it.
    """
    return next(_conflicts(codes, start, rules), None)


def allowed_letters(codes: Codes, start: Codes, sources: Sequence[Constraint]) -> LetterSets:
    """What may stand at each position, as bits, as far as the constraints that hold positions say."""
    found = np.full(len(start), _BASES, dtype=np.uint8)
    found[(codes > 3) | (start > 3)] |= UNKNOWN
    for source in sources:
        if isinstance(source, Protected):
            found[source.positions] &= BIT_OF_CODE[start[source.positions]]
        elif isinstance(source, EditBudget) and source.most == 0:
            found &= BIT_OF_CODE[start]
        elif isinstance(source, Protein):
            found &= _of_protein(source, start)
    return found


def _of_protein(protein: Protein, start: Codes) -> LetterSets:
    """What may stand at each position so that the protein is kept; any letter outside its span."""
    found = np.full(len(start), _BASES | UNKNOWN, dtype=np.uint8)
    codons = protein.codons(start[None])[0]
    sets = BIT_OF_CODE[codons]
    for place, letter in enumerate(translation(protein.code)[numbers(codons)].tolist()):
        if letter:
            sets[place] = np.bitwise_or.reduce(BIT_OF_CODE[synonyms(protein.code)[letter]], axis=0)
    span = sets.reshape(-1)
    if protein.strand == "-":
        bases = np.array([1, 2, 4, 8], dtype=np.uint8)
        other = BIT_OF_CODE[complement(np.arange(4, dtype=np.uint8))]
        turned = np.where(span[:, None] & bases, other, 0).sum(axis=1).astype(np.uint8)
        span = (turned | (span & UNKNOWN))[::-1]
    found[protein.start : protein.stop] = span
    return found


def _conflicts(codes: Codes, start: Codes, rules: Rules) -> Iterator[Conflict]:
    """Conflicts of one constraint, of two, of those with what holds positions."""
    anything = allowed_letters(codes, start, ())
    for each in rules.constraints:
        reason = _unmet(each, anything)
        if reason:
            yield Conflict((each,), reason)
    yield from _among_words(rules)
    for each in rules.constraints:
        if isinstance(each, EditBudget) and each.most == 0:
            for other in rules.broken(start, start):
                yield Conflict((each, other), f"the start itself does not keep the second: {other.said(start, start)}")
    for sources in _holding(rules):
        allowed = allowed_letters(codes, start, sources)
        for each in rules.constraints:
            reason = _unmet(each, allowed)
            if reason:
                yield Conflict((*sources, each), reason)


def _holding(rules: Rules) -> Iterator[tuple[Constraint, ...]]:
    """Sets of constraints that hold positions, small ones first."""
    every = [each for each in rules.constraints if isinstance(each, Protected | Protein)]
    if len(every) > _MOST_SOURCES:
        yield from ((each,) for each in every)
        yield tuple(every)
        return
    for many in range(1, len(every) + 1):
        yield from combinations(every, many)


def _among_words(rules: Rules) -> Iterator[Conflict]:
    """A required word that brings with it a forbidden one, too long a run, or a window of too much or little GC."""
    for needed in rules.constraints:
        if not isinstance(needed, Required):
            continue
        sets = letter_sets(needed.word)
        for other in rules.constraints:
            if _inside(other, needed) and _unmet(other, sets):
                yield Conflict((needed, other), f"{needed.word} breaks the second wherever it stands")


def _inside(constraint: Constraint, needed: Required) -> bool:
    """Whether a constraint can be broken by what a required word holds, wherever it stands."""
    if isinstance(constraint, GcShare):
        return constraint.window is not None and constraint.window <= len(needed.word)
    return isinstance(constraint, Forbidden | Homopolymer)


def _unmet(constraint: Constraint, allowed: LetterSets) -> str:
    """Why a constraint cannot be met with these letters at each position; nothing where it may be."""
    if isinstance(constraint, Forbidden):
        return _held_word(constraint, allowed)
    if isinstance(constraint, Required):
        return _no_room(constraint, allowed)
    if isinstance(constraint, Homopolymer):
        return _held_run(constraint, allowed)
    return _held_share(constraint, allowed) if isinstance(constraint, GcShare) else ""


def _held_word(constraint: Forbidden, allowed: LetterSets) -> str:
    """Where a forbidden word stands whatever is chosen."""
    for form in strands(constraint.word):
        for place in range(len(allowed) - len(form) + 1):
            if not (allowed[place : place + len(form)] & ~letter_sets(form)).any():
                return f"what cannot change reads {form} at {place}"
    return ""


def _no_room(constraint: Required, allowed: LetterSets) -> str:
    """Whether a required word has fewer places than it needs."""
    width = len(constraint.word)
    places = max(0, len(allowed) - width + 1)
    free = np.zeros(places, dtype=bool)
    for form in strands(constraint.word) if places else ():
        fits = np.ones(places, dtype=bool)
        for column, letters in enumerate(letter_sets(form)):
            fits &= (allowed[column : column + places] & letters) > 0
        free |= fits
    many = int(free.sum())
    if many >= constraint.count:
        return ""
    return f"{constraint.word} fits at {many or 'no'} place{'' if many == 1 else 's'} of {len(allowed)} bases"


def _held_run(constraint: Homopolymer, allowed: LetterSets) -> str:
    """Where a run is too long whatever is chosen."""
    width = constraint.most + 1
    for base, bit in zip("ACGT", (1, 2, 4, 8), strict=True):
        held = np.concatenate([[0], np.cumsum(allowed == bit)])
        long = np.flatnonzero(held[width:] - held[:-width] == width) if len(held) > width else np.empty(0, int)
        if len(long):
            return f"what cannot change has {width} {base} in a row at {int(long[0])}"
    return ""


def _held_share(constraint: GcShare, allowed: LetterSets) -> str:
    """A window whose share of G and C is out of reach; those that may have an N are passed over."""
    width = len(allowed) if constraint.window is None else constraint.window
    low, high = gc_limits(constraint.low, constraint.high, width)
    strong, weak, unknown = ((allowed & ~np.uint8(letters)) == 0 for letters in (6, 9, UNKNOWN))
    open_ = (allowed & UNKNOWN > 0) & ~unknown
    sums = [np.concatenate([[0], np.cumsum(flags)]) for flags in (strong, weak, unknown, open_)]
    least, others, missing, doubtful = (total[width:] - total[:-width] for total in sums)
    known = width - missing
    fewest, most = np.maximum(least, low[known]), np.minimum(known - others, high[known])
    wrong = np.flatnonzero((fewest > most) & (doubtful == 0))
    if len(wrong) == 0:
        return ""
    window, here = int(wrong[0]), int(known[wrong[0]])
    return (
        f"bases {window} to {window + width} can only have {int(least[window])} to {int(here - others[window])} G or C"
        f" of {here}"
    )
