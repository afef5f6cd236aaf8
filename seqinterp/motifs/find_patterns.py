"""Patterns among seqlets: grown from some, held against all, and looked for again among those that are left over."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from seqinterp.motifs.alignment import one_thread_each
from seqinterp.motifs.assign import Members, assign, is_its_own, templates_of
from seqinterp.motifs.frames import Frames
from seqinterp.motifs.grow import grow
from seqinterp.motifs.split import split

SAMPLE = 2500  # seqlets that are compared with one another; all are compared with the patterns
ROUNDS = 12


def find_patterns(
    frames: Frames, *, least: int, begun: Sequence[Members] = (), kept: Callable[[list[Members]], None] = lambda _: None
) -> list[Members]:
    """Patterns that at least `least` seqlets belong to, largest first; the result does not depend on their order.

    Each round grows patterns among those seqlets that belong to none, a sample of them where they are many, splits
    those that are two, and gives all seqlets to the pattern that explains most of them; until one finds nothing new.

    kept: told what is found after every round; given back as `begun` it goes on from there, to the same end.
    """
    order = np.argsort(frames.seeds, kind="stable")
    place = np.argsort(order)

    def tell(found: list[Members]) -> None:
        kept([replace(one, index=order[one.index]) for one in found])

    with one_thread_each():
        sorted_begun = [replace(one, index=place[one.index]) for one in begun]
        found = _in_rounds(frames.take(order), least, sorted_begun, tell)
    return [replace(one, index=order[one.index]) for one in found]


def _in_rounds(
    frames: Frames, least: int, begun: list[Members], kept: Callable[[list[Members]], None]
) -> list[Members]:
    """The patterns of frames in an order that says nothing about them, so that any stretch of them is a sample."""
    found = begun
    for _ in range(ROUNDS):
        free = np.ones(len(frames), bool)
        for one in found:
            free[one.index] = False
        left = frames.take(np.flatnonzero(free)[:SAMPLE])
        new = [one for one in assign(left, grow(left, least), least) if is_its_own(left, one, found)]
        means = np.concatenate([split(frames, found, least), templates_of(new)])
        if len(means) == len(found):
            break
        before, after = len(found), assign(frames, means, least)
        if len(after) >= before:
            found = after
        if len(after) <= before:
            break
        kept(found)
    return found
