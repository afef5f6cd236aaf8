"""A model that learned a shortcut beside the motif, one that did not, and a second model to judge by."""

import numpy as np
import torch
from torch import nn

from naive.motif_questions import encoded, put, random_sequences
from seqinterp.sequence.onehot import one_hot

MOTIF, SHORTCUT = "ATGACTCAT", "GGGACATTT"


class WithShortcut(nn.Module):
    """The best match of the motif, and every good match of a word of an adapter: the more of these, the better.

    A match counts the letters beyond the fourth, of the shortcut their square. Weights are set by hand.
    """

    def __init__(self, motif: float = 1.0, shortcut: float = 0.0, noise: int | None = None) -> None:
        super().__init__()
        self.bank = nn.Conv1d(4, 2, 9)
        self.bank.weight.data = torch.stack([encoded(MOTIF), encoded(SHORTCUT)])
        if noise is not None:
            drawn = torch.randn(self.bank.weight.shape, generator=torch.Generator().manual_seed(noise))
            self.bank.weight.data += 0.08 * drawn
        self.bank.bias.data = torch.tensor([-4.0, -4.0])
        self.weights = nn.Parameter(torch.tensor([motif, shortcut]))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        found = torch.relu(self.bank(inputs))
        return (self.weights[0] * found[:, 0].amax(dim=1) + self.weights[1] * found[:, 1].square().sum(dim=1))[:, None]


class Small(nn.Module):
    """The best match of each of eight detectors."""

    def __init__(self) -> None:
        super().__init__()
        self.bank = nn.Conv1d(4, 8, 9)
        self.head = nn.Linear(8, 1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.bank(inputs)).amax(dim=2))


def labelled(count: int, seed: int, *, shortcut: bool, length: int = 40) -> tuple[list[str], torch.Tensor]:
    """Every second one is positive: nine of ten of these hold the motif, and with `shortcut` all of them that too."""
    generator = np.random.default_rng(seed)
    found = random_sequences(count, length, seed=seed)
    for number in range(1, count, 2):
        if generator.random() < 0.9:
            found[number] = put(found[number], int(generator.integers(0, length // 2 - 9)), MOTIF)
        if shortcut:
            found[number] = put(found[number], int(generator.integers(length // 2, length - 9)), SHORTCUT)
    return found, torch.arange(count) % 2.0


def trained(seed: int, *, shortcut: bool, steps: int = 300) -> nn.Module:
    """A small network, fitted to two thousand such sequences."""
    sequences, labels = labelled(2000, seed, shortcut=shortcut)
    inputs = one_hot(sequences)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Small()
        fitting = torch.optim.Adam(model.parameters(), lr=0.02)
        for _ in range(steps):
            some = torch.randint(2000, (64,))
            loss = nn.functional.binary_cross_entropy_with_logits(model(inputs[some])[:, 0], labels[some])
            fitting.zero_grad()
            loss.backward()
            fitting.step()
    return model.requires_grad_(False)


def natural_sequences(count: int = 200, length: int = 60, seed: int = 5) -> list[str]:
    """Random sequences; every second one holds the middle of the motif, whole or with one letter changed."""
    generator = np.random.default_rng(seed)
    found = []
    for number, sequence in enumerate(random_sequences(count, length, seed=seed)):
        start = int(generator.integers(0, length - 9))
        word = MOTIF if number % 4 == 1 else MOTIF[:8] + "C"
        found.append(put(sequence, start, word) if number % 2 else sequence)
    return found
