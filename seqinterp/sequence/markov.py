"""Random sequences in which each letter depends on the few before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import letters_of
from seqinterp.shapes import Codes

MAX_ORDER = 3


@dataclass(frozen=True, eq=False)
class Background:
    """A Markov chain over A, C, G, T.

    `transitions` is (4^order, 4): the probability of the next letter after each context, contexts numbered as
    base-4 numbers with A, C, G, T as 0..3. `start` is (4^order,): the probability of the first `order` letters.
    """

    start: NDArray[np.float64]
    transitions: NDArray[np.float64]

    def __post_init__(self) -> None:
        contexts = [4**order for order in range(MAX_ORDER + 1)]
        if self.transitions.ndim != 2 or self.transitions.shape[1] != 4 or len(self.transitions) not in contexts:
            raise InputError(
                f"transitions must be (4^order, 4) with an order from 0 to {MAX_ORDER}, but they are "
                f"{self.transitions.shape}"
            )
        if self.start.shape != self.transitions.shape[:1]:
            raise InputError(f"start must hold {len(self.transitions)} probabilities, but it is {self.start.shape}")
        for values in (self.start, self.transitions):
            if not (values >= 0).all() or not np.allclose(values.sum(-1), 1, rtol=0, atol=1e-6):
                raise InputError("the probabilities of a background must be 0 or more and sum to 1")

    @property
    def order(self) -> int:
        """How many letters the next one depends on."""
        return len(self.transitions).bit_length() // 2

    def sample(self, length: int, *, count: int = 1, seed: int = 0) -> list[str]:
        """`count` random sequences of `length` letters; sequence i depends on the seed and i alone."""
        if length < 1 or count < 1 or seed < 0:
            raise InputError(
                f"length and count must be 1 or more and seed 0 or more, but {length}, {count} and {seed} came"
            )
        return [letters_of(self.draw(length, np.random.default_rng([seed, i]))) for i in range(count)]

    def draw(self, length: int, generator: np.random.Generator) -> Codes:
        """One random sequence as codes 0..3, from `length` + 1 numbers of `generator`."""
        uniform = generator.random(length + 1)
        context = _pick(np.cumsum(self.start), float(uniform[0]))
        letters = [context >> 2 * k & 3 for k in reversed(range(self.order))]
        rows, contexts = np.cumsum(self.transitions, axis=1).tolist(), len(self.transitions)
        for u in uniform[1 : length + 1 - len(letters)].tolist():
            a, c, g, _ = rows[context]
            letter = 0 if u < a else 1 if u < c else 2 if u < g else 3
            letters.append(letter)
            context = (context * 4 + letter) % contexts
        return np.array(letters[:length], dtype=np.uint8)


def _pick(cumulative: NDArray[np.float64], uniform: float) -> int:
    """The entry that a uniform number in [0, 1) falls on."""
    return min(int(np.searchsorted(cumulative, uniform, side="right")), len(cumulative) - 1)


# Percent of each pair of neighbours (rows: first letter A, C, G, T; columns: second), rounded by hand to what is
# typical of human non-coding sequence and made equal on both strands: 59 % A+T, and CpG at about a quarter of what
# its C and G would give. An approximation to plant motifs in, not a measurement.
_PAIRS = np.array(
    [
        [9.80, 5.00, 7.00, 7.70],
        [7.25, 5.20, 1.00, 7.00],
        [5.95, 4.30, 5.20, 5.00],
        [6.50, 5.95, 7.25, 9.80],
    ]
)
GENOME_LIKE = Background(start=_PAIRS.sum(1) / _PAIRS.sum(), transitions=_PAIRS / _PAIRS.sum(1, keepdims=True))
UNIFORM = Background(start=np.ones(1), transitions=np.full((1, 4), 0.25))
