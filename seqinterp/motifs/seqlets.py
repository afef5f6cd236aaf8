"""Seqlets: stretches of sequences whose attributions are larger than chance, with p-values of each sequence alone."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from seqinterp.errors import InputError
from seqinterp.kernels.find_windows import find_windows
from seqinterp.motifs.false_discovery import q_values
from seqinterp.shapes import Counters, Listing, Numbers, Rows

WIDTHS = (7, 11, 16, 22)  # of the windows that are looked at: short and long motifs
BLOCK = 64  # sequences that a thread takes at once


@dataclass(frozen=True, eq=False)
class Seqlets:
    """Windows `[start, stop)` of examples, in order of example and start.

    sign: 1 where the window raises the score, -1 where it lowers it.
    attribution: the sum over the window.
    p_value: the chance of such a sum, or a larger one, of as many positions drawn from the example's own.
    q_value: the false discovery rate of all that are at least as significant.
    """

    example: Counters
    start: Counters
    stop: Counters
    sign: Counters
    attribution: Numbers
    p_value: Numbers
    q_value: Numbers

    def __len__(self) -> int:
        return len(self.example)

    def take(self, index: Listing) -> "Seqlets":
        """Some of them."""
        return Seqlets(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def candidate_seqlets(total: Rows, *, widths: Sequence[int] = WIDTHS, threads: int = 1) -> Seqlets:
    """Every window of contributions (batch, position) that could be a seqlet, of both signs, with p- and q-values.

    The p-value belongs to the example alone: what else is in the batch does not change it. It is the saddle-point
    approximation to the sum of as many values, drawn from those of the example, as the window is wide; windows of
    several widths are tried, and the p-value is that of the best times their number. q-values are Benjamini and
    Hochberg's, over as many tests as windows of the least width stand side by side in the sequences.

    Raises:
        InputError: no width fits into the sequences.
    """
    length = total.shape[1]
    fitting = np.array(sorted({int(width) for width in widths if 2 <= width <= length // 2}), np.int64)
    if len(fitting) == 0:
        raise InputError(
            f"seqlets need sequences at least twice as long as a window, but these have {length} positions and"
            f" the windows {', '.join(map(str, widths))}; pass widths= that fit"
        )
    parts = [_windows(total, sign, fitting, threads) for sign in (1, -1)]
    found = np.concatenate([part[0] for part in parts])
    logs = np.concatenate([part[1] for part in parts])
    sign = np.repeat([1, -1], [len(part[1]) for part in parts])
    order = np.lexsort((sign, found[:, 1], found[:, 0]))
    (example, start, stop), logs, sign = found[order].T, logs[order], sign[order]
    sums = np.pad(total.astype(np.float64).cumsum(axis=1), ((0, 0), (1, 0)))
    tests = 2 * len(total) * length // int(fitting[0])
    p_values = np.exp(logs)
    return Seqlets(
        example, start, stop, sign, sums[example, stop] - sums[example, start], p_values, q_values(p_values, tests)
    )


def seqlets_like_control(found: Seqlets, control: Seqlets, size: float) -> Seqlets:
    """The same seqlets with q-values against those of a control, `size` times as large as what they are from.

    The false discovery rate at a p-value: the control's windows that are as significant and one more, for the size of
    the control, to those found; made never to fall as the p-value rises.
    """
    order = np.argsort(found.p_value, kind="stable")
    chance = (1 + np.searchsorted(np.sort(control.p_value), found.p_value[order], side="right")) / size
    rates = np.minimum(1.0, chance / np.arange(1, len(order) + 1))
    q = np.empty(len(order))
    q[order] = np.minimum.accumulate(rates[::-1])[::-1]
    return Seqlets(*(getattr(found, name) if name != "q_value" else q for name in found.__dataclass_fields__))


def _windows(total: Rows, sign: int, widths: Counters, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """The windows of one sign: (example, start, stop) and log p."""
    most = BLOCK * (total.shape[1] * 2 // int(widths[0]) + 2)

    def of_block(first: int) -> tuple[np.ndarray, np.ndarray]:
        places, logs = np.empty((most, 3), np.int64), np.empty(most)
        block = sign * total[first : first + BLOCK].astype(np.float64)
        count = find_windows(block, widths, places, logs)
        places[:count, 0] += first
        return places[:count], logs[:count]

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(of_block, range(0, len(total), BLOCK)))
    return np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found])
