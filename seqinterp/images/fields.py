"""What is handed over for the fields of a set of images, as the one type that each of them has."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqinterp.errors import InputError


def as_pixels(inputs: Any) -> Tensor:
    """Pixels as a float32 tensor on the CPU that asks for no gradient; a tensor that is one already stays itself.

    Raises:
        InputError: what came is no array of numbers.
    """
    if isinstance(inputs, Tensor):
        if inputs.is_complex():
            raise InputError("pixels must be real numbers from 0 to 1, but complex ones came")
        return inputs.detach().to("cpu", torch.float32) if inputs.requires_grad else inputs.to("cpu", torch.float32)
    numbers = _array(inputs, "images must be one array of numbers (batch, channel, row, column)")
    return torch.from_numpy(numbers.astype(np.float32))


def as_class_numbers(labels: Any) -> NDArray[np.int64]:
    """Labels as whole numbers in one row; what counts is their order, not an index that a table has.

    Raises:
        InputError: words, fractions, or numbers in rows and columns.
    """
    wanted = "labels must be class numbers, one for each image"
    numbers = _array(labels, wanted)
    if numbers.ndim != 1:
        raise InputError(f"{wanted}, in one row, but their shape is {numbers.shape}; give labels.reshape(-1)")
    if numbers.dtype.kind == "f":
        strange = numbers[~(np.isfinite(numbers) & (numbers == np.round(numbers)))]
        if len(strange):
            raise InputError(f"{wanted}, which are whole, but {strange[0]:g} came; number the classes from 0")
    return numbers.astype(np.int64)


def as_words(values: Any, field: str) -> tuple[str, ...]:
    """Words in one row; numbers are written out.

    Raises:
        InputError: a single word, something that holds nothing, or an entry that is missing.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InputError(f"{field} must be a list of words, but {values!r} came")
    entries = values.tolist() if isinstance(values, Tensor | np.ndarray) else list(values)
    for place, entry in enumerate(entries):
        if entry is None or entry != entry or isinstance(entry, list | tuple | dict):
            raise InputError(f"{field} must be a list of words, but entry {place} is {entry!r}; give every one a word")
    return tuple(map(str, entries))


def as_origins(values: Any) -> tuple[str, ...]:
    """The parents of images, "" for one that has none (None will do)."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        return as_words(values, "parents")
    return as_words(["" if value is None else value for value in values], "parents")


def _array(values: Any, wanted: str) -> NDArray[Any]:
    """Numbers in an array; flags are 0 and 1."""
    plain = values.detach().cpu().numpy() if isinstance(values, Tensor) else values
    try:
        found = np.asarray(plain)
        found = np.asarray(found.tolist()) if found.dtype == object else found  # a table's own kinds of numbers
    except (ValueError, TypeError) as error:
        raise InputError(f"{wanted}, but a {type(values).__name__} came that is none") from error
    if found.dtype.kind not in "biuf":
        came = "words" if found.dtype.kind in "US" else f"a {type(values).__name__} of {found.dtype}"
        raise InputError(f"{wanted}, but {came} came")
    return found
