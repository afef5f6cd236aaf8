"""Which operation of a plan does not give what the model gives."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.mutagenesis.engine import Engine
from seqinterp.mutagenesis.plan import Plan, layout
from seqinterp.mutagenesis.trace import INPUTS, Live, Recorder, tensors_of
from seqinterp.shapes import Sequences

CLOSE = 1e-3


class _Watcher(Recorder):
    """Keeps the tensors as well."""

    def __init__(self, inputs: Tensor) -> None:
        super().__init__(inputs)
        self.tensors: dict[Live, Tensor] = {}

    def call(self, word: str, plain: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Keep a copy of what the call gave: the code may write into it later."""
        number = self.count
        result = super().call(word, plain, arguments, keywords)
        for part, tensor in enumerate(tensors_of(result)):
            self.tensors[Live(number, part)] = tensor.clone()
        return result


def first_difference(plan: Plan, engine: Engine, function: nn.Module, inputs: Sequences) -> str:
    """The torch name of the first operation, in the order of the code, whose layer the kernels compute otherwise."""
    rows = inputs.repeat(2, 1, 1)
    watcher = _Watcher(rows)
    with torch.inference_mode(False), torch.no_grad(), watcher:
        function(rows)
    numbers = torch.from_numpy(engine.references(inputs.transpose(1, 2).contiguous().numpy()))
    kept = {step.target for step in engine.steps} | {0}
    for live, value in sorted(plan.values.items(), key=lambda item: item[0].call):
        if live.call == INPUTS or value.layer not in kept:
            continue
        width, length, start, channels = engine.program.slots[value.layer]
        layer = numbers[:, start : start + length * width].reshape(1, length, width)[:, :, :channels]
        ours = layout(layer, value, plan.layers[value.layer])[0]
        theirs = watcher.tensors[live][0]
        largest = float(theirs[torch.isfinite(theirs)].abs().max()) if bool(torch.isfinite(theirs).any()) else 0.0
        if not torch.allclose(ours, theirs, rtol=CLOSE, atol=CLOSE * largest, equal_nan=True):
            return plan.trace.calls[live.call].word
    return "the differences, not the layers"
