"""How many rows the model is shown at once: the one place that splits them, and that survives running out of memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

CELLS = 2**19  # input features at once without a batch_size; a network's layers hold some tens of times as much
_limit: ContextVar[int | None] = ContextVar("rows the model is shown at once", default=None)


@contextmanager
def row_limit(rows: int | None) -> Iterator[None]:
    """Inside the block `by_rows` shows the model at most `rows` rows at once; None leaves the choice to it."""
    token = _limit.set(rows)
    try:
        yield
    finally:
        _limit.reset(token)


def rows_at_once(cells: int) -> int:
    """The rows shown at once when one row holds `cells` features: the limit that was set, else by memory."""
    limit = _limit.get()
    return limit if limit is not None else max(1, CELLS // max(cells, 1))


def by_rows(function: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
    """`function(*tensors)`, a few rows of every tensor at a time, the results joined along axis 0.

    When memory runs out the number of rows is halved and the failed part is tried again, down to one row; then the
    error is passed on.
    """
    count = len(tensors[0])
    size = min(rows_at_once(tensors[0][:1].numel()), count)
    done: list[Tensor] = []
    start = 0
    while start < count:
        try:
            done.append(function(*(tensor[start : start + size] for tensor in tensors)))
            start += size
        except RuntimeError as error:
            if not out_of_memory(error) or size <= 1:
                raise
            size //= 2
    return done[0] if len(done) == 1 else torch.cat(done)


def out_of_memory(error: RuntimeError) -> bool:
    """Whether the error says that memory ran out, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "not enough memory" in str(error)
