"""How well would the masks of other examples fit? The null of a dissection, by permutation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from seqinterp.errors import InputError

MOST_ENTRIES = 400_000_000  # positions where units are active, of 16 bytes each
SPARSE = 0.1  # concepts that are at a smaller share of positions are held as what is there
_SLACK = 1e-12


@dataclass(frozen=True)
class Overlaps:
    """Units against concepts, counted in positions.

    both: `(unit, concept)`, where the unit is active and the concept is there. active: `(unit,)`. present:
    `(concept,)`. pair_p: `(unit, concept)`, the share of permutations in which the concept fits the unit as well.
    best_p: `(unit,)`, in which any concept does as well as the best of this unit. Both with the data themselves as one
    more permutation (Phipson & Smyth 2010).
    """

    both: NDArray[np.int64]
    active: NDArray[np.int64]
    present: NDArray[np.int64]
    pair_p: NDArray[np.float64]
    best_p: NDArray[np.float64]


def iou(both: np.ndarray, active: np.ndarray, present: np.ndarray) -> NDArray[np.float64]:
    """Intersection over union `(unit, concept)`; 0 where both are empty."""
    union = active[:, None] + present[None] - both
    found: NDArray[np.float64] = both / np.maximum(union, 1)
    return found


def overlaps(
    units: NDArray[np.int64],
    cells: NDArray[np.int64],
    concepts: NDArray[np.bool_],
    *,
    count: int,
    circular: bool,
    permutations: int,
    seed: int,
    said: Callable[[str], None] = lambda _: None,
) -> Overlaps:
    """Overlaps of units with concepts, and their p-values.

    units, cells: where units are active: the number of the unit, and `example * positions + position`, by unit.
    concepts: `(batch, position, concept)`. count: how many units there are.
    circular: a permutation turns the masks of each example in a circle as well, by a distance of its own; that is for
        sequences. Else a concept that is at one place in all examples has a p-value of 1.

    Masks go to other examples whole, so how large they are, how they hang together, and with which other concepts they
    come stays as it is; all units and concepts share each permutation. Examples count as exchangeable: overlapping
    windows or several images of one patient are fewer independent examples than that, and p-values come out too small.
    """
    batch, positions, _ = concepts.shape
    plain = concepts.reshape(batch * positions, -1)
    flat = csr_matrix(plain, dtype=np.float32) if plain.mean() < SPARSE else np.ascontiguousarray(plain, np.float32)
    pointers = np.searchsorted(units, np.arange(count + 1))
    ones = np.ones(len(cells), dtype=np.float32)
    example, position = np.divmod(cells, positions)

    def intersections(at: NDArray[np.int64]) -> NDArray[np.int64]:
        counted = csr_matrix((ones, at, pointers), shape=(count, batch * positions)) @ flat
        whole: NDArray[np.int64] = np.rint(counted.toarray() if issparse(counted) else counted).astype(np.int64)
        return whole

    both, active, present = intersections(cells), np.diff(pointers).astype(np.int64), concepts.sum(axis=(0, 1))
    best = iou(both, active, present).max(axis=1)
    as_well, best_as_well = np.zeros(both.shape, np.int64), np.zeros(count, np.int64)
    draw = np.random.default_rng(seed)
    for number in range(permutations):
        said(f"permutation {number + 1} of {permutations}")
        others = draw.permutation(batch)
        turns = np.asarray(draw.integers(positions if circular else 1, size=batch))
        drawn = intersections(others[example] * positions + (position + turns[example]) % positions)
        as_well += drawn >= both
        best_as_well += iou(drawn, active, present).max(axis=1) >= best - _SLACK
    rows = permutations + 1
    return Overlaps(both, active, present, (1 + as_well) / rows, (1 + best_as_well) / rows)


def refuse_too_many(entries: int) -> None:
    """Raise InputError where units are active at more positions than can be held."""
    if entries > MOST_ENTRIES:
        raise InputError(
            f"the units of these layers are active at more than {MOST_ENTRIES:,} positions of these inputs, too many to"
            " hold; name fewer layers with layers=, or give fewer or smaller inputs"
        )
