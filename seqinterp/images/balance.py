"""Classes of unequal size: images repeated or left out, in training alone, or weighted losses."""

import numpy as np
from numpy.typing import NDArray

from seqinterp.errors import InputError
from seqinterp.images.image_set import ImageSet
from seqinterp.images.variants import together, variants_of
from seqinterp.shapes import ClassNumbers


def oversample(images: ImageSet, *, seed: int = 0) -> ImageSet:
    """All training images, and of the smaller classes some again until every class is as large as the largest.

    Within a class no image comes up more than once more often than another. What is repeated is called
    `name (repeat 1)` and has the image as its parent; the order is that of the images, then the repeats.

    Raises:
        InputError: images of the validation or the test part are among them, or a class has none.
    """
    most = int(_counts(images).max())
    generator = np.random.default_rng(seed)
    again: list[int] = []
    words: list[str] = []
    for number in range(len(images.classes)):
        rows = np.flatnonzero(images.labels == number)
        missing = most - len(rows)
        dealt = [generator.permutation(rows) for _ in range(-(-missing // len(rows)))]
        again += np.concatenate([rows[:0], *dealt])[:missing].tolist()
        words += [f"repeat {place // len(rows) + 1}" for place in range(missing)]
    if not again:
        return images
    return together(images, variants_of(images, again, inputs=images.inputs[again], words=words))


def undersample(images: ImageSet, *, seed: int = 0) -> ImageSet:
    """As many training images of each class as the smallest has, drawn without repeats, in the order they had.

    Raises:
        InputError: images of the validation or the test part are among them, or a class has none.
    """
    least = int(_counts(images).min())
    generator = np.random.default_rng(seed)
    rows = [
        generator.choice(np.flatnonzero(images.labels == number), size=least, replace=False)
        for number in range(len(images.classes))
    ]
    return images.take(np.sort(np.concatenate(rows)))


def class_weights(labels: ClassNumbers, classes: int) -> NDArray[np.float64]:
    """What an image of each class weighs in a loss so that all classes weigh alike: count / (classes * its count).

    The mean weight of an image is 1. Of 1342 and 3876 images they are 1.944 and 0.673.

    Raises:
        InputError: a class has no image.
    """
    counts = np.bincount(labels, minlength=classes)
    if len(counts) > classes or not counts.all():
        raise InputError(f"each of {classes} classes needs images to be weighted by, but they have {counts.tolist()}")
    weights: NDArray[np.float64] = len(labels) / (classes * counts)
    return weights


def _counts(images: ImageSet) -> NDArray[np.int64]:
    """How many images each class has, all of them for training."""
    held = next((row for row, part in enumerate(images.split or ()) if part != "train"), None)
    if images.split is not None and held is not None:
        raise InputError(
            f"only training images may be repeated or left out, but {images.names[held]} is marked"
            f" {images.split[held]}; give images.part('train')"
        )
    counts: NDArray[np.int64] = np.bincount(images.labels, minlength=len(images.classes)).astype(np.int64)
    if not counts.all():
        raise InputError(
            f"classes are made equal by their images, but {images.classes[int(counts.argmin())]} has none; leave it out"
        )
    return counts
