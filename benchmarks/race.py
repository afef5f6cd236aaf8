"""Two ways to the same answer, timed fairly: in one process, in turns, and only after the answer was checked."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from torch import Tensor

Run = Callable[[], Tensor]
SHORTEST = 0.1  # seconds: what is quicker is run several times in a row for one measurement


class WrongAnswer(SystemExit):
    """An answer is not what it should be: nothing is timed."""


@dataclass(frozen=True)
class Side:
    """One way to the answer, at the batch size that suits it best."""

    batch_size: int | None
    run: Run


def require(holds: bool, what: str) -> None:
    """Stop the benchmark with a clear message when an answer is wrong."""
    if not holds:
        raise WrongAnswer(f"stopped, nothing was timed: {what}")


def seconds(run: Run, times: int = 1) -> float:
    """Wall time of one run, the mean over `times` in a row; every run ends with its answer on the CPU."""
    begun = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - begun) / times


def at_best(make: Callable[[int | None], Run], sizes: Iterable[int | None], tries: int) -> Side:
    """The side at the quickest of some batch sizes, by the best of `tries` runs after one to warm up."""
    found: dict[int | None, float] = {}
    for size in dict.fromkeys(sizes):
        run = make(size)
        run()
        once = seconds(run)
        times = max(1, round(SHORTEST / once))
        again = tries if once < 1 else 0  # what takes long varies little
        found[size] = min([once, *(seconds(run, times) for _ in range(again))])
    best = min(found, key=lambda size: found[size])
    return Side(best, make(best))


def race(ours: Side, theirs: Side, count: int, repeats: int) -> dict[str, object]:
    """Time both in turns; milliseconds for each of `count` sequences and the ratio theirs / ours of each repeat."""
    slowest = max(seconds(ours.run), seconds(theirs.run))
    times = max(1, round(SHORTEST / slowest))
    pairs = []
    for repeat in range(repeats):  # whoever goes first changes, so that a slow stretch of the machine hits both
        first = seconds(ours.run, times) if repeat % 2 == 0 else None
        second = seconds(theirs.run, times)
        pairs.append((seconds(ours.run, times) if first is None else first, second))
    ratios = [there / here for here, there in pairs]
    return {
        "times_faster": {"median": median(ratios), "lowest": min(ratios), "highest": max(ratios)},
        "ours_ms": 1000 * median(here for here, _ in pairs) / count,
        "theirs_ms": 1000 * median(there for _, there in pairs) / count,
        "batch_size": {"ours": ours.batch_size, "theirs": theirs.batch_size},
        "sequences": count,
        "repeats": repeats,
    }
