"""Layers that training leaves as they are: their weights, and the statistics of their batch normalisation as well."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import nn

from seqinterp.errors import InputError
from seqinterp.images.normalised import Normalised

Freeze = str | Sequence[str] | None
_INSIDE = "network."  # how Normalised calls the network that it holds


def frozen_tensors(model: nn.Module, layers: Freeze) -> tuple[str, ...]:
    """The names of the weights and statistics that stay as they are.

    layers: one name freezes everything up to and with that layer, in the order in which the model defines its layers
        (which is the order of running in the usual networks); several names freeze these layers alone. A layer is
        named as in `model.named_modules()`; the network inside Normalised also without its "network.".

    Raises:
        InputError: a name that no layer has, or nothing would be left to train.
    """
    if layers is None:
        return ()
    names = [name for name, _ in _tensors(model)]
    wanted = [layers] if isinstance(layers, str) else list(layers)
    chosen = {layer: [number for number, name in enumerate(names) if _within(model, name, layer)] for layer in wanted}
    if lost := [layer for layer, numbers in chosen.items() if not numbers]:
        raise InputError(
            f"the model has no layer {lost[0]!r} with weights to freeze; its outer layers are"
            f" {', '.join(_outer(model))}"
        )
    if isinstance(layers, str):
        kept = set(range(max(chosen[layers]) + 1))
    else:
        kept = {number for numbers in chosen.values() for number in numbers}
    held = {
        id(tensor) for number, (_, tensor) in enumerate(_tensors(model)) if number in kept
    }  # also under other names
    found = tuple(name for name, tensor in _tensors(model) if id(tensor) in held)
    trainable = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    if not trainable - set(found):
        raise InputError(
            f"freezing {', '.join(wanted)} leaves no weight to train; leave out the last layers, which have to learn"
        )
    return found


@contextmanager
def frozen(model: nn.Module, layers: Freeze) -> Iterator[tuple[str, ...]]:
    """Hold layers still while the block trains: their parameters ask for no gradient, and they run as in evaluation.

    Calls of `model.train()` inside the block leave them there, so running means and variances stay bit-equal, too.
    Gives the names of what is held; afterwards the model is as it was.

    Raises:
        InputError: as `frozen_tensors`.
    """
    names = set(frozen_tensors(model, layers))
    parameters = [p for name, p in model.named_parameters(remove_duplicate=False) if name in names and p.requires_grad]
    modules = _held(model, names)
    modes = {child: child.training for module in modules for child in module.modules()}
    try:
        for parameter in parameters:
            parameter.requires_grad_(False)
        for module in modules:
            module.eval()
            module.__dict__["train"] = lambda mode=True, module=module: module  # what model.train() asks of it
        yield tuple(sorted(names))
    finally:
        for module in modules:
            module.__dict__.pop("train", None)
        for child, mode in modes.items():
            child.training = mode
        for parameter in parameters:
            parameter.requires_grad_()


def _tensors(model: nn.Module) -> list[tuple[str, object]]:
    """Weights and statistics with their names, module by module, as the model defines them."""
    found: list[tuple[str, object]] = []
    for prefix, module in model.named_modules():
        start = f"{prefix}." if prefix else ""
        own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
        if not isinstance(module, Normalised):  # its mean and deviation are settings, not a layer
            found += [(start + name, tensor) for name, tensor in own]
    return found


def _within(model: nn.Module, name: str, layer: str) -> bool:
    """Whether a tensor belongs to a layer."""
    spellings = (layer, _INSIDE + layer) if isinstance(model, Normalised) else (layer,)
    return any(name == spelling or name.startswith(f"{spelling}.") for spelling in spellings)


def _held(model: nn.Module, names: set[str]) -> list[nn.Module]:
    """The modules of which everything that they hold, and they hold something, stays as it is."""
    every = [name for name, _ in _tensors(model)]
    found = []
    for prefix, module in model.named_modules():
        inside = [name for name in every if name.startswith(f"{prefix}.")]
        if inside and names.issuperset(inside):
            found.append(module)
    return found


def _outer(model: nn.Module) -> list[str]:
    """The names of the outer layers that hold weights, and of those inside the first of them."""
    root = model.network if isinstance(model, Normalised) else model
    outer = [(name, module) for name, module in root.named_children() if any(True for _ in module.parameters())]
    inner = [f"{name}.{each}" for name, module in outer[:1] for each, part in module.named_children() if _has(part)]
    return [*[name for name, _ in outer], *inner]


def _has(module: nn.Module) -> bool:
    """Whether a module has weights."""
    return any(True for _ in module.parameters())
