"""How unlike one another designed sequences are."""

from dataclasses import dataclass

import numpy as np

from seqinterp.shapes import CodeBlock, Counters, Numbers


@dataclass(frozen=True, eq=False)
class Diversity:
    """Of each sequence the one nearest to it, at how many positions they differ, and the mean over all others.

    Of a sequence without company `nearest` is -1 and the numbers are NaN.
    """

    nearest: Counters
    smallest: Numbers
    mean: Numbers


def diversity(codes: CodeBlock) -> Diversity:
    """Hamming distances within a set of sequences of one length."""
    count = len(codes)
    if count < 2:
        return Diversity(np.full(count, -1), np.full(count, np.nan), np.full(count, np.nan))
    nearest, smallest, mean = np.zeros(count, np.int64), np.zeros(count), np.zeros(count)
    for number, one in enumerate(codes):
        apart = (codes != one).sum(axis=1)
        mean[number] = apart.sum() / (count - 1)
        apart[number] = codes.shape[1] + 1
        nearest[number] = apart.argmin()
        smallest[number] = apart.min()
    return Diversity(nearest, smallest, mean)
