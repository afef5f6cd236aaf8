"""One network out of the many that dropout trains: the same units dropped for every example (Srivastava et al. 2014,
https://jmlr.org/papers/v15/srivastava14a.html, section 2).
"""

import hashlib
from copy import deepcopy
from functools import partial
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.attribution.rules.opaque import eager
from seqinterp.attribution.run import borrowed
from seqinterp.errors import ModelError
from seqinterp.shapes import Inputs

KINDS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)  # not AlphaDropout, which shifts what it keeps
TRIALS = (2, 3)  # rows of two trials, by which a batch axis grows; a row alone may have lost its axis to a squeeze


class DropMask(nn.Module):
    """Multiplies by a mask of 0 and 1 / (1 - p) that is drawn from the seed for the shape of one example.

    channels: whether whole channels are dropped, as `Dropout1d` to `Dropout3d` do.
    axes: the batch axis of inputs by their number of axes, None where inputs have no row per example; `thinned` finds
        them. Along it the mask is the same, also where it holds several entries of each example.
    """

    def __init__(self, p: float, *, seed: int, channels: bool, axes: dict[int, int | None] | None = None) -> None:
        super().__init__()
        self.p, self.seed, self.channels, self.axes = p, seed, channels, dict(axes or {})
        # torch runs a transformer layer in one piece, without its dropout layers, unless something hooks into it
        self.register_forward_pre_hook(_unchanged)

    def forward(self, inputs: Tensor) -> Tensor:
        """The same mask for every example of the batch.

        Raises:
            ModelError: the inputs have another number of axes than they had when the batch axis was looked for.
        """
        if inputs.ndim not in self.axes:
            raise ModelError(
                f"a dropout layer reads inputs of shape {tuple(inputs.shape)}, in which the examples cannot be told as"
                f" in those of {' or '.join(map(str, self.axes)) or 'no'} axes that it read of several examples; let"
                " the model keep its batch axis (squeeze the last axis alone)"
            )
        shape = list(inputs.shape[:2] if self.channels else inputs.shape)
        batch = self.axes[inputs.ndim]
        if batch is not None and batch < len(shape):
            shape[batch] = 1
        chance = torch.Generator().manual_seed(self.seed)
        kept = torch.rand(shape, generator=chance, dtype=torch.float64) >= self.p
        return inputs * (kept.reshape(*shape, *[1] * (inputs.ndim - len(shape))) / (1 - self.p)).to(inputs)


def has_dropout(model: nn.Module) -> bool:
    """Whether a layer drops anything when the model is trained."""
    return any(isinstance(layer, KINDS) and 0 < layer.p < 1 for layer in model.modules())


def thinned(model: nn.Module, seed: int, inputs: Inputs) -> nn.Module:
    """A copy of the model with a mask drawn from `seed` in the place of every dropout layer.

    inputs: one of those that the model reads, or more: two and three copies of it are shown to the model, and the axis
    of what a dropout layer reads that grew is that of the batch. So a mask is the same for all examples in networks
    too that put positions first.

    Raises:
        ModelError: the model has no dropout layer that drops anything, cannot be copied, or a dropout layer reads what
            examples cannot be told apart in.
    """
    if not has_dropout(model):
        raise ModelError(
            "the model has no layer nn.Dropout with a chance between 0 and 1, so no masks can be drawn; dropout that"
            " is called as a function is not seen"
        )
    try:
        copy = deepcopy(model)
    except (RuntimeError, TypeError) as error:
        raise ModelError(
            f"the model cannot be copied ({error}), and dropout is never replaced in the model itself"
        ) from error
    axes = _batch_axes(copy, inputs)
    names = {layer: name for name, layer in copy.named_modules()}  # once, of a layer that stands in several places
    for name, layer in list(copy.named_modules(remove_duplicate=False)):
        if isinstance(layer, KINDS) and 0 < layer.p < 1:
            parent, _, own = name.rpartition(".")
            setattr(copy.get_submodule(parent), own, _mask(layer, name, seed, axes[names[layer]]))
    return copy


def _unchanged(_: nn.Module, __: object) -> None:
    """A hook that does nothing."""


def _mask(layer: Any, name: str, seed: int, axes: dict[int, int | None]) -> DropMask:
    """The mask of one layer, from the seed and the layer's name."""
    digest = hashlib.sha256(f"{seed} {name} dropout".encode()).digest()
    number, channels = int.from_bytes(digest[:8], "little") >> 1, not isinstance(layer, nn.Dropout)
    return DropMask(layer.p, seed=number, channels=channels, axes=axes)


def _batch_axes(model: nn.Module, inputs: Inputs) -> dict[str, dict[int, int | None]]:
    """The batch axis of what each dropout layer reads, by the layer's name and the number of axes."""
    fewer, more = (_shapes_read(model, inputs[:1], rows) for rows in TRIALS)
    found: dict[str, dict[int, int | None]] = {name: {} for name in fewer}
    for name, known in found.items():
        for shape, larger in zip_longest(fewer[name], more[name], fillvalue=torch.Size()):
            grown = [axis for axis, (one, other) in enumerate(zip(shape, larger, strict=False)) if one != other]
            axis = grown[0] if grown else None
            if len(shape) != len(larger) or len(grown) > 1 or known.setdefault(len(shape), axis) != axis:
                raise ModelError(
                    f"the dropout layer {name!r} reads {tuple(shape)} of {TRIALS[0]} examples and {tuple(larger)} of"
                    f" {TRIALS[1]}, in which one batch axis cannot be told, so no mask can be shared by the examples;"
                    " give several models instead"
                )
    return found


def _shapes_read(model: nn.Module, row: Inputs, count: int) -> dict[str, list[torch.Size]]:
    """The shapes that each dropout layer reads, call by call, when the model is shown `count` copies of an example."""
    seen: dict[str, list[torch.Size]] = {}
    handles = []
    for name, layer in model.named_modules():
        if isinstance(layer, KINDS):
            own = seen.setdefault(name, [])
            handles.append(layer.register_forward_pre_hook(partial(_note, own), with_kwargs=True))
    place = next((tensor.device for tensor in (*model.parameters(), *model.buffers())), row.device)
    try:
        with torch.inference_mode(False), torch.no_grad(), borrowed(model, place), eager():
            model(row.to(place).expand(count, *row.shape[1:]).clone())
    finally:
        for handle in handles:
            handle.remove()
    return seen


def _note(seen: list[torch.Size], _: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Keep the shape of the one tensor that a dropout layer reads."""
    seen.append((*arguments, *named.values())[0].shape)
