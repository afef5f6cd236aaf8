"""What a stretch of the input gives to each feature that the last layer reads (Sundararajan et al. 2017,
arXiv:1703.01365, along the path; Koh & Liang 2017, arXiv:1703.04730, for what is done with it).

The score is w h(x) + b. The summed contribution of a window, by gradient times input or by integrated gradients, is
then linear in w, sum_k w_k c_k: c_k is what the window contributes to feature k, one derivative of h along the window's
part of the input. So c is the gradient of the contribution by w, and `on_contributions(c)` of `LastLayerInfluence` says
which training examples taught the model that motif.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from seqinterp.attribution.rules.opaque import eager
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.shapes import Inputs, NewRepresentations

BLOCK = 64  # examples at once


def window_features(
    features: torch.nn.Module,
    inputs: Inputs,
    start: int,
    stop: int,
    /,
    *,
    baseline: Inputs | None = None,
    steps: int | None = None,
    batch_size: int = BLOCK,
    device: Device = None,
) -> NewRepresentations:
    """The contribution of positions start to stop (the last axis) to each feature, `(batch, feature)`.

    features: the model below its last layer, `(batch, feature)`; it is borrowed, in evaluation mode.
    baseline: what the inputs are measured against, of their shape; None is zeros.
    steps: None takes the gradient at the inputs (times input less baseline); a number takes integrated gradients with
        as many midpoints between baseline and inputs. The windows of a whole input then sum to h(x) - h(baseline).

    Raises:
        InputError: no inputs, a window that is empty or leaves the input, steps or batch_size below 1.
        ShapeError: a baseline of another shape.
        ModelError: the module gives no table of features.
    """
    length = inputs.shape[-1]
    if len(inputs) == 0:
        raise InputError("inputs hold no example; give at least one")
    if not 0 <= start < stop <= length:
        raise InputError(f"a window must lie within positions 0 to {length}, start before stop, not {start} to {stop}")
    if (steps is not None and steps < 1) or batch_size < 1:
        raise InputError(f"steps and batch_size must be 1 or more, not {steps} and {batch_size}")
    origin = torch.zeros_like(inputs) if baseline is None else baseline
    if origin.shape != inputs.shape:
        raise ShapeError(f"the baseline has shape {tuple(origin.shape)} but the inputs have {tuple(inputs.shape)}")
    place = choose_device(device)
    shares = [1.0] if steps is None else [(step + 0.5) / steps for step in range(steps)]
    # the fused kernels of attention cannot be differentiated twice
    with torch.inference_mode(False), borrowed(features, place), eager(), sdpa_kernel(SDPBackend.MATH):
        done = []
        for part, first in zip(inputs.split(batch_size), origin.split(batch_size), strict=True):
            here, there = (side.detach().to(place, copy=True) for side in (part, first))
            window = _only(here - there, start, stop)
            total = torch.stack([_along(features, there + share * (here - there), window) for share in shares])
            done.append(total.mean(dim=0).cpu())
    return torch.cat(done)


def _only(values: Tensor, start: int, stop: int) -> Tensor:
    """Zero outside the window."""
    kept = torch.zeros_like(values)
    kept[..., start:stop] = values[..., start:stop]
    return kept


def _along(features: Callable[[Tensor], Tensor], at: Tensor, direction: Tensor) -> Tensor:
    """The derivative of every feature along a direction, by differentiating twice backwards.

    With g(u) = (dh/dx)' u, linear in u, the derivative of <g(u), direction> by u is (dh/dx) direction: two backward
    passes for all features at once, which every operation with a gradient of its own allows.
    """
    with torch.enable_grad():
        at = at.requires_grad_()
        found = features(at.clone())
        if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != len(at):
            raise ModelError("the module below the last layer must give one tensor, (batch, feature)")
        weights = torch.zeros_like(found, requires_grad=True)
        (pulled,) = torch.autograd.grad(found, at, weights, create_graph=True)
        (pushed,) = torch.autograd.grad(pulled, weights, direction)
    return pushed.detach()
