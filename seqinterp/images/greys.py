"""Grey and small: what images are made before they are compared or read by a network."""

import torch
from torch import Tensor
from torch.nn import functional

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, what pillow and torchvision take for grey as well


def as_grey(inputs: Tensor) -> Tensor:
    """Images (..., channel, row, column) with the one channel of what the eye takes for their brightness."""
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
