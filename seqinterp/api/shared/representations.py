"""What a layer of the model makes of examples: the one way by which the public calls compare examples."""

from difflib import get_close_matches
from functools import partial

import torch
from torch import Tensor, nn

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.attribution.rules.opaque import eager
from seqinterp.attribution.run import batched, borrowed
from seqinterp.cases.below import BelowLayer, is_bypassed
from seqinterp.errors import InputError, ModelError
from seqinterp.evaluation.last_layer import last_layer
from seqinterp.shapes import Inputs

STILL = 1e-6  # a deviation below this part of the largest number is rounding
NAMED = 8  # layers that a sentence lists


def latent_layer(model: nn.Module, rows: Inputs, place: torch.device, layer: str | None = None) -> str:
    """The name of the layer whose inputs stand for examples: the one that was asked for, else the model's last.

    Raises:
        InputError: the model has no layer of that name.
        ModelError: none was named, and the model has no one last layer: it returns several tensors, or some of its
            outputs do not come from that layer.
    """
    layers = [name for name, _ in model.named_modules() if name]
    if layer is not None:
        if layer not in layers:
            near = get_close_matches(str(layer), layers, n=3, cutoff=0.5) or layers[-NAMED:]
            raise InputError(f"the model has no layer {layer!r}; it has {', '.join(map(repr, near)) or 'none'}")
        return layer
    shown = rows[:1].to(place, copy=True)
    with torch.inference_mode(False), torch.no_grad(), borrowed(model, place), eager():
        outputs = model(shown.clone())
        if not isinstance(outputs, Tensor):
            raise ModelError(
                f"the model returns a {type(outputs).__name__}, not one tensor, so it has no one last layer; name the"
                f" layer whose inputs are to be compared with layer=, one of {_listed(layers)}"
            )
        # execution is watched on a copy whose names are those of a score: "model." and the layer
        found = last_layer(Score(model, _first), shown).removeprefix("model.")
        if is_bypassed(model, found, shown):
            raise ModelError(
                f"not all that the model answers comes by way of its last layer {found!r}, as in networks with several"
                f" heads; name the layer whose inputs are to be compared with layer=, one of {_listed(layers)}"
            )
    return found


def representations(model: nn.Module, rows: Inputs, place: torch.device, *, layer: str | None = None) -> Tensor:
    """What a layer reads of each example, `(batch, numbers)`, in double precision on the CPU.

    layer: its name; None takes the last one, as `latent_layer`.

    Raises:
        InputError: the model has no layer of that name.
        ModelError: the model cannot be copied, has no one last layer, or the layer reads no row per example.
    """
    below = BelowLayer(model, latent_layer(model, rows, place, layer))
    with torch.no_grad(), eager():
        found = batched(partial(by_rows, below), below, rows, device=place).double()
    if not bool(torch.isfinite(found).all()):
        raise ModelError(f"layer {below.layer!r} reads numbers that are not finite, so examples cannot be compared")
    return found


def spread_of(learned: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of every number; a deviation of 1 where it never changes."""
    centre, scale = learned.mean(dim=0), learned.std(dim=0)
    varies = scale > STILL * learned.abs().amax(dim=0).clamp(min=1e-30)
    return centre, scale.where(varies, 1.0)


def standardised(features: Tensor, learned: Tensor) -> Tensor:
    """Every number less its mean over `learned`, in standard deviations; as it is where it never changes there."""
    centre, scale = spread_of(learned)
    return (features - centre) / scale


def _first(outputs: Tensor) -> Tensor:
    """One number of what one example gives; a model that ends in `squeeze()` has left it no batch axis."""
    return outputs.reshape(-1)[:1]


def _listed(layers: list[str]) -> str:
    """The last layers by name."""
    return ("... " if len(layers) > NAMED else "") + ", ".join(map(repr, layers[-NAMED:]))
