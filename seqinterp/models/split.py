"""Splits that keep related examples together.

Adjacent windows of one peak, one chromosome or homologous sequences must not stand in training and in test: a
network would be praised for remembering. Groups are dealt whole; sequence/groups.py
finds them, and refuses a split made elsewhere that tears one apart.
"""

import numpy as np
from numpy.typing import NDArray

from seqinterp.errors import InputError, ShapeError
from seqinterp.models.labels import binary_labels

Indices = NDArray[np.intp]


def grouped_folds(groups: NDArray[np.integer], labels: object, *, folds: int = 5, seed: int = 0) -> list[Indices]:
    """The test examples of each fold, ascending; every example stands in exactly one fold.

    No group straddles two folds, and positives, then negatives, are spread as evenly as whole groups allow. Raises
    InputError where a fold would hold one class only.
    """
    if folds < 2:
        raise InputError(f"cross-validation needs at least 2 folds, but folds is {folds}")
    return _deal(groups, labels, [f"fold {fold + 1}" for fold in range(folds)], [1 / folds] * folds, seed)


def grouped_split(
    groups: NDArray[np.integer],
    labels: object,
    *,
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15),
    seed: int = 0,
) -> tuple[Indices, Indices, Indices]:
    """The examples for training, validation and test, ascending; no group straddles two of them.

    Positives and negatives are dealt so that each part gets about its fraction of both. Raises InputError where
    a part would hold one class only.
    """
    if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise InputError(f"the fractions of a split must be positive and sum to 1, but they are {fractions}")
    train, valid, test = _deal(groups, labels, ["training", "validation", "test"], list(fractions), seed)
    return train, valid, test


def _deal(
    groups: NDArray[np.integer], labels: object, parts: list[str], fractions: list[float], seed: int
) -> list[Indices]:
    """Deal whole groups, the largest first, each to the part that lacks most; equal groups in random order."""
    values = binary_labels(labels)
    if groups.shape != values.shape:
        raise ShapeError(f"there are {len(values)} labels but the groups have the shape {groups.shape}")
    _, group_of = np.unique(groups, return_inverse=True)
    positives = np.bincount(group_of, weights=values).astype(int)
    negatives = np.bincount(group_of).astype(int) - positives
    order = np.random.default_rng(seed).permutation(len(positives))
    order = order[np.lexsort((-negatives[order], -positives[order]))]
    held = int((positives > 0).sum())
    part_of_group = np.empty(len(order), dtype=int)
    loads = np.zeros((2, len(parts)))
    for among, sizes, row in ((order[:held], positives, 1), (order[held:], negatives, 0)):
        for done, group in enumerate(among):
            neediest = _neediest(loads[row], np.array(fractions), int(sizes[group]), remaining=len(among) - done)
            part_of_group[group] = neediest
            loads[:, neediest] += (negatives[group], positives[group])
    part_of = part_of_group[group_of]
    dealt = [np.flatnonzero(part_of == part) for part in range(len(parts))]
    for part, indices in zip(parts, dealt, strict=True):
        _require_both_classes(part, values[indices], held, len(order))
    return dealt


def _neediest(load: NDArray[np.float64], fractions: NDArray[np.float64], size: int, *, remaining: int) -> int:
    """The part that is least full after taking the group; the empty parts alone once groups run short."""
    fullness = (load + size) / fractions
    empty = load == 0
    if empty.any() and remaining <= empty.sum():
        fullness = np.where(empty, fullness, np.inf)
    return int(np.argmin(fullness))


def _require_both_classes(part: str, labels: NDArray[np.float64], held: int, count: int) -> None:
    """Refuse a part without both classes, saying how many groups there were to deal."""
    if len(np.unique(labels)) < 2:
        lacking = "no examples" if len(labels) == 0 else f"only examples labelled {int(labels[0])}"
        raise InputError(
            f"{part} would hold {lacking}: the data have {count} groups of related examples, {held} of them with "
            "positives, and groups are not torn apart; give more groups or ask for fewer parts"
        )
