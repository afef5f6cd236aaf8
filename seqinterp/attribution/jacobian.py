"""Gradient of every output at once, and the saliency map made of it (Simonyan et al. 2014, arXiv:1312.6034)."""

import torch
from torch import nn

from seqinterp.attribution.gradient import differentiable, require_slope
from seqinterp.shapes import Inputs, Jacobians, PlaceMap


def jacobian(model: nn.Module, inputs: Inputs, /) -> Jacobians:
    """Gradient of each output with respect to each feature of its own example, `(batch, outputs, *features)`.

    Outputs are flattened after the batch axis; one backward pass is made for each, so memory holds
    one graph whatever their number.
    """
    with differentiable(inputs) as leaf:
        outputs = model(leaf.clone()).reshape(len(inputs), -1)
        require_slope(outputs)
        last = outputs.shape[1] - 1
        slopes = [
            torch.autograd.grad(outputs[:, index].sum(), leaf, retain_graph=index < last)[0]
            for index in range(outputs.shape[1])
        ]
    return torch.stack(slopes, dim=1)


def saliency_map(slopes: Jacobians, /) -> PlaceMap:
    """Absolute slopes, summed over outputs and over the first feature axis (bases or channels), scaled to [0, 1].

    Each example is scaled by its own smallest and largest value; a flat map gives zeros, not NaN.
    `(batch, outputs, 4, position)` -> `(batch, position)`, and
    `(batch, outputs, channel, row, column)` -> `(batch, row, column)`.
    """
    total = slopes.abs().sum(dim=(1, 2))
    places = tuple(range(1, total.ndim))
    low, high = total.amin(dim=places, keepdim=True), total.amax(dim=places, keepdim=True)
    span = high - low
    flat = span <= 16 * torch.finfo(total.dtype).eps * high  # equal but for the rounding of the sums
    return torch.where(flat, 0.0, (total - low) / span.masked_fill(flat, 1.0))
