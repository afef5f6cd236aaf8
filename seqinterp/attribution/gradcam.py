"""Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391) and Grad-CAM++ (Chattopadhay et al. 2018, arXiv:1710.11063)."""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from seqinterp.attribution.gradient import differentiable, require_slope
from seqinterp.attribution.layers import captured, last_spatial_layer
from seqinterp.attribution.notes import note_rule
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.attribution.rules.opaque import eager
from seqinterp.errors import InputError
from seqinterp.shapes import Attributions, Inputs, PlaceMap

_BETWEEN = {1: "linear", 2: "bilinear", 3: "trilinear"}
# (activations, slopes of the score) -> the weight of each channel, both (batch, channel, *places)
_Weigh = Callable[[Tensor, Tensor], Tensor]


def gradcam(score: Score, inputs: Inputs, /, *, layer: str | None = None, rectify: bool = True) -> Attributions:
    """The Grad-CAM map of a layer, interpolated linearly to the places of the inputs and shown on every channel.

    It says where a layer's channels speak for the score, as coarsely as the layer sees, and does not tell the channels
    of the inputs apart: the numbers do not add up to the score.

    Args:
        score: what is explained.
        inputs: `(batch, channel, *places)`: DNA, images or volumes.
        layer: name of a submodule that gives `(batch, channel, *places)`; None takes the last such layer
            (`attribution.layers.last_spatial_layer`).
        rectify: keep only what speaks for the score, as in the paper; False keeps the sign.

    Raises:
        InputError: the inputs have no places, or the layer does not exist, has no places or is run more than once.
        ModelError: the score cannot be differentiated, or the model is TorchScript.
    """
    _require_places(inputs)
    return _on_inputs(gradcam_map(score, inputs, layer=layer, rectify=rectify), inputs)


def gradcam_map(score: Score, inputs: Inputs, /, *, layer: str | None = None, rectify: bool = True) -> PlaceMap:
    """Grad-CAM at the resolution of the layer, `(batch, *places)`.

    Sum over channels k of w_k A_k, with A the activations and w_k the mean slope of the score over the places of
    channel k (equations 1 and 2). Arguments and errors as for `gradcam`.
    """
    return _maps(_mean_slope, score, inputs, layer, rectify)


def gradcam_plus_plus(
    score: Score, inputs: Inputs, /, *, layer: str | None = None, rectify: bool = True
) -> Attributions:
    """The Grad-CAM++ map of a layer, interpolated linearly to the places of the inputs and shown on every channel.

    Arguments and errors as for `gradcam`.
    """
    _require_places(inputs)
    return _on_inputs(gradcam_plus_plus_map(score, inputs, layer=layer, rectify=rectify), inputs)


def gradcam_plus_plus_map(
    score: Score, inputs: Inputs, /, *, layer: str | None = None, rectify: bool = True
) -> PlaceMap:
    """Grad-CAM++ at the resolution of the layer, `(batch, *places)`.

    As Grad-CAM, with w_k the sum over places of alpha g+, g the slope of the score S and alpha of equation 19, where
    the derivatives of exp(S) are powers of g: exact where the layers above are linear in pieces. The common factor
    exp(S) of the paper is left out. Its weights are made for activations that are not negative: name a layer after its
    rectifier. Arguments and errors as for `gradcam`.
    """
    return _maps(_weighted_slope, score, inputs, layer, rectify)


def _mean_slope(activation: Tensor, slope: Tensor) -> Tensor:
    return slope.flatten(2).mean(dim=2)


def _weighted_slope(activation: Tensor, slope: Tensor) -> Tensor:
    # alpha = g^2 / (2 g^2 + sum(A) g^3) = 1 / (2 + sum(A) g) where g > 0; elsewhere g+ = 0
    rise = slope.flatten(2).clamp(min=0)
    below = 2 + activation.flatten(2).sum(dim=2, keepdim=True) * rise
    return torch.where(below == 0, 0.0, rise / below.masked_fill(below == 0, 1.0)).sum(dim=2)


def _maps(weigh: _Weigh, score: Score, inputs: Inputs, layer: str | None, rectify: bool) -> PlaceMap:
    chosen = last_spatial_layer(score, inputs) if layer is None else layer
    note_rule(f"layer {chosen}", "map")
    return by_rows(partial(_map, weigh, score, chosen, rectify), inputs)


def _map(weigh: _Weigh, score: Score, layer: str, rectify: bool, rows: Inputs) -> PlaceMap:
    """The map of rows that fit in memory together."""
    with eager(), differentiable(rows) as leaf:
        with captured(score, layer) as seen:
            total = score(leaf.clone()).sum()
        activation = seen.map(len(rows))
        require_slope(total)
        (slope,) = torch.autograd.grad(total, activation, allow_unused=True)
    if slope is None:
        raise InputError(f"the score does not depend on what layer {layer!r} gives; name another layer")
    activation = activation.detach()
    weights = weigh(activation, slope)
    summed = torch.einsum("bc,bc...->b...", weights, activation)
    return summed.clamp(min=0) if rectify else summed


def _require_places(inputs: Inputs) -> None:
    if not 1 <= inputs.ndim - 2 <= len(_BETWEEN):
        raise InputError(
            "inputs must have one to three axes of places, (batch, channel, *places), for a map to be laid over, not"
            f" shape {tuple(inputs.shape)}; use 'guided_backprop' or 'gradient_times_input'"
        )


def _on_inputs(maps: PlaceMap, inputs: Inputs) -> Attributions:
    """Maps at the places of the inputs, the same on every channel."""
    places = inputs.shape[2:]
    if maps.ndim - 1 != len(places):  # a layer that keeps an axis of one place: (batch, channel, 1, position)
        maps = maps.reshape(len(maps), *(count for count in maps.shape[1:] if count > 1))
    if maps.ndim - 1 != len(places):
        raise InputError(
            f"the layer's map has places {tuple(maps.shape[1:])} and the inputs {tuple(places)}, so it cannot be laid"
            " over them; name another layer, or read the map itself with gradcam_map"
        )
    precise = maps.unsqueeze(1).to(torch.promote_types(maps.dtype, torch.float32))
    wide = F.interpolate(precise, size=places, mode=_BETWEEN[len(places)], align_corners=False)
    return wide.to(inputs.dtype).expand_as(inputs).clone()
