"""Labelled images from folders, tables and arrays."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqinterp.errors import FileError, InputError
from seqinterp.images.greys import as_grey, resized, rows_and_columns
from seqinterp.images.groups import Grouping, groups_of_names
from seqinterp.images.image_set import ImageSet
from seqinterp.io.image_arrays import Stored, stored_arrays
from seqinterp.io.image_listings import Listed, folder_listing
from seqinterp.io.image_pixels import SUFFIXES, read_pixels
from seqinterp.io.image_tables import table_listing


def read_images(
    path: str | Path,
    *,
    size: Any = None,
    grey: bool = False,
    groups: Grouping = None,
    classes: Sequence[str] | None = None,
    laterality: bool = False,
    progress: bool = False,
) -> ImageSet:
    """Labelled images from a folder, a table, or a file of arrays, as numbers from 0 to 1.

    - A folder: a folder in it for each class, or train, valid (val) and test with such folders in them. Hidden files
      and folders are left out.
    - A TSV or CSV with the columns file and label, and group and split where known; files are looked for from its
      folder.
    - .npz as MedMNIST writes it (train_images, train_labels, val_..., test_...).
    - IDX as MNIST comes in (`t10k-images-idx3-ubyte.gz`, its labels beside it).

    Pictures are PNG, JPEG and what else pillow reads, or DICOM where pydicom is installed. Images have one
    channel where all files are grey, else all have three, also those whose greys were saved as colours.

    Args:
        path: the folder or file.
        size: (rows, columns) that every image is scaled to (antialiased), or one number for both; needed where they
            differ.
        grey: make images in colours grey.
        groups: whom an image is of: a regular expression searched for in its name (the path from the folder), its first
            parenthesis being the group; or a function of the name, `kermany_patient` for one.
        classes: the names of the classes, in the order of their numbers; without it sorted, and for arrays the numbers.
        laterality: whether left and right differ, so that mirror images are wrong.
        progress: show how far it is, on standard error.

    Raises:
        FileError: something is missing, broken, or not laid out as above; the file or line is named.
        InputError: groups that do not fit, or a size that is none.
    """
    path = Path(path)
    if not path.exists():
        raise FileError(f"{path} does not exist; check the name and the folder")
    shape = None if size is None else rows_and_columns(size)
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        raise FileError(f"{path} is one picture; give the folder that holds a folder for each class, or a table")
    stored = None if path.is_dir() else stored_arrays(path)
    if stored is not None:
        return _of_arrays(path, stored, shape, grey, groups, classes, laterality)
    listed = folder_listing(path) if path.is_dir() else table_listing(path)
    names = [row.name for row in listed]
    known = [row.group for row in listed if row.group is not None]
    if known and groups is not None:
        raise InputError(f"{path} has a column of groups; leave out groups=, or the column")
    found = _classes(path, {row.label for row in listed}, classes)
    parts = tuple(row.split for row in listed if row.split is not None)
    of_whom = tuple(known) or groups_of_names(names, groups)
    return ImageSet(
        inputs=_pixels(listed, shape, grey, progress),
        labels=np.array([found.index(row.label) for row in listed], dtype=np.int64),
        classes=found,
        names=tuple(names),
        groups=of_whom,
        split=parts or None,
        laterality=laterality,
    )


def _pixels(listed: list[Listed], shape: tuple[int, int] | None, grey: bool, progress: bool) -> Tensor:
    """All pictures of a list, of one size and with as many channels as they need together."""
    inputs, colours = torch.empty(0), False
    for number, row in enumerate(_tracked(listed, progress)):
        image = read_pixels(row.file)
        image = as_grey(image) if grey else image
        if number == 0:
            first = shape or (int(image.shape[1]), int(image.shape[2]))
            inputs = torch.empty(len(listed), 1 if grey else 3, *first)
        if shape is None and image.shape[1:] != inputs.shape[2:]:
            one, other = (" x ".join(str(side) for side in sides) for sides in (inputs.shape[2:], image.shape[1:]))
            raise FileError(
                f"images must be of one size, but {listed[0].name} has {one} pixels and {row.name} {other}; give a size"
            )
        inputs[number] = resized(image[None], (int(inputs.shape[2]), int(inputs.shape[3])))[0]
        colours = colours or len(image) > 1
    return inputs if colours or grey else inputs[:, :1].clone()


def _of_arrays(
    path: Path,
    stored: Stored,
    shape: tuple[int, int] | None,
    grey: bool,
    groups: Grouping,
    classes: Sequence[str] | None,
    laterality: bool,
) -> ImageSet:
    """Images of bytes, scaled a few at a time."""
    blocks = []
    for start in range(0, len(stored.pixels), 1024):
        block = torch.from_numpy(stored.pixels[start : start + 1024].transpose(0, 3, 1, 2).astype(np.float32) / 255)
        block = as_grey(block) if grey else block
        blocks.append(resized(block, shape) if shape else block)
    numbers = [str(number) for number in range(int(stored.labels.max()) + 1)]
    if classes is not None and len(classes) < len(numbers):
        raise FileError(f"{path} has class numbers up to {len(numbers) - 1}, but only {len(classes)} classes are named")
    return ImageSet(
        inputs=torch.cat(blocks),
        labels=stored.labels,
        classes=tuple(classes or numbers),
        names=stored.names,
        groups=groups_of_names(stored.names, groups),
        split=stored.split,
        laterality=laterality,
    )


def _classes(path: Path, found: set[str], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The classes in the order asked for, else sorted, numbers as numbers."""
    if wanted is None:
        numbers = all(label.isdecimal() for label in found)
        return tuple(sorted(found, key=(lambda label: (int(label), label)) if numbers else None))
    if unknown := sorted(found - set(wanted)):
        raise FileError(
            f"{path} has the class {unknown[0]}, which is not among the classes {', '.join(wanted)}; add it"
        )
    return tuple(wanted)


def _tracked(listed: list[Listed], progress: bool) -> Iterable[Listed]:
    """The list, with a bar on standard error where progress is to be shown."""
    if not progress:
        return listed
    from rich.console import Console  # rich costs a tenth of a second to import
    from rich.progress import track

    return track(listed, description="reading images", console=Console(stderr=True))
