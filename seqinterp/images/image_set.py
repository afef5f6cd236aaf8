"""Labelled images of one size, where they come from, and whose they are."""

from collections import Counter
from collections.abc import Sequence, Sized
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqinterp.errors import InputError, ShapeError
from seqinterp.images.fields import as_class_numbers, as_origins, as_pixels, as_words
from seqinterp.shapes import ClassNumbers

PARTS = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images, one entry of every field per image; checks itself when it is made.

    Fields may come as arrays, tensors, lists or columns of a table (whose index counts for nothing), and are kept as
    is said here.

    Attributes:
        inputs: float32 `(batch, channel, row, column)`, numbers from 0 (black) to 1, one channel (grey) or three (RGB),
            on the CPU and without a gradient.
        labels: class numbers, int64, from 0, in the order of `classes`.
        classes: the names of the classes, no two alike.
        names: what each image is called, its file for instance; no two alike.
        groups: whom or what each image is of, a patient for instance; images of one group never stand on two sides of
            a split. None where each is on its own.
        parents: of which image each is a part or a variant; None where none is.
        split: train, valid or test, or None where the caller shall split.
        laterality: whether left and right differ (a chest does, a cell does not), so that mirror images are wrong.

    Raises:
        InputError, ShapeError: fields of another kind or that do not fit one another, classes that are not there,
            numbers outside 0 to 1.
    """

    # `| Any`: what is of another kind becomes this kind, or is refused by a sentence
    inputs: Tensor | Any
    labels: ClassNumbers | Any
    classes: tuple[str, ...] | Any
    names: tuple[str, ...] | Any
    groups: tuple[str, ...] | Any | None = None
    parents: tuple[str, ...] | Any | None = None
    split: tuple[str, ...] | Any | None = None
    laterality: bool | Any = False

    def __post_init__(self) -> None:
        self._convert()
        if self.inputs.ndim != 4 or self.inputs.shape[1] not in (1, 3) or len(self.inputs) == 0:
            raise ShapeError(
                "images must be (batch, channel, row, column), at least one, of one channel (grey) or three (RGB), but"
                f" their shape is {tuple(self.inputs.shape)}"
            )
        fields: dict[str, Sized | None] = {"labels": self.labels, "names": self.names}
        fields |= {"groups": self.groups, "parents": self.parents, "split": self.split}
        for field, values in fields.items():
            if values is not None and len(values) != len(self.inputs):
                raise InputError(
                    f"one entry of {field} per image is needed, but {len(values)} came for {len(self.inputs)} images"
                )
        self._check_values()

    def _convert(self) -> None:
        """Every field of its own kind."""
        if not isinstance(self.laterality, bool | np.bool_):
            raise InputError(f"laterality is True or False, but {self.laterality!r} came")
        found: dict[str, Any] = {"inputs": as_pixels(self.inputs), "labels": as_class_numbers(self.labels)}
        found |= {"laterality": bool(self.laterality), "classes": as_words(self.classes, "classes")}
        found["names"] = as_words(self.names, "names")
        for field, values in (("groups", self.groups), ("split", self.split)):
            found[field] = None if values is None else as_words(values, field)
        found["parents"] = None if self.parents is None else as_origins(self.parents)
        for field, value in found.items():
            object.__setattr__(self, field, value)

    def _check_values(self) -> None:
        """Names differ, labels are classes, splits are known, pixels are finite and from 0 to 1."""
        for words, kind in ((self.names, "images"), (self.classes, "classes")):
            twice, times = Counter(words).most_common(1)[0] if words else ("", 0)
            if times > 1:
                raise InputError(f"{kind} need names of their own, but {twice!r} stands more than once")
        if not self.classes or not ((self.labels >= 0) & (self.labels < len(self.classes))).all():
            raise InputError(
                f"labels must be numbers of classes, 0 to {len(self.classes) - 1}, but {self.labels.min()} to"
                f" {self.labels.max()} came"
            )
        for name, part in zip(self.names, self.split or (), strict=bool(self.split)):
            if part not in PARTS:
                raise InputError(f"a split is one of {', '.join(PARTS)}, but {name!r} has {part!r}")
        low, high = float(self.inputs.min()), float(self.inputs.max())
        if not (low >= 0 and high <= 1):
            raise InputError(
                f"pixels must be finite numbers from 0 to 1, but they go from {low:g} to {high:g}; divide bytes by 255,"
                " and leave normalisation to the model"
            )

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, indices: Sequence[int] | np.ndarray) -> "ImageSet":
        """The images of these indices, in this order."""
        rows = np.asarray(indices, dtype=np.int64).reshape(-1)

        def of(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
            return None if values is None else tuple(values[i] for i in rows)

        return replace(
            self,
            inputs=self.inputs[torch.from_numpy(rows)],
            labels=self.labels[rows],
            names=tuple(self.names[i] for i in rows),
            groups=of(self.groups),
            parents=of(self.parents),
            split=of(self.split),
        )

    def part(self, name: str) -> "ImageSet":
        """The images whose split is train, valid or test; InputError where there are none."""
        rows = [i for i, part in enumerate(self.split or ()) if part == name]
        if not rows:
            raise InputError(f"no image is marked {name}; split the images first (si.split_images)")
        return self.take(rows)

    def counts(self) -> dict[str, int]:
        """How many images each class has."""
        return {name: int((self.labels == number).sum()) for number, name in enumerate(self.classes)}
