"""`edit_effects`: what would these edits do to the outputs?"""

from collections.abc import Iterator
from typing import TypeVar

import torch
from torch import Tensor, nn

from seqinterp.api.results.edit_effects import EditEffects
from seqinterp.api.shared.inputs import as_dna
from seqinterp.api.shared.score import origin, output_count, refuse_odd_scores
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, batched, borrowed, choose_device
from seqinterp.attribution.targets import as_target, flattened
from seqinterp.errors import InputError, ModelError
from seqinterp.mutagenesis import effects as door
from seqinterp.mutagenesis.edits import Edits
from seqinterp.shapes import Array, Sequences

_Part = TypeVar("_Part")
EXAMPLES = 256  # sequences whose activations are held at once


def edit_effects(
    model: nn.Module,
    inputs: Array,
    edits: Edits,
    *,
    target: int | Target | None = 0,
    device: Device = None,
    progress: bool = False,
) -> EditEffects:
    """How each edit of a list changes the score, or all outputs.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        inputs: one-hot DNA `(batch, 4, position)`.
        edits: what is asked about; `seqinterp.mutagenesis.edit_lists` makes substitutions, k-mers, blanked and shuffled
            windows, deletions, insertions, and edits from a table.
        target: which output is scored, by index, or a callable from outputs to `(batch,)`; None for all outputs.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: show a progress bar.

    Returns:
        `EditEffects`: `effects` `(edits,)`, or `(edits, *outputs)` with `target=None`.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: an edit is of an example or position that the inputs lack, or the target does not exist.
        ModelError: the score is not one finite number per example, or the outputs are not one finite tensor.
    """
    sequences = as_dna(model, inputs)
    if not isinstance(edits, Edits):
        raise InputError(
            f"edits must be a list that seqinterp.mutagenesis.edit_lists makes, not a {type(edits).__name__}"
        )
    edits.require_within(sequences)
    place = choose_device(device)
    function = model if target is None else Score(model, as_target(target))
    if target is None:
        output_count(model, sequences, place)  # one tensor, or a sentence
    with torch.no_grad():
        before = batched(function, function, sequences, device=place)
    if isinstance(function, Score):
        refuse_odd_scores(before, len(sequences))
    effects = before.new_zeros(len(edits), *before.shape[1:])
    for index, found in through_door(function, sequences, edits, place, progress=progress):
        effects[index] = found.to(effects.dtype)
    if not bool(torch.isfinite(before).all() and torch.isfinite(effects).all()):
        raise ModelError("the model gives NaN or infinite outputs for some edits, so their effects cannot be told")
    facts = origin(explained(model, target), sequences, seed=0, device=place)
    return EditEffects(sequences, edits, effects, before, facts)


def explained(model: nn.Module, target: int | Target | None) -> Score:
    """The score that the facts of a result describe; the first output where all are asked for."""
    return Score(model, flattened(0) if target is None else as_target(target))


def through_door(
    function: nn.Module, inputs: Sequences, edits: Edits, place: torch.device, *, progress: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """Which edits were asked about and their effects, on the CPU, some examples at a time; the model is borrowed."""
    order = torch.argsort(edits.example, stable=True)
    starts = torch.arange(0, len(inputs), EXAMPLES)
    cuts = [*torch.searchsorted(edits.example[order], starts).tolist(), len(edits)]
    parts = [part for part in zip(starts.tolist(), cuts[:-1], cuts[1:], strict=True) if part[1] < part[2]]
    with torch.inference_mode(False), torch.no_grad(), borrowed(function, place):
        for begin, low, high in shown(parts, progress):
            index = order[low:high]
            some = edits.take(index)
            near = Edits(some.example - begin, some.first, some.position, some.columns)
            rows = inputs[begin : begin + EXAMPLES].to(place, copy=True)
            yield index, door.effects(function, rows, near).detach().cpu()


def shown(parts: list[_Part], progress: bool) -> Iterator[_Part]:
    """The parts, with a bar when one is asked for."""
    if not progress:
        yield from parts
        return
    from rich.console import Console  # rich costs a tenth of a second to import
    from rich.progress import track

    yield from track(parts, description="editing", console=Console(stderr=True), transient=True)
