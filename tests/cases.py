"""Models and inputs that every law runs over; one entry adds a case."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


class Recurrent(nn.Module):
    """An LSTM over positions: no convolution anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.core, self.head = nn.LSTM(4, 5, batch_first=True), nn.Linear(5, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.core(inputs.transpose(1, 2))[0].mean(dim=1))


class Pooled(nn.Module):
    """Functional operations only, and a single number per example."""

    def __init__(self) -> None:
        super().__init__()
        self.bank = nn.Conv1d(4, 6, 5, padding="same")

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.relu(self.bank(inputs)).amax(dim=2).sum(dim=1)


@dataclass(frozen=True)
class Case:
    """A model in double precision and inputs for it."""

    name: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    outputs: int

    @property
    def dna(self) -> bool:
        return len(self.shape) == 2

    def model(self) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return self.build().double()

    def inputs(self, count: int = 5) -> Tensor:
        generator = torch.Generator().manual_seed(1)
        if not self.dna:
            return torch.rand(count, *self.shape, generator=generator, dtype=torch.float64)
        bases = torch.randint(4, (count, self.shape[1]), generator=generator)
        return torch.nn.functional.one_hot(bases, 4).transpose(1, 2).double()


CASES = [
    Case(
        "convolution",
        lambda: nn.Sequential(nn.Conv1d(4, 3, 5), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(48, 2)),
        (4, 20),
        2,
    ),
    Case(
        "batchnorm",
        lambda: nn.Sequential(
            nn.Conv1d(4, 3, 5), nn.BatchNorm1d(3), nn.GELU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(3, 3)
        ),
        (4, 20),
        3,
    ),
    Case("pooled", Pooled, (4, 17), 1),
    Case("recurrent", Recurrent, (4, 12), 2),
    Case(
        "image",
        lambda: nn.Sequential(nn.Conv2d(3, 3, 5), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(48, 2)),
        (3, 8, 8),
        2,
    ),
]
DNA_CASES = [case for case in CASES if case.dna]
