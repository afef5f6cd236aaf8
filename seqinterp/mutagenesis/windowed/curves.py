"""The curves that the kernels know, in torch."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from seqinterp.mutagenesis.steps import Curve

_PLAIN: Mapping[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "exp": torch.exp,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": functional.softplus,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "mish": functional.mish,
    "hardswish": functional.hardswish,
    "hardsigmoid": functional.hardsigmoid,
    "abs": torch.abs,
    "square": torch.square,
    "sqrt": torch.sqrt,
    "log": torch.log,
    "log1p": torch.log1p,
    "reciprocal": torch.reciprocal,
    "sin": torch.sin,
    "cos": torch.cos,
}


def evaluate(step: Curve, numbers: Tensor) -> Tensor:
    """The curve at every number."""
    if step.curve in _PLAIN:
        return _PLAIN[step.curve](numbers)
    if step.curve == "gelu_tanh":
        return functional.gelu(numbers, approximate="tanh")
    if step.curve == "leaky_relu":
        return functional.leaky_relu(numbers, step.first)
    if step.curve == "clamp":
        return numbers.clamp(step.first, step.second)
    if step.curve == "elu":  # first times (exp(second x) - 1) below zero
        return torch.where(numbers > 0, numbers, step.first * torch.expm1(step.second * numbers))
    if step.curve == "power":
        return numbers.pow(step.first)
    raise ValueError(f"no curve is called {step.curve!r}")
