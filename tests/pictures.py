"""Small networks and pictures for what is found by gradients; all in double precision, drawn from a seed."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def drawn(build: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    """A module in evaluation mode whose weights follow from the seed; the global state is left alone."""
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        return build().double().eval()


def picture_network(outputs: int = 3, *, size: int = 12, seed: int = 0) -> nn.Module:
    """Convolutions named features.0 to features.3 and a head that takes pictures of one size only."""
    layers = nn.Sequential(nn.Conv2d(2, 6, 3, padding=1), nn.Tanh(), nn.Conv2d(6, 5, 3, padding=1), nn.Softplus())

    def build() -> nn.Module:
        whole = nn.Sequential()
        whole.add_module("features", layers)
        whole.add_module("flat", nn.Flatten())
        whole.add_module("head", nn.Linear(5 * size * size, outputs))
        for module in whole.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
        return whole

    return drawn(build, seed)


def sequence_network(outputs: int = 1, seed: int = 0) -> nn.Module:
    """A convolution over bases, the largest of each channel, and a linear head."""

    def build() -> nn.Module:
        return nn.Sequential(
            nn.Conv1d(4, 6, 7), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(6, outputs)
        )

    return drawn(build, seed)


def words(sequences: list[str]) -> Tensor:
    """One-hot sequences in double precision."""
    codes = torch.tensor([["ACGT".index(base) for base in each] for each in sequences])
    return F.one_hot(codes, 4).transpose(1, 2).double()


def finder(word: str, *, weight: float = 1.0, bias: float = 0.0) -> nn.Module:
    """The largest number of letters that a place shares with a word, times a weight, plus a bias: one output."""
    model = nn.Sequential(nn.Conv1d(4, 1, len(word)), nn.AdaptiveMaxPool1d(1), nn.Flatten()).double().eval()
    with torch.no_grad():
        model[0].weight.copy_(weight * words([word]))
        model[0].bias.fill_(bias)
    return model


def shapes(count: int, *, seed: int = 0, size: int = 8) -> tuple[Tensor, Tensor]:
    """Noisy pictures (count, 1, size, size) between 0 and 1, bright in one of three places, and which."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (count,), generator=generator)
    pictures = 0.35 * torch.rand(count, 1, size, size, generator=generator, dtype=torch.float64)
    third = size // 3
    for row, label in enumerate(labels.tolist()):
        pictures[row, :, label * third : (label + 1) * third] += 0.4
    return pictures, labels


def trained(outputs: int = 3) -> nn.Module:
    """A small network that tells `shapes` apart; with one output the first kind from the others."""
    return deepcopy(_trained(outputs))


@cache
def _trained(outputs: int) -> nn.Module:

    def build() -> nn.Module:
        model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 36, outputs)).double()
        pictures, labels = shapes(120, seed=1)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(40):
            optimizer.zero_grad()
            found = model(pictures)
            yes = (labels == 0).double()
            loss = (
                F.binary_cross_entropy_with_logits(found[:, 0], yes) if outputs == 1 else F.cross_entropy(found, labels)
            )
            loss.backward()
            optimizer.step()
        return model

    return drawn(build)
