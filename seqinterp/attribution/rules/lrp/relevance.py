"""Layer-wise relevance propagation for every kind of operation (Bach et al. 2015, doi:10.1371/journal.pone.0130140).

What travels backwards is the multiplier M = R / x of every number x, not its relevance R: operations that are linear
then need no rule, their gradient is right. Law of each rule: sum of M x over its operands, and what it books in the
ledger, is the sum of M y over its outputs.
"""

import torch
from torch import Tensor

from seqinterp.attribution.notes import note_without_rule
from seqinterp.attribution.rules.gradients import vector_jacobian
from seqinterp.attribution.rules.held import Held
from seqinterp.attribution.rules.lrp.frozen import Frozen
from seqinterp.attribution.rules.lrp.ledger import BIAS, EPSILON, REMAINDER, Entry, carried
from seqinterp.attribution.rules.lrp.terms import Part, Pass, Rule
from seqinterp.attribution.rules.lrp.weighted import Weighted
from seqinterp.attribution.rules.lrp.words import PURE_PRODUCTS
from seqinterp.attribution.rules.operations import Kind

# nodes and weights on [0, 1], exact for a derivative of the fifth degree
_WAY = ((0.5 - 0.15**0.5, 5 / 18), (0.5, 8 / 18), (0.5 + 0.15**0.5, 5 / 18))


def present(values: Tensor) -> Tensor:
    """The values, with a tiny number for each zero: some rules give relevance to what is zero."""
    return torch.where(values == 0, torch.finfo(values.dtype).tiny ** 0.5, values)


def is_elementwise(held: Held) -> bool:
    """Whether an operation takes one number to one number."""
    return len(held.operands) == 1 and held.operands[0].shape == held.output.shape


def elementwise(held: Held, gradient: Tensor, entry: Entry, *, fills: bool = False) -> tuple[Tensor, ...]:
    """All relevance of f(x) but that of f(0) passes to x: M (f(x) - f(0)) / x.

    Where f(0) is infinite (log, 1 / x): the derivative, with a remainder.

    fills: relevance of an output that is zero passes too.
    """
    (here,) = held.operands
    start = held.run(torch.zeros_like(here))
    finite = start.isfinite()
    # a secant loses digits when its ends meet, but not from an exact zero
    near = ((start != 0) & (here.abs() <= torch.finfo(here.dtype).eps ** (1 / 3))) | (here == 0)
    derived = near | ~finite
    slope = (held.output - start) / torch.where(derived, 1.0, here)
    if here.device.type != "cpu" or bool(derived.any()):
        middle = torch.where(finite, here / 2, here)
        ((derivative,),) = vector_jacobian(held.run, (middle,), torch.ones_like(here))
        slope = torch.where(derived, derivative.nan_to_num(0.0, 0.0, 0.0), slope)
    if fills:
        slope = torch.where(held.output == 0, present(held.output) / present(here), slope)
    entry.book(BIAS, carried(gradient, torch.where(finite, start, 0.0)))
    if not bool(finite.all()):
        left = carried(gradient, held.output) - carried(gradient * slope, here)
        entry.book(REMAINDER, torch.where(finite, 0.0, left))
    return (gradient * slope,)


def product(held: Held, gradient: Tensor, entry: Entry) -> tuple[Tensor, ...]:
    """Factors share alike (AttnLRP's uniform rule): the gradient averaged over the way from zeros."""
    count = len(held.operands)
    if held.word in PURE_PRODUCTS:
        return tuple(slope / count for slope in vector_jacobian(held.run, held.operands, gradient)[0])
    entry.book(BIAS, carried(gradient, held.run(*map(torch.zeros_like, held.operands))))
    total = [torch.zeros_like(operand) for operand in held.operands]
    for place, weight in _WAY:
        slopes = vector_jacobian(held.run, tuple(place * operand for operand in held.operands), gradient)[0]
        total = [sum_ + weight * slope for sum_, slope in zip(total, slopes, strict=True)]
    return tuple(total)


def quotient(held: Held, gradient: Tensor, entry: Entry) -> tuple[Tensor, ...]:
    """A denominator is a constant, as the statistic of a normalisation is."""
    above, below = held.operands
    ((slope,),) = vector_jacobian(lambda numerator: held.run(numerator, below), (above,), gradient)
    return slope, torch.zeros_like(below)


def normalised(form: Frozen, held: Held, gradient: Tensor, entry: Entry) -> tuple[Tensor, ...]:
    """Statistics are constants; the shift takes its share."""
    (here,) = held.operands
    entry.book(BIAS, carried(gradient, form(here, torch.zeros_like(here))))
    return vector_jacobian(lambda values: form(here, values), (here,), gradient)[0]


def gradient_and_remainder(held: Held, gradient: Tensor, entry: Entry) -> tuple[Tensor, ...]:
    """The gradient; for softmax that is AttnLRP's rule. What gradient times operand leaves over is the remainder."""
    slopes = vector_jacobian(held.run, held.operands, gradient)[0]
    relevance = carried(gradient, held.output)
    passed = [carried(slope, operand) for slope, operand in zip(slopes, held.operands, strict=True)]
    entry.book(REMAINDER, relevance)
    for place, part in enumerate(passed):
        entry.book_operand(place, REMAINDER, -part)
    if held.kind is Kind.UNKNOWN:
        missing = relevance.sum() - torch.stack([part.sum() for part in passed]).sum()
        error = float(missing.abs() / relevance.abs().sum().clamp(min=torch.finfo(relevance.dtype).tiny))
        if error > 32 * torch.finfo(relevance.dtype).eps:
            note_without_rule(held.word, error)
    return slopes


def stabilised(weighted: Weighted, rule: Rule, output: Tensor, entry: Entry, gradient: Tensor) -> Tensor:
    """LRP-0 and LRP-epsilon of a weighted operation: a new gradient for its output."""
    kept = gradient * (output / _away_from_zero(output, rule.epsilon)) if rule.epsilon else gradient
    entry.book(BIAS, carried(kept, weighted.output_bias(output)))
    if rule.epsilon:
        entry.book(EPSILON, (gradient - kept) * output)
    return kept


def share_out(weighted: Weighted, rule: Rule, held: Held, gradient: Tensor, entry: Entry) -> tuple[Tensor, ...]:
    """Relevance of the outputs of a weighted operation, shared out by a rule's parts."""
    (here,) = held.operands
    relevance = gradient * present(held.output)
    if isinstance(rule, Pass):
        return (relevance / present(here),)
    total, left, to_bias = torch.zeros_like(here), relevance, torch.zeros_like(relevance)
    for part in rule.parts():
        share = relevance * part.fraction
        share = share if part.where is None else torch.where(part.where(held.output), share, 0.0)
        received, shared, biased = _share_part(part, weighted, here, share, rule.epsilon)
        total, left, to_bias = total + received, left - shared, to_bias + biased
    entry.book(BIAS, to_bias)
    entry.book(EPSILON, left)
    return (total,)


def _share_part(
    part: Part, weighted: Weighted, here: Tensor, share: Tensor, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Multipliers of the inputs, and per output the relevance that was shared out and what biases took of it."""
    outputs, inputs, biases = [], [], torch.zeros_like(share)
    with torch.enable_grad():
        for term in part.terms:
            changed = term.inputs(here).detach().requires_grad_()
            bias = None if term.bias is None or weighted.bias is None else term.bias(weighted.bias)
            outputs.append(term.sign * weighted.apply(changed, term.weight(weighted.weight), bias))
            inputs.append(changed)
            biases = biases if bias is None else biases + term.sign * weighted.spread(bias)
        denominator = torch.stack([output.detach() for output in outputs]).sum(0)
        ratio = share / _away_from_zero(denominator, epsilon)
        slopes = torch.autograd.grad(outputs, inputs, [ratio] * len(outputs))
    received = torch.zeros_like(here)
    for changed, slope in zip(inputs, slopes, strict=True):
        values = changed.detach()
        received = received + torch.where(values == here, slope, values * slope / present(here))
    return received, ratio * denominator, ratio * biases


def _away_from_zero(values: Tensor, epsilon: float) -> Tensor:
    """Values with epsilon added to their size; an exact zero that stays one takes nothing."""
    moved = values + epsilon * (2 * (values >= 0).to(values) - 1)
    return torch.where(moved == 0, torch.inf, moved)
