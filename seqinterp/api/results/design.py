"""One designed sequence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqinterp.design.edit_script import Kind, Step, edit_script, substitutions
from seqinterp.sequence.alphabet import letter_codes


@dataclass(frozen=True, eq=False)
class Design:
    """One designed sequence: where it started, where it ended, and the value after each step.

    score, start_score: the model's score of the end and of the start; of several models the mean.
    uncertainty: standard deviation of the scores of several models; NaN for one.
    values: what was raised, one number per objective: the score less the penalties.
    trajectory: `(steps + 1,)`, the best first value so far after each step.
    rules: one row per constraint: constraint, kept, said.
    kinds: of edits that could be made.
    """

    sequence: str
    score: float
    trajectory: np.ndarray
    start: str
    start_score: float
    values: tuple[float, ...] = ()
    uncertainty: float = float("nan")
    rules: tuple[Mapping[str, Any], ...] = ()
    kinds: tuple[Kind, ...] = ("substitution",)

    @property
    def edits(self) -> list[Step]:
        """What leads from the start to the design, with the fewest edits of the kinds that could be made."""
        script = substitutions if self.kinds == ("substitution",) else edit_script
        return script(letter_codes(self.start, "the start"), letter_codes(self.sequence, "the design"))
