"""What the public calls accept as inputs, and the one sentence when they cannot."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.attribution.dna import is_dna
from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Inputs, Sequences


def as_inputs(model: nn.Module, inputs: Any) -> Inputs:
    """Tensors and numpy arrays `(batch, *features)` as a tensor of the model's own floating type, on the CPU.

    Raises:
        InputError: strings, or values that are not finite numbers.
        ShapeError: there is no batch axis.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"the model must be a torch.nn.Module, not {type(model).__name__}; wrap a function in one")
    if not isinstance(inputs, Tensor | np.ndarray):
        raise InputError(
            f"inputs must be a tensor or array of shape (batch, *features), not {type(inputs).__name__};"
            " seqinterp.one_hot(sequences) makes one from strings"
        )
    if inputs.ndim < 2:
        raise ShapeError(f"inputs must have shape (batch, *features), not {tuple(inputs.shape)}")
    if len(inputs) == 0:
        raise InputError("inputs hold no example; give at least one")
    given: Tensor = torch.from_numpy(np.ascontiguousarray(inputs)) if isinstance(inputs, np.ndarray) else inputs
    held = (*model.parameters(), *model.buffers())
    types = (tensor.dtype for tensor in held if tensor.is_floating_point())
    own = given.dtype if given.is_floating_point() else torch.float32
    # a copy: results keep their inputs, and must not change with the caller's tensor
    checked = given.detach().to("cpu", next(types, own), copy=True)
    if not bool(torch.isfinite(checked).all()):
        raise InputError("inputs hold NaN or infinite values; they must be finite numbers")
    return checked


def as_dna(model: nn.Module, inputs: Any) -> Sequences:
    """Like `as_inputs`, for calls that only make sense on DNA.

    Raises:
        ShapeError: the inputs are not one-hot DNA `(batch, 4, position)`.
    """
    checked = as_inputs(model, inputs)
    if not is_dna(checked):
        transposed = checked.ndim == 3 and checked.shape[2] == 4
        hint = "; they look transposed, use inputs.transpose(1, 2)" if transposed else ""
        raise ShapeError(
            "this call needs one-hot DNA of shape (batch, 4, position), bases A, C, G, T, columns that add up to"
            f" 1 or less, not an array of shape {tuple(checked.shape)}{hint}"
        )
    return checked
