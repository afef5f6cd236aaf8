"""Images dealt to training, validation and test so that no patient and no duplicate stands on two sides."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqinterp.errors import InputError, LeakageError
from seqinterp.images.dealing import dealt
from seqinterp.images.duplicates import NEAR, duplicate_pairs
from seqinterp.images.groups import linked
from seqinterp.images.image_set import PARTS, ImageSet
from seqinterp.images.variants import origins_of

OFF = 0.05  # share of a part or of a class in it, beside one image, from which a split is not what was asked for


def split_images(
    images: ImageSet,
    *,
    fractions: Any = (0.7, 0.1, 0.2),
    by_group: bool = True,
    near: int | float | None = NEAR,
    seed: int = 0,
) -> ImageSet:
    """The images with a split: train, valid and test, each class in each part by about its fraction.

    Images of one group, with one parent, or duplicates of one another (see `find_duplicates`) are dealt together, also
    by a chain of such, the largest groups first (`images.dealing`). A split that the images had is replaced. Where
    whole groups miss a fraction by more than 5 in 100, a UserWarning says by how much.

    Args:
        images: the images.
        fractions: of the images that go to train, valid and test; three positive numbers, sum 1.
        by_group: False deals each image on its own, as if none were related. That is wrong for anything but showing
            how much better a network then seems.
        near: the likeness from which two images count as duplicates; None for equal pixels alone.
        seed: decides between equally good splits.

    Raises:
        InputError: fractions that are none, or a part that would lack a class because too few groups have it.
    """
    wanted = _fractions(fractions)
    related = related_images(images, near=near) if by_group else np.arange(len(images))
    part_of = dealt(related, images.labels, wanted, seed=seed)
    _require_classes(images, part_of, related)
    _warn_of_misses(images, part_of, wanted, int(np.bincount(related).max()))
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
        near_kind = f"near duplicates (likeness {likeness[across[0]]:.3f}; if they are not, give a higher near)"
        kind = "of the same pixels" if exact[across[0]] else near_kind
        first_row, second_row = pairs[across[0]].tolist()
        raise LeakageError(_sentence(images, f"two images are {kind}", (first_row, second_row), len(across)))


def _sentence(images: ImageSet, what: str, pair: tuple[int, int], count: int) -> str:
    """What is torn apart, by which two images, and how often that happens."""
    one, other = (f"{images.names[row]} ({images.split[row] if images.split else ''})" for row in pair)
    more = f", and so it is {count - 1} times more" if count > 1 else ""
    return f"{what}: {one} and {other}{more}; split with si.split_images, which keeps them together"


def _fractions(fractions: Any) -> NDArray[np.float64]:
    """Three positive numbers whose sum is 1."""
    try:
        found = np.array([float(fraction) for fraction in fractions])
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the fractions of a split are three numbers, such as (0.7, 0.1, 0.2), not {fractions!r}"
        ) from error
    if len(found) != len(PARTS):
        raise InputError(
            f"a split has three fractions, for train, valid and test, such as (0.7, 0.1, 0.2), but {len(found)} came:"
            f" {fractions}"
        )
    if not (found > 0).all() or abs(found.sum() - 1) > 1e-6:
        raise InputError(f"the fractions of a split must be positive and sum to 1, but they are {fractions}")
    return found


def _warn_of_misses(images: ImageSet, part_of: NDArray[np.int64], wanted: NDArray[np.float64], largest: int) -> None:
    """Say it where a part, or a class in it, is not of the size that was asked for."""
    misses = []
    for rows, of in [
        (np.arange(len(images)), ""),
        *((np.flatnonzero(images.labels == n), name) for n, name in enumerate(images.classes)),
    ]:
        held = np.bincount(part_of[rows], minlength=len(PARTS))
        if (np.abs(held - wanted * len(rows)) > max(OFF * len(rows), 1)).any():
            reached = "/".join(f"{share:.0%}" for share in held / len(rows))
            misses.append(f"{reached} of {of or 'all'}")
    if misses:
        asked = "/".join(f"{share:.0%}" for share in wanted)
        warnings.warn(
            f"train/valid/test were to get {asked} of the images but get {', '.join(misses)}, because related images"
            f" stay together (the largest group has {largest} of {len(images)}) and every part gets every class; ask"
            " for other fractions, or see whether groups or near join what is not related",
            UserWarning,
            stacklevel=3,
        )


def _require_classes(images: ImageSet, part_of: NDArray[np.int64], related: NDArray[np.int64]) -> None:
    """Refuse a part without one of the classes, saying how many groups have it."""
    for part, name in enumerate(PARTS):
        for number, label in enumerate(images.classes):
            if not (images.labels[part_of == part] == number).any():
                groups = len(np.unique(related[images.labels == number]))
                raise InputError(
                    f"the {name} part would hold no image of the class {label}: there are {groups} groups of related"
                    " images with it, which are not torn apart; give more images of it, or a higher near if images that"
                    " differ count as duplicates"
                )
