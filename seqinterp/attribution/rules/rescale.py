"""DeepLIFT's rescale rule for every kind of operation (Shrikumar et al. 2017, arXiv:1704.02685, section 3.5).

Law of each rule: its multipliers m satisfy  sum of m * (operand - partner) = sum of gradient * (output - partner).
"""

import torch
from torch import Tensor

from seqinterp.attribution.notes import note_without_rule
from seqinterp.attribution.rules.fused import fused_pool, fused_rescale
from seqinterp.attribution.rules.gradients import vector_jacobian
from seqinterp.attribution.rules.held import Held
from seqinterp.attribution.rules.operations import Kind
from seqinterp.attribution.rules.partners import Other
from seqinterp.attribution.rules.path import path_integral
from seqinterp.attribution.rules.replay import PairRule
from seqinterp.kernels import pooling


def smooth_secant(held: Held, other: Other, gradient: Tensor) -> tuple[Tensor, ...]:
    """Difference of the outputs over difference of the operands; between near ends the derivative at their middle."""
    if not _one_to_one(held):
        return path_integral(held, other, gradient)
    there = other.held()
    (here,), (start,) = held.operands, there.operands
    # a secant loses digits when its ends meet; a smooth function is as straight there as its midpoint says
    precision = torch.finfo(here.dtype).eps
    closeness = precision ** (1 / 3)
    change, size = (held.output - there.output).abs(), torch.maximum(held.output.abs(), there.output.abs())
    rounded = ((here - start).abs() <= closeness) & (change <= precision**0.5 * size)
    return (gradient * _slope(held, there, closeness, (here + start) / 2, rounded),)


def kinked_secant(held: Held, other: Other, gradient: Tensor) -> tuple[Tensor, ...]:
    """Difference of the outputs over difference of the operands; the derivative where the two are one number."""
    if not _one_to_one(held):
        return path_integral(held, other, gradient)
    if held.word == "relu" and (fused := fused_rescale(held, other, gradient)) is not None:
        return (fused,)
    there = other.held()
    (here,), (start,) = held.operands, there.operands
    if held.word == "relu":
        return (gradient * relu_multiplier(here, start),)
    return (gradient * _slope(held, there, 4 * torch.finfo(here.dtype).eps, here, here == start),)


def _one_to_one(held: Held) -> bool:
    return len(held.operands) == 1 and held.operands[0].shape == held.output.shape


def _slope(held: Held, there: Held, closeness: float, middle: Tensor, near: Tensor) -> Tensor:
    """The secant, or the derivative at `middle` where the ends are `near` or within `closeness` times their size."""
    (here,), (start,) = held.operands, there.operands
    step = here - start
    near = near | (step.abs() <= closeness * torch.minimum(here.abs(), start.abs()))
    slope = (held.output - there.output) / torch.where(near, 1.0, step)
    if here.device.type == "cpu" and not bool(near.any()):  # on a GPU the question would cost more than the answer
        return slope
    ((derivative,),) = vector_jacobian(held.run, (middle,), torch.ones_like(slope))
    return torch.where(near, derivative, slope)


def relu_multiplier(here: Tensor, start: Tensor) -> Tensor:
    """(relu(a) - relu(b)) / (a - b) without cancellation: 1, 0, or the positive end over the distance."""
    high, low = torch.maximum(here, start).clamp(min=0), torch.minimum(here, start).clamp(max=0)
    return high / (high - low).clamp(min=torch.finfo(here.dtype).tiny)


def cross_extremum(held: Held, other: Other, gradient: Tensor) -> tuple[Tensor, ...]:
    """The change of an extremum goes to the winner of the end that is ahead.

    What the reference implementation of DeepLIFT does for max pooling; the smallest by symmetry.
    """
    if (fused := fused_pool(pooling.cross_maximum, held, other, gradient)) is not None:
        return (fused,)
    there = other.held()
    best = torch.maximum if held.kind is Kind.LARGEST else torch.minimum
    ahead = best(held.output, there.output)
    won, plain = vector_jacobian(held.run, held.operands, gradient * (ahead - there.output), gradient)
    (lost,) = vector_jacobian(held.run, there.operands, gradient * (held.output - ahead))
    steps = [here - start for here, start in zip(held.operands, there.operands, strict=True)]
    return tuple(
        torch.where(step == 0, straight, (up + down) / torch.where(step == 0, 1.0, step))
        for up, down, straight, step in zip(won, lost, plain, steps, strict=True)
    )


def product(held: Held, other: Other, gradient: Tensor) -> tuple[Tensor, ...]:
    """Each factor's change times the mean of the other factor: the middle of the way is exact for two factors."""
    if len(held.operands) > 2:
        return path_integral(held, other, gradient)
    there = other.held()
    middle = tuple((here + start) / 2 for here, start in zip(held.operands, there.operands, strict=True))
    return vector_jacobian(held.run, middle, gradient)[0]


def choice(held: Held, other: Other, gradient: Tensor) -> tuple[Tensor, ...]:
    """Where the condition holds at one end only, each branch gets its share of the way, up to where they are equal."""
    chosen, taken, otherwise = held.companions
    there = other.held()
    chosen_there, taken_there, otherwise_there = there.companions
    start, end = taken_there - otherwise_there, taken - otherwise
    meets = start != end
    early = torch.where(meets, start / torch.where(meets, start - end, 1.0), 0.5).nan_to_num(0.5).clamp(0, 1)
    share = early * chosen_there.to(gradient) + (1 - early) * chosen.to(gradient)
    _note_jumps(held, there, share)
    assert held.branches is not None
    with torch.enable_grad():
        leaves = [operand.detach().requires_grad_() for operand in held.operands]
        shared = zip(held.branches(*leaves), (gradient * share, gradient * (1 - share)), strict=True)
        ends = [(branch, part.sum_to_size(branch.shape)) for branch, part in shared if branch.requires_grad]
        outputs, parts = zip(*ends, strict=True)
        return torch.autograd.grad(outputs, leaves, parts, allow_unused=True, materialize_grads=True)


def _note_jumps(held: Held, there: Held, share: Tensor) -> None:
    """Say so when a choice jumps from one branch to the other: what the condition itself does has no slope."""
    (_, taken, otherwise), (_, taken_there, otherwise_there) = held.companions, there.companions
    owed = held.output - there.output
    missing = owed - share * (taken - taken_there) - (1 - share) * (otherwise - otherwise_there)
    error = float(missing.nan_to_num(0.0).abs().max() / owed.nan_to_num(0.0).abs().max().clamp(min=1e-30))
    if error > 1e-3:
        note_without_rule(f"{held.word} that jumps", error)


RESCALE: dict[Kind, PairRule] = {
    Kind.SMOOTH: smooth_secant,
    Kind.KINKED: kinked_secant,
    Kind.LARGEST: cross_extremum,
    Kind.SMALLEST: cross_extremum,
    Kind.MULTILINEAR: product,
    Kind.CHOICE: choice,
    Kind.NORMALISED: path_integral,
    Kind.MIXED: path_integral,
    Kind.UNKNOWN: path_integral,
}
