"""Constraint on motif hits: none that the start does not have."""

from dataclasses import dataclass

import numpy as np

from seqinterp.design.constraints.rules import no_moves
from seqinterp.design.edit_script import plain
from seqinterp.kernels.sequence_rules import new_hits
from seqinterp.shapes import CodeBlock, Codes, Costs, Counters, Listing, Numbers, Places


@dataclass(frozen=True, eq=False)
class NoNewHits:
    """A motif has no hit at a place and on a strand where the start has none.

    A place is a position of the sequence: a hit that an insertion or a deletion moves is a new one.

    scores: (column, base), whole numbers. least: a window that scores this or more is a hit; one with an unknown base
    is none.
    """

    motif: str
    scores: Places
    least: int
    threshold: float
    unit: int = 1

    @property
    def name(self) -> str:
        return f"no new hit of {self.motif} at p < {self.threshold:g}"

    def cost(self, codes: CodeBlock, starts: CodeBlock, /) -> Costs:
        """New hits."""
        here, begun = plain(codes), plain(starts)
        found: Costs = np.zeros(len(codes), dtype=np.int64)
        if codes.shape[1] >= len(self.scores):
            for matrix in self._matrices():
                found += new_hits(begun, here, matrix, _rests(matrix), self.least)
        return found

    def said(self, codes: Codes, start: Codes, /) -> str:
        found = self._found(codes, start)
        if not found:
            return "there is no new hit"
        more = f" and {len(found) - 5} other places" if len(found) > 5 else ""
        return f"new hits at {', '.join(f'{place} ({strand})' for place, strand in found[:5])}{more}"

    def spots(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> Listing:
        """Positions of one new hit."""
        found = self._found(codes, start)
        if not found:
            return np.empty(0, dtype=np.int64)
        place, _ = found[int(generator.integers(len(found)))]
        return np.arange(place, place + len(self.scores))

    def moves(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> CodeBlock:
        """One new hit set back to the start."""
        spots = self.spots(codes, start, generator)
        if len(spots) == 0:
            return no_moves(codes)
        mended = codes.copy()
        mended[spots] = start[spots]
        return mended[None]

    def _matrices(self) -> tuple[Places, Places]:
        """The scores on both strands; with the bases in the order A, C, G, T the other one is read backwards."""
        return self.scores, np.ascontiguousarray(self.scores[::-1, ::-1])

    def _found(self, codes: Codes, start: Codes) -> list[tuple[int, str]]:
        """Place and strand of each new hit, in order."""
        found = []
        for matrix, strand in zip(self._matrices(), "+-", strict=True):
            hit, was = (window_scores(whole, matrix) >= self.least for whole in (codes, start))
            found += [(int(place), strand) for place in np.flatnonzero(hit & ~was)]
        return sorted(found)


def window_scores(codes: Codes, scores: Places) -> Numbers:
    """The score of every window of a sequence; -inf with an unknown base."""
    known = np.concatenate([scores.astype(np.float64), np.full((len(scores), 1), -np.inf)], axis=1)
    windows = max(0, len(codes) - len(scores) + 1)
    found: Numbers = np.zeros(windows)
    for column, line in enumerate(known):
        found += line[np.minimum(codes[column : column + windows], 4)]
    return found


def _rests(scores: Places) -> Counters:
    """The highest score of the columns after each one."""
    best = scores.max(axis=1)
    found: Counters = np.append(np.cumsum(best[::-1])[::-1][1:], 0)
    return found
