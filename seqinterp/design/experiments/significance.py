"""How often chance does as much: p-values by exchanging what is alike when nothing is there, and q-values.

A p-value from draws counts the observed one among them and so is never zero (Phipson & Smyth 2010,
doi:10.2202/1544-6115.1585). Numbers that differ by less than `tolerance`, the rounding of the scores, are equal.
"""

import numpy as np
from scipy.stats import false_discovery_control

from seqinterp.shapes import Matrix, Numbers

PERMUTATIONS = 9_999
FEWER = 999  # where a permutation takes long
AT_ONCE = 1_000


def rank_p_values(observed: Numbers, controls: Matrix, *, tolerance: float = 0.0) -> Numbers:
    """How far each number lies out among its own controls (entry, draws), two-sided; NaN without any.

    The share of the 1 + draws numbers that lie as far from their median as the observed one or farther. It is exact
    where number and controls are exchangeable. Controls that are NaN are left out.
    """
    result = np.full(len(observed), np.nan)
    for row, (one, others) in enumerate(zip(observed, controls, strict=True)):
        there = others[np.isfinite(others)]
        if len(there):
            far = np.abs(np.append(there, one) - np.median(np.append(there, one)))
            result[row] = np.mean(far >= far[-1] - tolerance)
    return result


def sign_flip_p_values(values: Matrix, *, tolerance: float = 0.0, seed: int = 0) -> Numbers:
    """Whether the mean of each row (test, example) differs from zero, corrected for having looked at all rows.

    The signs of whole examples are flipped, which changes nothing where every row is symmetric about zero, and the
    largest mean of either sign over all rows is compared with each: single-step max of Westfall & Young 1993. The
    chance of even one p-value of 0.05 or less is 5 % where no row has an effect.
    """
    chance, size = np.random.default_rng(seed), values.shape[1]
    means = np.abs(values.mean(axis=1))
    reached = np.zeros(len(means))
    for count in _pieces(PERMUTATIONS):
        signs = chance.choice([-1.0, 1.0], size=(count, size))
        largest = np.abs(signs @ values.T / size).max(axis=1)
        reached += (largest[:, None] >= means - tolerance).sum(axis=0)
    return np.where(means <= tolerance, 1.0, (1 + reached) / (1 + PERMUTATIONS))


def uneven_p_value(values: Matrix, *, tolerance: float = 0.0, seed: int = 0) -> float:
    """Whether the rows (test, example) differ in their mean at all: the rows of every example are put in another order.

    The largest distance of a row's mean from the mean of all is compared.
    """
    chance = np.random.default_rng(seed)
    own = values - values.mean(axis=0)
    observed = np.abs(own.mean(axis=1)).max()
    reached = sum(np.abs(chance.permuted(own, axis=0).mean(axis=1)).max() >= observed - tolerance for _ in range(FEWER))
    return float(1 + reached) / (1 + FEWER) if observed > tolerance else 1.0


def stratified_p_value(blocks: list[tuple[np.ndarray, np.ndarray]], *, tolerance: float = 0.0, seed: int = 0) -> float:
    """Whether the first numbers of the blocks are larger, or smaller, than the second ones, their controls.

    In every block as many numbers as there are first ones are drawn from both; the sums over the blocks are compared,
    as distances from what is expected. NaN where no block has controls.
    """
    chance = np.random.default_rng(seed)
    total, drawn, any_controls = 0.0, np.zeros(FEWER), False
    for own, controls in blocks:
        every = np.concatenate([own, controls])
        if len(controls) == 0 or len(own) == 0:
            continue
        any_controls = True
        every = every - every.mean()
        total += every[: len(own)].sum()
        keys = chance.random((FEWER, len(every)))
        drawn += every[np.argpartition(keys, len(own) - 1, axis=1)[:, : len(own)]].sum(axis=1)
    if not any_controls:
        return float("nan")
    return float(1 + np.sum(np.abs(drawn) >= abs(total) - tolerance)) / (1 + FEWER)


def q_values(p_values: Numbers) -> Numbers:
    """Benjamini & Hochberg 1995 over those p-values that are numbers; NaN stays NaN."""
    result, told = np.full(len(p_values), np.nan), np.isfinite(p_values)
    if told.any():
        result[told] = false_discovery_control(p_values[told])
    return result


def rounding(scores: np.ndarray, *effects: np.ndarray, precision: float) -> float:
    """Below which differences of scores say nothing: 64 times the precision of the largest number at hand."""
    return 64 * precision * max(float(np.abs(numbers).max(initial=0.0)) for numbers in (scores, *effects))


def standard_error(values: Matrix) -> Numbers:
    """Of the mean of each row; NaN for a single column."""
    size = values.shape[1]
    if size < 2:
        return np.full(len(values), np.nan)
    return np.asarray(values.std(axis=1, ddof=1) / np.sqrt(size))


def _pieces(count: int) -> list[int]:
    """The count in pieces of a bounded size."""
    return [min(AT_ONCE, count - start) for start in range(0, count, AT_ONCE)]
