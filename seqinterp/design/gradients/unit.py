"""One unit of a model as a number per example: a channel of a layer, a whole layer, or an output."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqinterp.attribution.gradient import differentiable
from seqinterp.attribution.layers import Captured, captured
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.rows import by_rows
from seqinterp.attribution.rules.opaque import eager
from seqinterp.attribution.targets import as_target
from seqinterp.errors import InputError, ModelError
from seqinterp.shapes import Inputs, Scores

PLACES = ("mean", "max", "center")


class _ReachedError(Exception):
    """The layer has been run: what comes after it need not be."""


@dataclass(frozen=True)
class Unit:
    """What is excited.

    layer: name of a submodule; None takes the outputs of the model.
    index: a channel of the layer, or an output, or a callable from the outputs to `(batch,)`; None takes the whole
        layer, the root of the mean square of all it gives (the objective of DeepDream, made comparable between sizes).
    places: how the places of a channel become one number: their "mean", their "max", or the one in the "center".

    Raises:
        InputError: neither a layer nor an output is named, or places is none of the three.
    """

    layer: str | None
    index: int | Target | None
    places: str = "mean"

    def __post_init__(self) -> None:
        if self.places not in PLACES:
            raise InputError(f"places must be one of {', '.join(PLACES)}, not {self.places!r}")
        if self.layer is None and self.index is None:
            raise InputError("a unit is needed: pass unit=the number of an output, or layer= for all of a layer")
        whole = isinstance(self.index, int) and not isinstance(self.index, bool)
        if self.layer is not None and self.index is not None and not whole:
            raise InputError(f"unit must be the number of a channel of layer {self.layer!r}, or None, not {self.index}")

    def activation(self, model: nn.Module, inputs: Inputs) -> Scores:
        """The activation of each example, `(batch,)`, with its graph when the inputs have one.

        A layer's is read with one hook, and the model is not run beyond it, so that inputs may have any size that the
        layers before it take.

        Raises:
            InputError: the model has no such layer or unit.
            ModelError: the activation is not one number per example.
        """
        if self.layer is None:
            found = as_target(self.index)(model(inputs.clone()))
            if found.shape != (len(inputs),):
                raise ModelError(f"unit must give one number per example, not shape {tuple(found.shape)}")
            return found
        return self._of_layer(layer_output(model, self.layer, inputs))

    def _of_layer(self, values: Tensor) -> Scores:
        """One number of what the layer gives, `(batch, channel, *places)`."""
        if self.index is None:
            return values.flatten(1).square().mean(dim=1).sqrt()
        channels = values.shape[1]
        if not (isinstance(self.index, int) and 0 <= self.index < channels):
            raise InputError(
                f"unit {self.index} was asked for, but layer {self.layer!r} has {channels} of them, numbered 0 to"
                f" {channels - 1}"
            )
        return over_places(values, self.places)[:, self.index]

    def profile(self, model: nn.Module, inputs: Inputs) -> Tensor:
        """What examples are compared by, `(batch, channels)`: the layer's channels over their places, or the outputs.

        Raises:
            ModelError: the outputs are not one tensor.
        """
        with differentiable(inputs) as leaf:
            if self.layer is not None:
                return over_places(layer_output(model, self.layer, leaf), self.places).detach()
            outputs = model(leaf.clone())
        if not isinstance(outputs, Tensor):
            raise ModelError(
                f"the model returns a {type(outputs).__name__}, so examples cannot be compared; name a layer"
            )
        return outputs.detach().flatten(1) if outputs.ndim > 1 else outputs.detach()[:, None]


def over_places(values: Tensor, places: str) -> Tensor:
    """`(batch, channel, *places)` -> `(batch, channel)`; without places as it is."""
    if values.ndim == 2:
        return values
    if places == "mean":
        return values.flatten(2).mean(dim=2)
    if places == "max":
        return values.flatten(2).amax(dim=2)
    while values.ndim > 2:
        values = values.select(2, values.shape[2] // 2)
    return values


def activations(unit: Unit, model: nn.Module, inputs: Inputs) -> Scores:
    """The activation of each example, `(batch,)`, without a graph, a few examples at a time."""

    def some(rows: Inputs) -> Scores:
        with differentiable(rows) as leaf:  # a layer's output is asked for with its graph
            return unit.activation(model, leaf).detach()

    return by_rows(some, inputs)


def layer_output(model: nn.Module, layer: str, inputs: Inputs) -> Tensor:
    """What a layer gives, `(batch, channel, *places)`; the model is run no further."""
    with eager(), captured(Score(model, lambda outputs: outputs), layer) as seen, _stopped_after(seen):
        model(inputs.clone())
    return seen.output(len(inputs))


@contextmanager
def _stopped_after(seen: Captured) -> Iterator[None]:
    """Inside the block a run of the model ends behind the layer, and so does the block."""

    def stop(*_: object) -> None:
        raise _ReachedError

    handle = seen.module.register_forward_hook(stop)  # called after the hook that keeps the output
    try:
        yield
    except _ReachedError:
        return
    finally:
        handle.remove()


def check_unit(unit: Unit, model: nn.Module, example: Inputs, /) -> None:
    """Refuse what cannot be excited, by one pass of one example through the layer and one through the whole model.

    Raises:
        InputError: there is no such layer or unit, it is run more than once, or it cannot take this shape.
        ModelError: the activation is not a finite number, or does not depend on the inputs.
    """
    try:
        with differentiable(example[:1]) as leaf:
            value = unit.activation(model, leaf)
    except RuntimeError as error:  # torch's sentence about sizes
        raise InputError(f"the model cannot take inputs of shape {tuple(example.shape[1:])}: {error}") from error
    if not value.requires_grad:
        raise ModelError("the activation does not depend on the inputs in a way that can be differentiated")
    if not bool(torch.isfinite(value).all()):
        raise ModelError(f"the activation of the start is {float(value[0])}, so it cannot be raised")
    if unit.layer is not None:
        _refuse_repeats(unit.layer, model, example)


def _refuse_repeats(layer: str, model: nn.Module, example: Inputs) -> None:
    """Raise InputError for a layer that a pass runs twice; a head that needs another size says nothing about that."""
    with eager(), differentiable(example[:1]) as leaf, captured(Score(model, lambda outputs: outputs), layer) as seen:
        try:
            model(leaf.clone())
        except RuntimeError:
            if len(seen.outputs) <= 1:  # the layers behind it take other sizes, and are not run
                return
    seen.output(1)
