"""A model with a shortcut, sequences that it likes, and counts of what they hold, on strings."""

from math import comb

import torch
from torch import nn

from naive.motif_questions import encoded, put, random_sequences, stacked, turned

MOTIF, ARM, BYSTANDER = "ATGACTCAT", "GCGGGTCG", "CCTTGCAA"


class Dumbbell(nn.Module):
    """How well the best places match words, each with its weight; fewer than half of the letters do not count."""

    def __init__(self, **weights: float) -> None:
        super().__init__()
        width = max(len(word) for word in weights)
        self.bank = nn.Conv1d(4, len(weights), width)
        self.bank.weight.data = torch.stack([encoded(word.ljust(width, "N")) for word in weights])
        self.bank.bias.data = -torch.tensor([len(word) // 2 for word in weights]).float()
        self.head = nn.Linear(len(weights), 1, bias=False)
        self.head.weight.data = torch.tensor([list(weights.values())])

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.bank(inputs)).amax(dim=2))


def maximisers(model: nn.Module, count: int = 10, length: int = 60, seed: int = 0) -> list[str]:
    """Random sequences with a bystander in them; the best of all edits is made as long as the score rises."""
    return [_risen(model, put(one, 26, BYSTANDER)) for one in random_sequences(count, length, seed=seed)]


def _risen(model: nn.Module, sequence: str) -> str:
    while True:
        every = [sequence, *(put(sequence, i, base) for i in range(len(sequence)) for base in "ACGT")]
        with torch.no_grad():
            values = model(stacked(every))[:, 0]
        if float(values.max()) <= float(values[0]) + 1e-4:
            return sequence
        sequence = every[int(values.argmax())]


def holds(sequence: str, word: str) -> bool:
    return word in sequence or turned(word) in sequence


def fisher_greater(own: int, size: int, other: int, other_size: int) -> float:
    """The chance that so many or more of those that have it are among the first."""
    total, having = size + other_size, own + other
    ways = sum(
        comb(having, k) * comb(total - having, size - k) for k in range(own, min(size, having) + 1) if size - k >= 0
    )
    return ways / comb(total, size)
