"""`maximize_activation`: which input does a unit of the model answer to most?"""

from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.api.results.maximized import MaximizedInputs
from seqinterp.api.shared.inputs import as_dna, as_inputs
from seqinterp.api.shared.unknown_options import refuse_unknown
from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.evidence import model_hash, versions
from seqinterp.attribution.protocol import Target
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.design.gradients.activation import (
    Ascent,
    climb_bases,
    climb_features,
    one_hot_of,
    random_columns,
    random_features,
    softened,
)
from seqinterp.design.gradients.octaves import deep_dream, octave_sizes
from seqinterp.design.gradients.regularisers import background_kl, l2, total_variation
from seqinterp.design.gradients.unit import Unit, activations, check_unit
from seqinterp.errors import InputError
from seqinterp.sequence.onehot import one_hot
from seqinterp.shapes import Array, Inputs

STEPS, DREAM_STEPS = 200, 10  # the second in each octave, as published
OPTIONS = ("places", *(each.name for each in fields(Ascent)))


def maximize_activation(
    model: nn.Module,
    *,
    layer: str | None = None,
    unit: int | Target | None = 0,
    shape: tuple[int, ...] | None = None,
    start: Array | str | list[str] | None = None,
    count: int = 1,
    seed: int = 0,
    device: Device = None,
    **options: Any,
) -> MaximizedInputs:
    """Find inputs that excite one unit of the model, from noise or from a start, by the gradient.

    DNA, of shape `(4, position)`, becomes columns of shares of A, C, G, T; what the sequence of their largest bases
    reaches is reported beside what the columns reach. Pictures with more than one octave are climbed as DeepDream does.

    Args:
        model: any module; it is given back as it was found.
        layer: name of a submodule, such as "features.3"; None takes an output of the model.
        unit: a channel of the layer, or an output, or a callable from the outputs to `(batch,)`. None takes the whole
            layer.
        shape: of one input, without the batch: `(4, position)`, `(channel, row, column)` ...
        start: inputs to start from instead of noise; of DNA sequences will do.
        count: how many inputs are found from noise.
        seed: noise and jitter of input i follow from it and i alone.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        options: `places=` how a channel's places become one number: "mean", "max" or "center". `steps=` (200; of
            DeepDream 10 in each octave), `step_size=`. Weights of what is held against the activation:
            `total_variation=`, `l2=`, and for DNA `background_kl=` with `background=`. `jitter=`, `octaves=`,
            `octave_scale=` (1.4), `bounds=(low, high)`: see `seqinterp.design.gradients.activation.Ascent`.

    Returns:
        `MaximizedInputs`: the inputs, their activations before and after, and `nearest(natural)`.

    Raises:
        InputError: there is no such layer or unit, no shape and no start, or an option cannot be used.
        ModelError: the activation or its gradient is not a finite number, or does not depend on the inputs.
    """
    refuse_unknown(options, OPTIONS, "maximize_activation")
    asked = Unit(layer, unit, options.pop("places", "mean"))
    climb = Ascent(**{"steps": DREAM_STEPS if options.get("octaves", 1) > 1 else STEPS, **options})
    starts, bases = _starts(model, shape, start, count, seed, climb)
    _refuse_misfits(starts, climb, bases=bases)
    place = choose_device(device)
    with torch.inference_mode(False), torch.no_grad(), borrowed(model, place):
        here = starts.to(place, copy=True)
        for size in octave_sizes(here, climb) if climb.octaves > 1 else []:
            check_unit(asked, model, here[:1].new_zeros(1, here.shape[1], *size))
        check_unit(asked, model, here)
        before = activations(asked, model, here)
        run = climb_bases if bases else deep_dream if climb.octaves > 1 else climb_features
        found = run(asked, model, here, options=climb, seed=seed)
        reached = activations(asked, model, found.inputs)
        of_sequence = activations(asked, model, one_hot_of(found.inputs)).cpu() if bases else None
    ended = found.inputs.cpu()
    return MaximizedInputs(
        ended,
        before.cpu(),
        reached.cpu(),
        of_sequence,
        found.trajectory.cpu(),
        _penalties(ended, climb, bases=bases),
        _facts(model, asked, climb, ended, bases=bases, seed=seed, place=place),
        model,
        asked,
    )


def _starts(
    model: nn.Module, shape: tuple[int, ...] | None, start: Any, count: int, seed: int, climb: Ascent
) -> tuple[Inputs, bool]:
    """What the climb begins from, and whether it is columns of bases."""
    if (shape is None) == (start is None):
        raise InputError(
            "maximize_activation needs shape=the shape of one input without the batch, such as (4, 101) or (3, 64, 64),"
            " or start=inputs to begin from, and not both"
        )
    if start is not None:
        given = one_hot([start] if isinstance(start, str) else start) if isinstance(start, str | list) else start
        checked = as_inputs(model, given)
        return (softened(as_dna(model, checked)), True) if is_dna(checked) else (checked, False)
    assert shape is not None  # one of the two is there
    if not shape or any(isinstance(size, bool) or not isinstance(size, int) or size < 1 for size in shape):
        raise InputError(f"shape must be whole numbers of 1 or more, the sizes of one input, not {shape}")
    if count < 1 or seed < 0:
        raise InputError(f"count must be 1 or more and seed 0 or more, not count={count} and seed={seed}")
    bases = len(shape) == 2 and shape[0] == 4
    drawn = random_columns(count, shape[1], seed) if bases else random_features(count, shape, seed, options=climb)
    return as_inputs(model, drawn), bases


def _refuse_misfits(starts: Inputs, climb: Ascent, *, bases: bool) -> None:
    """Raise InputError for options that mean nothing to such inputs, and starts outside the bounds."""
    if bases and (climb.octaves > 1 or climb.bounds is not None):
        raise InputError(
            "octaves and bounds are for pictures: columns of bases are shares that sum to 1; leave them out"
        )
    if not bases and climb.background_kl:
        raise InputError("background_kl is for DNA, of shape (4, position), and these inputs are not; leave it out")
    if climb.bounds is not None:
        low, high = float(starts.min()), float(starts.max())
        if low < climb.bounds[0] or high > climb.bounds[1]:
            raise InputError(
                f"the start goes from {low:.4g} to {high:.4g}, outside the bounds {climb.bounds}; give bounds it keeps"
            )
    if climb.octaves > 1:
        octave_sizes(starts, climb)


def _penalties(inputs: Inputs, climb: Ascent, *, bases: bool) -> dict[str, Tensor]:
    """What each regulariser is at the end, without its weight."""
    found = {"l2": l2(inputs), "total_variation": total_variation(inputs)}
    return {**found, "background_kl": background_kl(inputs, climb.background)} if bases else found


def _facts(
    model: nn.Module, unit: Unit, climb: Ascent, inputs: Inputs, *, bases: bool, seed: int, place: torch.device
) -> dict[str, Any]:
    """Where the result comes from."""
    given = {each.name: getattr(climb, each.name) for each in fields(Ascent)}
    return {
        "kind": "DNA" if bases else "images" if inputs.ndim == 4 else "features",
        "layer": unit.layer,
        "unit": unit.index if isinstance(unit.index, int) or unit.index is None else repr(unit.index),
        "places": unit.places,
        "options": {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()},
        "method": "DeepDream" if climb.octaves > 1 else "Adam",
        "model_hash": model_hash(model),
        "seed": seed,
        "device": str(place),
        "versions": versions(),
    }
