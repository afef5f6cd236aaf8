"""`attribute_outputs`: what does every feature contribute to each of many outputs?"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from seqinterp.api.catalogue import find_method
from seqinterp.api.shared.bind import bind
from seqinterp.api.shared.inputs import as_dna, as_inputs
from seqinterp.api.shared.score import output_count
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import Device, choose_device
from seqinterp.attribution.targets import flattened
from seqinterp.errors import InputError
from seqinterp.shapes import Array, Jacobians


def attribute_outputs(
    model: nn.Module,
    inputs: Array,
    method: str = "deeplift",
    *,
    outputs: Sequence[int] | None = None,
    batch_size: int | None = None,
    device: Device = None,
    seed: int = 0,
    progress: bool = False,
    **options: Any,
) -> Jacobians:
    """Explain each output by itself: for a profile head, which bases make which position (PISA, tangermeme).

    Args:
        model: any module from `(batch, *features)` to one tensor `(batch, *outputs)`.
        inputs, method, batch_size, device, seed, progress, options: as for `attribute`.
        outputs: which ones, counted through the axes of the output in order; None takes all of them.

    Returns:
        `(batch, outputs, *features)`: for each output what `attribute` gives for it.

    Raises:
        InputError: an output that does not exist, or as `attribute`.
        ModelError: the model does not return one tensor, or as `attribute`.
    """
    entry = find_method(method)
    checked = as_dna(model, inputs) if entry.dna_only else as_inputs(model, inputs)
    bound = bind(method, entry, checked, options, seed)
    place = choose_device(device)
    count = output_count(model, checked, place)
    chosen = list(range(count) if outputs is None else outputs)
    wrong = [index for index in chosen if not 0 <= index < count]
    if wrong or not chosen:
        asked = f"output {wrong[0]}" if wrong else "no output"
        raise InputError(f"{asked} was asked for, but the model has {count}, numbered 0 to {count - 1}")
    setting: dict[str, Any] = {"batch_size": batch_size, "device": place, "progress": progress}
    values = [bound.explain(Score(model, flattened(index)), checked, **setting)[0] for index in chosen]
    return torch.stack(values, dim=1)
