"""Which axis of a tensor holds the rows, read off by comparing with the same tensor for another number of rows."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Layout:
    """The axis that holds the rows, and how many numbers of a row are folded into it.

    apart: these lie apart, (part, row), rather than behind one another, (row, part).
    """

    axis: int
    fold: int = 1
    apart: bool = False

    def per_row(self, amounts: Tensor) -> Tensor:
        """The sum of `amounts` over everything that belongs to a row, `(row,)`, in double precision."""
        others = [axis for axis in range(amounts.ndim) if axis != self.axis]
        along = amounts.sum(dim=others, dtype=torch.float64) if others else amounts.double()
        folded = (self.fold, -1) if self.apart else (-1, self.fold)
        return along.view(folded).sum(dim=0 if self.apart else 1)

    def places(self, chosen: Tensor, rows: int) -> Tensor:
        """Where along the axis the chosen ones of `rows` rows lie."""
        part = torch.arange(self.fold, device=chosen.device)
        return (part[:, None] * rows + chosen if self.apart else chosen[:, None] * self.fold + part).flatten()


def find_layout(now: Tensor, then: Tensor, rows: int, plan_rows: int) -> Layout | None:
    """The layout of `now`, a tensor of a pass of `rows` rows; None where there is a doubt.

    then: the same tensor for `plan_rows` rows, of which the first two are the first two of the pass. Where several
    numbers of a row are folded into one axis the values of these two rows tell how.
    """
    differing = [a for a, (n, t) in enumerate(zip(now.shape, then.shape, strict=False)) if n != t]
    if now.ndim != then.ndim or len(differing) != 1:
        return None
    axis = differing[0]
    fold, rest = divmod(then.shape[axis], plan_rows)
    if rest or now.shape[axis] != fold * rows:
        return None
    if fold == 1:
        return Layout(axis)
    both = torch.arange(2, device=now.device)
    fitting = [
        layout
        for layout in (Layout(axis, fold), Layout(axis, fold, apart=True))
        if _equal(now, then, axis, layout.places(both, rows), layout.places(both, plan_rows))
    ]
    return fitting[0] if len(fitting) == 1 else None


def _equal(now: Tensor, then: Tensor, axis: int, rows: Tensor, rows_then: Tensor) -> bool:
    """Whether two selections hold the same numbers up to rounding."""
    one, other = now.index_select(axis, rows), then.index_select(axis, rows_then)
    if not one.is_floating_point():
        return torch.equal(one, other)
    return torch.allclose(one, other, rtol=1e-3, atol=1e-4 * float(other.abs().amax()), equal_nan=True)
