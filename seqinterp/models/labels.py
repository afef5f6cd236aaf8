"""What labels and inputs must be before anything is trained or judged."""

import numpy as np
import torch
from torch import Tensor

from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Labels


def binary_labels(labels: object, *, what: str = "the data") -> Labels:
    """Labels as float64 (example,) of 0 and 1 with both classes present; InputError says what is wrong otherwise."""
    try:
        values = np.asarray(labels, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"the labels of {what} must be numbers, 0 or 1, but some are words") from error
    if values.ndim != 1:
        raise ShapeError(f"the labels of {what} must be one number per example, but their shape is {values.shape}")
    if len(values) == 0:
        raise InputError(f"{what} holds no examples")
    if np.isnan(values).any():
        raise InputError(
            f"{int(np.isnan(values).sum())} labels of {what} are NaN, the first at example "
            f"{int(np.flatnonzero(np.isnan(values))[0])}; leave such examples out"
        )
    other = ~np.isin(values, (0.0, 1.0))
    if other.any():
        at = int(np.flatnonzero(other)[0])
        raise InputError(f"labels must be 0 or 1, but example {at} of {what} has {values[at]:g}")
    if values.min() == values.max():
        raise InputError(f"{what} holds only examples labelled {int(values[0])}; both classes, 0 and 1, are needed")
    return values


def checked_examples(inputs: Tensor, labels: object, *, what: str = "the training data") -> tuple[Tensor, Labels]:
    """One-hot inputs (batch, 4, position) and their labels, found usable; InputError or ShapeError otherwise."""
    if inputs.ndim != 3 or inputs.shape[1] != 4 or inputs.shape[2] == 0:
        raise ShapeError(
            f"the inputs of {what} must have the shape (batch, 4, position), but theirs is {tuple(inputs.shape)}"
        )
    values = binary_labels(labels, what=what)
    if len(values) != len(inputs):
        raise ShapeError(f"{what} holds {len(inputs)} sequences but {len(values)} labels")
    inputs = inputs.detach().to("cpu", torch.float32)
    if not torch.isfinite(inputs).all():
        raise InputError(f"the inputs of {what} hold NaN or infinite values")
    return inputs, values
