"""Deconvolutional network (Zeiler & Fergus 2014, arXiv:1311.2901): from the score, or from any unit of any layer."""

from functools import partial

import torch
from torch import Tensor

from seqinterp.attribution.gradient import differentiable
from seqinterp.attribution.layers import captured
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.attribution.rules.opaque import eager, refuse_scripted
from seqinterp.attribution.rules.rectified import RectifierReplay, RectifierRule, deconvolved, rectified_slopes
from seqinterp.errors import InputError
from seqinterp.shapes import Attributions, Inputs


def deconvnet(score: Score, inputs: Inputs, /, *, layer: str | None = None, unit: int | None = None) -> Attributions:
    """Project the score, or a layer's strongest activations, down to the inputs.

    Backwards a rectifier is applied to the signal, whatever went forward; a max pool puts the signal at its switch and
    zero elsewhere; a convolution is its transpose. Without rectifiers it is the gradient. The numbers do not add up.

    Args:
        score: what is explained.
        inputs: `(batch, *features)`.
        layer: name of a submodule, as `model.named_modules()` gives it ("features.3"), whose output is
            `(batch, unit, *places)` or `(batch, unit)`; None projects the slope of the score, as captum does.
        unit: the unit of this layer whose strongest activation is projected, in the size it has, all other
            activations set to zero; None projects the strongest activation of every unit, all together. Only what is
            positive is projected: a unit that is silent in an example gives zeros.

    Raises:
        InputError: `unit` without `layer`, or there is no such layer or unit, or it is run more than once in a pass.
        ModelError: the score cannot be differentiated, or the model is TorchScript.
    """
    if layer is None:
        if unit is not None:
            raise InputError(f"unit {unit} was asked for without a layer; name its layer with layer=")
        return by_rows(partial(rectified_slopes, score, rule=deconvolved), inputs)
    return projection(score, inputs, layer=layer, unit=unit)


def projection(
    score: Score, inputs: Inputs, /, *, layer: str, unit: int | None, rule: RectifierRule = deconvolved
) -> Attributions:
    """The strongest activations of a layer, down to the inputs, rectifiers going backwards by `rule`.

    Arguments and errors as for `deconvnet`; with the rule `guided` it is what Springenberg et al. (2015) draw.
    """
    return by_rows(partial(_projected, score, layer=layer, unit=unit, rule=rule), inputs)


def _projected(score: Score, rows: Inputs, layer: str, unit: int | None, rule: RectifierRule) -> Attributions:
    """The strongest activations of a layer, for rows that fit in memory together."""
    refuse_scripted(score)
    with eager(), differentiable(rows) as leaf:
        with captured(score, layer) as seen, RectifierReplay(rule):
            score(leaf.clone())
        activation = seen.output(len(rows))
        (signal,) = torch.autograd.grad(activation, leaf, _strongest(activation.detach(), layer, unit))
    return signal


def _strongest(activation: Tensor, layer: str, unit: int | None) -> Tensor:
    """The largest positive activation of the unit, of each unit when it is None; zero elsewhere."""
    count = activation.shape[1]
    if unit is not None and not 0 <= unit < count:
        raise InputError(f"unit {unit} was asked for, but layer {layer!r} has units 0 to {count - 1}")
    places = activation.flatten(2) if activation.ndim > 2 else activation.unsqueeze(2)
    value, switch = places.max(dim=2, keepdim=True)  # of equal ones the first
    if unit is not None:
        value = value * (torch.arange(count, device=value.device) == unit).view(-1, 1)
    return torch.zeros_like(places).scatter(2, switch, value.clamp(min=0)).view(activation.shape)
