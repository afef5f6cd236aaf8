"""Constraints on which positions are edited, and how many."""

from dataclasses import dataclass

import numpy as np

from seqinterp.design.constraints.rules import no_moves
from seqinterp.design.edit_script import edit_distance, edit_distances, edit_script, plain
from seqinterp.kernels.edit_distance import crowded
from seqinterp.shapes import CodeBlock, Codes, Costs, Listing

_BEYOND = 16  # edits over the budget up to which the distance is looked for
_DRAWS = 8  # ways in which many positions are set back at once


@dataclass(frozen=True)
class Protected:
    """Bases within half-open spans stay as they are in the start."""

    spans: tuple[tuple[int, int], ...]
    unit: int = 1

    @property
    def name(self) -> str:
        many = ", ".join(f"{start} to {stop}" for start, stop in self.spans)
        return f"bases {many} protected"

    @property
    def positions(self) -> Listing:
        """All of them, each once."""
        spans = [np.arange(start, stop) for start, stop in self.spans]
        found: Listing = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *spans]))
        return found

    def cost(self, codes: CodeBlock, starts: CodeBlock, /) -> Costs:
        """Protected bases that differ."""
        here = self.positions
        found: Costs = (codes[:, here] != starts[:, here]).sum(axis=1, dtype=np.int64)
        return found

    def said(self, codes: Codes, start: Codes, /) -> str:
        here = self.positions
        return f"{int((codes[here] != start[here]).sum())} of {len(here)} protected bases differ"

    def spots(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> Listing:
        """None: what mends it is no choice."""
        del codes, start, generator
        return np.empty(0, dtype=np.int64)

    def moves(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> CodeBlock:
        """The bases of the start put back."""
        del generator
        mended = codes.copy()
        mended[self.positions] = start[self.positions]
        return mended[None]


@dataclass(frozen=True)
class EditBudget:
    """At most so many substitutions, insertions and deletions lead from the start to the design.

    indels: whether there can be insertions and deletions; if not, every position that differs is an edit.
    """

    most: int
    indels: bool = True
    unit: int = 1

    @property
    def name(self) -> str:
        return f"at most {self.most} edit{'' if self.most == 1 else 's'}"

    def cost(self, codes: CodeBlock, starts: CodeBlock, /) -> Costs:
        """Edits above the budget; far above it, positions that differ."""
        if self.indels:
            found = edit_distances(starts, codes, few=self.most, most=self.most + _BEYOND)
        else:
            found = (codes != starts).sum(axis=1, dtype=np.int64)
        over: Costs = np.maximum(found - self.most, 0)
        return over

    def said(self, codes: Codes, start: Codes, /) -> str:
        edits = edit_distance(start, codes) if self.indels else int((codes != start).sum())
        return f"{edits} edit{'' if edits == 1 else 's'} from the start"

    def spots(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> Listing:
        """None: a substitution helps only where it sets a base back."""
        del codes, start, generator
        return np.empty(0, dtype=np.int64)

    def moves(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> CodeBlock:
        """Each base that differs set back, draws of as many at once as are too many, and each edit undone."""
        differ = np.flatnonzero(codes != start)
        back = set_back(codes, start, differ, len(differ) - self.most, generator)
        return np.concatenate([back, undone(codes, start)]) if self.indels else back


@dataclass(frozen=True)
class Apart:
    """Edited positions are at least so many bases from each other.

    Where insertions or deletions make it fewer edits than positions that differ, those edits count, and two of them are
    as far apart as they are in the start or in the design, whichever is more; without `indels` only positions count.
    """

    least: int
    indels: bool = True
    unit: int = 1

    @property
    def name(self) -> str:
        return f"edits at least {self.least} bases apart"

    def cost(self, codes: CodeBlock, starts: CodeBlock, /) -> Costs:
        """Edits that are too near to the one before them."""
        if self.indels:
            return crowded(plain(starts), plain(codes), self.least)
        row, position = (codes != starts).nonzero()
        near = (np.diff(row) == 0) & (np.diff(position) < self.least)
        found: Costs = np.bincount(row[1:][near], minlength=len(codes)).astype(np.int64)
        return found

    def said(self, codes: Codes, start: Codes, /) -> str:
        gap = nearest(codes, start, indels=self.indels)
        return "there are fewer than two edits" if gap is None else f"the nearest two edits are {gap} apart"

    def spots(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> Listing:
        """None: a substitution helps only where it sets a base back."""
        del codes, start, generator
        return np.empty(0, dtype=np.int64)

    def moves(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> CodeBlock:
        """One of two that are too near set back, a thinned-out set of all, and each edit undone."""
        differ = np.flatnonzero(codes != start)
        near = np.flatnonzero(np.diff(differ) < self.least)
        thinned = codes.copy()
        last = -self.least
        for position in differ.tolist():
            if position - last < self.least:
                thinned[position] = start[position]
            else:
                last = position
        pair = differ[np.unique(np.concatenate([near, near + 1]))]
        found = np.concatenate([set_back(codes, start, pair, 1, generator), thinned[None]])
        return np.concatenate([found, undone(codes, start)]) if self.indels else found


def nearest(codes: Codes, start: Codes, *, indels: bool = True) -> int | None:
    """How far apart the two nearest edits are; None where there are fewer than two."""
    differ = np.flatnonzero(codes != start)
    if len(differ) < 2:
        return None
    steps = edit_script(start, codes) if indels else []
    if not indels or len(steps) == len(differ):
        return int(np.diff(differ).min())
    places = np.array([(step.position_in_start, step.position_in_design) for step in steps])
    return int(np.diff(places, axis=0).max(axis=1).min()) if len(places) > 1 else None


def set_back(codes: Codes, start: Codes, where: Listing, many: int, generator: np.random.Generator) -> CodeBlock:
    """Candidates with one base of `where` as in the start, up to 64; and draws with `many` of them so at once."""
    if len(where) == 0:
        return no_moves(codes)
    single = generator.permutation(where)[:64]
    draws = _DRAWS if many > 1 else 0
    found = np.repeat(codes[None], len(single) + draws, axis=0)
    found[np.arange(len(single)), single] = start[single]
    for row in range(len(single), len(found)):
        chosen = generator.permutation(where)[:many]
        found[row, chosen] = start[chosen]
    return found


def undone(codes: Codes, start: Codes) -> CodeBlock:
    """Candidates without one step of the script that led here; none where substitutions are the shortest one.

    At the right end stands what the start has there.
    """
    differ = int((codes != start).sum())
    edits = int(edit_distances(start[None], codes[None], most=4 * _BEYOND)[0])
    if edits in (0, differ):
        return no_moves(codes)
    rows = []
    for step in edit_script(start, codes):
        place, before = step.position_in_design, step.position_in_start
        if step.kind == "substitution":
            row = codes.copy()
            row[place] = start[before]
        elif step.kind == "insertion":
            row = np.append(np.delete(codes, place), start[-1])
        else:
            row = np.insert(codes, place, start[before])[: len(codes)]
        rows.append(row)
    return np.stack(rows)
