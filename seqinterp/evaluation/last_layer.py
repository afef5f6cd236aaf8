"""What a network makes of its inputs, just before it answers."""

import torch
from torch import Tensor, nn

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.errors import ModelError
from seqinterp.evaluation.parameter_randomisation import copied
from seqinterp.evaluation.reinitialise import execution_order
from seqinterp.shapes import Inputs


def last_layer(score: Score, inputs: Inputs) -> str:
    """The name, within the score, of the last layer with parameters that the model uses.

    A layer is one with parameters of its own and no layers within it.

    Raises:
        ModelError: the model cannot be copied, or has no such layer.
    """
    copy = copied(score)
    owners = [name.partition(".parametrizations.")[0] for name in execution_order(copy, inputs)]
    leaves = [name for name in owners if _plain(copy.get_submodule(name))]
    if not leaves:
        raise ModelError("the model has no layer with parameters that reads what others made")
    return leaves[-1]


def last_layer_inputs(score: Score, inputs: Inputs) -> Tensor:
    """What the last layer with parameters reads of each example, `(batch, numbers)`.

    What it reads is every tensor it is called with that has one row per example.

    Raises:
        ModelError: the model cannot be copied, or has no such layer.
    """
    copy, name = copied(score), last_layer(score, inputs)
    kept: list[Tensor] = []

    def keep(_: nn.Module, arguments: tuple[object, ...], named: dict[str, object]) -> None:
        kept.extend(one for one in (*arguments, *named.values()) if isinstance(one, Tensor))

    def read(rows: Tensor) -> Tensor:
        kept.clear()
        copy(rows)
        calls = [part.detach().reshape(len(rows), -1) for part in kept if part.ndim > 1 and len(part) == len(rows)]
        if not calls:
            raise ModelError("the last layer of the model reads no tensor with one row per example")
        return torch.cat(calls, dim=1)  # a layer that is used more than once has said more than once

    copy.get_submodule(name).register_forward_pre_hook(keep, with_kwargs=True)
    with torch.no_grad():
        return by_rows(read, inputs)


def _plain(layer: nn.Module) -> bool:
    """Whether a module is a layer, not what holds layers or the weights of one."""
    return all(name == "parametrizations" for name, _ in layer.named_children())
