"""Derivatives of one operation at given operands."""

import warnings
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor


def vector_jacobian(
    run: Callable[..., Tensor], operands: tuple[Tensor, ...], *gradients: Tensor
) -> list[tuple[Tensor, ...]]:
    """For each gradient of the output, the gradients of the operands; zeros where there is no dependence."""
    with torch.enable_grad():
        leaves = [operand.detach().requires_grad_() for operand in operands]
        output = run(*leaves)
        if not output.requires_grad:
            return [tuple(torch.zeros_like(leaf) for leaf in leaves)] * len(gradients)
        last = len(gradients) - 1
        return [
            torch.autograd.grad(
                output, leaves, gradient, retain_graph=i < last, allow_unused=True, materialize_grads=True
            )
            for i, gradient in enumerate(gradients)
        ]


def jacobian_vector(run: Callable[..., Tensor], operands: tuple[Tensor, ...], directions: tuple[Tensor, ...]) -> Tensor:
    """The derivative of the output along a direction of the operands."""
    _load_forward_derivatives()
    found: Tensor = torch.func.jvp(run, operands, directions)[1]
    return found


@cache
def _load_forward_derivatives() -> None:
    """Have torch load its forward derivatives: on first use it scripts code and warns that this is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.func.jvp(lambda values: values.amax(-1), (torch.zeros(2),), (torch.zeros(2),))
