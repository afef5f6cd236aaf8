"""The record pass of relevance propagation: the operations in order, the layers, the batch norms to be folded."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.call import Call, first_tensor, has_values, name_of
from seqinterp.attribution.rules.held import Held
from seqinterp.attribution.rules.intercept import Interceptor
from seqinterp.attribution.rules.lrp.composites import Composite, Layer
from seqinterp.attribution.rules.lrp.terms import Rule, fills
from seqinterp.attribution.rules.lrp.weighted import read_weighted, scale_and_shift
from seqinterp.attribution.rules.lrp.words import LOOKS, STRAIGHT, TREATED, treats
from seqinterp.attribution.rules.operations import Kind
from seqinterp.shapes import Inputs


@dataclass
class Step:
    """One operation of the record pass.

    layer, rule: of a weighted operation its place and what it does with relevance.
    norm: of a weighted operation the step of the batch norm that is folded into it; scale, shift: what that does.
    folded: of a batch norm the step of the weighted operation it is folded into.
    """

    held: Held
    layer: Layer | None = None
    rule: Rule | None = None
    norm: int | None = None
    scale: Tensor | None = None
    shift: Tensor | None = None
    folded: int | None = None


@dataclass
class Plan:
    """All steps, and how many rows they were recorded for.

    fills: a rule gives relevance to zeros.
    """

    steps: list[Step]
    rows: int
    fills: bool


@dataclass
class _Watched:
    """The output of a weighted operation, and how often the model's code used it."""

    step: int
    output: Tensor
    uses: int = 0
    norm: int | None = None


@dataclass
class _Layers:
    """What is seen of the weighted operations while the pass runs."""

    words: dict[int, tuple[str, bool]] = field(default_factory=dict)
    watched: dict[int, _Watched] = field(default_factory=dict)
    nodes: set[Any] = field(default_factory=set)  # autograd's nodes of all that is not linear


class RelevanceRecorder(Interceptor):
    """Runs every operation as it is and keeps what relevance propagation needs to know beforehand."""

    def __init__(self) -> None:
        super().__init__(TREATED)
        self.steps: list[Step] = []
        self.layers = _Layers()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if name_of(func).word not in LOOKS:
            for leaf in pytree.tree_leaves((args, kwargs)):
                if (watched := self.layers.watched.get(id(leaf))) is not None:
                    watched.uses += 1
        return super().__torch_function__(func, types, args, kwargs)

    def treats(self, kind: Kind, word: str) -> bool:
        """See `treats`."""
        return treats(kind, word)

    def treat(self, kind: Kind, call: Call) -> Any:
        """Run the operation and keep it."""
        result = call.recipe.result(*call.operands)
        if not has_values(result):
            return result
        output = first_tensor(result)
        step = len(self.steps)
        self.steps.append(Step(self.hold(kind, call, output)))
        if kind is Kind.WEIGHTED:
            self._see_weighted(step, call, output)
        elif kind not in STRAIGHT and output.grad_fn is not None:
            self.layers.nodes.add(output.grad_fn)
        return self.hand_over(call, result, output)

    def _see_weighted(self, step: int, call: Call, output: Tensor) -> None:
        """Note a layer, or the batch norm of one."""
        if (weighted := read_weighted(call)) is not None:
            self.layers.words[step] = (call.word, self._reads_inputs(call.operands[0]))
            if weighted.can_fold(output):
                self.layers.watched[id(output)] = _Watched(step, output)
        watched = self.layers.watched.get(id(call.operands[0]))
        if call.word == "batch_norm" and watched is not None:
            watched.norm = step
            self.steps[watched.step].scale, self.steps[watched.step].shift = scale_and_shift(call, output.shape[1])
        if call.word != "batch_norm" and output.grad_fn is not None:
            self.layers.nodes.add(output.grad_fn)

    def _reads_inputs(self, operand: Tensor) -> bool:
        """Whether nothing but linear operations without weights lies between the inputs and an operand."""
        waiting, seen = [operand.grad_fn], set()
        while waiting:
            node = waiting.pop()
            if node in self.layers.nodes:
                return False
            if node is not None and node not in seen:
                seen.add(node)
                waiting.extend(parent for parent, _ in node.next_functions)
        return True

    def plan(self, rows: int, composite: Composite) -> Plan:
        """Everything seen, with the rule of every layer."""
        words = self.layers.words
        for index, (step, (word, is_first)) in enumerate(words.items()):
            layer = Layer(index, len(words), word, is_first)
            self.steps[step].layer, self.steps[step].rule = layer, composite(layer)
        for watched in self.layers.watched.values():
            if watched.norm is not None and watched.uses == 1:
                self.steps[watched.step].norm, self.steps[watched.norm].folded = watched.norm, watched.step
        rules = [step.rule for step in self.steps if step.rule is not None]
        return Plan(self.steps, rows, any(map(fills, rules)))


def make_plan(score: Score, rows: Inputs, composite: Composite) -> Plan:
    """Run the score on `rows` and write down its operations."""
    recorder = RelevanceRecorder()
    with torch.inference_mode(False), torch.enable_grad():
        leaf = rows.detach().clone().requires_grad_()
        with recorder:
            score(leaf.clone())
    return recorder.plan(len(rows), composite)
