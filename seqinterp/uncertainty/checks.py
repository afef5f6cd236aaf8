"""What numbers must be before uncertainty is judged by them."""

import numpy as np
from numpy.typing import NDArray

from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import AnyNumbers


def check_rows(**arrays: AnyNumbers | NDArray[np.integer]) -> None:
    """Refuse arrays, by name, that are empty, not of one length, or not finite."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ShapeError(f"one entry per example is needed in each, but there are {lengths}")
    for name, array in arrays.items():
        if len(array) == 0:
            raise InputError(f"{name} hold no example; give at least one")
        if not np.isfinite(array).all():
            raise InputError(f"{name} must be finite, but {int((~np.isfinite(array)).sum())} are NaN or infinite")


def check_deviations(deviations: AnyNumbers) -> None:
    """Refuse standard deviations that are not above zero."""
    if not (deviations > 0).all():
        raise InputError(f"standard deviations must be above 0, but the least is {float(deviations.min()):g}")


def check_level(level: float) -> None:
    """Refuse a share of examples that no interval can be asked to cover."""
    if not 0 < level < 1:
        raise InputError(f"a level must lie between 0 and 1, such as 0.9, but it is {level}")


def check_classes(labels: NDArray[np.integer], table: AnyNumbers, *, probabilities: bool) -> None:
    """Refuse classes that are no columns of the table, and rows that are no probabilities where they should be."""
    check_rows(labels=labels, predictions=table)
    if table.shape[1] < 2:
        raise ShapeError(f"predictions need a column for each of 2 classes or more, but have {table.shape[1]}")
    if labels.min() < 0 or labels.max() >= table.shape[1]:
        raise InputError(
            f"labels must be 0 to {table.shape[1] - 1}, the columns of the predictions, but run from {labels.min()} to"
            f" {labels.max()}"
        )
    if probabilities:
        check_probabilities(table)


def check_probabilities(table: AnyNumbers) -> None:
    """Refuse rows that are not probabilities of classes."""
    if not (table >= 0).all() or not np.allclose(table.sum(axis=-1), 1.0, atol=1e-4):
        raise InputError("predictions must be probabilities that add up to 1 in each row; give softmax of the logits")
