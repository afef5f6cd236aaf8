"""Sequences that a score tells apart, all of them tried; and what flips a sum of numbers."""

from itertools import combinations, product

import numpy as np
import torch
from torch import Tensor, nn

from naive.motif_questions import Additive

BASES = "ACGT"


def encoded(sequences: list[str], dtype: torch.dtype = torch.float64) -> Tensor:
    """(batch, 4, position)."""
    letters = np.array([list(sequence) for sequence in sequences])
    return torch.from_numpy(np.stack([letters == base for base in BASES], axis=1)).to(dtype)


def values(model: nn.Module, sequences: list[str], dtype: torch.dtype = torch.float64) -> np.ndarray:
    with torch.no_grad():
        return model(encoded(sequences, dtype)).reshape(len(sequences), -1)[:, 0].double().numpy()


def fewest(model: nn.Module, sequence: str, threshold: float, window: tuple[int, int] | None = None) -> int | None:
    """Of all sequences that differ inside the window the fewest differences of one on the other side."""
    low, high = window or (0, len(sequence))
    every = [sequence[:low] + "".join(middle) + sequence[high:] for middle in product(BASES, repeat=high - low)]
    above = values(model, [sequence])[0] > threshold
    reached = values(model, every)
    numbers = [
        sum(a != b for a, b in zip(sequence, other, strict=True))
        for other, value in zip(every, reached, strict=True)
        if (value > threshold) != above and abs(value - threshold) > 1e-9
    ]
    return min(numbers, default=None)


def single_flips(model: nn.Module, sequence: str, threshold: float) -> int:
    """How many sequences one substitution away lie on the other side."""
    above = values(model, [sequence])[0] > threshold
    others = [
        sequence[:i] + base + sequence[i + 1 :] for i, letter in enumerate(sequence) for base in BASES if base != letter
    ]
    return int(sum((value > threshold) != above for value in values(model, others)))


def smaller_sets_flip(model: nn.Module, sequence: str, edits: list[tuple[int, str]], threshold: float) -> bool:
    """Whether the same edits less one still lead to the other side."""
    above = values(model, [sequence])[0] > threshold
    for some in combinations(edits, len(edits) - 1):
        letters = list(sequence)
        for position, base in some:
            letters[position] = base
        if (values(model, ["".join(letters)])[0] > threshold) != above:
            return True
    return False


def of_a_sum(weights: np.ndarray, sequence: str, distance: float) -> tuple[int, list[int]] | None:
    """The fewest substitutions that raise a sum of weights (4, position) by more than a distance, and where.

    Positions do not know of one another, so the largest gains are taken first.
    """
    own = [weights[BASES.index(letter), i] for i, letter in enumerate(sequence)]
    gains = weights.max(axis=0) - np.array(own)
    order = np.argsort(-gains)
    total = np.cumsum(gains[order])
    reaching = np.flatnonzero(total > distance)
    if len(reaching) == 0 or gains[order[reaching[0]]] <= 0:
        return None
    return int(reaching[0]) + 1, sorted(order[: reaching[0] + 1].tolist())


def additive(length: int, seed: int = 3) -> Additive:
    """A sum of numbers and nothing else."""
    model = Additive(length, seed=seed)
    nn.init.zeros_(model.head.bias)
    return model
