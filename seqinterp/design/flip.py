"""The fewest substitutions that take a score to the other side of a threshold.

One substitution: all of them, by exact mutagenesis, so that "none does" is proven. Two: a beam, and where it finds
none, all pairs. More: a beam of the best sets, each of whose extensions is asked about. What is found is pruned.
"""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import torch

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.design.flip_search import Search, consider, edited, numbers_of, pruned
from seqinterp.errors import InputError
from seqinterp.mutagenesis.edit_lists import PIECE, pair_pieces, substitutions, together
from seqinterp.mutagenesis.effects import effects
from seqinterp.mutagenesis.every_base import every_base
from seqinterp.mutagenesis.window import check_window
from seqinterp.shapes import Edited, Indices, Numbers, Places, Scores, Sequences

PAIRS = 2**21  # of one example: of windows of more than 683 positions not all pairs are tried


@dataclass(frozen=True)
class Effort:
    """How far a search goes: sets of up to `most` substitutions, `width` of them extended in each round, and whether
    all pairs are tried where the beam finds none that flips.

    Raises:
        InputError: `most` or `width` is not positive.
    """

    most: int = 5
    width: int = 16
    exhaustive: bool = True

    def __post_init__(self) -> None:
        for name in ("most", "width"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or value < 1:
                raise InputError(f"{name} must be 1 or more, not {value}; it is a whole number")


@dataclass(frozen=True, eq=False)
class Flipping:
    """What flips each of several examples, on the CPU.

    chosen: the substitutions of each example, 4 * position + base, ascending; none where nothing that was tried flips.
    score, after: (batch,), before and after them; the same where nothing flips.
    closest: (batch,), the score farthest towards the other side that any set tried reached.
    fewest_proven: (batch,), so many substitutions are needed at least.
    single_flips: (batch,), how many single substitutions flip.
    """

    chosen: tuple[tuple[int, ...], ...]
    score: Scores
    after: Scores
    closest: Scores
    fewest_proven: Indices
    single_flips: Indices


def fewest_flips(
    score: Score,
    inputs: Sequences,
    /,
    *,
    threshold: float = 0.0,
    effort: Effort,
    start: int = 0,
    stop: int | None = None,
    repeats: int = 1,
) -> Flipping:
    """The smallest sets of substitutions in `[start, stop)` found that take scores beyond the threshold.

    A score at the threshold counts as lying above it. What crosses is decided by forward passes. repeats: how many
    calls like this one will come.

    Raises:
        InputError: the window is empty or leaves the sequence.
        ModelError: the score is NaN or infinite after an edit.
    """
    begin, end = check_window(inputs, start, stop)
    with torch.no_grad():
        scores = by_rows(score, inputs)
        precision = torch.finfo(scores.dtype).eps
        values = numbers_of(scores).tolist()
        searches = [Search(inputs[i : i + 1], value, threshold, precision) for i, value in enumerate(values)]
        for size in range(1, min(effort.most, end - begin) + 1):
            open_ones = [search for search in searches if search.found is None]
            if not open_ones:
                break
            _extend(score, open_ones, (begin, end), effort, repeats)
            if size == 2 and effort.exhaustive:
                _try_pairs(score, open_ones, (begin, end), effort, repeats)
        for search in searches:
            pruned(score, search)
    return _told(searches)


def _extend(score: Score, searches: list[Search], window: tuple[int, int], effort: Effort, repeats: int) -> None:
    """Put one more substitution into every set of every beam."""
    begin, end = window
    rows = torch.cat([edited(search.one, search.beam) for search in searches])
    found = every_base(score, rows, start=begin, stop=end, repeats=repeats * effort.most)[:, :, begin:end]
    low = 0
    for search in searches:
        high = low + len(search.beam)
        gains = numbers_of(found[low:high].transpose(1, 2))  # (sets, position, base)
        if search.beam.shape[1] == 0:
            search.largest = float(np.abs(gains).max())
        complete, allowed = search.whole, _allowed(search, rows[low:high], window)
        member, number = allowed.reshape(len(gains), -1).nonzero()
        sets = np.sort(np.concatenate([search.beam[member], (number + 4 * begin)[:, None]], axis=1), axis=1)
        reached = search.values[member] + gains.reshape(len(gains), -1)[member, number]
        if complete:
            _, once = np.unique(sets, axis=0, return_index=True)
            sets, reached = sets[once], reached[once]
        consider(score, search, sets, reached, width=effort.width, complete=complete)
        low = high


def _allowed(search: Search, rows: Edited, window: tuple[int, int]) -> np.ndarray:
    """Which bases can be put where, (sets, position, base): those that differ, at positions that are not edited yet."""
    begin, end = window
    allowed = (rows[:, :, begin:end] == 0).transpose(1, 2).cpu().numpy().copy()
    for positions in (search.beam // 4 - begin).T:
        allowed[np.arange(len(allowed)), positions] = False
    return allowed


def _try_pairs(score: Score, searches: list[Search], window: tuple[int, int], effort: Effort, repeats: int) -> None:
    """All pairs of substitutions of the examples that no pair tried so far flips, where there are not too many."""
    width = window[1] - window[0]
    count = 9 * width * (width - 1) // 2
    for search in searches:
        if search.found is not None or search.proven > 2 or count > PAIRS:
            continue
        singles = substitutions(search.one.cpu(), start=window[0], stop=window[1])
        numbers = (4 * singles.position + singles.columns.argmax(dim=1)).numpy()
        kept: list[tuple[Places, Numbers]] = []
        for left, right in pair_pieces(singles):
            calls = repeats * len(searches) * -(-count // PIECE)
            found = effects(score, search.one, together(singles, left, right), repeats=calls)
            reached = search.before + numbers_of(found)
            best = np.union1d(search.in_order(reached)[: effort.width], np.flatnonzero(search.near(reached)))
            kept.append((np.stack([numbers[left], numbers[right]], axis=1)[best], reached[best]))
        sets, values = (np.concatenate(parts) for parts in zip(*kept, strict=True))
        consider(score, search, sets, values, width=effort.width, complete=True)
        search.whole = search.whole and len(sets) == count


def _told(searches: list[Search]) -> Flipping:
    """The ends of all searches."""
    score, after, closest = (
        torch.tensor([getattr(search, name) for search in searches], dtype=torch.float64)
        for name in ("before", "after", "closest")
    )
    fewest, singles = (
        torch.tensor([getattr(search, name) for search in searches], dtype=torch.int64)
        for name in ("proven", "single_flips")
    )
    return Flipping(tuple(search.found or () for search in searches), score, after, closest, fewest, singles)
