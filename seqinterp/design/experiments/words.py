"""Motifs as the bases that are put into sequences."""

from dataclasses import dataclass, field

import numpy as np
import torch

from seqinterp.errors import InputError
from seqinterp.shapes import Pwm, Words

EVEN = 1e-6  # a column whose four probabilities differ by less than this says nothing
Placed = tuple[int, int]  # which word, and where its first column goes


def consensus(pwm: Pwm) -> Words:
    """The most probable base of each column of probabilities, (1, 4, width); of equal ones the first of A, C, G, T.

    A column of zeros, or of four equal probabilities, says nothing and becomes zeros: what is there is kept.
    """
    best = np.eye(4, dtype=np.float32)[pwm.argmax(axis=0)].T
    best[:, np.ptp(pwm, axis=0) < EVEN] = 0
    return torch.from_numpy(best)[None]


def sampled(pwm: Pwm, samples: int, *, seed: int = 0) -> Words:
    """Words drawn column by column from probabilities, (samples, 4, width); word i is a rule of `(seed, i)`.

    A column of zeros stays zeros.

    Raises:
        InputError: `samples` or `seed` cannot be used.
    """
    if samples < 1 or seed < 0:
        raise InputError(f"samples must be 1 or more and seed 0 or more, not samples={samples} and seed={seed}")
    passed = pwm.cumsum(axis=0)
    level = np.stack([np.random.default_rng([seed, i]).random(pwm.shape[1]) for i in range(samples)])
    base = (passed[None] <= (level * passed[-1])[:, None]).sum(axis=1).clip(max=3)
    drawn = np.eye(4, dtype=np.float32)[base].transpose(0, 2, 1)
    drawn[:, :, passed[-1] == 0] = 0
    return torch.from_numpy(np.ascontiguousarray(drawn))


@dataclass
class Arrangements:
    """Words put together in one window, each arrangement made once.

    words: (4, width) each; they may differ in width.
    """

    words: list[torch.Tensor]
    rows: dict[tuple[Placed, ...], int] = field(default_factory=dict)

    def row(self, *placed: Placed) -> int:
        """The number of the arrangement with these words at these places, which must not overlap."""
        return self.rows.setdefault(placed, len(self.rows))

    def drawn(self) -> tuple[Words, int]:
        """All arrangements as words of one width, and where their first column goes; zeros between the words."""
        every = [(row, number, start) for placed, row in self.rows.items() for number, start in placed]
        low = min(start for _, _, start in every)
        high = max(start + self.words[number].shape[1] for _, number, start in every)
        result = torch.zeros(len(self.rows), 4, high - low)
        for row, number, start in every:
            result[row, :, start - low : start - low + self.words[number].shape[1]] = self.words[number]
        return result, low
