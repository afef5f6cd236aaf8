"""Images dealt to training, validation and test so that no patient and no duplicate stands on two sides."""

import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from seqinterp.errors import InputError, LeakageError
from seqinterp.images.duplicates import NEAR, duplicate_pairs
from seqinterp.images.groups import linked
from seqinterp.images.image_set import PARTS, ImageSet
from seqinterp.images.variants import origins_of

FOLDS = 100  # at most; fractions are made of whole folds


def split_images(
    images: ImageSet,
    *,
    fractions: tuple[int | float, int | float, int | float] = (0.7, 0.1, 0.2),
    by_group: bool = True,
    near: int | float | None = NEAR,
    seed: int = 0,
) -> ImageSet:
    """The images with a split: train, valid and test, each class in each part by about its fraction.

    Images of one group, with one parent, or duplicates of one another (see `find_duplicates`) are dealt together, also
    by a chain of such; parts are joined from equal folds of scikit-learn's StratifiedGroupKFold. A split that the
    images had is replaced.

    Args:
        images: the images.
        fractions: of the images that go to train, valid and test; whole hundredths (or thirds), sum 1.
        by_group: False deals each image on its own, as if none were related. That is wrong for anything but showing
            how much better a network then seems.
        near: the likeness from which two images count as duplicates; None for equal pixels alone.
        seed: decides between equally good splits.

    Raises:
        InputError: fractions that are none, or a part that would lack a class because too few groups have it.
    """
    folds = _folds(fractions)
    related = related_images(images, near=near) if by_group else np.arange(len(images))
    if len(np.unique(related)) < folds:
        raise InputError(
            f"{folds} folds are needed for the fractions {fractions}, but there are only {len(np.unique(related))}"
            f" groups of related images among {len(images)}; give more, or rounder fractions, or a higher near if"
            " images that differ count as duplicates"
        )
    kind = StratifiedGroupKFold if by_group else StratifiedKFold
    dealer = kind(n_splits=folds, shuffle=True, random_state=seed)
    part_of = np.empty(len(images), dtype=np.int64)
    ends = np.cumsum([round(fraction * folds) for fraction in fractions])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class smaller than the folds; what matters is checked below
        try:
            dealt = list(dealer.split(np.zeros(len(images)), images.labels, related))
        except ValueError as error:
            raise InputError(
                f"no class has the {folds} images that the fractions {fractions} need; give more images, or rounder"
                " fractions"
            ) from error
    for fold, (_, held) in enumerate(dealt):
        part_of[held] = np.searchsorted(ends, fold, side="right")
    _require_classes(images, part_of, related)
    return replace(images, split=tuple(PARTS[part] for part in part_of))


def related_images(images: ImageSet, *, near: int | float | None = NEAR) -> NDArray[np.int64]:
    """A number per image; alike for images that must stay on one side: of one group or parent, or duplicates."""
    pairs, _, _ = duplicate_pairs(images, near=near)
    return linked(len(images), pairs, images.groups, origins_of(images))


def refuse_overlap(images: ImageSet, *, near: int | float | None = NEAR) -> None:
    """Look through the split that images came with.

    Raises:
        LeakageError: a group, a parent's images or a pair of duplicates stands on two sides; the group and two images
            are named.
        InputError: the images have no split.
    """
    if images.split is None:
        raise InputError("the images have no split to look through; make one with si.split_images")
    for keys, words in ((images.groups, "the group {}"), (origins_of(images), "the image {} or what was made of it")):
        first: dict[str, int] = {}
        torn: dict[str, tuple[int, int]] = {}
        for row, key in enumerate(keys or ()):
            other = first.setdefault(key, row)
            if images.split[other] != images.split[row]:
                torn.setdefault(key, (other, row))
        if torn:
            key, pair = next(iter(torn.items()))
            raise LeakageError(_sentence(images, words.format(key) + " stands on two sides", pair, len(torn)))
    pairs, exact, likeness = duplicate_pairs(images, near=near)
    across = [i for i, (a, b) in enumerate(pairs.tolist()) if images.split[a] != images.split[b]]
    if across:
        kind = "of the same pixels" if exact[across[0]] else f"near duplicates (likeness {likeness[across[0]]:.3f})"
        first_row, second_row = pairs[across[0]].tolist()
        raise LeakageError(_sentence(images, f"two images are {kind}", (first_row, second_row), len(across)))


def _sentence(images: ImageSet, what: str, pair: tuple[int, int], count: int) -> str:
    """What is torn apart, by which two images, and how often that happens."""
    one, other = (f"{images.names[row]} ({images.split[row] if images.split else ''})" for row in pair)
    more = f", and so it is {count - 1} times more" if count > 1 else ""
    return f"{what}: {one} and {other}{more}; split with si.split_images, which keeps them together"


def _folds(fractions: tuple[int | float, int | float, int | float]) -> int:
    """The smallest number of equal folds that the fractions are whole numbers of."""
    if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise InputError(f"the fractions of a split must be positive and sum to 1, but they are {fractions}")
    for folds in range(3, FOLDS + 1):
        whole = [round(fraction * folds) for fraction in fractions]
        if min(whole) > 0 and all(abs(f * folds - w) < 1e-6 for f, w in zip(fractions, whole, strict=True)):
            return folds
    raise InputError(f"the fractions of a split must be whole hundredths, but they are {fractions}; round them")


def _require_classes(images: ImageSet, part_of: NDArray[np.int64], related: NDArray[np.int64]) -> None:
    """Refuse a part without one of the classes, saying how many groups have it."""
    for part, name in enumerate(PARTS):
        for number, label in enumerate(images.classes):
            if not (images.labels[part_of == part] == number).any():
                groups = len(np.unique(related[images.labels == number]))
                raise InputError(
                    f"the {name} part would hold no image of the class {label}: there are {groups} groups of related"
                    " images with it, which are not torn apart; give more images of it or a larger fraction"
                )
