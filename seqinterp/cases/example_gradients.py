"""The gradient of each example's loss by the parameters: of many at once by `torch.func`, or one at a time.

At once is vmap(grad(loss(functional_call(model, weights, example)))) (Horace He & Richard Zou, functorch, 2021), which
is right for convolutions, shared parameters and whatever else torch can map. What it cannot map goes one at a time.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from seqinterp.cases.losses import Loss, with_rows
from seqinterp.errors import ModelError, SeqinterpError

Way = Literal["vmap", "one at a time"]
BLOCK = 64  # examples whose gradients are held at once
ALIKE = 1e-4  # how far two ways of one gradient may lie apart, beside its length: single precision, and a wide margin


@dataclass(frozen=True, eq=False)
class Measured:
    """Examples, the loss whose gradients are wanted of them, and of which it was lost in rounding, if that is known."""

    inputs: Tensor
    labels: Tensor
    loss: Loss
    lost: Loss | None = None

    def blocks(self, size: int) -> list["Measured"]:
        """A few at a time."""
        parts = zip(self.inputs.split(size), self.labels.split(size), strict=True)
        return [Measured(inputs, labels, self.loss, self.lost) for inputs, labels in parts]


class ExampleGradients:
    """Gradients at one state of a model, which is borrowed in evaluation mode by whoever holds this.

    Called with examples it gives a table `(batch, numbers)` for each of the parameters `names`.
    """

    def __init__(self, model: nn.Module, state: Mapping[str, Tensor], names: Sequence[str], way: Way) -> None:
        self.model, self.way = model, way
        self.slots = _slots(model)
        self.weights = {name: state[name] for name in names}
        self.rest = {name: value for name, value in state.items() if name not in self.weights}
        self.count = sum(value.numel() for value in self.weights.values())
        self.place = next(iter(self.weights.values())).device

    def __call__(self, examples: Measured) -> list[Tensor]:
        shown, wanted = examples.inputs.detach().to(self.place, copy=True), examples.labels.to(self.place)
        one = partial(self._of_one, examples.loss)
        if self.way == "vmap":
            with warnings.catch_warnings():  # what torch maps by a loop of its own is right, only slower
                warnings.filterwarnings("ignore", message="There is a performance drop")
                found = vmap(grad(one), in_dims=(None, 0, 0))(self.weights, shown, wanted)
            return [found[name].detach().flatten(1) for name in self.weights]
        rows = [self._backward(one, each, label) for each, label in zip(shown, wanted, strict=True)]
        return [torch.stack(parts) for parts in zip(*rows, strict=True)]

    def lost(self, examples: Measured) -> int:
        """Of how many examples the gradient was lost in rounding."""
        if examples.lost is None:
            return 0
        with torch.no_grad():
            found = self._outputs(self.weights, examples.inputs.detach().to(self.place, copy=True))
            return int(examples.lost(with_rows(found, len(examples.inputs)), examples.labels.to(self.place)).sum())

    def _outputs(self, weights: Mapping[str, Tensor], inputs: Tensor) -> Any:
        """What the model says under these weights."""
        held = {**self.rest, **weights}
        tensors = {slot: held[name] for slot, name in self.slots.items()}
        return functional_call(self.model, tensors, (inputs,), tie_weights=False)

    def _of_one(self, loss: Loss, weights: Mapping[str, Tensor], example: Tensor, label: Tensor) -> Tensor:
        """The loss of one example, a scalar."""
        outputs = self._outputs(weights, example[None])
        value = loss(outputs, label[None])
        if not isinstance(value, Tensor) or value.shape != (1,):
            came = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise ModelError(f"the loss must be one number per example, (batch,), but of one example it is {came}")
        return value[0]

    def _backward(self, one: Callable[..., Tensor], example: Tensor, label: Tensor) -> list[Tensor]:
        """The gradient of one example by the plain backward pass."""
        weights = {name: value.detach().requires_grad_() for name, value in self.weights.items()}
        with torch.enable_grad():
            value = one(weights, example, label)
            if not value.requires_grad:  # a loss that no parameter reaches
                return [torch.zeros_like(each).flatten() for each in weights.values()]
            found = torch.autograd.grad(value, list(weights.values()), allow_unused=True, materialize_grads=True)
        return [part.detach().flatten() for part in found]


def _slots(model: nn.Module) -> dict[str, str]:
    """Each place that holds a parameter or buffer, and the name under which the model lists that tensor.

    With `tie_weights` torch fills a module that is used in two places twice, and cannot put its weights back
    (pytorch issue 164759, as of 2.13). Named once for every module, and for every module that shares a tensor, it can.
    """
    names = {id(value): name for name, value in [*model.named_parameters(), *model.named_buffers()]}
    return {
        f"{path}.{name}".removeprefix("."): names[id(value)]
        for path, module in model.named_modules()
        for name, value in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    }


def choose_way(
    model: nn.Module, state: Mapping[str, Tensor], names: Sequence[str], *kinds: Measured
) -> tuple[Way, str]:
    """Whether gradients can be had at once, as two examples of each kind show, and why not where they cannot."""
    for few in (kind.blocks(2)[0] for kind in kinds):
        plain = ExampleGradients(model, state, names, "one at a time")(few)
        try:
            found = ExampleGradients(model, state, names, "vmap")(few)
        except SeqinterpError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever vmap cannot do, the plain way can
            return "one at a time", (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        size = torch.stack([part.double().square().sum(dim=1) for part in plain]).sum(dim=0)
        apart = [(one - two).double().square().sum(dim=1) for one, two in zip(plain, found, strict=True)]
        if not bool((torch.stack(apart).sum(dim=0) <= ALIKE**2 * size).all()):
            return "one at a time", "gradients of many examples at once differ from those of one at a time"
    return "vmap", ""
