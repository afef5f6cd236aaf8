"""Do two data sets differ as the model sees them? The energy test (Szekely & Rizzo 2013,
doi:10.1016/j.jspi.2013.03.018).
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Features, NewFeatures, Numbers
from seqinterp.uncertainty.checks import check_rows

DRAWS = 999
MOST = 1000  # examples of each set that are compared: distances are needed between all pairs


@dataclass(frozen=True)
class Shift:
    """Whether two sets are of one distribution.

    distance: the energy distance, 2 E|A - B| - E|A - A'| - E|B - B'|, 0 for equal distributions.
    p_value: the share of relabellings, the true one among them, with a distance at least as large.
    feature_shifts: the difference of means of each feature, second less first, over its pooled deviation; where it came
        from, not tested.
    compared: how many examples of each set were compared.
    """

    distance: float
    p_value: float
    feature_shifts: Numbers
    compared: tuple[int, int]


def distribution_shift(first: Features, second: NewFeatures, *, draws: int = DRAWS, seed: int = 0) -> Shift:
    """Compare scores or latent numbers of two data sets, `(example, feature)`; two tissues, two species, two batches.

    Every feature is divided by its pooled deviation. Of more than 1000 examples a random 1000 are compared. The test is
    exact at any number of examples if examples are independent: related sequences make it too sure.

    Raises:
        ShapeError: the numbers of features differ.
        InputError: fewer than two examples on a side, numbers that are not finite, or draws below 1.
    """
    check_rows(first=first)
    check_rows(second=second)
    if first.shape[1] != second.shape[1] or first.shape[1] == 0:
        raise ShapeError(f"both sets need the same features, but have {first.shape[1]} and {second.shape[1]}")
    if min(len(first), len(second)) < 2 or draws < 1 or seed < 0:
        raise InputError(
            f"two examples on each side, draws of 1 or more and a seed of 0 or more are needed; {len(first)} and"
            f" {len(second)} examples, {draws} draws and seed {seed} came"
        )
    chance = np.random.default_rng(seed)
    one, other = _some(first, chance), _some(second, chance)
    both = np.concatenate([one, other])
    deviation = both.std(axis=0)
    scaled = both / np.where(deviation > 0, deviation, 1.0)
    between = cdist(scaled, scaled)
    inside = np.zeros((len(both), draws + 1))  # 1 for the members of the first set, one relabelling per column
    inside[: len(one)] = 1.0
    inside[:, 1:] = chance.permuted(inside[:, 1:], axis=0)
    found = _energy(between, inside)
    shifts = scaled[len(one) :].mean(axis=0) - scaled[: len(one)].mean(axis=0)
    p_value = float((found >= found[0] * (1 - 1e-9)).mean())
    return Shift(float(found[0]), p_value, shifts, (len(one), len(other)))


def _energy(between: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The energy distance of each relabelling, from sums over pairs: x' D x for the pairs within the first set.

    With x the membership, D the distances and s = D 1: the cross sum is x' (s - D x), the second's (1 - x)' D (1 - x).
    """
    reached = between @ inside
    within = (inside * reached).sum(axis=0)
    cross = inside.T @ between.sum(axis=1) - within
    total = between.sum()
    count = inside.sum(axis=0)
    rest = len(inside) - count
    outside = total - within - 2 * cross
    return np.asarray(2 * cross / (count * rest) - within / count**2 - outside / rest**2)


def _some(rows: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """At most so many rows as can be compared, in their order."""
    return rows if len(rows) <= MOST else rows[np.sort(chance.choice(len(rows), MOST, replace=False))]
