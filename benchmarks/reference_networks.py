"""The four networks that speeds are compared on: random weights, in evaluation mode."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn


def three_convolutions() -> nn.Module:
    """M1: the JUND network of DeepChem, 101 bp."""
    layers: list[nn.Module] = []
    for channels in (4, 15, 15):
        layers += [nn.Conv1d(channels, 15, 10, padding="same"), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(15 * 101, 1))


def deepbind() -> nn.Module:
    """M2: one convolution and a global maximum, 101 bp."""
    head = (nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 1))
    return nn.Sequential(nn.Conv1d(4, 16, 24, padding=23), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), *head)


def basset() -> nn.Module:
    """M3: three convolutions with batch normalisation and max pooling, three dense layers, 600 bp."""
    layers: list[nn.Module] = []
    for channels, filters, width, pool in ((4, 300, 19, 3), (300, 200, 11, 4), (200, 200, 7, 4)):
        norm = nn.BatchNorm1d(filters)
        norm.running_mean.normal_(0, 0.1)  # type: ignore[union-attr]
        norm.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr]
        convolution = nn.Conv1d(channels, filters, width, padding=width // 2)
        layers += [convolution, norm, nn.ReLU(), nn.MaxPool1d(pool)]
    dense = (nn.Linear(2400, 1000), nn.ReLU(), nn.Linear(1000, 1000), nn.ReLU(), nn.Linear(1000, 164))
    return nn.Sequential(*layers, nn.Flatten(), *dense)


class DilatedResidual(nn.Module):
    """M4: eight dilated residual convolutions and a counts head, 2114 bp, as BPNet has."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.relu = nn.Conv1d(4, 64, 21, padding=10), nn.ReLU()
        self.dilated = nn.ModuleList([nn.Conv1d(64, 64, 3, padding=2**i, dilation=2**i) for i in range(1, 9)])
        self.relus = nn.ModuleList([nn.ReLU() for _ in range(8)])
        self.head = nn.Linear(64, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, 4, position) -> (batch, 1)."""
        flow = self.relu(self.first(inputs))
        for convolution, relu in zip(self.dilated, self.relus, strict=True):
            flow = flow + relu(convolution(flow))
        scores: Tensor = self.head(flow.mean(-1))
        return scores


NETWORKS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "M1": (three_convolutions, 101),
    "M2": (deepbind, 101),
    "M3": (basset, 600),
    "M4": (DilatedResidual, 2114),
}


def network(name: str) -> nn.Module:
    """A reference network with seeded weights."""
    torch.manual_seed(0)
    return NETWORKS[name][0]().eval()


def sequences(count: int, length: int, seed: int = 0) -> Tensor:
    """Random one-hot DNA `(count, 4, length)`."""
    bases = np.random.default_rng(seed).integers(0, 4, (count, length))
    return torch.nn.functional.one_hot(torch.from_numpy(bases), 4).transpose(1, 2).float()
