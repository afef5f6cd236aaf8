"""Permutation tests over examples, the same whatever order the examples came in."""

from itertools import permutations
from math import factorial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from seqinterp.attribution.chance import generator
from seqinterp.errors import InputError
from seqinterp.shapes import Numbers


def check_draws(draws: int, seed: int) -> None:
    """Refuse settings of a random test that cannot be used."""
    if draws < 1 or seed < 0:
        raise InputError(f"draws must be 1 or more and seed 0 or more, but {draws} and {seed} came")


def example_order(rows: Tensor, seed: int) -> NDArray[np.int64]:
    """An order of the examples that their own values give, so that the order they came in does not matter."""
    keys = [generator(seed, row, "order of examples").initial_seed() for row in rows]
    return np.argsort(np.array(keys), kind="stable").astype(np.int64)


def orders(count: int, draws: int, seed: int) -> NDArray[np.int64]:
    """Orders of `count` examples, one per row, the first of them as they are.

    All of them when there are not more than `draws`, else `draws` random ones after the first.
    """
    if count <= 20 and factorial(count) <= draws:
        return np.array(list(permutations(range(count))), dtype=np.int64)
    random = np.random.default_rng(seed)
    drawn = random.permuted(np.tile(np.arange(count), (draws, 1)), axis=1)
    return np.concatenate([np.arange(count)[None], drawn]).astype(np.int64)


def tail(values: Numbers) -> float:
    """The p-value of the first value: the share of all, itself among them, that are at least as large.

    Exact for all orders; for random ones (1 + larger) / (1 + draws), never 0 (doi:10.2202/1544-6115.1585).
    """
    return float((values >= values[0] - 1e-9).mean())


def holm(p_values: Numbers) -> Numbers:
    """p-values corrected for how many there are (Holm 1979, https://www.jstor.org/stable/4615733)."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] * factors))
    return corrected
