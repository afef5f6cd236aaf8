"""The networks that speeds are compared on, four that every suite has and others: random weights, evaluation mode."""

from collections.abc import Callable
from itertools import pairwise

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


class DanQ(nn.Module):
    """A convolution, a long short-term memory in both directions, two dense layers, 600 bp (Quang & Xie 2016)."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.pool = nn.Conv1d(4, 128, 26), nn.MaxPool1d(13)
        self.memory = nn.LSTM(128, 64, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(44 * 128, 256), nn.ReLU(), nn.Linear(256, 16))

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, 4, position) -> (batch, 16)."""
        flow = self.pool(torch.relu(self.convolution(inputs)))
        recalled, _ = self.memory(flow.transpose(1, 2))
        scores: Tensor = self.head(recalled)
        return scores


def normalised(convolution: nn.Conv1d) -> list[nn.Module]:
    """A convolution, batch normalisation with seeded statistics, SiLU."""
    norm = nn.BatchNorm1d(convolution.out_channels)
    norm.running_mean.normal_(0, 0.1)  # type: ignore[union-attr]
    norm.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr]
    return [convolution, norm, nn.SiLU()]


class Squeezed(nn.Module):
    """EfficientNet's block: widen, convolve each channel by itself, weigh the channels by their means, narrow."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = 4 * channels
        alone = nn.Conv1d(wide, wide, 7, padding=3, groups=wide)
        self.widen = nn.Sequential(*normalised(nn.Conv1d(channels, wide, 1)), *normalised(alone))
        self.weigh = nn.Sequential(nn.Linear(wide, channels), nn.SiLU(), nn.Linear(channels, wide), nn.Sigmoid())
        self.narrow = nn.Sequential(*normalised(nn.Conv1d(wide, channels, 1)))

    def forward(self, inputs: Tensor) -> Tensor:
        wide = self.widen(inputs)
        narrowed: Tensor = self.narrow(wide * self.weigh(wide.mean(-1))[:, :, None])
        return narrowed


class LegNet(nn.Module):
    """Blocks with squeeze and excitation, concatenated with what they read, 230 bp (Penzar et al. 2023)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(*normalised(nn.Conv1d(4, 64, 7, padding=3)))
        widths = (64, 48, 48, 32)
        self.blocks = nn.ModuleList([Squeezed(before) for before in widths[:-1]])
        joined = [nn.Conv1d(2 * before, after, 7, padding=3) for before, after in pairwise(widths)]
        self.mixes = nn.ModuleList([nn.Sequential(*normalised(mix)) for mix in joined])
        self.head = nn.Sequential(nn.Conv1d(32, 18, 1), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(18, 1))
        for part in self.modules():
            if isinstance(part, nn.Conv1d):  # torch's own weights let a signal fade in so many layers
                nn.init.kaiming_normal_(part.weight, nonlinearity="relu")

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, 4, position) -> (batch, 1)."""
        flow = self.stem(inputs)
        for block, mix in zip(self.blocks, self.mixes, strict=True):
            flow = mix(torch.cat([block(flow), flow], dim=1))
        scores: Tensor = self.head(flow)
        return scores


def beluga() -> nn.Module:
    """Pairs of convolutions without padding and two dense layers, 1000 bp, a fifth as wide as Beluga (Zhou 2018)."""
    layers: list[nn.Module] = []
    for before, after, pool in ((4, 64, 4), (64, 96, 4), (96, 128, 0)):
        layers += [nn.Conv1d(before, after, 8), nn.ReLU(), nn.Conv1d(after, after, 8), nn.ReLU()]
        layers += [nn.MaxPool1d(pool)] if pool else []
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 44, 400), nn.ReLU(), nn.Linear(400, 200))


class ProfileAndCounts(nn.Module):
    """Two trunks of convolutions without padding, the smaller for the assay's bias: profile and counts, 1057 bp."""

    def __init__(self) -> None:
        super().__init__()
        self.bias, self.main = Trunk(16, 4), Trunk(48, 7)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, 4, position) -> (batch, 400), (batch, 1): as ChromBPNet has it (Pampari et al. 2024)."""
        bias, main = self.bias(inputs), self.main(inputs)
        return bias[0] + main[0], torch.logaddexp(bias[1], main[1])


class Trunk(nn.Module):
    """Dilated convolutions, each added to the middle of what it read, and two heads."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(4, channels, 21)
        self.dilated = nn.ModuleList([nn.Conv1d(channels, channels, 3, dilation=2**i) for i in range(1, depth + 1)])
        self.profile, self.counts = nn.Conv1d(channels, 1, 75), nn.Linear(channels, 1)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        flow = torch.relu(self.first(inputs))
        for convolution in self.dilated:
            found = torch.relu(convolution(flow))
            cut = (flow.shape[2] - found.shape[2]) // 2
            flow = found + flow[:, :, cut:-cut]
        profile, spare = self.profile(flow)[:, 0], flow.shape[2] - 74 - 400
        return profile[:, spare // 2 : spare // 2 + 400], self.counts(flow.mean(-1))


NETWORKS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "M1": (three_convolutions, 101),
    "M2": (deepbind, 101),
    "M3": (basset, 600),
    "M4": (DilatedResidual, 2114),
}
OTHERS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "DanQ": (DanQ, 600),
    "LegNet": (LegNet, 230),
    "Beluga": (beluga, 1000),
    "ChromBPNet": (ProfileAndCounts, 1057),
}


def network(name: str) -> nn.Module:
    """A reference network with seeded weights."""
    torch.manual_seed(0)
    return (NETWORKS | OTHERS)[name][0]().eval()


def sequences(count: int, length: int, seed: int = 0) -> Tensor:
    """Random one-hot DNA `(count, 4, length)`."""
    bases = np.random.default_rng(seed).integers(0, 4, (count, length))
    return torch.nn.functional.one_hot(torch.from_numpy(bases), 4).transpose(1, 2).float()
