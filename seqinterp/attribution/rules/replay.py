"""The replay pass: the model's own code, with a rule for the backward pass of every treated operation."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from seqinterp.attribution.notes import note_rule, note_without_rule
from seqinterp.attribution.rules.call import Call, first_tensor, has_several_values, has_values
from seqinterp.attribution.rules.held import Held
from seqinterp.attribution.rules.intercept import Interceptor
from seqinterp.attribution.rules.operations import Kind
from seqinterp.attribution.rules.partners import Other, Partners, Unclear

# reads that can decide what the model's code does next
DECISIONS = {"__bool__", "__int__", "__float__", "__index__", "__contains__", "item", "tolist"}
# (the operation, the gradient of its output) -> what each operand receives
Rule = Callable[[Held, Tensor], tuple[Tensor, ...]]
# (the operation, the same for the partner rows, the gradient of its output) -> what each operand receives
PairRule = Callable[[Held, Other, Tensor], tuple[Tensor, ...]]


class Replay(Interceptor):
    """Computes every treated operation as it is; backwards, its rule speaks in place of its derivative."""

    def __init__(self, rules: Mapping[Kind, Any]) -> None:
        super().__init__(frozenset(rules))
        self.rules = rules

    def treat(self, kind: Kind, call: Call) -> Any:
        """Compute the operation, with the rule of its kind for the backward pass."""
        with torch.no_grad():
            result = call.recipe.result(*call.operands)
        if not has_values(result):
            return result
        if has_several_values(result):
            note_without_rule(call.word, 1.0)
            return call.recipe.result(*call.operands)
        output = first_tensor(result)
        held = self.hold(kind, call, result)
        note_rule(held.word, self.rules[kind].__name__)
        return self.hand_over(call, result, Ruled.apply(held, self.rule_for(held), [output], *call.operands))

    def rule_for(self, held: Held) -> Rule:
        """The rule of this operation."""
        rule: Rule = self.rules[held.kind]
        return rule


class PairReplay(Replay):
    """A replay whose rules compare each row with its partner."""

    def __init__(self, rules: Mapping[Kind, PairRule], partners: Partners) -> None:
        super().__init__(rules)
        self.partners = partners
        self.met = 0

    def rule_for(self, held: Held) -> Rule:
        """The rule of this operation, bound to its other side."""
        other = self.partners.meet(self.met, held)
        self.met += 1
        return partial(_compared, self.rules[held.kind], other)

    def read(self, word: str) -> None:
        """Rows that share a pass would share what the code does with the number."""
        super().read(word)
        if self.partners.within_one_pass and word in DECISIONS:
            raise Unclear


def _compared(rule: PairRule, other: Other, held: Held, gradient: Tensor) -> tuple[Tensor, ...]:
    return rule(held, other, gradient)


class Ruled(torch.autograd.Function):
    """An output computed elsewhere, with a rule as its backward pass."""

    @staticmethod
    def forward(ctx: Any, held: Held, rule: Rule, output: list[Tensor], *operands: Tensor) -> Tensor:
        """Pass on the one tensor in `output` (boxed: autograd must not take it for an operand)."""
        ctx.held, ctx.rule = held, rule
        return output.pop()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Ask the rule."""
        return (None, None, None, *ctx.rule(ctx.held, gradients[0]))
