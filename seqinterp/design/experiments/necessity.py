"""Of what sequences score above their shuffles: what goes with some positions, and what these bring back alone.

The tests of Toneyan & Koo 2024, doi:10.1038/s41588-024-01923-3 (CREME), of positions instead of tiles.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import t as student
from torch import Tensor

from seqinterp.attribution.dna_baselines import dinucleotide_shuffle
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.design.experiments.significance import rounding
from seqinterp.errors import InputError
from seqinterp.mutagenesis.edits import Edits, offsets, trusted
from seqinterp.mutagenesis.effects import effects
from seqinterp.shapes import References, Sequences, Truth


@dataclass(frozen=True, eq=False)
class Mixtures:
    """Scores of sequences mixed from an example and its shuffles, on the CPU.

    score: (batch,), of the example itself.
    shuffled: (batch, draws), of its shuffles.
    ablated: (batch, draws), of the example with the chosen positions from the shuffle.
    kept: (batch, draws), of the shuffle with the chosen positions from the example.
    """

    score: Tensor
    shuffled: Tensor
    ablated: Tensor
    kept: Tensor


def mixtures(score: Score, inputs: Sequences, chosen: list[Truth], /, *, draws: int, seed: int) -> list[Mixtures]:
    """Mix every example with `draws` dinucleotide shuffles of itself, for each choice of positions.

    Where nothing is chosen in an example, `ablated` is its score and `kept` that of its shuffles, exactly.

    Raises:
        InputError: there are fewer than two draws, or the seed cannot be used.
    """
    if draws < 2:
        raise InputError(f"draws must be 2 or more, so that the spread of the shuffles can be told, not {draws}")
    references = dinucleotide_shuffle(inputs, draws=draws, seed=seed)
    before = by_rows(score, inputs)
    shuffled = _scores(score, references)
    parts = []
    for positions in chosen:
        some = positions.any(dim=1).nonzero().flatten().to(inputs.device)
        kept, ablated = shuffled.clone(), before[:, None].repeat(1, draws)
        if len(some):
            here = positions.to(inputs.device)[some]
            mixed = torch.where(here[:, None, None], inputs[some][:, None], references[some])
            kept[some] = _scores(score, mixed)
            edits = _of_positions(inputs[some].cpu(), references[some].cpu(), here.cpu())
            found = effects(score, inputs[some], edits, repeats=len(chosen))
            ablated[some] += found.reshape(len(some), draws).to(before.dtype)
        parts.append(Mixtures(before.cpu(), shuffled.cpu(), ablated.cpu(), kept.cpu()))
    return parts


def _scores(score: Score, references: References) -> Tensor:
    """(batch, draws), by forward passes: nearly every column differs from the example's."""
    return by_rows(score, references.flatten(0, 1)).reshape(references.shape[:2])


def _of_positions(inputs: Sequences, references: References, chosen: Truth) -> Edits:
    """One edit for each example and reference: the chosen columns become those of the reference."""
    differs = (inputs[:, None] != references).any(dim=2) & chosen[:, None]  # (batch, draws, position)
    example, draw, position = differs.nonzero(as_tuple=True)
    owner = torch.arange(len(inputs)).repeat_interleave(references.shape[1])
    return trusted(owner, offsets(differs.sum(dim=2).flatten()), position, references[example, draw, :, position])


@dataclass(frozen=True, eq=False)
class Shares:
    """How much of a score goes, and how much comes back; numpy arrays (row,).

    total: the score less the mean of the shuffles, what both shares are divided by.
    standard_error: of `total`, from the spread of the shuffles.
    told: whether `total` can be told from zero.
    necessity: (score - mean of `ablated`) / total. sufficiency: (mean of `kept` - mean of `shuffled`) / total. Both NaN
        where `total` cannot be told from zero.
    """

    total: np.ndarray
    standard_error: np.ndarray
    told: np.ndarray
    necessity: np.ndarray
    sufficiency: np.ndarray


def shares(mixed: Mixtures) -> Shares:
    """What goes and what comes back, each as a share of what the score is above that of the shuffles.

    A ratio has bounds only where its denominator differs from zero (Fieller 1954): `total` must exceed the 97.5 % point
    of the t distribution times its standard error, and the rounding of the scores.
    """
    score, shuffled, ablated, kept = (
        getattr(mixed, name).double().numpy() for name in ("score", "shuffled", "ablated", "kept")
    )
    draws, precision = shuffled.shape[1], torch.finfo(mixed.score.dtype).eps
    total = score - shuffled.mean(axis=1)
    error = shuffled.std(axis=1, ddof=1) / np.sqrt(draws)
    told = np.abs(total) > student.ppf(0.975, draws - 1) * error + rounding(score, shuffled, precision=precision)
    lost, returned = score - ablated.mean(axis=1), kept.mean(axis=1) - shuffled.mean(axis=1)
    parts = (np.divide(part, total, out=np.full(len(total), np.nan), where=told) for part in (lost, returned))
    return Shares(total, error, told, *parts)
