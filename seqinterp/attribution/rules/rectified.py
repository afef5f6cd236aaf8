"""Backpropagation with another rule for rectifiers, however they are written; every other operation keeps its own.

A rectifier lets through what is above zero and holds back what is below. By name: relu, relu6, leaky_relu, prelu,
rrelu, elu, selu, celu, gelu, silu, mish, softplus, hardswish. By what they do: a clamp, hardtanh, threshold or maximum
that gives 0 below zero and the number itself above (a ceiling may stand at 2 or more, as in ReLU6), and a choice by
the sign of a number that takes this number where it is positive. Sigmoid, tanh, exp and the like are none, nor is a
product with a mask: these keep their derivative.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from seqinterp.attribution.gradient import differentiable, require_slope
from seqinterp.attribution.notes import note_rule
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.call import Call, is_live, name_of
from seqinterp.attribution.rules.gradients import vector_jacobian
from seqinterp.attribution.rules.held import Held
from seqinterp.attribution.rules.intercept import Interceptor, choice_parts
from seqinterp.attribution.rules.opaque import eager, refuse_scripted
from seqinterp.attribution.rules.operations import Kind
from seqinterp.attribution.rules.replay import Ruled
from seqinterp.shapes import Inputs

NAMED = frozenset("relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish softplus hardswish".split())  # noqa: SIM905
# rectifiers or not, as their bounds have it
HINGES = frozenset("clamp clip clamp_min hardtanh threshold _threshold maximum fmax max".split())  # noqa: SIM905
_ABOVE = frozenset(("gt", "ge", "greater", "greater_equal"))
_BELOW = frozenset(("lt", "le", "less", "less_equal"))
_KINDS = frozenset((Kind.SMOOTH, Kind.KINKED, Kind.LARGEST, Kind.CHOICE))

# (the rectifier, which operand is rectified, the gradient of its output) -> what each operand receives
RectifierRule = Callable[[Held, int, Tensor], tuple[Tensor, ...]]


def guided(held: Held, place: int, gradient: Tensor) -> tuple[Tensor, ...]:
    """Positive gradients, through what was positive: g+ f'(x), of which a hinge takes f'(0) = 0."""
    forward = gradient.clamp(min=0)
    if held.word in HINGES:
        (here,) = held.operands
        return ((forward * ((here > 0) & (held.output == here))).sum_to_size(here.shape),)
    return vector_jacobian(held.run, held.operands, forward)[0]


def deconvolved(held: Held, place: int, gradient: Tensor) -> tuple[Tensor, ...]:
    """Positive gradients, whatever went forward: the rectifier is applied to the signal that comes back."""
    back = [torch.zeros_like(operand) for operand in held.operands]
    back[place] = gradient.clamp(min=0).sum_to_size(back[place].shape)
    return tuple(back)


class RectifierReplay(Interceptor):
    """Runs the model's code as it is, with a rule for the backward pass of its rectifiers."""

    def __init__(self, rule: RectifierRule) -> None:
        super().__init__(_KINDS)
        self.rule = rule
        # by the id of a condition: the condition, the number whose sign it asks, its version then, is it "above zero"
        self.signs: dict[int, tuple[Tensor, Tensor, int, bool]] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = super().__torch_function__(func, types, args, kwargs)
        word = name_of(func).word
        if word in _ABOVE or word in _BELOW:
            self._remember(word in _ABOVE, [*args, *(kwargs or {}).values()], result)
        return result

    def treat(self, kind: Kind, call: Call) -> Any:
        """Compute the operation; a rectifier gets the rule."""
        place = self._place(kind, call)
        if place is None:
            return self._as_it_is(call)
        with torch.no_grad():
            output = call.recipe.run(*call.operands)
        held = self.hold(kind, call, output)
        note_rule(held.word, self.rule.__name__)
        rule = partial(_bound, self.rule, place)
        return self.hand_over(call, output, Ruled.apply(held, rule, [output], *call.operands))

    def _as_it_is(self, call: Call) -> Any:
        if call.writes_to is None:
            return call.recipe.function(*call.arguments, **call.keywords)
        self.keeper.about_to_write([call.writes_to])
        asked = {"inplace": True} if "inplace" in call.keywords else {}  # read_call had switched it off
        return call.recipe.function(*call.arguments, **{**call.keywords, **asked})

    def _place(self, kind: Kind, call: Call) -> int | None:
        """Which operand the call rectifies; None when it is no rectifier."""
        if kind is Kind.CHOICE:
            return self._place_in_choice(call)
        given = next(iter((*call.arguments, *call.keywords.values())))
        if call.word in NAMED:
            return 0 if given is call.operands[0] else None
        return 0 if kind is Kind.KINKED and call.word in HINGES and _is_hinge(call) else None

    def _place_in_choice(self, call: Call) -> int | None:
        condition, taken, otherwise = choice_parts(call.recipe, *call.operands)
        _, number, version, above = self.signs.get(id(condition), (None, None, 0, False))
        if number is None or number is not (taken if above else otherwise) or number._version != version:
            return None
        return next(place for place, operand in enumerate(call.operands) if operand is number)

    def _remember(self, above: bool, compared: list[Any], condition: object) -> None:
        """Keep which number was compared with zero."""
        if len(compared) != 2 or not isinstance(condition, Tensor):
            return
        one, other = compared
        if is_live(one) and _is_zero(other):
            self.signs[id(condition)] = (condition, one, one._version, above)
        elif is_live(other) and _is_zero(one):
            self.signs[id(condition)] = (condition, other, other._version, not above)


def rectified_slopes(score: Score, rows: Inputs, rule: RectifierRule) -> Inputs:
    """Slopes of the score when its rectifiers go backwards by `rule`.

    Raises:
        ModelError: the score cannot be differentiated, or the model is TorchScript.
    """
    refuse_scripted(score)
    with eager(), differentiable(rows) as leaf:
        with RectifierReplay(rule):
            total = score(leaf.clone()).sum()
        require_slope(total)
        (slopes,) = torch.autograd.grad(total, leaf)
    return slopes


def _bound(rule: RectifierRule, place: int, held: Held, gradient: Tensor) -> tuple[Tensor, ...]:
    return rule(held, place, gradient)


def _is_hinge(call: Call) -> bool:
    """Whether it gives 0 below zero and the number itself above, up to 2 at least."""
    if len(call.operands) != 1:
        return False
    like = call.operands[0].detach()
    asked = {-1.0: 0.0, torch.finfo(like.dtype).tiny: torch.finfo(like.dtype).tiny, 2.0: 2.0}
    with torch.no_grad():
        return all(
            bool((call.recipe.run(like.new_tensor(given).expand(like.shape)) == owed).all())
            for given, owed in asked.items()
        )


def _is_zero(value: object) -> bool:
    if isinstance(value, Tensor):
        return not value.requires_grad and not bool(value.any())
    return isinstance(value, int | float) and value == 0
