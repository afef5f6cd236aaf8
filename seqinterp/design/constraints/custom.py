"""Constraint that a caller wrote."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import letters_of
from seqinterp.shapes import CodeBlock, Codes, Costs

Keeper = Callable[[list[str]], Sequence[bool]]


@dataclass(frozen=True)
class Custom:
    """A callable says which sequences, given as strings, keep it.

    Raises InputError when it gives anything but one yes or no for each.
    """

    keeper: Keeper

    @property
    def name(self) -> str:
        return str(getattr(self.keeper, "__name__", type(self.keeper).__name__))

    def cost(self, codes: CodeBlock, starts: CodeBlock, /) -> Costs:
        """1 where it says no."""
        del starts
        if len(codes) == 0:
            return np.zeros(0, dtype=np.int64)
        said = np.asarray(self.keeper([letters_of(row) for row in codes]))
        if said.shape != (len(codes),) or said.dtype.kind not in "bui" or not np.isin(said, (0, 1)).all():
            raise InputError(
                f"the constraint {self.name} must give True or False for each of {len(codes)} sequence(s), but it gave"
                f" {said.dtype} of shape {said.shape}"
            )
        return 1 - said.astype(np.int64)

    def said(self, codes: Codes, start: Codes, /) -> str:
        return "it says no" if self.cost(codes[None], start[None])[0] else "it says yes"
