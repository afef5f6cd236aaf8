"""The model's own code, run again from the middle: what comes before is given or skipped, what follows is computed."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from seqinterp.mutagenesis.trace import Follower, Live, Trace, Untraceable


class _Resumer(Follower):
    """Hands out what is given, empty tensors of the right shape for what is skipped, and computes the rest."""

    def __init__(self, inputs: Tensor, trace: Trace, given: Mapping[Live, Tensor], computed: Collection[int]) -> None:
        super().__init__(inputs)
        self.rows = len(inputs)
        self.trace, self.given, self.computed = trace, given, computed
        self.instead: dict[int, Tensor] = {}  # of tensors the code has written: what they would hold

    def call(self, word: str, plain: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Give or compute the result of one call."""
        if self.count < len(self.trace.calls) and self.count not in self.computed:
            traced = self.trace.calls[self.count]
            if traced.word == word:
                result = self._stand_in(self.count)
                self.number(result)
                return result
        leaves, spec = pytree.tree_flatten((arguments, keywords))
        real, named = pytree.tree_unflatten([self.instead.get(id(leaf), leaf) for leaf in leaves], spec)
        result = plain(*real, **named)
        if self.number(result) and self.trace.calls[self.count - 1].word != word:
            raise Untraceable("the model's code takes another way for other sequences")
        return result

    def write(self, written: Tensor, result: Tensor) -> Tensor:
        """Nothing is written: the result stands in for what was to be."""
        live = self.known[id(result)][0]
        self.know(written, live)
        self.instead[id(written)] = result
        return written

    def _stand_in(self, number: int) -> Any:
        """The tensors of a call that is not computed."""
        traced = self.trace.calls[number]
        parts = [
            self.given.get(
                Live(number, part),
                torch.empty(1, dtype=dtype, device=self.kept[0].device).expand(self.rows, *shape[1:]),
            )
            for part, (shape, dtype) in enumerate(zip(traced.shapes, traced.dtypes, strict=True))
        ]
        return pytree.tree_unflatten(parts, traced.spec)


def resume(model: nn.Module, trace: Trace, given: Mapping[Live, Tensor], computed: Collection[int]) -> Tensor:
    """The model's result when some tensors are `given` and only some calls are `computed`.

    Raises:
        Untraceable: the code does not make the calls it made when it was traced.
    """
    some = next(iter(given.values()))
    inputs = given.get(Live(-1), some.new_empty(1).expand(len(some), *trace.shape[1:]))
    resumer = _Resumer(inputs, trace, given, computed)
    with torch.inference_mode(False), torch.no_grad(), resumer:
        found: Tensor = model(inputs)
    return resumer.instead.get(id(found), found)
