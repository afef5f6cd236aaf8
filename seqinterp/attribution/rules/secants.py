"""The gradient averaged over a short straight way, one operation at a time: the rules behind integrated gradients.

For each operation the mean over the way is taken as if its operands moved in straight lines. They do up to terms of
second order in the length of the way, so n pieces of a path err by O(1/n^2), and they add up exactly whatever n is.
"""

import torch
from torch import Tensor

from seqinterp.attribution.rules.fused import fused_pool
from seqinterp.attribution.rules.gradients import jacobian_vector, vector_jacobian
from seqinterp.attribution.rules.held import Held
from seqinterp.attribution.rules.operations import Kind
from seqinterp.attribution.rules.partners import Other
from seqinterp.attribution.rules.replay import PairRule
from seqinterp.attribution.rules.rescale import RESCALE
from seqinterp.kernels import pooling


def crossing(held: Held, other: Other, gradient: Tensor) -> tuple[Tensor, ...]:
    """On a straight way there's winner leads until here's winner overtakes it; each gets its share of the way.

    It is complete, and the mean gradient when no third operand leads in between.
    """
    if (fused := fused_pool(pooling.crossing, held, other, gradient)) is not None:
        return (fused,)
    there = other.held()
    behind = there.output - _selected(held, there)  # here's winner, how far from winning at the start
    ahead = held.output - _selected(there, held)  # there's winner, how far from winning at the end
    whole = behind + ahead
    early = torch.where(whole == 0, 0.0, behind / torch.where(whole == 0, 1.0, whole)).clamp(0, 1)
    (won,) = vector_jacobian(held.run, held.operands, gradient * (1 - early))
    (lost,) = vector_jacobian(held.run, there.operands, gradient * early)
    return tuple(up + down for up, down in zip(won, lost, strict=True))


def _selected(at: Held, values: Held) -> Tensor:
    """The operands of `values` at the places that win at `at`."""
    return jacobian_vector(at.run, at.operands, values.operands)


SECANTS: dict[Kind, PairRule] = {**RESCALE, Kind.LARGEST: crossing, Kind.SMALLEST: crossing}
