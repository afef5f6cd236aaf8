"""Integrated gradients from the formula: very many midpoints, and the sum over breakpoints found by bisection."""

import torch
from torch import Tensor, nn


def slopes_at(model: nn.Module, start: Tensor, end: Tensor, alphas: Tensor, index: int) -> Tensor:
    """The gradient of output `index` at points of one path, `(point, *features)`."""
    found = []
    for some in alphas.split(20000):
        points = start + some.view(-1, *[1] * start.ndim) * (end - start)
        points = points.detach().clone().requires_grad_()
        total = model(points).reshape(len(points), -1)[:, index].sum()
        found.append(torch.autograd.grad(total, points)[0])
    return torch.cat(found)


def references_of(inputs: Tensor, references: Tensor | None) -> Tensor:
    return torch.zeros_like(inputs).unsqueeze(1) if references is None else references


def integrated_gradients(
    model: nn.Module, inputs: Tensor, index: int = 0, *, references: Tensor | None = None, steps: int = 20000
) -> Tensor:
    """Sundararajan et al. 2017, equation 1, by the midpoint rule."""
    alphas = (torch.arange(steps, dtype=torch.float64) + 0.5).to(inputs) / steps
    result = torch.zeros_like(inputs)
    for example, draws in enumerate(references_of(inputs, references)):
        for start in draws:
            mean = slopes_at(model, start, inputs[example], alphas, index).mean(0)
            result[example] += (inputs[example] - start) * mean / len(draws)
    return result


def exact_integrated_gradients(
    model: nn.Module, inputs: Tensor, index: int = 0, *, references: Tensor | None = None, cells: int = 3000
) -> Tensor:
    """The sum over the breakpoints of the gradient along the path, for networks that are linear in pieces."""
    result = torch.zeros_like(inputs)
    for example, draws in enumerate(references_of(inputs, references)):
        for start in draws:
            mean = _by_bisection(model, start, inputs[example], index, cells)
            result[example] += (inputs[example] - start) * mean / len(draws)
    return result


def _by_bisection(model: nn.Module, start: Tensor, end: Tensor, index: int, cells: int) -> Tensor:
    """The mean gradient: between neighbours of a grid whose gradients differ, breakpoints are found one by one."""

    def slope(alphas: Tensor) -> Tensor:
        return slopes_at(model, start, end, alphas, index).flatten(1)

    def differ(one: Tensor, other: Tensor) -> Tensor:
        return (one - other).abs().amax(1) > 1e-9

    grid = torch.linspace(0, 1, cells + 1, dtype=torch.float64)
    middles = torch.cat([grid[:1] + 1e-13, (grid[:-1] + grid[1:]) / 2, grid[-1:] - 1e-13])
    slopes = slope(middles)
    left, right = middles[:-1].clone(), middles[1:].clone()
    here, last = slopes[:-1].clone(), slopes[1:]
    total = torch.zeros_like(slopes[0])
    while len(left):
        bends = differ(here, last)
        total += ((right - left)[~bends].unsqueeze(1) * last[~bends]).sum(0)
        left, right, here, last = left[bends], right[bends], here[bends], last[bends]
        low, high = left.clone(), right.clone()
        for _ in range(46):
            middle = (low + high) / 2
            same = ~differ(slope(middle), here) if len(middle) else middle.bool()
            low, high = torch.where(same, middle, low), torch.where(same, high, middle)
        total += ((high - left).unsqueeze(1) * here).sum(0)
        left = torch.minimum(high + 1e-13, right)
        here = slope(left) if len(left) else here
    return total.view(start.shape)
