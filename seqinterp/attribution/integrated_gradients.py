"""Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365), by secants instead of samples.

Peers sample the gradient at points of the path. Here the path is cut into pieces and every operation contributes its
mean gradient over a piece (attribution/rules/secants.py): exact for one layer of rectifiers whatever the number of
pieces, an error of second order for deeper networks, and a sum that is complete to rounding always.
"""

import torch
from torch import Tensor

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.contributions import contributions, hypothetical_contributions
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.notes import note_error, note_warning
from seqinterp.attribution.protocol import Baseline, Score
from seqinterp.attribution.rows import rows_at_once
from seqinterp.attribution.rules.paths import Paths, path_slopes
from seqinterp.attribution.rules.secants import SECANTS
from seqinterp.errors import InputError
from seqinterp.shapes import Attributions, Inputs, References

FIRST, LAST = 4, 512  # pieces tried
FEW = 16
FLOOR = 0.1  # of the tolerance: smaller changes happen by chance
CROWDING = 1.5  # most kinks lie near the reference, where activations leave their biases


def integrated_gradients(
    score: Score,
    inputs: Inputs,
    /,
    *,
    baseline: Baseline = zeros,
    tolerance: float = 0.05,
    steps: int | None = None,
) -> Attributions:
    """(input - reference) times the gradient averaged over the straight path between them; the mean over references.

    tolerance: pieces are doubled until the stated error of an example is at most this part of its largest attribution.
        Stated is the largest change of an attribution by the last two doublings, and a tenth of the tolerance on top.
        It is an estimate: a kink that every grid so far has missed is not in it (`exact_integrated_gradients` has it).
    steps: that many pieces instead, with no stated error.

    Raises:
        InputError: `tolerance` or `steps` cannot be used.
        ModelError: the score cannot be differentiated, the model is TorchScript, or its control flow depends on
            the values.
    """
    references = baseline(inputs)
    return contributions(mean_slopes(score, inputs, references, tolerance, steps), inputs, references)


def hypothetical_integrated_gradients(
    score: Score,
    inputs: Inputs,
    /,
    *,
    baseline: Baseline = zeros,
    tolerance: float = 0.05,
    steps: int | None = None,
) -> Attributions:
    """What each base would contribute by the mean gradients of `integrated_gradients`, `(batch, 4, position)`."""
    references = baseline(inputs)
    return hypothetical_contributions(mean_slopes(score, inputs, references, tolerance, steps), references)


def mean_slopes(
    score: Score, inputs: Inputs, references: References, tolerance: float, steps: int | None
) -> References:
    """The gradient averaged over the path from each reference to its input, `(batch, draws, *features)`."""
    if steps is not None and steps < 1:
        raise InputError(f"steps must be 1 or more, or None to refine until the tolerance is met; not {steps}")
    if not tolerance > 0:
        raise InputError(f"tolerance must be a positive part of the largest attribution, such as 0.05; not {tolerance}")
    ends = inputs.unsqueeze(1).expand_as(references).flatten(0, 1)
    starts = references.flatten(0, 1)
    if steps is not None:
        if steps < FEW:
            note_warning(f"{steps} pieces state no error, and few may leave much; leave steps out to have it stated")
        return _over_pieces(score, starts, ends, steps).view(references.shape)
    slopes, errors = _refined(score, starts, ends, tolerance)
    note_error(errors.view(references.shape[:2]).mean(1))
    return slopes.view(references.shape)


def _refined(score: Score, starts: Inputs, ends: Inputs, tolerance: float) -> tuple[Inputs, Tensor]:
    """Double the pieces of every path until it is settled; gives the mean slopes and their stated errors.

    A path is settled when two doublings in a row changed little: one alone can do so by chance.
    """
    slopes = _over_pieces(score, starts, ends, FIRST)
    errors = starts.new_full((len(starts),), torch.inf)
    last_change = errors.clone()
    unsettled = torch.arange(len(starts), device=starts.device)
    pieces = FIRST
    while len(unsettled) and pieces < LAST:
        pieces *= 2
        finer = _over_pieces(score, starts[unsettled], ends[unsettled], pieces)
        way = (ends[unsettled] - starts[unsettled]).flatten(1)
        change = ((finer - slopes[unsettled]).flatten(1) * way).abs().amax(1)
        largest = (finer.flatten(1) * way).abs().amax(1)
        stated = torch.maximum(change, last_change[unsettled]) + FLOOR * tolerance * largest
        slopes[unsettled], errors[unsettled], last_change[unsettled] = finer, stated, change
        unsettled = unsettled[stated > tolerance * largest]
    if len(unsettled):
        note_warning(f"integrated gradients of {len(unsettled)} path(s) did not settle within {LAST} pieces")
    return slopes, errors


def _over_pieces(score: Score, starts: Inputs, ends: Inputs, pieces: int) -> Inputs:
    """Mean slopes over paths cut into `pieces`."""
    nodes = torch.linspace(0, 1, pieces + 1, dtype=torch.float64) ** CROWDING
    return over_nodes(score, starts, ends, nodes.to(starts))


def over_nodes(score: Score, starts: Inputs, ends: Inputs, nodes: Tensor) -> Inputs:
    """Mean slopes over paths cut at `nodes`, which run from 0 to 1."""
    limit = rows_at_once(starts[:1].numel())
    together = max(1, limit // len(nodes))
    parts = []
    for start, end in zip(starts.split(together), ends.split(together), strict=True):
        total = torch.zeros_like(start)
        for first in range(0, len(nodes) - 1, max(1, limit - 1)):
            total += path_slopes(score, Paths(start, end, nodes[first : first + max(2, limit)]), SECANTS)
        parts.append(total)
    return torch.cat(parts)


def interior_gradients(
    score: Score, inputs: Inputs, /, *, baseline: Baseline = zeros, steps: int = 50
) -> tuple[Tensor, References]:
    """The plain gradient at every point of the path: alphas `(steps,)`, gradients `(batch, steps, *features)`.

    The alphas are the middles of `steps` equal pieces; the mean over them times (input - reference) is the midpoint
    estimate of integrated gradients. With several references per example the gradients are averaged over these.

    Raises:
        InputError: `steps` is not positive.
        ModelError: the score cannot be differentiated.
    """
    if steps < 1:
        raise InputError(f"steps must be 1 or more, not {steps}")
    references = baseline(inputs)
    alphas = (torch.arange(steps, device=inputs.device, dtype=inputs.dtype) + 0.5) / steps
    found = []
    for alpha in alphas:
        points = references + alpha * (inputs.unsqueeze(1) - references)
        found.append(gradient(score, points.flatten(0, 1)).view(references.shape).mean(1))
    return alphas, torch.stack(found, dim=1)
