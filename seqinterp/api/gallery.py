"""`gallery`: what excites the units of a network most, and what in it does."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from seqinterp.api.results.gallery import Gallery
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.evidence import model_hash, versions
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import row_limit
from seqinterp.attribution.rules.rectified import RectifierRule, deconvolved, guided
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.concepts.gallery import chosen_layers, first_tensor, layer_galleries
from seqinterp.errors import InputError
from seqinterp.shapes import Array, Inputs

RULES: dict[str, RectifierRule] = {"deconvnet": deconvolved, "guided_backprop": guided}


def gallery(
    model: nn.Module,
    inputs: Array,
    layers: Sequence[str] | None = None,
    *,
    units: Any = 8,
    examples: Any = 9,
    method: str = "deconvnet",
    names: Sequence[str] | None = None,
    batch_size: Any = None,
    device: Device = None,
) -> Gallery:
    """The images that excite units most, cut to what a unit sees, and its activation projected down to the pixels.

    For every unit the examples of largest activation are found among all inputs; of each the strongest place is taken.
    The patch is what a change of the input can reach this place from, measured by sending NaN through the network row
    by row and column by column; outside of it the projection is zero. A gallery shows what the inputs hold, and the
    projections depend on the input more than on the weights (Adebayo et al. 2018, arXiv:1810.03292).

    Args:
        model: any module from images to outputs; it is given back as it was found.
        inputs: images `(batch, channel, row, column)`.
        layers: names of submodules that give `(batch, unit, *places)` or `(batch, unit)`, such as "features.3", each
            run once in a pass; None takes the last one of each resolution.
        units: how many units of each layer, those of the strongest activations; or a list of their numbers.
        examples: how many images of each unit.
        method: "deconvnet" (Zeiler & Fergus 2014) or "guided_backprop" (Springenberg et al. 2015). Only positive
            activations are projected.
        names: what the inputs are called; None numbers them.
        batch_size: images at a time; it changes memory and speed, never the result.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.

    Returns:
        `Gallery`, with `plot(layer)`, `to_frame()` and `save(path)`.

    Raises:
        InputError: DNA (`filter_motifs` is its gallery) or other inputs that are not images, no such layer, unit or
            method, or numbers out of range.
        ModelError: the model cannot be differentiated, or is TorchScript.
    """
    checked = as_inputs(model, inputs)
    _refuse(checked, units, method, names)
    _refuse_count("examples", examples)
    if batch_size is not None:
        _refuse_count("batch_size", batch_size)
    score = Score(model, first_tensor)
    place = choose_device(device)
    with torch.inference_mode(False), torch.no_grad(), borrowed(model, place), row_limit(batch_size):
        here = checked.to(place, copy=True)
        chosen = chosen_layers(score, here, layers)
        found = layer_galleries(score, here, chosen, units=units, examples=examples, rule=RULES[method])
    told = tuple(names) if names is not None else tuple(str(number) for number in range(len(checked)))
    origin = {"method": method, "model_hash": model_hash(model), "device": str(place), "versions": versions()}
    return Gallery(found, told, origin)


def _refuse(inputs: Inputs, units: Any, method: str, names: Sequence[str] | None) -> None:
    """Raise InputError for what cannot be used, before any work."""
    if is_dna(inputs):
        raise InputError("galleries are for images; for DNA seqinterp.filter_motifs shows what excites each filter")
    if inputs.ndim != 4:
        raise InputError(f"images must be (batch, channel, row, column), not of shape {tuple(inputs.shape)}")
    if method not in RULES:
        raise InputError(f"method must be one of {', '.join(RULES)}, not {method!r}")
    numbers = [units] if isinstance(units, int) else list(units) if isinstance(units, Sequence) else None
    whole = numbers and all(isinstance(number, int) and not isinstance(number, bool) for number in numbers)
    if not whole or (isinstance(units, int) and units < 1):
        raise InputError(f"units must be how many, 1 or more, or a list of the numbers of units, not {units!r}")
    if names is not None and len(names) != len(inputs):
        raise InputError(f"one name per image is needed, but {len(names)} came for {len(inputs)} images")


def _refuse_count(name: str, number: Any) -> None:
    """Raise InputError for what is no whole number from 1."""
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise InputError(f"{name} must be 1 or more, a whole number, not {number!r}")
