"""A model up to one of its layers: what that layer reads, with its graph, and whether all outputs come by way of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.errors import ModelError
from seqinterp.shapes import Inputs, NewRepresentations

_Hook = Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], tuple[Any, Any] | None]


class BelowLayer(nn.Module):
    """`(batch, *features)` -> what the layer reads of each example, `(batch, numbers)`.

    Of a layer that reads several tensors, or is used more than once, all that have one row per example stand beside
    one another. The model itself is run, listened to for the time of the call.
    """

    def __init__(self, model: nn.Module, layer: str) -> None:
        super().__init__()
        self.model, self.layer = model, layer

    def forward(self, inputs: Inputs) -> NewRepresentations:
        """Raises ModelError where the layer reads no tensor with one row per example."""
        seen: list[Tensor] = []

        def keep(_: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
            # cloned: code after this may write into what the layer reads
            seen.extend(one.clone() for one in (*arguments, *named.values()) if isinstance(one, Tensor))

        with _listening(self.model.get_submodule(self.layer), keep):
            self.model(inputs.clone())
        rows = [one.reshape(len(one), -1) for one in seen if one.ndim > 1 and len(one) == len(inputs)]
        if not rows:
            raise ModelError(
                f"layer {self.layer!r} of the model reads no tensor with one row per example; name another with layer="
            )
        return torch.cat(rows, dim=1)


def is_bypassed(model: nn.Module, layer: str, inputs: Inputs) -> bool:
    """Whether the outputs depend on the inputs in another way than through what a layer reads.

    So it is of a network with two heads, each with hidden layers of its own. The layer is handed numbers without a
    graph; what graph the outputs have then came past it. The model must be borrowed, so that weights ask for none.
    """

    def cut(_: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
        return tuple(map(_detached, arguments)), {name: _detached(one) for name, one in named.items()}

    with torch.enable_grad(), _listening(model.get_submodule(layer), cut):
        found = model(inputs.detach().clone().requires_grad_().clone())
    return isinstance(found, Tensor) and found.requires_grad


def _detached(value: object) -> object:
    return value.detach() if isinstance(value, Tensor) else value


@contextmanager
def _listening(layer: nn.Module, hook: _Hook) -> Iterator[None]:
    """Inside the block `hook` is told what a layer is about to read, and may replace it."""
    handle = layer.register_forward_pre_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()
