"""Questions about motifs on strings, one forward pass at a time; and networks whose answers are known."""

from itertools import product

import numpy as np
import torch
from torch import Tensor, nn

BASES = "ACGT"
COMPLEMENT = dict(zip(BASES + "N", "TGCAN", strict=True))


def encoded(sequence: str, dtype: torch.dtype = torch.float32) -> Tensor:
    """(4, position); N is a column of zeros."""
    return torch.tensor([[float(base == letter) for letter in sequence] for base in BASES], dtype=dtype)


def random_sequences(count: int, length: int, seed: int = 0) -> list[str]:
    generator = np.random.default_rng(seed)
    return ["".join(BASES[i] for i in row) for row in generator.integers(4, size=(count, length))]


def stacked(sequences: list[str], dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.stack([encoded(sequence, dtype) for sequence in sequences])


def put(sequence: str, start: int, word: str) -> str:
    """The word in place of as many letters; its N keep what is there."""
    letters = list(sequence)
    for i, letter in enumerate(word):
        if letter != "N":
            letters[start + i] = letter
    return "".join(letters)


def turned(word: str) -> str:
    return "".join(COMPLEMENT[letter] for letter in reversed(word))


def value(model: nn.Module, sequence: str, dtype: torch.dtype = torch.float32) -> float:
    with torch.no_grad():
        return float(model(encoded(sequence, dtype)[None]).reshape(-1)[0])


def effect(model: nn.Module, sequence: str, *placed: tuple[int, str]) -> float:
    """Score with the words less score without."""
    changed = sequence
    for start, word in placed:
        changed = put(changed, start, word)
    return value(model, changed) - value(model, sequence)


def arranged(length: int, left: str, right: str, gap: int, orientation: str) -> tuple[tuple[int, str], tuple[int, str]]:
    """Both words with their gap in the middle."""
    first = length // 2 - (len(left) + gap + len(right)) // 2
    one = left if orientation[0] == "+" else turned(left)
    other = right if orientation[1] == "+" else turned(right)
    return (first, one), (first + len(left) + gap, other)


def spacing(model: nn.Module, sequence: str, left: str, right: str, gap: int, orientation: str) -> tuple[float, ...]:
    """Effects of both and of each alone, and the interaction."""
    one, other = arranged(len(sequence), left, right, gap, orientation)
    both, alone, also = (
        effect(model, sequence, one, other),
        effect(model, sequence, one),
        effect(model, sequence, other),
    )
    return both, alone, also, both - alone - also


def rank_p_value(observed: float, controls: list[float]) -> float:
    """Counting those that lie as far from the middle."""
    everything = sorted([observed, *controls])
    half = len(everything) // 2
    middle = everything[half] if len(everything) % 2 else (everything[half - 1] + everything[half]) / 2
    as_far = sum(abs(one - middle) >= abs(observed - middle) for one in controls)
    return (1 + as_far) / (1 + len(controls))


def benjamini_hochberg(p_values: list[float]) -> list[float]:
    """The smallest level at which each one is rejected."""
    count = len(p_values)
    ordered = sorted(p_values)
    return [min(ordered[j] * count / (j + 1) for j in range(count) if ordered[j] >= p) for p in p_values]


def sign_flip_p_values(values: np.ndarray) -> list[float]:
    """All 2^n flips of the examples, and the largest mean over the tests."""
    count = values.shape[1]
    largest = [np.abs((values * np.array(signs)).mean(axis=1)).max() for signs in product([-1, 1], repeat=count)]
    means = np.abs(values.mean(axis=1))
    return [float(np.mean([one >= mean - 1e-12 for one in largest])) for mean in means]


def necessity_and_sufficiency(
    model: nn.Module, sequence: str, shuffles: list[str], positions: set[int]
) -> tuple[float, float]:
    """What goes with the positions, and what comes with them, as shares of score less mean score of the shuffles."""

    def mixed(inside: str, outside: str) -> str:
        return "".join(inside[i] if i in positions else outside[i] for i in range(len(inside)))

    shuffled = np.mean([value(model, one) for one in shuffles])
    ablated = np.mean([value(model, mixed(one, sequence)) for one in shuffles])
    kept = np.mean([value(model, mixed(sequence, one)) for one in shuffles])
    score = value(model, sequence)
    return float((score - ablated) / (score - shuffled)), float((kept - shuffled) / (score - shuffled))


class Matches(nn.Module):
    """How often words occur, exactly, each with its weight; N matches anything."""

    def __init__(self, **weights: float) -> None:
        super().__init__()
        width = max(len(word) for word in weights)
        kernels = torch.stack([encoded(word.ljust(width, "N")) for word in weights])
        self.bank = nn.Conv1d(4, len(weights), width, padding=width)
        self.bank.weight.data, self.bank.bias.data = kernels, 1 - kernels.sum(dim=(1, 2))
        self.head = nn.Linear(len(weights), 1, bias=False)
        self.head.weight.data = torch.tensor([list(weights.values())])

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(torch.relu(self.bank(inputs)).sum(dim=2))


class Additive(nn.Module):
    """A number for every base at every position, added up."""

    def __init__(self, length: int, seed: int = 0) -> None:
        super().__init__()
        self.head = nn.Linear(4 * length, 1)
        self.head.weight.data = torch.randn(1, 4 * length, generator=torch.Generator().manual_seed(seed))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(inputs.flatten(1))


class Network(nn.Module):
    """Convolutions with random weights: nothing is known about it."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.core = nn.Sequential(nn.Conv1d(4, 8, 7, padding=3), nn.ReLU(), nn.MaxPool1d(4), nn.Conv1d(8, 8, 5))
            self.head = nn.Linear(8, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(torch.relu(self.core(inputs)).mean(dim=2))
