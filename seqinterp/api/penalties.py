"""`Penalties`: what is taken off a score while sequences are designed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from seqinterp.design.objective import Penalty
from seqinterp.design.penalties import per_edit, unlikely
from seqinterp.errors import InputError
from seqinterp.sequence.markov import GENOME_LIKE, Background
from seqinterp.sequence.markov_fit import fit_background

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Penalties:
    """What is taken off the score of a design: soft wishes, in units of the score.

    uncertainty: for every standard deviation between the models of an ensemble.
    edits: for every base that differs from the start.
    unlikely: for every bit by which a base is less likely, on average, under a Markov chain of `order` fitted to
        `natural`: sequences, or a `Background`; None takes one that resembles human non-coding sequence (order 1).
    also: functions from one-hot sequences `(batch, 4, position)` to what is taken off, `(batch,)`; for searches along
        gradients they must be differentiable.
    """

    uncertainty: Any = 0.0
    edits: Any = 0.0
    unlikely: Any = 0.0
    natural: Any = None
    order: Any = 2
    also: Any = ()

    def __post_init__(self) -> None:
        for name in ("uncertainty", "edits", "unlikely"):
            weight = getattr(self, name)
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < np.inf:
                raise InputError(f"the penalty {name} must be a number of 0 or more, not {weight!r}")
        if not all(callable(one) for one in _several(self.also)):
            raise InputError("the penalties in `also` must be callables from one-hot sequences to (batch,)")
        if isinstance(self.natural, str) or not (
            self.natural is None or isinstance(self.natural, Background | Sequence | np.ndarray)
        ):
            raise InputError(f"natural must be a list of sequences or a Background, not {type(self.natural).__name__}")
        if isinstance(self.order, bool) or not isinstance(self.order, int):
            raise InputError(f"order must be a whole number, not {self.order!r}")

    def terms(self) -> list[Penalty]:
        """All but the uncertainty, as functions of candidates and starts."""
        found: list[Penalty] = [_of_sequences(one) for one in _several(self.also)]
        if self.edits:
            found.append(per_edit(self.edits))
        if self.unlikely:
            found.append(unlikely(self._background(), self.unlikely))
        return found

    def _background(self) -> Background:
        """The chain that likelihood is measured with."""
        if self.natural is None:
            return GENOME_LIKE
        if isinstance(self.natural, Background):
            return self.natural
        return fit_background(list(self.natural), self.order)


def _several(given: Function | Sequence[Function]) -> Sequence[Function]:
    """One function or several as several."""
    return given if isinstance(given, Sequence) else (given,)


def _of_sequences(function: Function) -> Penalty:
    """A caller's function as a penalty."""

    def penalty(sequences: Tensor, _: Tensor) -> Tensor:
        found = function(sequences)
        if not isinstance(found, Tensor) or found.shape != (len(sequences),):
            came = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise InputError(
                f"a penalty must give one number per sequence, shape ({len(sequences)},), but it gave {came}"
            )
        return found

    return penalty
