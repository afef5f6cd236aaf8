"""The rule for any differentiable operation: its gradient, averaged over the straight way between its two ends.

Sundararajan et al. 2017, arXiv:1703.01365, equation 1, applied to one operation instead of a whole network.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqinterp.attribution.notes import note_without_rule
from seqinterp.attribution.rules.gradients import jacobian_vector, vector_jacobian
from seqinterp.attribution.rules.held import Held
from seqinterp.attribution.rules.operations import Kind
from seqinterp.attribution.rules.partners import Other

POINTS = (1, 4, 12, 32, 64)  # Gauss-Legendre points, until every output is accounted for
PRECISE = 1e-12  # relative error that is good enough in double precision


def path_integral(held: Held, other: Other, gradient: Tensor) -> tuple[Tensor, ...]:
    """The gradient averaged over the way between the two ends, with as many points as every output needs.

    What the last points leave unaccounted is shared out by `_settle`; for an operation that is in no list its size
    is noted before that.
    """
    there = other.held()
    # equal ends stay where they are, minus infinity too
    steps = tuple(torch.where(a == b, 0.0, a - b) for a, b in zip(held.operands, there.operands, strict=True))
    owed = torch.where(held.output == there.output, 0.0, held.output - there.output)
    precision = torch.finfo(owed.dtype)
    # of each output its own change counts, beyond the rounding of its two values: company must not matter
    rounding = 8 * precision.eps * (held.output.abs() + there.output.abs()).nan_to_num(0.0, 0.0, 0.0)
    size = owed.abs().clamp(min=precision.tiny)
    goal = max(32 * precision.eps, PRECISE)
    for points in POINTS:
        way = Way(held.run, there.operands, steps, *_nodes(points))
        reached = way.change(steps)
        error = float((((reached - owed).abs() - rounding).clamp(min=0) / size).max())
        if error <= goal:
            break
    if held.kind is Kind.UNKNOWN and points > 1:  # one point is enough for what is linear after all
        note_without_rule(held.word, error)
    if error <= goal:
        return way.slopes(gradient)
    return _settle(way, gradient, owed - reached, reached)


def _settle(way: "Way", gradient: Tensor, missing: Tensor, reached: Tensor) -> tuple[Tensor, ...]:
    """The mean slopes, with what is missing of every output shared out over its operands.

    In proportion to their contributions, or to the size of these where contributions of both signs cancel.
    """
    sizes = way.change(tuple(step.abs() for step in way.steps))
    plain = reached.abs() >= sizes.abs()
    scale = torch.where(plain, reached, sizes)
    share = gradient * torch.where(scale == 0, 0.0, missing / torch.where(scale == 0, 1.0, scale))
    straight = way.slopes(gradient + torch.where(plain, share, 0.0))
    signed = way.slopes(torch.where(plain, 0.0, share))
    return tuple(a + b * step.sign() for a, b, step in zip(straight, signed, way.steps, strict=True))


@dataclass
class Way:
    """An operation at several points between its two ends, with the weights of a quadrature."""

    run: Callable[..., Tensor]
    starts: tuple[Tensor, ...]
    steps: tuple[Tensor, ...]
    places: list[float]
    weights: list[float]

    def points(self) -> Iterator[tuple[tuple[Tensor, ...], float]]:
        """The operands at each point, and its weight."""
        for place, weight in zip(self.places, self.weights, strict=True):
            yield tuple(a + place * step for a, step in zip(self.starts, self.steps, strict=True)), weight

    def change(self, directions: tuple[Tensor, ...]) -> Tensor:
        """The mean derivative of the output along `directions`."""
        parts = [weight * jacobian_vector(self.run, point, directions) for point, weight in self.points()]
        return torch.stack(parts).sum(0)

    def slopes(self, gradient: Tensor) -> tuple[Tensor, ...]:
        """The mean slopes of the operands for this gradient of the output."""
        parts = [
            [weight * slope for slope in vector_jacobian(self.run, point, gradient)[0]]
            for point, weight in self.points()
        ]
        return tuple(torch.stack(slopes).sum(0) for slopes in zip(*parts, strict=True))


def _nodes(points: int) -> tuple[list[float], list[float]]:
    """Gauss-Legendre nodes and weights on [0, 1]."""
    places, weights = np.polynomial.legendre.leggauss(points)
    return list((places + 1) / 2), list(weights / 2)
