"""The ledger of relevance propagation: for every example, how much relevance left the network, and why."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from seqinterp.attribution.rules.layout import Layout

# to constants: biases, shifts, what an operation gives for zeros
BIAS = "bias"
# kept by stabilised denominators; all of it where a rule finds nothing to share it out among
EPSILON = "epsilon"
# what the operation's rule does not account for, such as the curvature of a softmax
REMAINDER = "remainder"


@dataclass
class Ledger:
    """Sums per example. With one row everything is that row's, and no layout is needed."""

    rows: int
    sinks: dict[str, Tensor] = field(default_factory=dict)

    def book(self, sink: str, amounts: Tensor, layout: Layout | None) -> None:
        """Add `amounts`, which lie in `layout`, to a sink."""
        amounts = amounts.detach()
        found = amounts.sum(dtype=torch.float64).reshape(1) if layout is None else layout.per_row(amounts)
        self.sinks[sink] = self.sinks[sink] + found if sink in self.sinks else found

    def totals(self, like: Tensor) -> dict[str, Tensor]:
        """Every sink, `(batch,)`, zeros where nothing left."""
        nothing = like.new_zeros(self.rows, dtype=torch.float64)
        return {sink: self.sinks.get(sink, nothing).to(like.device) for sink in (BIAS, EPSILON, REMAINDER)}


@dataclass(frozen=True)
class Entry:
    """Where one operation books: the layouts of its output and, where its rule needs them, of its operands."""

    ledger: Ledger
    output: Layout | None
    operands: tuple[Layout | None, ...] = ()

    def book(self, sink: str, amounts: Tensor) -> None:
        """Book amounts in the output's shape."""
        self.ledger.book(sink, amounts, self.output)

    def book_operand(self, place: int, sink: str, amounts: Tensor) -> None:
        """Book amounts in the shape of one operand."""
        self.ledger.book(sink, amounts, self.operands[place])


def carried(multiplier: Tensor, values: Tensor) -> Tensor:
    """The relevance of values under a multiplier; none where the multiplier is zero, of an infinite value too."""
    return torch.where(multiplier == 0, 0.0, multiplier * values)
