"""Nucleotide dependency maps (Tomaz da Silva et al. 2025, doi:10.1038/s41588-025-02347-3), for any score.

The paper edits position i of a sequence and takes the largest change of what a language model predicts at position j.
Here the change is that of the attribution at j, so the map shows which bases decide whether another base matters.
"""

from typing import Literal, get_args

import torch
from torch import Tensor

from seqinterp.attribution.dna import require_dna
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.rows import rows_at_once
from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Dependencies, Edited, Inputs

Across = Literal["largest", "mean"]


def dependency_map(
    explainer: Explainer,
    score: Score,
    inputs: Inputs,
    /,
    *,
    across: Across = "largest",
    start: int = 0,
    stop: int | None = None,
) -> Dependencies:
    """How much an edit at position i changes the attribution at position j, `(batch, i, j)`, in the explainer's units.

    The attribution of a position is the explainer's, summed over the bases; the change is absolute. The diagonal is
    zero: that an edit changes its own attribution is no dependency. So a model that adds positions up gives zeros.
    The explainer is asked about up to 3 edits of every position (4 where it is N), so take a cheap one, such as
    `gradient_times_input`; one with random references should have them fixed, or their chance is in the map.

    across: what is kept of the alternative bases at i, the "largest" change or the "mean" (with which the map is the
        transpose of tangermeme's).
    start, stop: positions edited, 0-based and half-open; rows of other positions are zero.

    Raises:
        ShapeError: the inputs are not one-hot DNA, or the explainer gives another shape.
        InputError: `across` is unknown, or the window is empty or leaves the sequence.
    """
    require_dna(inputs, "a dependency map")
    if across not in get_args(Across):
        raise InputError(f"across must be 'largest' or 'mean', not {across!r}")
    length = inputs.shape[2]
    end = length if stop is None else stop
    if not 0 <= start < end <= length:
        raise InputError(
            f"the window [{start}, {end}) is empty or leaves the sequence, which has positions 0 to {length - 1};"
            " start and stop are 0-based and half-open"
        )
    return torch.stack([_map(explainer, score, example, across, range(start, end)) for example in inputs])


def _map(explainer: Explainer, score: Score, example: Tensor, across: Across, window: range) -> Tensor:
    """The map of one sequence, `(position, position)`."""
    before = _by_position(explainer, score, example.unsqueeze(0))
    changes = (example.T.unsqueeze(1) != torch.eye(4).to(example)).any(dim=2)  # (position, base): is it an edit?
    position, base = changes[window.start : window.stop].nonzero(as_tuple=True)
    position = position + window.start
    result = before.new_zeros(example.shape[1], example.shape[1])
    for place, letter in zip(*(index.split(rows_at_once(example.numel())) for index in (position, base)), strict=True):
        change = (_by_position(explainer, score, _edited(example, place, letter)) - before).abs()
        if across == "largest":
            rows = place.unsqueeze(1).expand_as(change)
            result.scatter_reduce_(0, rows, change, "amax")
        else:
            result.index_add_(0, place, change)
    if across == "mean":
        result /= changes.sum(dim=1, keepdim=True)
    return result.fill_diagonal_(0)


def _edited(example: Tensor, position: Tensor, base: Tensor) -> Edited:
    """One copy of the sequence per edit, the column at `position` replaced by `base`."""
    rows = example.repeat(len(position), 1, 1)
    row = torch.arange(len(rows), device=rows.device)
    rows[row, :, position] = 0
    rows[row, base, position] = 1
    return rows


def _by_position(explainer: Explainer, score: Score, inputs: Inputs) -> Tensor:
    """Attributions summed over the bases, `(batch, position)`."""
    values = explainer(score, inputs).detach()
    if values.shape != inputs.shape:
        raise ShapeError(
            f"the explainer must give one number per base, shape {tuple(inputs.shape)}; it gave {tuple(values.shape)}"
        )
    return values.sum(dim=1)
