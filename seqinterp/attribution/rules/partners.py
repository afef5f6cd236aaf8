"""The other side of a comparison: for every operation, what it held for the row each row is compared with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Protocol, runtime_checkable

from torch import Tensor

from seqinterp.attribution.rules.held import Held
from seqinterp.attribution.rules.layout import Layout, find_layout
from seqinterp.errors import ModelError


class Unclear(Exception):
    """It cannot be seen which numbers of a tensor belong to which row."""


@dataclass
class Other:
    """The other side of one operation.

    held: gives it; what has to be gathered is gathered when it is asked for.
    index: the partner of every row, when the rows lie along axis 0 of the only operand; else None.
    """

    held: Callable[[], Held]
    index: Tensor | None = None


@runtime_checkable
class Partners(Protocol):
    """Finds the other side of every operation that is met, in the order of the model's code."""

    within_one_pass: ClassVar[bool]

    def meet(self, place: int, held: Held) -> Other:
        """The operation at `place` as it was for the partner rows."""
        ...


def require_same(word: str, then: str) -> None:
    """Raise ModelError when the model's code took another way than before."""
    if word != then:
        raise ModelError(
            f"the model's code runs {word!r} on the inputs where it ran {then!r} on what they are compared with: its"
            " control flow depends on the values, so rules cannot be applied; use 'expected_gradients' or 'mutagenesis'"
        )


@dataclass
class TapePartners:
    """Partners from a record pass over the partner rows: right whatever the layout of a tensor."""

    tape: list[Held]
    within_one_pass: ClassVar[bool] = False

    def meet(self, place: int, held: Held) -> Other:
        """The recorded operation."""
        if place >= len(self.tape):
            require_same(held.word, "nothing more")
        then = self.tape[place]
        require_same(held.word, then.word)
        if held.output.shape != then.output.shape:
            require_same(f"{held.word} to {tuple(held.output.shape)}", f"{then.word} to {tuple(then.output.shape)}")
        return Other(lambda: then)


@dataclass
class RowPartners:
    """Partners from other rows of the same pass: row i is compared with row `index[i]`.

    Which axis of a tensor holds the rows is read off by comparing with a record pass of a few rows (`plan`, whose first
    two rows are the first two of the pass); raises Unclear where that leaves a doubt.
    """

    index: Tensor
    plan: list[Held]
    plan_rows: int
    within_one_pass: ClassVar[bool] = True
    _folded: dict[Layout, Tensor] = field(default_factory=dict)

    def meet(self, place: int, held: Held) -> Other:
        """The same operation with every tensor's rows replaced by their partners'."""
        if place >= len(self.plan) or self.plan[place].word != held.word:
            raise Unclear
        then = self.plan[place]
        layouts = [self._layout(now, old) for now, old in zip(held.tensors(), then.tensors(), strict=True)]
        plain = len(held.operands) == 1 and layouts[0] == Layout(0)
        return Other(partial(self._gathered, held, layouts), self.index if plain else None)

    def _gathered(self, held: Held, layouts: list[Layout]) -> Held:
        parts = zip(held.tensors(), layouts, strict=True)
        return held.with_tensors([now.index_select(layout.axis, self._places(layout)) for now, layout in parts])

    def _layout(self, now: Tensor, then: Tensor) -> Layout:
        found = find_layout(now, then, len(self.index), self.plan_rows)
        if found is None:
            raise Unclear
        return found

    def _places(self, layout: Layout) -> Tensor:
        """Where the numbers of every row's partner lie along the axis."""
        if layout not in self._folded:
            self._folded[layout] = layout.places(self.index, len(self.index))
        return self._folded[layout]
