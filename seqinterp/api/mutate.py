"""`mutate`: what would every edit do to the score?"""

import torch
from torch import nn

from seqinterp.api.edit_effects import shown
from seqinterp.api.results.mutagenesis import Mutagenesis
from seqinterp.api.shared.inputs import as_dna
from seqinterp.api.shared.score import finite_scores, origin
from seqinterp.attribution.notes import heard
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.rows import row_limit
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.mutagenesis.effects import Backend
from seqinterp.mutagenesis.every_base import every_base
from seqinterp.mutagenesis.window import check_window
from seqinterp.shapes import Array

POSITIONS = 2**17  # of sequences whose edits are asked about at once


def mutate(
    model: nn.Module,
    inputs: Array,
    *,
    target: int | Target = 0,
    start: int = 0,
    stop: int | None = None,
    batch_size: int | None = None,
    device: Device = None,
    backend: Backend = "auto",
    progress: bool = False,
) -> Mutagenesis:
    """Score every single-base edit of each sequence: in-silico saturation mutagenesis.

    The effects are exact. Where the model allows, only what an edit can reach is recomputed, and a few edits are
    compared with plain forward passes; where it does not, or the job is small, all edits take forward passes.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        inputs: one-hot DNA `(batch, 4, position)`.
        target: which output is scored, by index, or a callable from outputs to `(batch,)`.
        start, stop: positions edited, 0-based and half-open; `stop=None` is the end.
        batch_size: most rows the model is shown at once; it changes memory and speed, never the result.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        backend: "auto" takes what is fastest; "kernels" (CPU) and "windows" (torch, any device) recompute only what an
            edit reaches, "forward" makes a forward pass for every edit.
        progress: show a progress bar.

    Returns:
        `Mutagenesis`: `effects` `(batch, 4, position)`, `score(edited) - score`, zero at the base that is there.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: the window is empty or leaves the sequence, the target does not exist, or the backend cannot follow
            this model.
        ModelError: the score is not one finite number per example.
    """
    sequences = as_dna(model, inputs)
    begin, end = check_window(sequences, start, stop)
    score = Score(model, as_target(target))
    place = choose_device(device)
    before = finite_scores(score, sequences, batch_size=batch_size, device=place)
    pieces = sequences.split(max(1, POSITIONS // (sequences.shape[2] * (8 if progress else 1))))
    found = []
    with torch.inference_mode(False), torch.no_grad(), borrowed(score, place), row_limit(batch_size), heard() as notes:
        for number, part in enumerate(shown(list(pieces), progress)):
            options = {"backend": backend, "repeats": len(pieces), "check": number == 0}
            rows = part.to(place, copy=True)
            found.append(every_base(score, rows, start=begin, stop=end, **options).cpu())  # type: ignore[arg-type]
    effects = torch.cat(found).to(before.dtype)
    facts = origin(score, sequences, seed=0, device=place, rows=batch_size)
    said = {"computed": notes.rules.get("mutagenesis", "what each edit reaches"), "warnings": list(notes.warnings)}
    return Mutagenesis(sequences, effects, before, begin, end, {**facts, **said})
