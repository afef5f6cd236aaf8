"""Layers of a copy set back to before training, one at a time (for Adebayo et al. 2018, arXiv:1810.03292)."""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.errors import ModelError
from seqinterp.shapes import Inputs


def execution_order(score: Score, inputs: Inputs, /) -> list[str]:
    """The names of the layers that have parameters of their own, in the order in which the model uses them.

    Listened to with hooks on `score`, so give a copy. A layer used more than once stands where it is used last; one
    that is not called (its parameters are read by the layer around it) stands where that layer ends.

    Raises:
        ModelError: no layer has parameters.
    """
    layers = {name: module for name, module in score.named_modules() if _own(module)}
    if not layers:
        raise ModelError("the model has no layer with parameters, so there is nothing to randomise")
    ended: dict[str, int] = {}
    clock = iter(range(2**63))
    hooks = [
        module.register_forward_hook(lambda *_, name=name: ended.__setitem__(name, next(clock)))
        for name, module in score.named_modules()
    ]
    try:
        with torch.no_grad():
            by_rows(score, inputs[:1])
    finally:
        for hook in hooks:
            hook.remove()
    place = {name: number for number, name in enumerate(layers)}
    return sorted(layers, key=lambda name: (_end(name, ended), place[name]))


def reinitialise(score: Score, name: str, /, *, seed: int = 0) -> float:
    """Set the layer called `name` back to random weights, in place; gives ||new - old|| / ||old|| of its parameters.

    `reset_parameters` of the layer does it where there is one. A parameter that this leaves as it was, though its
    values differ among themselves, and all parameters of other layers, are drawn from a normal distribution of their
    own mean and standard deviation. The numbers come from `seed` and the name alone, drawn on the CPU; the global
    random state is as before.
    """
    layer = score.get_submodule(name)
    digest = hashlib.sha256(f"{seed} {name} reinitialise".encode()).digest()
    with _on_cpu(layer), torch.random.fork_rng(devices=[]), torch.no_grad():
        own = _own(layer)
        before = [parameter.clone() for parameter in own]
        torch.default_generator.manual_seed(int.from_bytes(digest[:8], "little") >> 1)
        reset = getattr(layer, "reset_parameters", None)
        if callable(reset):
            reset()
        for parameter, old in zip(own, before, strict=True):
            if torch.equal(parameter, old) and bool((old != old.flatten()[0]).any()):
                parameter.copy_(old.mean() + old.std() * torch.randn(old.shape, dtype=old.dtype))
        change = _length([now - old for now, old in zip(own, before, strict=True)])
    size = _length(before)
    return change / size if size > 0 else change


def _length(parts: list[Tensor]) -> float:
    """The Euclidean length of all parts together."""
    return math.hypot(*(float(part.double().norm()) for part in parts))


def _own(module: nn.Module) -> list[Tensor]:
    """The parameters of a module itself, not of those within it; only those that are real numbers."""
    return [value for value in module.parameters(recurse=False) if value.is_floating_point() and value.numel() > 0]


def _end(name: str, ended: dict[str, int]) -> int:
    """When a layer was left for the last time, or the nearest layer around it that was called."""
    while name not in ended and name:
        name = name.rpartition(".")[0]
    return ended.get(name, -1)


@contextmanager
def _on_cpu(layer: nn.Module) -> Iterator[None]:
    """Hold a layer on the CPU, where one seed gives the same numbers on every machine; then put it back."""
    home = next(layer.parameters(recurse=False)).device
    layer.to("cpu")
    try:
        yield
    finally:
        layer.to(home)
