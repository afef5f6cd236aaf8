"""Greedy motif insertion: put in the word, at the place and on the strand that help most, again and again.

The constructive design of Taskiran et al. 2024, doi:10.1038/s41586-023-06936-2.
"""

from collections.abc import Sequence

import numpy as np

from seqinterp.design.search.choose import best_allowed
from seqinterp.design.walk import Problem, Walk
from seqinterp.errors import InputError
from seqinterp.shapes import Candidates, Codes, Counters

HELD = 2**26  # bases of candidates that are held at once


def insert_motifs(problem: Problem, walk: Walk, /, *, words: Sequence[np.ndarray]) -> None:
    """Put the best word over what is there; a design that no word helps is done.

    words: codes of each; N keeps what is there. Both strands are tried.

    Raises:
        InputError: there are no words, or one is longer than the sequences.
    """
    length = walk.codes.shape[1]
    if not words:
        raise InputError("insert_motifs needs motifs= to put in; give at least one")
    if any((word >= 4).all() for word in words):
        raise InputError("a motif that is all N changes nothing; leave it out")
    wide = max(len(word) for word in words)
    if wide > length:
        raise InputError(f"a motif of {wide} bases does not fit into sequences of {length} bases")
    both = [strand for word in words for strand in (word, _reversed(word))]
    sites = [(word, position) for word in both for position in range(length - len(word) + 1)]
    for name in walk.open:
        _insert(problem, walk, int(name), sites)


def _insert(problem: Problem, walk: Walk, name: int, sites: list[tuple[np.ndarray, int]]) -> None:
    """One round of one design."""
    here, start = walk.codes[name], walk.starts[name]

    def made(some: Counters) -> Candidates:
        found = np.repeat(here[None], len(some), axis=0)
        for row, number in enumerate(some):
            word, position = sites[number]
            known = np.flatnonzero(word < 4)
            found[row, position + known] = word[known]
        return found

    gains = np.full(len(sites), -np.inf)
    size = max(1, HELD // len(here))
    for first in range(0, len(sites), size):
        some = np.arange(first, min(first + size, len(sites)))
        none = np.zeros(len(some), np.int64)
        check = bool(first == 0 and walk.done.max() == 0)
        gains[some] = problem.objective.gains(here[None], start[None], made(some), none, check=check)
    _, better = best_allowed(problem, gains, made, start, least=problem.margin(walk.values[name]))
    if len(better) == 0:
        walk.close(name)
        return
    walk.done[name] += 1
    walk.reach(name, better[0], float(problem.objective.values(better, start[None])[0]), walk.done[name])


def _reversed(word: Codes) -> Codes:
    """The other strand."""
    found: Codes = np.where(word < 4, 3 - word, word)[::-1].astype(np.uint8)
    return found
