"""Saturation mutagenesis by forward passes: slow, exact, and right for any model.

Zhou & Troyanskaya 2015, doi:10.1038/nmeth.3547 (in-silico mutagenesis).
"""

import torch

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import rows_at_once
from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Attributions, Edited, Effects, Inputs, Sequences

ROWS = 1024  # edited sequences in one forward pass: enough to fill a CPU, small beside any model's activations


def check_window(inputs: Inputs, start: int, stop: int | None) -> tuple[int, int]:
    """The window `[start, stop)` in numbers; `stop=None` is the end of the sequence.

    Raises:
        ShapeError: `inputs` are not `(batch, 4, position)`.
        InputError: the window is empty or leaves the sequence.
    """
    if inputs.ndim != 3 or inputs.shape[1] != 4:
        raise ShapeError(
            f"mutagenesis edits one-hot DNA of shape (batch, 4, position), not {tuple(inputs.shape)};"
            " seqinterp.one_hot makes it"
        )
    length = inputs.shape[2]
    end = length if stop is None else stop
    if not 0 <= start < end <= length:
        raise InputError(
            f"the window [{start}, {end}) is empty or leaves the sequence, which has positions 0 to {length - 1};"
            " start and stop are 0-based and half-open"
        )
    return start, end


def edited(inputs: Sequences, example: torch.Tensor, base: torch.Tensor, position: torch.Tensor) -> Edited:
    """One row per edit: `inputs[example]` with the whole column at `position` replaced by `base`."""
    rows = inputs[example].clone()
    row = torch.arange(len(rows), device=rows.device)
    rows[row, :, position] = 0
    rows[row, base, position] = 1
    return rows


def every_base(score: Score, inputs: Sequences, /, *, start: int = 0, stop: int | None = None) -> Effects:
    """`score(edited) - score` for every base at every position of `[start, stop)`, `(batch, 4, position)`.

    Exactly zero at the base that is there, and outside the window. An edit replaces the whole column, so a
    position that is N (all zeros) has four effects.
    """
    start, end = check_window(inputs, start, stop)
    bases = torch.eye(4, dtype=inputs.dtype, device=inputs.device)
    # (batch, 4, position): True where putting the base would change the column
    changes = (inputs.unsqueeze(1) != bases[None, :, :, None]).any(dim=2)
    changes[:, :, :start] = False
    changes[:, :, end:] = False
    example, base, position = changes.nonzero(as_tuple=True)
    with torch.no_grad():
        before = score(inputs)
        rows = min(ROWS, rows_at_once(inputs[0].numel()))
        chunks = zip(*(index.split(rows) for index in (example, base, position)), strict=True)
        after = [score(edited(inputs, *chunk)) for chunk in chunks]
        effects = inputs.new_zeros(inputs.shape, dtype=before.dtype)
        if after:
            effects[example, base, position] = torch.cat(after) - before[example]
    return effects


def hypothetical_mutagenesis(score: Score, inputs: Sequences, /) -> Attributions:
    """What each base would contribute: its effect minus the mean effect of the four bases there."""
    effects = every_base(score, inputs)
    return effects - effects.mean(dim=1, keepdim=True)


def mutagenesis(score: Score, inputs: Sequences, /) -> Attributions:
    """The effect of the base that is there against the mean of the four: mutagenesis as an explainer."""
    return hypothetical_mutagenesis(score, inputs) * inputs
