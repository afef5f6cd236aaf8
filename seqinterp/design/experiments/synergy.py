"""Whether two motifs do more together than the sum of the two, against partners that are no motif."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqinterp.attribution.dna_baselines import uniform_shuffle
from seqinterp.attribution.protocol import Score
from seqinterp.design.experiments.insertions import insertion_effects
from seqinterp.design.experiments.spacing import check_arrangement, interaction, starts
from seqinterp.design.experiments.words import Arrangements
from seqinterp.shapes import Sequences, Words


@dataclass(frozen=True, eq=False)
class PairInteraction:
    """The interaction of two motifs and of its controls, the mean over placements, on the CPU.

    both, left, right: (batch,), the effect of the pair and of each of the two alone.
    controls: (2, draws, batch), the interaction of the left motif with shuffles of the right one, then of the right
        motif with shuffles of the left one.
    """

    both: Tensor
    left: Tensor
    right: Tensor
    controls: Tensor


def pair_interaction(
    score: Score,
    backgrounds: Sequences,
    left: Words,
    right: Words,
    /,
    *,
    gaps: Sequence[int],
    orientations: Sequence[str] = ("++",),
    draws: int = 100,
    seed: int = 0,
    repeats: int = 1,
) -> PairInteraction:
    """Put two words (1, 4, width) into the middle of the backgrounds, and each with shuffles of the other.

    Gaps and orientations are those of `spacing_effects`; all their combinations are made and averaged. A shuffle is a
    uniform order of a word's bases, its columns of zeros in place.

    Raises:
        InputError: words would overlap or leave the backgrounds, or an option cannot be used.
    """
    length, sizes = backgrounds.shape[2], (left.shape[2], right.shape[2])
    check_arrangement(length, *sizes, gaps, orientations)
    # number 0 is the motif itself and 1 to draws are its shuffles; then all of them on the other strand; then the right
    lefts, rights = (torch.cat([word, uniform_shuffle(word, draws=draws, seed=seed)[0]]) for word in (left, right))
    count = 1 + draws
    forms = Arrangements([*lefts, *lefts.flip(1, 2), *rights, *rights.flip(1, 2)])
    shuffles = range(1, count)
    partners = [(0, 0), *((0, j) for j in shuffles), *((i, 0) for i in shuffles)]
    rows = []
    for orientation in orientations:
        turned = "+-".index(orientation[0]) * count, (2 + "+-".index(orientation[1])) * count
        for first, second in (starts(length, *sizes, gap) for gap in gaps):
            for i, j in partners:
                one, other = (turned[0] + i, first), (turned[1] + j, second)
                rows.append((forms.row(one, other), forms.row(one), forms.row(other)))
    found = insertion_effects(score, backgrounds, *forms.drawn(), repeats=repeats)
    shape = (len(backgrounds), len(gaps) * len(orientations), len(partners))
    both, alone, also = (found[:, list(row)].reshape(shape).mean(dim=1).T for row in zip(*rows, strict=True))
    controls = interaction(both, alone, also)[1:].reshape(2, draws, len(backgrounds))
    return PairInteraction(both[0], alone[0], also[0], controls)
