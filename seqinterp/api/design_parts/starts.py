"""What designs are begun from: random sequences, given ones, and those that the rules ask to be changed first."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from seqinterp.api.design_parts.methods import whole
from seqinterp.api.shared.inputs import as_dna
from seqinterp.design.codes import codes_of
from seqinterp.design.constraints.repair import repaired
from seqinterp.design.constraints.rules import Rules
from seqinterp.errors import InputError
from seqinterp.sequence.onehot import decode, one_hot
from seqinterp.shapes import Array, CodeBlock


def random_codes(count: int, length: int, seed: int) -> CodeBlock:
    """Uniform random sequences (count, length); sequence `i` is a rule of `(seed, i)`."""
    drawn = [np.random.default_rng([seed, i, 1]).integers(4, size=length) for i in range(count)]
    return np.stack(drawn).astype(np.uint8)


def start_codes(
    model: nn.Module, start: str | Sequence[str] | Array | None, length: int | None, count: int, seed: int
) -> CodeBlock:
    """The starts as codes.

    Raises:
        InputError: neither or both of `start` and `length` are given, or a number is out of its range.
        AlphabetError: a start holds a letter that is not A, C, G, T or N.
    """
    if start is not None and length is not None:
        raise InputError("optimize takes start= or length=, not both: the starts have their own length")
    if start is None and length is None:
        raise InputError("optimize needs start=sequences or length=the number of bases of random starts")
    if length is not None:
        if not whole(length) or not whole(count) or length < 1 or count < 1:
            raise InputError(f"length and count must be 1 or more, not length={length!r} and count={count!r}")
        return random_codes(count, length, seed)
    given: Any = start if isinstance(start, torch.Tensor | np.ndarray) else one_hot(start if start is not None else [])
    checked = as_dna(model, given)
    mixed = (checked != 0) & (checked != 1)
    if bool(mixed.any()):
        decode(checked)  # soft columns are refused here
        row = int(mixed.flatten(1).any(dim=1).nonzero()[0])
        raise InputError(
            f"start {row} has a letter that stands for several bases; write A, C, G, T, or N where any will do"
        )
    return codes_of(checked)


def within_rules(starts: CodeBlock, rules: Rules, seed: int) -> CodeBlock:
    """The sequences that a search begins with: the starts, changed as little as a search finds where a rule is broken.

    Raises:
        InfeasibleError: the rules exclude one another.
    """
    if not rules.constraints:
        return starts
    kept = rules.keep(starts, starts)
    return np.stack([one if ok else repaired(one, one, rules, seed=seed) for one, ok in zip(starts, kept, strict=True)])
