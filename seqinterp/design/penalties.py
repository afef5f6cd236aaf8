"""What is taken off a score: differentiable functions of one-hot candidates and what they were begun from."""

from dataclasses import dataclass

import numpy as np
import torch

from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import N_CODE
from seqinterp.sequence.markov import Background
from seqinterp.sequence.markov_fit import substitution_log_likelihoods
from seqinterp.shapes import BaseMaps, CodeBlock, Scores, Sequences

LEAST_BITS = -100.0  # of a base that cannot be: what comes after it must stay comparable


@dataclass(frozen=True)
class per_edit:
    """`weight` for every base that differs from the start: half the sum of |candidate - start|."""

    weight: float

    def __call__(self, sequences: Sequences, starts: Sequences) -> Scores:
        """What is taken off each."""
        return self.weight * (sequences - starts).abs().sum(dim=(1, 2)) / 2

    def of_substitutions(self, codes: CodeBlock, starts: CodeBlock) -> BaseMaps:
        """What every base at every position adds."""

        def apart(here: np.ndarray) -> np.ndarray:  # N has no base: it is half an edit away from one
            half = (here == N_CODE) != (starts[:, None] == N_CODE)
            return np.where(half, 0.5, here != starts[:, None])

        found: BaseMaps = self.weight * (apart(np.arange(4)[:, None]) - apart(codes[:, None]))
        return found


@dataclass(frozen=True, eq=False)
class unlikely:
    """`weight` for every bit by which a base is unlikely under a Markov chain: -mean log2 p(base | those before it).

    The mean is over the bases whose context is known. Both strands are not asked: fit the background to both for that.
    """

    background: Background
    weight: float

    def __call__(self, sequences: Sequences, _: Sequences) -> Scores:
        """What is taken off each.

        Raises:
            InputError: the sequences are not longer than the contexts.
        """
        order, length = self.background.order, sequences.shape[2]
        if length <= order:
            raise InputError(
                f"likelihood of order {order} needs sequences of more than {order} bases, not {length}; take a lower"
                " order"
            )
        with np.errstate(divide="ignore"):
            tables = [np.log2(self.background.start), np.log2(self.background.transitions)]
        first, after = (torch.from_numpy(np.maximum(table, LEAST_BITS)).to(sequences) for table in tables)
        places = length - order
        context = torch.ones_like(sequences[:, :1, :places])
        for back in range(order):  # the probability of each word of `order` letters
            letter = sequences[:, None, :, back : back + places]
            context = (context[:, :, None] * letter).flatten(1, 2)
        likely = torch.einsum("bcp,cd,bdp->b", context, after, sequences[:, :, order:])
        known = (context.sum(dim=1) * sequences[:, :, order:].sum(dim=1)).sum(dim=1)
        if order:
            likely, known = likely + context[:, :, 0] @ first, known + order * context[:, :, 0].sum(dim=1)
        return -self.weight * likely / known.clamp_min(1)

    def of_substitutions(self, codes: CodeBlock, starts: CodeBlock) -> BaseMaps:
        """What every base at every position adds; of sequences with N as if every base had its context."""
        del starts
        changes = np.stack([substitution_log_likelihoods(self.background, one) for one in codes])
        found: BaseMaps = -self.weight * changes / codes.shape[1]
        return found
