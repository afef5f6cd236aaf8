"""q-values: how many of what is called at least as significant is expected to be chance."""

import numpy as np

from seqinterp.shapes import Numbers


def q_values(p_values: Numbers, tests: int) -> Numbers:
    """q-values by Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x, of the best of `tests` tests.

    The tests that are not given are taken to have a p-value of 1, so leaving out what is not significant changes no
    q-value of what is.
    """
    order = np.argsort(p_values, kind="stable")
    rates = p_values[order] * tests / np.arange(1, len(order) + 1)
    found = np.empty(len(order))
    found[order] = np.minimum(1.0, np.minimum.accumulate(rates[::-1])[::-1])
    return found
