"""Normalisation inside the model, so that inputs are pixels and attributions are of pixels."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Inputs

# What the weights of torchvision were trained with: mean and deviation of red, green and blue over ImageNet.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class Normalised(nn.Module):
    """A network that takes pixels from 0 to 1 and normalises them itself: `network((inputs - mean) / std)`.

    `mean` and `std` hold one number per channel that `network` wants. Grey images go three times into a network that
    wants three channels.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        if len(mean) != len(std) or not mean or not all(deviation > 0 for deviation in std):
            raise InputError(
                "normalisation needs one mean and one positive standard deviation per channel, but"
                f" {tuple(mean)} and {tuple(std)} came"
            )
        self.network = network
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).reshape(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).reshape(1, -1, 1, 1))

    def forward(self, inputs: Tensor) -> Tensor:
        channels = self.mean.shape[1]
        if inputs.ndim != 4 or inputs.shape[1] not in (1, channels):
            raise ShapeError(
                f"the network takes images (batch, channel, row, column) of {channels} channel(s), but the shape of"
                f" these is {tuple(inputs.shape)}"
            )
        if inputs.shape[1] < channels:
            inputs = inputs.expand(-1, channels, -1, -1)
        outputs: Tensor = self.network((inputs - self.mean) / self.std)
        return outputs


def pixel_statistics(inputs: Inputs) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of images (batch, channel, row, column); 1 for a flat channel."""
    over = inputs.double()
    deviation = over.std(dim=(0, 2, 3), correction=0)
    flat = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
    return tuple(over.mean(dim=(0, 2, 3)).tolist()), tuple(flat.tolist())
