"""Sets of images that were made of images: repeats, turned ones, parts; and several sets as one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from seqinterp.errors import InputError
from seqinterp.images.image_set import ImageSet


def variants_of(images: ImageSet, rows: Sequence[int], *, inputs: Tensor, words: Sequence[str]) -> ImageSet:
    """Images that were made of those in `rows`: `name (words)`, with their class, group, side of the split and parent.

    The parent is the first image that it all began with, also of a variant of a variant.
    """
    origins = origins_of(images)
    return ImageSet(
        inputs=inputs,
        labels=images.labels[np.asarray(rows, dtype=np.int64)],
        classes=images.classes,
        names=tuple(f"{images.names[row]} ({word})" for row, word in zip(rows, words, strict=True)),
        groups=images.groups and tuple(images.groups[row] for row in rows),
        parents=tuple(origins[row] for row in rows),
        split=images.split and tuple(images.split[row] for row in rows),
        laterality=images.laterality,
    )


def origins_of(images: ImageSet) -> tuple[str, ...]:
    """What each image was made of: its parent, or itself."""
    if images.parents is None:
        return images.names
    return tuple(parent or name for parent, name in zip(images.parents, images.names, strict=True))


def together(first: ImageSet, second: ImageSet) -> ImageSet:
    """Two sets as one, the first before the second; images without a parent become their own.

    Raises:
        InputError: they differ in classes, size, or in what is known of them.
    """
    for field, one, other in (
        ("classes", first.classes, second.classes),
        ("size", tuple(first.inputs.shape[1:]), tuple(second.inputs.shape[1:])),
        ("groups", first.groups is None, second.groups is None),
        ("split", first.split is None, second.split is None),
        ("laterality", first.laterality, second.laterality),
    ):
        if one != other:
            raise InputError(f"two sets of images that are put together must agree in their {field}, but do not")
    return replace(
        first,
        inputs=torch.cat([first.inputs, second.inputs]),
        labels=np.concatenate([first.labels, second.labels]),
        names=first.names + second.names,
        groups=first.groups and first.groups + (second.groups or ()),
        parents=origins_of(first) + origins_of(second),
        split=first.split and first.split + (second.split or ()),
    )
