"""A weighted operation as a function of its inputs, weights and bias, so that rules can put others in their place."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from seqinterp.attribution.rules.call import Call, Function, is_live

_PLACES = {"linear": 0, "conv1d": 1, "conv2d": 2, "conv3d": 3}
_PLACES |= {"conv_transpose1d": 1, "conv_transpose2d": 2, "conv_transpose3d": 3}


@dataclass(frozen=True)
class Weighted:
    """op(inputs, weight, bias), its own weight and bias, and the axis of the outputs that the bias lies along."""

    word: str
    apply: Callable[[Tensor, Tensor, Tensor | None], Tensor]
    weight: Tensor
    bias: Tensor | None
    axis: int  # from the end

    def spread(self, values: Tensor) -> Tensor:
        """One number per output channel, in a shape that meets the outputs."""
        return values.view(-1, *[1] * (-1 - self.axis))

    def output_bias(self, output: Tensor) -> Tensor:
        """What the operation gives for zeros."""
        return torch.zeros_like(output) if self.bias is None else self.spread(self.bias).expand_as(output)

    def can_fold(self, output: Tensor) -> bool:
        """Whether a scale of the output channels is a scale of the weights, and batch norm sees those channels."""
        batched = output.ndim == 2 if self.word == "linear" else output.ndim == _PLACES[self.word] + 2
        return batched and not self.word.startswith("conv_transpose")

    def folded(self, scale: Tensor, shift: Tensor) -> "Weighted":
        """The operation followed by a scale and a shift of its output channels."""
        weight = self.weight * scale.view(-1, *[1] * (self.weight.ndim - 1))
        return replace(self, weight=weight, bias=shift if self.bias is None else self.bias * scale + shift)


def read_weighted(call: Call) -> Weighted | None:
    """The weighted operation of a call whose inputs alone are live; None when it is not one."""
    if call.word not in _PLACES:
        return None
    given = dict(zip(("input", "weight", "bias"), call.arguments, strict=False))
    rest = call.arguments[3:]
    options = {name: value for name, value in call.keywords.items() if name not in ("input", "weight", "bias")}
    given |= {name: value for name, value in call.keywords.items() if name in ("input", "weight", "bias")}
    weight, bias = given["weight"], given.get("bias")
    if is_live(weight) or is_live(bias):
        return None
    apply = partial(_apply, call.recipe.plain, rest, options)
    return Weighted(call.word, apply, weight, bias, -1 - _PLACES[call.word])


def _apply(
    function: Function, rest: tuple[Any, ...], options: dict[str, Any], inputs: Tensor, *parameters: Tensor | None
) -> Tensor:
    """The operation with its other arguments as they were given."""
    result: Tensor = function(inputs, *parameters, *rest, **options)
    return result


def scale_and_shift(norm: Call, channels: int) -> tuple[Tensor, Tensor]:
    """What a batch norm in evaluation mode does to every channel."""
    like = norm.operands[0]
    with torch.enable_grad():
        probe = like.new_zeros(1, channels, *[1] * (like.ndim - 2)).requires_grad_()
        shift = norm.recipe.run(probe)
        (scale,) = torch.autograd.grad(shift.sum(), probe)
    return scale.flatten(), shift.detach().flatten()
