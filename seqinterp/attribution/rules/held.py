"""What is kept of one operation: its operands and output, safe from code that later writes in place."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor

from seqinterp.attribution.rules.operations import Kind


@dataclass
class Held:
    """One operation as it happened.

    operands, output: detached. run: the operation as a function of the operands.
    companions: of a choice the condition and the two branches, in the output's shape; of a max pool the winners.
    branches: of a choice the two branches as a function of the operands.
    """

    word: str
    kind: Kind
    run: Callable[..., Tensor]
    operands: tuple[Tensor, ...]
    output: Tensor
    companions: tuple[Tensor, ...] = ()
    branches: Callable[..., tuple[Tensor, Tensor]] | None = None

    def tensors(self) -> tuple[Tensor, ...]:
        """Everything held."""
        return (*self.operands, self.output, *self.companions)

    def with_tensors(self, tensors: Sequence[Tensor]) -> "Held":
        """The same operation with other numbers."""
        count = len(self.operands)
        operands, output, companions = tuple(tensors[:count]), tensors[count], tuple(tensors[count + 1 :])
        return replace(self, operands=operands, output=output, companions=companions)

    def own(self, storage: int) -> None:
        """Copy what lies in a storage that is about to be written."""
        self.operands = tuple(_owned(tensor, storage) for tensor in self.operands)
        self.companions = tuple(_owned(tensor, storage) for tensor in self.companions)
        self.output = _owned(self.output, storage)


@dataclass
class Keeper:
    """Knows which operations hold a storage, so that none is surprised by an in-place write."""

    holders: dict[int, list[Held]] = field(default_factory=dict)

    def keep(self, held: Held) -> Held:
        """Watch over the tensors of one operation."""
        for storage in {storage_of(tensor) for tensor in held.tensors()}:
            self.holders.setdefault(storage, []).append(held)
        return held

    def about_to_write(self, tensors: Iterable[object]) -> None:
        """Have everybody who holds these tensors make a copy first."""
        for tensor in tensors:
            if isinstance(tensor, Tensor):
                storage = storage_of(tensor)
                for held in self.holders.pop(storage, []):
                    held.own(storage)


def storage_of(tensor: Tensor) -> int:
    """Where the numbers of a tensor lie."""
    return tensor.untyped_storage().data_ptr()


def _owned(tensor: Tensor, storage: int) -> Tensor:
    return tensor.clone() if storage_of(tensor) == storage else tensor
