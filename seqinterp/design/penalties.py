"""What is taken off a score: differentiable functions of one-hot candidates and what they were begun from."""

import numpy as np
import torch

from seqinterp.design.objective import Penalty
from seqinterp.sequence.markov import Background
from seqinterp.shapes import Scores, Sequences


def per_edit(weight: float) -> Penalty:
    """`weight` for every base that differs from the start: half the sum of |candidate - start|."""

    def penalty(sequences: Sequences, starts: Sequences) -> Scores:
        return weight * (sequences - starts).abs().sum(dim=(1, 2)) / 2

    return penalty


def unlikely(background: Background, weight: float) -> Penalty:
    """`weight` for every bit by which a base is unlikely under a Markov chain: -mean log2 p(base | those before it).

    Both strands are not asked: fit the background to both for that.
    """
    with np.errstate(divide="ignore"):
        start, steps = np.log2(background.start), np.log2(background.transitions)
    order = background.order
    # never -inf: a base that cannot be must not make everything after it meaningless
    held = torch.from_numpy(np.maximum(start, -100.0)), torch.from_numpy(np.maximum(steps, -100.0))

    def penalty(sequences: Sequences, starts: Sequences) -> Scores:
        first, after = (table.to(sequences) for table in held)
        places = sequences.shape[2] - order
        context = torch.ones_like(sequences[:, :1, :places])
        for back in range(order):  # the probability of each word of `order` letters
            letter = sequences[:, None, :, back : back + places]
            context = (context[:, :, None] * letter).flatten(1, 2)
        likely = torch.einsum("bcp,cd,bdp->b", context, after, sequences[:, :, order:])
        if order:
            likely = likely + context[:, :, 0] @ first
        return -weight * likely / sequences.shape[2]

    return penalty
