"""Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365) without quadrature, for piecewise linear networks.

Along a straight path such a network is linear in pieces (rules/pieces/cuts.py). On each piece the gradient is
one and the same, so its mean over the path is the sum of (length of the piece) x (gradient in its middle).
"""

import torch
from torch import Tensor

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.contributions import contributions, hypothetical_contributions
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.notes import note_warning
from seqinterp.attribution.protocol import Baseline, Score
from seqinterp.attribution.rows import by_rows, rows_at_once
from seqinterp.attribution.rules.opaque import eager, refuse_scripted
from seqinterp.attribution.rules.pieces.cuts import linear_pieces
from seqinterp.errors import InputError
from seqinterp.shapes import Attributions, Effects, Inputs, References

JUMP = 1e-3  # part of the sum of all sizes that may be missing; rounding in single precision leaves less


def exact_integrated_gradients(
    score: Score, inputs: Inputs, /, *, baseline: Baseline = zeros, pieces: int = 4096
) -> Attributions:
    """`integrated_gradients` up to rounding, for networks of rectifiers, maxima, and other operations linear in pieces.

    (input - reference) times the gradient averaged over the straight path between them; the mean over references. Where
    a path runs along a kink, the gradient is the one that torch gives there.

    pieces: the most pieces that a path may have.

    Raises:
        InputError: `pieces` is not positive, or too few for a path; half precision, which is too coarse to find kinks.
        ModelError: the model runs an operation that is not linear in pieces (a GELU, a softmax, a product of values
            that depend on the inputs), is TorchScript, cannot be differentiated, or mixes its examples.
    """
    references = baseline(inputs)
    return contributions(_exact_slopes(score, inputs, references, pieces), inputs, references)


def hypothetical_exact_integrated_gradients(
    score: Score, inputs: Inputs, /, *, baseline: Baseline = zeros, pieces: int = 4096
) -> Effects:
    """What each base would contribute by the mean gradients of `exact_integrated_gradients`, `(batch, 4, position)`."""
    references = baseline(inputs)
    return hypothetical_contributions(_exact_slopes(score, inputs, references, pieces), references)


def _exact_slopes(score: Score, inputs: Inputs, references: References, most: int) -> References:
    """The gradient averaged over the path from each reference to its input, `(batch, draws, *features)`."""
    if most < 1:
        raise InputError(f"pieces must be 1 or more, not {most}")
    if inputs.dtype not in (torch.float32, torch.float64):
        raise InputError(
            f"exact integrated gradients need single or double precision, not {inputs.dtype}, which rounds too coarsely"
            " to find where a path bends; use 'integrated_gradients'"
        )
    refuse_scripted(score)
    ends = inputs.unsqueeze(1).expand_as(references).flatten(0, 1)
    starts = references.flatten(0, 1)
    with eager():
        found = linear_pieces(score, starts, ends, most)
        total = torch.zeros_like(starts, dtype=torch.float64)
        together = rows_at_once(starts[:1].numel())
        for first in range(0, len(found), together):
            part = found.chosen(slice(first, first + together))
            slopes = gradient(score, part.points(starts, ends, (part.start + part.stop) / 2))
            total.index_add_(0, part.path.to(starts.device), slopes * _broad(part.stop - part.start, slopes))
    _warn_of_jumps(score, starts, ends, total)
    return total.to(starts.dtype).view(references.shape)


def _warn_of_jumps(score: Score, starts: Inputs, ends: Inputs, slopes: Tensor) -> None:
    """Say so where the slopes do not add up to the change of the score: a jump has no slope."""
    with torch.no_grad():
        change = by_rows(score, ends) - by_rows(score, starts)
    parts = (slopes * (ends - starts)).flatten(1)
    jumps = int(((parts.sum(1) - change).abs() > JUMP * parts.abs().sum(1)).sum())
    if jumps:
        note_warning(f"the score jumps along {jumps} path(s), which no integral of gradients can account for")


def _broad(lengths: Tensor, slopes: Tensor) -> Tensor:
    """One number per row, in double precision, in a shape that meets the slopes."""
    return lengths.to(slopes.device).view(-1, *[1] * (slopes.ndim - 1))
