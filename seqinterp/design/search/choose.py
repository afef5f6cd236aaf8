"""The best of many candidates that the rules let through."""

from collections.abc import Callable

import numpy as np

from seqinterp.design.walk import Problem
from seqinterp.shapes import Candidates, CodeBlock, Codes, Counters, Listing, Numbers

FIRST = 32  # candidates that are held against the rules at once, before there are reasons to look at more


def best_allowed(
    problem: Problem,
    values: Numbers,
    candidates: Callable[[Counters], Candidates],
    start: Codes,
    *,
    count: int = 1,
    least: float = -np.inf,
) -> tuple[Listing, CodeBlock]:
    """The `count` best of the candidates with these values that keep the rules and differ from one another.

    Only values above `least` are looked at, the highest first; of equal ones the first. `candidates` makes the
    sequences of some numbers: rules are asked only for those that could be chosen.
    """
    order = np.argsort(-values, kind="stable")
    order = order[: int((values > least).sum())]
    chosen: list[int] = []
    sequences: list[Codes] = []
    seen: set[bytes] = set()
    first, size = 0, max(FIRST, 2 * count) if problem.rules.constraints else max(1, 2 * count)
    while first < len(order) and len(chosen) < count:
        some = order[first : first + size]
        made = candidates(some)
        kept = problem.rules.keep(made, np.broadcast_to(start, made.shape))
        for number in np.flatnonzero(kept):
            if len(chosen) < count and made[number].tobytes() not in seen:
                seen.add(made[number].tobytes())
                chosen.append(int(some[number]))
                sequences.append(made[number])
        first, size = first + size, 4 * size
    return np.array(chosen, np.int64), np.array(sequences, np.uint8).reshape(-1, len(start))
