"""The replay pass of relevance propagation: the model's own code, with rules and ledger entries for its operations."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from seqinterp.attribution.gradient import require_slope
from seqinterp.attribution.notes import note_rule
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.call import Call, first_tensor, has_values
from seqinterp.attribution.rules.held import Held
from seqinterp.attribution.rules.intercept import Interceptor
from seqinterp.attribution.rules.layout import Layout, find_layout
from seqinterp.attribution.rules.lrp import relevance
from seqinterp.attribution.rules.lrp.composites import Composite
from seqinterp.attribution.rules.lrp.frozen import frozen_form
from seqinterp.attribution.rules.lrp.ledger import BIAS, Entry, Ledger, carried
from seqinterp.attribution.rules.lrp.plan import Plan, Step, make_plan
from seqinterp.attribution.rules.lrp.terms import Epsilon, Pass, Rule, ZBox
from seqinterp.attribution.rules.lrp.weighted import Weighted, read_weighted
from seqinterp.attribution.rules.lrp.words import FOR_ZEROS, SCALES, STRAIGHT, TREATED, treats
from seqinterp.attribution.rules.operations import Kind
from seqinterp.attribution.rules.partners import Unclear, require_same
from seqinterp.attribution.rules.replay import Rule as Backward, Ruled
from seqinterp.errors import InputError
from seqinterp.shapes import Attributions, Inputs

_QUOTIENTS = {"div", "divide", "true_divide"}


def propagate(score: Score, rows: Inputs, composite: Composite) -> tuple[Attributions, dict[str, Tensor]]:
    """Relevance of the inputs, and of every sink per row.

    Raises:
        Unclear: it cannot be seen which numbers belong to which row; never for one row.
        ModelError: the score cannot be differentiated, or the model's control flow depends on the values.
    """
    count = len(rows)
    few = rows if count == 1 else rows[torch.arange(2 if count > 2 else 3, device=rows.device) % 2]
    plan = make_plan(score, few, composite)
    ledger = Ledger(count)
    with torch.inference_mode(False), torch.enable_grad():
        leaf = rows.detach().clone().requires_grad_()
        with RelevanceReplay(plan, ledger):
            found = score(leaf.clone())
        require_slope(found)
        (multipliers,) = torch.autograd.grad(found.sum(), leaf)
    values = relevance.present(rows) if plan.fills else rows
    return multipliers * values, ledger.totals(rows)


class RelevanceReplay(Interceptor):
    """Computes every operation as it is; backwards, relevance is shared out and booked."""

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        super().__init__(TREATED)
        self.plan, self.ledger = plan, ledger
        self.met = 0
        # by the step of a layer that a batch norm is folded into
        self.waiting: dict[int, tuple[Weighted, Rule]] = {}
        self.received: dict[int, Tensor] = {}

    def treats(self, kind: Kind, word: str) -> bool:
        """See `treats`."""
        return treats(kind, word)

    def treat(self, kind: Kind, call: Call) -> Any:
        """Compute the operation; linear ones keep their gradient."""
        weighted = read_weighted(call) if kind is Kind.WEIGHTED else None
        linear = weighted is None and (kind in STRAIGHT or kind is Kind.WEIGHTED) and not self._scales(call)
        stabilised = weighted is not None and isinstance(self._peek(call.word).rule, Epsilon)
        with torch.set_grad_enabled(torch.is_grad_enabled() and (linear or stabilised)):
            result = call.recipe.result(*call.operands)
        if not has_values(result):
            return result
        output, step = first_tensor(result), self._peek(call.word)
        self.met += 1
        if linear:
            self._see_linear(call, output, step)
            return self.hand_over(call, result, output)
        held = self.hold(kind, call, output)
        if weighted is None:
            rule = self._rule(call, held, step)
        else:
            self._say(call.word, step)
            if stabilised:
                self._stabilise(weighted, held, output, step)
                return self.hand_over(call, result, output)
            rule = self._share(weighted, held, step)
        return self.hand_over(call, result, Ruled.apply(held, rule, [output], *call.operands))

    def _peek(self, word: str) -> Step:
        """The plan of the operation that is met next."""
        steps = self.plan.steps
        then = steps[self.met].held.word if self.met < len(steps) else "nothing more"
        if then != word and self.ledger.rows > 1:
            raise Unclear
        if then != word:
            require_same(word, then)
        return steps[self.met]

    def _scales(self, call: Call) -> bool:
        """Whether to treat a linear operation as one on single numbers, because zeros have relevance."""
        return self.plan.fills and call.word in SCALES and len(call.operands) == 1

    def _see_linear(self, call: Call, output: Tensor, step: Step) -> None:
        """Book what a linear operation makes of constants; that of a folded batch norm is its layer's bias."""
        if not output.requires_grad:
            return
        if step.folded is not None:
            self._fold(call, output, step)
            return
        if call.word in FOR_ZEROS and not self.plan.fills:
            return
        with torch.no_grad():
            constant = call.recipe.run(*map(torch.zeros_like, call.operands))
            if self.plan.fills:  # what the operation does to the tiny numbers that stand for zeros
                added = relevance.present(output) - call.recipe.run(*map(relevance.present, call.operands)) + constant
                constant = torch.where(output == 0, added, constant)
        if constant.device.type != "cpu" or bool(constant.any()):  # on a GPU the question would cost more
            output.register_hook(partial(_book_constant, self._entry(output, step), constant))

    def _fold(self, norm: Call, output: Tensor, step: Step) -> None:
        """At a batch norm that is folded into the layer before it: the layer's rule starts from here."""
        layer = step.folded
        assert layer is not None
        if layer in self.waiting:  # LRP-epsilon: a new gradient for the norm's output is all it needs
            weighted, rule = self.waiting.pop(layer)
            held = self.hold(Kind.WEIGHTED, norm, output)
            output.register_hook(partial(_stabilised, weighted, rule, held, self._entry(output, step)))
        else:
            output.register_hook(partial(self.received.__setitem__, layer))

    def _stabilise(self, weighted: Weighted, held: Held, output: Tensor, step: Step) -> None:
        """LRP-0 or LRP-epsilon, now or at the batch norm that is folded into the layer."""
        assert step.rule is not None
        if step.scale is not None and step.shift is not None and step.norm is not None:
            self.waiting[self.met - 1] = weighted.folded(step.scale, step.shift), step.rule
        elif output.requires_grad:
            output.register_hook(partial(_stabilised, weighted, step.rule, held, self._entry(output, step)))

    def _share(self, weighted: Weighted, held: Held, step: Step) -> Backward:
        """Any other rule of a weighted operation."""
        rule, entry = step.rule, self._entry(held.output, step)
        assert rule is not None
        if isinstance(rule, Pass) and held.output.shape != held.operands[0].shape:
            raise InputError(
                f"the LRP rule Pass needs a layer whose inputs and outputs have one shape, but {held.word} takes"
                f" {tuple(held.operands[0].shape[1:])} to {tuple(held.output.shape[1:])}; give that layer another rule"
            )
        if isinstance(rule, ZBox):
            _require_in_box(held.operands[0], rule)
        if step.norm is None or step.scale is None or step.shift is None:
            return partial(_shared, weighted, rule, entry)
        scale, shift = weighted.spread(step.scale), weighted.spread(step.shift)
        after = replace(held, output=held.output * scale + shift)
        folded = weighted.folded(step.scale, step.shift)
        return partial(_shared_from_norm, folded, rule, entry, after, partial(self.received.pop, self.met - 1))

    def _rule(self, call: Call, held: Held, step: Step) -> Backward:
        """The rule of an operation that has no weights."""
        entry, rule = self._entry(held.output, step), relevance.gradient_and_remainder
        if held.kind in (Kind.SMOOTH, Kind.KINKED, Kind.LINEAR) and relevance.is_elementwise(held):
            rule = partial(relevance.elementwise, fills=self.plan.fills)
        elif held.kind is Kind.MULTILINEAR:
            rule = relevance.product
        elif held.word in _QUOTIENTS and len(held.operands) == 2:
            rule = relevance.quotient
        elif held.kind is Kind.NORMALISED and (form := frozen_form(call)) is not None:
            rule = partial(relevance.normalised, form)
        else:
            layouts = map(self._layout, held.operands, step.held.operands)
            entry = replace(entry, operands=tuple(layouts))
        note_rule(held.word, getattr(rule, "func", rule).__name__)
        return lambda held, gradient: rule(held, gradient, entry)

    def _entry(self, output: Tensor, step: Step) -> Entry:
        """Where an operation books."""
        return Entry(self.ledger, self._layout(output, step.held.output))

    def _layout(self, now: Tensor, then: Tensor) -> Layout | None:
        """Where the rows of a tensor lie; one row needs no layout."""
        if self.ledger.rows == 1:
            return None
        found = find_layout(now, then, self.ledger.rows, self.plan.rows)
        if found is None:
            raise Unclear
        return found

    def _say(self, word: str, step: Step) -> None:
        """Note the rule of a layer."""
        note_rule(word, type(step.rule).__name__.lower())


def _book_constant(entry: Entry, constant: Tensor, gradient: Tensor) -> None:
    entry.book(BIAS, carried(gradient, constant))


def _stabilised(weighted: Weighted, rule: Rule, held: Held, entry: Entry, gradient: Tensor) -> Tensor:
    return relevance.stabilised(weighted, rule, held.output, entry, gradient)


def _shared(weighted: Weighted, rule: Rule, entry: Entry, held: Held, gradient: Tensor) -> tuple[Tensor, ...]:
    return relevance.share_out(weighted, rule, held, gradient, entry)


def _shared_from_norm(
    weighted: Weighted,
    rule: Rule,
    entry: Entry,
    after: Held,
    received: Callable[[], Tensor],
    held: Held,
    gradient: Tensor,
) -> tuple[Tensor, ...]:
    """`_shared` for a layer with its batch norm: `after` it, and by what it `received`."""
    return relevance.share_out(weighted, rule, after, received(), entry)


def _require_in_box(values: Tensor, rule: ZBox) -> None:
    """Raise InputError for values outside of the box."""
    low, high = float(values.min()), float(values.max())
    if low < rule.low or high > rule.high:
        raise InputError(
            f"the LRP rule ZBox({rule.low:g}, {rule.high:g}) is for a layer whose inputs lie between its bounds, but"
            f" they lie between {low:.4g} and {high:.4g}; pass those bounds, and use it only where the inputs are read"
        )
