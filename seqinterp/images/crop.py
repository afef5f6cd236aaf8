"""Parts of images, each with the name of the image that it is a part of."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from seqinterp.errors import InputError
from seqinterp.images.greys import resized, rows_and_columns
from seqinterp.images.image_set import ImageSet
from seqinterp.images.variants import variants_of

Box = tuple[int, int, int, int]  # row start, row stop, column start, column stop; half-open
Boxes = Callable[[Tensor, str], Box]  # which part of an image (channel, row, column) of that name


def crop(images: ImageSet, box: Box | Boxes, *, size: Any = None) -> ImageSet:
    """A part of each image, with its class, group and side of the split, and its name as the parent.

    Args:
        images: the images.
        box: (row start, row stop, column start, column stop), from 0 and half-open, or a function that gives it from an
            image (channel, row, column) and its name: `central_box(0.8)`, or `boxes.get` of your own.
        size: (rows, columns) that all parts are scaled to, or one number for both; without it those of the images.

    Raises:
        InputError: a box without rows or columns, or one that reaches out of its image.
    """
    boxes = [box if isinstance(box, tuple) else box(image, name) for image, name in _named(images)]
    for (image, name), one in zip(_named(images), boxes, strict=True):
        _check(one, name, int(image.shape[1]), int(image.shape[2]))
    height, width = rows_and_columns(tuple(images.inputs.shape[2:]) if size is None else size)
    parts = [
        resized(image[None, :, top:bottom, left:right], (height, width))
        for (image, _), (top, bottom, left, right) in zip(_named(images), boxes, strict=True)
    ]
    words = [f"rows {top}:{bottom}, columns {left}:{right}" for top, bottom, left, right in boxes]
    return variants_of(images, range(len(images)), inputs=torch.cat(parts), words=words)


def central_box(fraction: int | float) -> Boxes:
    """The middle of an image, `fraction` of its height and of its width, for `crop`.

    Raises:
        InputError: the fraction is not above 0 and at most 1.
    """
    if not 0 < fraction <= 1:
        raise InputError(f"the middle of an image is a fraction above 0 and at most 1, but it is {fraction}")

    def middle(image: Tensor, name: str) -> Box:
        height, width = int(image.shape[1]), int(image.shape[2])
        rows, columns = max(1, round(fraction * height)), max(1, round(fraction * width))
        top, left = (height - rows) // 2, (width - columns) // 2
        return top, top + rows, left, left + columns

    return middle


def box_around(mask: Tensor, *, margin: int = 0) -> Box:
    """The smallest box around the places of a mask (row, column), `margin` pixels wider but within the image.

    Raises:
        InputError: nothing is marked.
    """
    rows, columns = torch.nonzero(mask.any(dim=1)), torch.nonzero(mask.any(dim=0))
    if not len(rows):
        raise InputError("a box is drawn around what a mask marks, but this mask marks nothing")
    height, width = mask.shape
    top, bottom = int(rows.min()) - margin, int(rows.max()) + 1 + margin
    left, right = int(columns.min()) - margin, int(columns.max()) + 1 + margin
    return max(0, top), min(height, bottom), max(0, left), min(width, right)


def _named(images: ImageSet) -> list[tuple[Tensor, str]]:
    """Each image and its name."""
    return list(zip(images.inputs, images.names, strict=True))


def _check(box: Box, name: str, height: int, width: int) -> None:
    """The box lies within the image and holds something."""
    top, bottom, left, right = box
    if not (0 <= top < bottom <= height and 0 <= left < right <= width):
        raise InputError(
            f"the box of {name}, rows {top}:{bottom} and columns {left}:{right}, does not lie within the {height} rows"
            f" and {width} columns of the image; rows and columns count from 0, the stop is not part of it"
        )
