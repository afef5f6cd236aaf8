"""Grey and small: what images are made before they are compared or read by a network."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from seqinterp.errors import InputError

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, what pillow and torchvision take for grey as well


def as_grey(inputs: Tensor) -> Tensor:
    """Images (..., channel, row, column) with the one channel of what the eye takes for their brightness (BT.601).

    For pictures that are read, compared or made grey: the same grey as a file saved grey by other programs.
    `evaluation.null_maps.intensity` is the plain mean over channels instead, because it stands beside attributions,
    which count every channel alike.
    """
    if inputs.shape[-3] == 1:
        return inputs
    weights = torch.tensor(LUMA, dtype=inputs.dtype, device=inputs.device)
    grey: Tensor = (inputs * weights[:, None, None]).sum(dim=-3, keepdim=True)
    return grey.clamp(0, 1)


def resized(inputs: Tensor, size: tuple[int, int]) -> Tensor:
    """Images (batch, channel, row, column) of another size, by antialiased bilinear interpolation."""
    if tuple(inputs.shape[2:]) == tuple(size):
        return inputs
    found = functional.interpolate(inputs, size=tuple(size), mode="bilinear", antialias=True, align_corners=False)
    return found.clamp(0, 1)


def rows_and_columns(size: Any) -> tuple[int, int]:
    """The size of images: rows and columns, or one number for both.

    Raises:
        InputError: something else.
    """
    sides = tuple(size) if isinstance(size, tuple | list) else (size, size)
    whole = all(isinstance(side, int | np.integer) and not isinstance(side, bool) and side >= 1 for side in sides)
    if len(sides) != 2 or not whole:
        raise InputError(
            f"a size is rows and columns, whole numbers and at least one of each, or one number for both, but it is"
            f" {size!r}"
        )
    return int(sides[0]), int(sides[1])
