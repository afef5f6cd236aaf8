"""What the architectures of fastISM's tests are restated with (kundajelab/fastISM 0.5.1, MIT; Nair et al. 2022)."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from edited_zoo.kit import Network


@dataclass(frozen=True)
class Case:
    """One test of fastISM: the network, the outputs asked for one by one, and how many columns an edit blanks."""

    network: Network
    heads: tuple[int | Callable[[object], Tensor], ...]
    block: int

    @property
    def name(self) -> str:
        return self.network.name


def head(number: int, index: int = 0) -> Callable[[object], Tensor]:
    """Number `index` of output `number` of several."""
    return lambda outputs: outputs[number].flatten(1)[:, index]


def place(index: int) -> Callable[[object], Tensor]:
    """Number `index` of one output with several axes."""
    return lambda outputs: outputs.flatten(1)[:, index]


def case(name: str = "", *, length: int = 100, heads=(0,), block: int = 1) -> Callable[[Callable], Case]:
    """Turn a function `() -> module` into a case."""

    def made(build: Callable[[], nn.Module]) -> Case:
        return Case(Network(name=name or build.__name__, build=build, length=length), tuple(heads), block)

    return made


def conv(before: int, after: int, size: int, **options) -> nn.Conv1d:
    """Valid, as Keras has it by default."""
    return nn.Conv1d(before, after, size, **options)


def same(before: int, after: int, size: int, **options) -> nn.Conv1d:
    return nn.Conv1d(before, after, size, padding="same", **options)


def crop(hidden: Tensor, left: int, right: int) -> Tensor:
    return hidden[:, :, left : hidden.shape[-1] - right]


def dense(*outputs: int) -> nn.Sequential:
    """All channels and places, then dense layers without anything between."""
    layers = [nn.Linear(a, b) for a, b in pairwise(outputs)]
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(outputs[0]), *layers)


class Constant(nn.Module):
    """An input beside the sequence, the same for every example: the alternative inputs of fastISM."""

    def __init__(self, *shape: int):
        super().__init__()
        self.values = nn.Parameter(nn.init.normal_(nn.Linear(1, 1).weight.new_empty(1, *shape)), requires_grad=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """As many rows as `hidden` has."""
        return self.values.expand(len(hidden), *self.values.shape[1:])
