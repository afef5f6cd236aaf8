"""What a network makes of its inputs, just before it answers."""

import torch
from torch import Tensor, nn

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.evaluation.parameter_randomisation import copied
from seqinterp.evaluation.reinitialise import execution_order
from seqinterp.shapes import Inputs


def last_layer_inputs(score: Score, inputs: Inputs) -> Tensor:
    """What the last layer with parameters reads of each example, `(batch, numbers)`.

    Raises:
        ModelError: the model cannot be copied, or has no layer with parameters.
    """
    copy = copied(score)
    name = execution_order(copied(score), inputs)[-1]
    kept: list[Tensor] = []
    layer: nn.Module = copy.get_submodule(name)
    layer.register_forward_pre_hook(lambda _, arguments: kept.append(arguments[0]))

    def read(rows: Tensor) -> Tensor:
        kept.clear()
        copy(rows)
        calls = [part.detach().reshape(len(rows), -1) for part in kept if len(part) == len(rows)]
        return torch.cat(calls, dim=1)  # a layer that is used more than once has said more than once

    with torch.no_grad():
        return by_rows(read, inputs)
