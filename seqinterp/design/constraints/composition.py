"""Constraints on what a sequence is made of: the share of G and C, and runs of one base."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from seqinterp.design.constraints.rules import no_moves
from seqinterp.design.edit_script import plain
from seqinterp.kernels.sequence_rules import run_costs, window_costs
from seqinterp.sequence.alphabet import LETTERS
from seqinterp.shapes import CodeBlock, Codes, Costs, Counters, Listing, Numbers


@dataclass(frozen=True)
class GcShare:
    """G and C among the known bases, of the whole sequence or of every window of `window` bases, lie within limits.

    Both limits belong to what is allowed. Where no base is known nothing is asked.
    """

    low: float
    high: float
    window: int | None = None

    @property
    def name(self) -> str:
        where = "" if self.window is None else f" in every window of {self.window} bases"
        return f"GC between {self.low:g} and {self.high:g}{where}"

    @property
    def unit(self) -> int:
        """One substitution counts in each window that holds it."""
        return 1 if self.window is None else self.window

    def cost(self, codes: CodeBlock, starts: CodeBlock, /) -> Costs:
        """G and C that are missing or too many, summed over windows."""
        del starts
        width = codes.shape[1] if self.window is None else self.window
        return window_costs(plain(codes), width, *gc_limits(self.low, self.high, width))

    def said(self, codes: Codes, start: Codes, /) -> str:
        del start
        shares = window_shares(codes, self.window)
        shares = shares[~np.isnan(shares)]
        if len(shares) == 0:
            return "no base is known"
        low, high = shares.min(), shares.max()
        return f"GC is {low:.3g}" if low == high else f"GC is {low:.3g} to {high:.3g}"

    def spots(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> Listing:
        """Bases of one window that should become others, A and T where GC is low."""
        del start
        width = len(codes) if self.window is None else self.window
        shares = window_shares(codes, self.window)
        wrong = np.flatnonzero((shares < self.low) | (shares > self.high))
        if len(wrong) == 0:
            return wrong
        window = int(generator.choice(wrong))
        strong = (codes == 1) | (codes == 2)
        some = ~strong if shares[window] < self.low else strong
        return window + np.flatnonzero(some[window : window + width])

    def moves(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> CodeBlock:
        """None that single substitutions do not give."""
        del start, generator
        return no_moves(codes)


@cache
def gc_limits(low: float, high: float, width: int) -> tuple[Counters, Counters]:
    """Fewest and most G and C whose share lies within the limits, of 0, 1 ... `width` known bases."""
    fewest, most = np.zeros(width + 1, np.int64), np.zeros(width + 1, np.int64)
    for known in range(1, width + 1):
        shares = np.arange(known + 1) / known
        fewest[known] = np.searchsorted(shares, low, side="left")
        most[known] = np.searchsorted(shares, high, side="right") - 1
    return fewest, most


def window_shares(codes: Codes, window: int | None) -> Numbers:
    """The share of G and C of the known bases in each window; NaN where none is known."""
    width = len(codes) if window is None else window
    strong = np.concatenate([[0], np.cumsum((codes == 1) | (codes == 2))])
    known = np.concatenate([[0], np.cumsum(codes < 4)])
    many = (known[width:] - known[:-width]).astype(np.float64)
    found: Numbers = np.divide(strong[width:] - strong[:-width], many, out=np.full(len(many), np.nan), where=many > 0)
    return found


@dataclass(frozen=True)
class Homopolymer:
    """No base stands more than `most` times in a row; N is no base and ends a run."""

    most: int
    unit: int = 1

    @property
    def name(self) -> str:
        return f"runs of one base of at most {self.most}"

    def cost(self, codes: CodeBlock, starts: CodeBlock, /) -> Costs:
        """How many bases must at least change."""
        del starts
        return run_costs(plain(codes), self.most)

    def said(self, codes: Codes, start: Codes, /) -> str:
        del start
        starts, lengths = runs(codes)
        if len(lengths) == 0:
            return "no base is known"
        longest = int(lengths.argmax())
        place, many = int(starts[longest]), int(lengths[longest])
        return f"the longest run is {many} {LETTERS[codes[place]]} at {place}"

    def spots(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> Listing:
        """Positions of one run that is too long."""
        del start
        starts, lengths = runs(codes)
        long = np.flatnonzero(lengths > self.most)
        if len(long) == 0:
            return long
        chosen = int(generator.choice(long))
        return np.arange(starts[chosen], starts[chosen] + lengths[chosen])

    def moves(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> CodeBlock:
        """None that single substitutions do not give."""
        del start, generator
        return no_moves(codes)


def runs(codes: Codes) -> tuple[Listing, Listing]:
    """Where each run of a known base begins, and its length."""
    begins = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
    lengths = np.diff(np.concatenate([begins, [len(codes)]]))
    known = codes[begins] < 4
    return begins[known], lengths[known]
