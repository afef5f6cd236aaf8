"""What a motif does to the score of sequences that are not about it, and what its own bases do in another order.

Koo et al. 2021, doi:10.1371/journal.pcbi.1008925 (global importance analysis); tangermeme calls it `marginalize`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqinterp.attribution.dna_baselines import uniform_shuffle
from seqinterp.attribution.protocol import Score
from seqinterp.design.experiments.insertions import insertion_effects
from seqinterp.shapes import Sequences, Words


@dataclass(frozen=True, eq=False)
class Marginal:
    """The effects of a motif and of its controls, on the CPU.

    effects: (batch,), score with the motif less score without, in each background, the mean over the words.
    controls: (draws, batch), the same with the bases of every word in another order.
    """

    effects: Tensor
    controls: Tensor


def marginal_effects(
    score: Score,
    backgrounds: Sequences,
    words: Words,
    /,
    *,
    start: int,
    draws: int = 100,
    seed: int = 0,
    repeats: int = 1,
) -> Marginal:
    """Put the words of one motif, and `draws` shuffles of each, over the columns from `start` on.

    A shuffle is a uniform order of a word's bases; its columns of zeros stay in place, so that it changes the same
    columns. It is a rule of the seed and the word.

    Raises:
        InputError: the words leave the backgrounds, or `draws` or `seed` cannot be used.
    """
    shuffles = uniform_shuffle(words, draws=draws, seed=seed)
    every = torch.cat([words[:, None], shuffles], dim=1)  # (samples, 1 + draws, 4, width)
    found = insertion_effects(score, backgrounds, every.flatten(0, 1), start, repeats=repeats)
    mean = found.reshape(len(backgrounds), len(words), 1 + draws).mean(dim=1)
    return Marginal(mean[:, 0], mean[:, 1:].T.contiguous())
