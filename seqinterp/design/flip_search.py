"""Where the search for the fewest edits stands in one example: what was tried, what crosses, what is proven."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.errors import ModelError
from seqinterp.shapes import Counters, Edited, Flags, Listing, Numbers, Places, Sequences

ROUNDING = 32  # times the precision of the largest number at hand: by less a score does not cross
ROWS = 1024  # edited sequences that are made at once
UNSURE = 1e-4  # of the largest single effect: so near the threshold an effect is held against a forward pass


@dataclass(eq=False)
class Search:
    """One example: edits are sets of substitutions, each 4 * position + base, a row of ascending numbers for each set.

    one: (1, 4, position). before: its score. precision: of the score's number type.
    largest: the largest effect of a single substitution, of either sign.
    beam, values: the best sets of the last round, and their scores. whole: whether these are all sets of their size.
    found, after: a set that crosses the threshold, and its score.
    proven: no set of fewer substitutions crosses.
    single_flips: how many single substitutions cross.
    closest: the score farthest towards the other side that any set reached.
    """

    one: Sequences
    before: float
    threshold: float
    precision: float
    largest: float = 0.0
    beam: Places = field(default_factory=lambda: np.zeros((1, 0), np.int64))
    values: Numbers = field(default_factory=lambda: np.zeros(1))
    whole: bool = True
    found: tuple[int, ...] | None = None
    after: float = 0.0
    proven: int = 1
    single_flips: int = 0
    closest: float = 0.0

    def __post_init__(self) -> None:
        self.after = self.closest = self.before
        self.values = np.array([self.before])

    @property
    def side(self) -> int:
        """1 where the score has to rise, -1 where it has to fall."""
        return 1 if self.before < self.threshold else -1

    @property
    def tolerance(self) -> float:
        """By so much a score must lie beyond the threshold."""
        return ROUNDING * self.precision * max(abs(self.before), abs(self.threshold), self.largest)

    def beyond(self, values: Numbers) -> Numbers:
        """How far scores lie on the other side of the threshold; below zero on this one."""
        found: Numbers = self.side * (values - self.threshold)
        return found

    def crosses(self, values: Numbers) -> Flags:
        """Whether scores lie on the other side by more than rounding."""
        found: Flags = self.beyond(values) > self.tolerance
        return found

    def near(self, values: Numbers) -> Flags:
        """Whether computed scores cross, or nearly do; that of an edit without effect does not."""
        unsure = UNSURE * self.largest + self.tolerance
        found: Flags = (self.beyond(values) >= -unsure) & (values != self.before)
        return found

    def in_order(self, values: Numbers) -> Counters:
        """The scores from the best to the worst; those that differ by rounding keep their order."""
        grid = self.tolerance or 1.0
        order: Counters = np.argsort(-np.round(self.beyond(values) / grid), kind="stable")
        return order


def edited(one: Sequences, sets: Places) -> Edited:
    """One row for each set of substitutions of the one example."""
    rows = one.repeat(len(sets), 1, 1)
    row = torch.arange(len(sets), device=one.device)
    for numbers in torch.from_numpy(sets.T.copy()).to(one.device):
        position, base = numbers // 4, numbers % 4
        rows[row, :, position] = 0
        rows[row, base, position] = 1
    return rows


def forward(score: Score, search: Search, sets: Places) -> Numbers:
    """The scores of sets by forward passes."""
    parts = (sets[i : i + ROWS] for i in range(0, len(sets), ROWS))
    return np.concatenate([np.zeros(0), *(numbers_of(by_rows(score, edited(search.one, part))) for part in parts)])


def numbers_of(found: Tensor) -> np.ndarray:
    """Scores or effects as numbers; ModelError where one is none."""
    numbers: np.ndarray = found.detach().double().cpu().numpy()
    if not np.isfinite(numbers).all():
        raise ModelError("the score of some edited sequences is NaN or infinite, so it cannot be told what flips it")
    return numbers


def consider(score: Score, search: Search, sets: Places, values: Numbers, *, width: int, complete: bool) -> None:
    """Take the best `width` of the sets as the beam, and the best of all where it crosses the threshold.

    values: their scores, by the engine. The best, and where the sets are `complete`, all of their size, also those too
    near the threshold to tell, are scored by forward passes, which decide.
    """
    size = sets.shape[1]
    order = search.in_order(values)
    best = _distinct(sets, order, width)
    near = np.flatnonzero(search.near(values)) if complete else np.zeros(0, np.int64)
    crossing = near[search.crosses(values[near] - search.side * UNSURE * search.largest)]
    doubtful = np.setdiff1d(near, np.concatenate([crossing, best]))
    asked = np.concatenate([best, doubtful])
    reached = forward(score, search, sets[asked])
    flips = asked[search.crosses(reached)]
    if len(asked):
        search.closest = search.side * max(search.side * search.closest, float((search.side * reached).max()))
    if len(flips):
        chosen = order[np.isin(order, flips)][0]
        search.found = tuple(sets[chosen].tolist())
        search.after = float(reached[asked == chosen][0])
    elif complete and search.proven == size and len(np.setdiff1d(crossing, asked)) == 0:
        search.proven = size + 1
    if size == 1:
        search.single_flips = len(np.union1d(flips, np.setdiff1d(crossing, asked)))
    search.whole = complete and len(best) == len(sets)
    search.beam, search.values = sets[best], reached[: len(best)]


def _distinct(sets: Places, order: Counters, width: int) -> Listing:
    """The places of the first `width` different sets."""
    taken: dict[tuple[int, ...], int] = {}
    for place in order.tolist():
        if len(taken) == width:
            break
        taken.setdefault(tuple(sets[place].tolist()), place)
    return np.array(list(taken.values()), np.int64)


def pruned(score: Score, search: Search) -> None:
    """Leave substitutions out, one at a time, as long as the rest crosses the threshold too."""
    while search.found is not None and len(search.found) > search.proven:
        held = np.array(search.found, np.int64)
        rest = np.stack([np.delete(held, place) for place in range(len(held))])
        values = forward(score, search, rest)
        crossing = [place for place in search.in_order(values).tolist() if search.crosses(values)[place]]
        if not crossing:
            return
        search.found, search.after = tuple(rest[crossing[0]].tolist()), float(values[crossing[0]])
