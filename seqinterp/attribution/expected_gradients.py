"""Expected gradients (Erion et al. 2021, doi:10.1038/s42256-021-00343-w); GradientSHAP (Lundberg and Lee 2017).

Integrated gradients averaged over references r: E[(x - r) gradient(r + alpha (x - r))], alpha uniform in (0, 1). Each
gradient belongs to one r and one alpha. The alphas are stratified, one in each of `draws` equal parts of (0, 1), and
every reference meets every part of the range as often as every other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.chance import generator
from seqinterp.attribution.contributions import contributions, hypothetical_contributions
from seqinterp.attribution.dna import require_dna
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.notes import note_error
from seqinterp.attribution.protocol import Baseline, Score
from seqinterp.attribution.rows import rows_at_once
from seqinterp.errors import InputError
from seqinterp.shapes import Attributions, Inputs, References

DRAWS = 100


def expected_gradients(
    score: Score, inputs: Inputs, /, *, baseline: Baseline = zeros, draws: int = DRAWS, seed: int = 0
) -> Attributions:
    """Mean over the draws of gradient times (input - reference), of the inputs' shape, in score units.

    The sum estimates the score less the mean score of the references; its standard error, taken as if the alphas were
    independent, is noted beside the numbers.

    draws: gradients taken for each example, rounded up to a multiple of the baseline's references, so that each
        reference counts alike.

    Raises:
        InputError: `draws` cannot be used.
        ModelError: the score cannot be differentiated.
    """
    drawn = _draw(score, inputs, baseline, draws, seed)
    return torch.cat([contributions(some.multipliers, some.inputs, some.references) for some in drawn])


def hypothetical_expected_gradients(
    score: Score, inputs: Inputs, /, *, baseline: Baseline = zeros, draws: int = DRAWS, seed: int = 0
) -> Attributions:
    """What each base would contribute if it stood there, from the draws that `expected_gradients` uses.

    For one-hot columns, times the inputs and summed over the bases, it is `expected_gradients` summed over the bases.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError, ModelError: as `expected_gradients`.
    """
    require_dna(inputs, "hypothetical_expected_gradients")
    drawn = _draw(score, inputs, baseline, draws, seed)
    return torch.cat([hypothetical_contributions(some.multipliers, some.references) for some in drawn])


@dataclass(frozen=True)
class _Drawn:
    """Some examples with the gradients drawn for them and the reference each belongs to."""

    inputs: Inputs
    multipliers: References
    references: References


def _draw(score: Score, inputs: Inputs, baseline: Baseline, draws: int, seed: int) -> Iterator[_Drawn]:
    """Gradients on the way from the references to each example: as many examples as rows fit at once."""
    if draws < 1:
        raise InputError(f"draws must be 1 or more, not {draws}")
    together = max(1, rows_at_once(inputs[:1].numel()) // draws)
    errors = []
    for part in inputs.split(together):
        sets = baseline(part)
        rounds = -(-draws // sets.shape[1])
        references = sets.repeat(1, rounds, *[1] * (inputs.ndim - 1))
        alphas = torch.stack([_alphas(rounds, sets.shape[1], generator(seed, x, "expected_gradients")) for x in part])
        way = part.unsqueeze(1) - references
        points = references + alphas.to(part).reshape(*alphas.shape, *[1] * (inputs.ndim - 1)) * way
        multipliers = gradient(score, points.flatten(0, 1)).unflatten(0, alphas.shape)
        errors.append(_standard_error((multipliers * way).flatten(2).sum(dim=2)))
        yield _Drawn(part, multipliers, references)
    if multipliers.shape[1] > 1:  # one draw says nothing about its own error
        note_error(torch.cat(errors))


def _alphas(rounds: int, references: int, chance: torch.Generator) -> Tensor:
    """One alpha per round and reference, flat: a round's share of (0, 1) has a stratum for each, in random order."""
    order = torch.stack([torch.randperm(references, generator=chance) for _ in range(rounds)])
    within = torch.rand(rounds, references, generator=chance, dtype=torch.float64)
    strata = torch.arange(rounds).unsqueeze(1) * references + order
    return ((strata + within) / (rounds * references)).flatten()


def _standard_error(totals: Tensor) -> Tensor:
    """Standard error of the mean of each row, `(batch,)`."""
    spread: Tensor = totals.var(dim=1, correction=0)
    return (spread / max(1, totals.shape[1] - 1)) ** 0.5
