"""Greedy design: make the best of all single-base edits, again and again (in-silico evolution).

The search of Vaishnav et al. 2022, doi:10.1038/s41586-022-04506-6, with every edit tried in every round.
"""

import torch

from seqinterp.attribution.protocol import Score
from seqinterp.design.hill_climb import Climb, rises
from seqinterp.errors import InputError
from seqinterp.mutagenesis.every_base import every_base
from seqinterp.shapes import Sequences


def greedy(score: Score, starts: Sequences, /, *, steps: int = 20) -> Climb:
    """Make the edit that raises the score most, up to `steps` times or until no edit raises it.

    Raises:
        InputError: `steps` is negative.
    """
    if steps < 0:
        raise InputError(f"steps must be 0 or more, not {steps}")
    sequences = starts.clone()
    with torch.no_grad():
        scores = [score(sequences)]
    for step in range(steps):
        gains = every_base(score, sequences, repeats=steps, check=step == 0)
        gain, edit = gains.flatten(1).max(dim=1)
        climbing = rises(scores[-1] + gain, scores[-1]).nonzero().flatten()
        if len(climbing) == 0:
            break
        base = torch.div(edit, sequences.shape[2], rounding_mode="floor")[climbing]
        position = (edit % sequences.shape[2])[climbing]
        sequences[climbing, :, position] = 0
        sequences[climbing, base, position] = 1
        with torch.no_grad():
            scores.append(score(sequences))
    scores += [scores[-1]] * (steps + 1 - len(scores))
    return Climb(sequences, torch.stack(scores, dim=1))
