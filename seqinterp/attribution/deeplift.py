"""DeepLIFT / DeepSHAP with the rescale rule (Shrikumar et al. 2017, arXiv:1704.02685; Lundberg & Lee 2017).

Hook-free: the rules of attribution/rules act on the model's own operations, whatever its code looks like.
"""

import torch

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.contributions import contributions, hypothetical_contributions
from seqinterp.attribution.protocol import Baseline, Score
from seqinterp.attribution.rows import rows_at_once
from seqinterp.attribution.rules.pairs import paired_slopes
from seqinterp.attribution.rules.rescale import RESCALE
from seqinterp.shapes import Attributions, Inputs, References


def deeplift(score: Score, inputs: Inputs, /, *, baseline: Baseline = zeros) -> Attributions:
    """What each feature contributes to the score, compared with the references: the mean over these.

    Law: for every example the contributions add up to its score minus the mean score of its references, to rounding.

    Raises:
        ModelError: the score cannot be differentiated, the model is TorchScript, or its control flow depends on
            the values.
    """
    references = baseline(inputs)
    return contributions(multipliers(score, inputs, references), inputs, references)


def hypothetical_deeplift(score: Score, inputs: Inputs, /, *, baseline: Baseline = zeros) -> Attributions:
    """What each base would contribute if it stood there, `(batch, 4, position)`; TF-MoDISco reads this."""
    references = baseline(inputs)
    return hypothetical_contributions(multipliers(score, inputs, references), references)


def multipliers(score: Score, inputs: Inputs, references: References) -> References:
    """DeepLIFT multipliers of every input against each of its references, `(batch, draws, *features)`."""
    limit = rows_at_once(inputs[:1].numel())
    draws = references.shape[1]
    if draws == 1:
        return _against_one(score, inputs, references, limit)
    parts = []
    for start in range(0, len(inputs), max(1, limit // (draws + 1))):
        few = slice(start, start + max(1, limit // (draws + 1)))
        some = max(1, limit - 1)
        pieces = [_against_many(score, inputs[few], piece) for piece in references[few].split(some, dim=1)]
        parts.append(torch.cat(pieces, dim=1))
    return torch.cat(parts)


def _against_many(score: Score, inputs: Inputs, references: References) -> References:
    """Each example stands once before its references and is what they are compared with.

    The rule is symmetric in its two ends, so the multipliers at the references are those of the input.
    """
    count, draws = references.shape[:2]
    rows = torch.cat([inputs.unsqueeze(1), references], dim=1)
    first = torch.arange(count, device=inputs.device) * (draws + 1)
    slopes = paired_slopes(score, rows.flatten(0, 1), first.repeat_interleave(draws + 1), RESCALE)
    by_example: References = slopes.unflatten(0, (count, draws + 1))
    return by_example[:, 1:]


def _against_one(score: Score, inputs: Inputs, references: References, limit: int) -> References:
    """One reference per example; a reference that all share is run once."""
    shared = bool((references == references[:1]).all())
    parts = []
    size = max(1, limit - 1) if shared else max(1, limit // 2)
    for few, ends in zip(inputs.split(size), references.flatten(0, 1).split(size), strict=True):
        ends = ends[:1] if shared else ends
        partner = len(few) + torch.arange(len(ends), device=inputs.device)
        index = torch.cat([partner.expand(len(few)) if shared else partner, partner])
        parts.append(paired_slopes(score, torch.cat([few, ends]), index, RESCALE)[: len(few)])
    return torch.cat(parts).unsqueeze(1)
