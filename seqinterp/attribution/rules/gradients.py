"""Derivatives of one operation at given operands."""

from collections.abc import Callable

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
