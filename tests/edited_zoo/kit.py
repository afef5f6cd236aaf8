"""What a network of the list is, and the decorator that adds one."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zoo.kit import unsettle

LENGTH = 60


@dataclass(frozen=True)
class Network:
    """A model in single precision and evaluation mode, with random weights, and sequences for it.

    target: index of an output, or a callable on the outputs, that gives one number per example.
    local: the positions `[first, last)` that the score can see; None where it sees all of them.
    """

    name: str
    build: Callable[[], nn.Module]
    length: int = LENGTH
    target: int | Callable[[object], Tensor] = 0
    local: tuple[int, int] | None = None
    seed: int = 0

    def model(self) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return unsettle(sized(self.build().eval(), self.length))

    def inputs(self, count: int = 2, *, unknown: bool = False) -> Tensor:
        """One-hot sequences `(count, 4, length)`; with `unknown` a tenth of the columns are N, all zero."""
        generator = torch.Generator().manual_seed(1)
        bases = torch.randint(4, (count, self.length), generator=generator)
        inputs = nn.functional.one_hot(bases, 4).transpose(1, 2).float()
        if unknown:
            lost = torch.rand(count, 1, self.length, generator=generator) < 0.1
            lost[..., self.length // 2] = True
            inputs = inputs.masked_fill(lost, 0)
        return inputs


def sized(model: nn.Module, length: int) -> nn.Module:
    """Let lazy layers find their sizes in one forward pass."""
    with torch.no_grad(), warnings.catch_warnings():
        # torch says once in a process that padding="same" copies for an even kernel
        warnings.filterwarnings("ignore", message="Using padding='same'")
        model(torch.zeros(2, 4, length))
    return model


def network(**facts) -> Callable[[Callable[[], nn.Module]], Network]:
    """Turn a function `() -> module`, or a module class, into the network of its name."""

    def made(build: Callable[[], nn.Module]) -> Network:
        return Network(name=build.__name__, build=build, **facts)

    return made


def rc(inputs: Tensor) -> Tensor:
    """The reverse complement."""
    return inputs.flip(1, 2)
