"""The plan of a model, made once: kept as long as the model lives and its weights stay as they are."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from seqinterp.attribution.protocol import Score
from seqinterp.errors import SeqinterpError
from seqinterp.mutagenesis.edits import Edits
from seqinterp.mutagenesis.plan import Plan, make_plan
from seqinterp.mutagenesis.trace import Untraceable, trace
from seqinterp.shapes import EditOutputs, Effects, Sequences

_FAILURES = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError)
KEPT = 4  # plans of one model: targets and lengths
_plans: "WeakKeyDictionary[nn.Module, OrderedDict[Any, Planned | Untraceable]]" = WeakKeyDictionary()


@dataclass(eq=False)
class Planned:
    """A plan and what has been made of it for each device.

    saving: how many times fewer operations an edit takes than a forward pass, as far as operations can be counted.
    """

    plan: Plan
    saving: float
    engines: dict[str, Any] = field(default_factory=dict)

    def effects(self, function: nn.Module, inputs: Sequences, edits: Edits, backend: str) -> EditOutputs:
        """The effects of edits, on the device of the inputs."""
        if backend == "windows" or inputs.device.type != "cpu":
            from seqinterp.mutagenesis.windows import windowed_effects

            return windowed_effects(function, self.plan, inputs, edits)
        from seqinterp.mutagenesis.exact import exact_effects

        return exact_effects(function, self.engine(), inputs, edits)

    @property
    def covers_a_score(self) -> bool:
        """Whether the kernels alone give the effects on a score, one number for each example."""
        return not self.plan.in_full and self.plan.result_shape == ()

    def substitutions(self, inputs: Sequences, start: int, stop: int) -> Effects:
        """The effects of all substitutions on a score, (batch, 4, position)."""
        from seqinterp.mutagenesis.exact import exact_substitutions

        return exact_substitutions(self.engine(), inputs, start, stop)

    def engine(self) -> Any:
        """The plan packed for the kernels."""
        if "kernels" not in self.engines:
            from seqinterp.mutagenesis.engine import Engine  # loads numba

            self.engines["kernels"] = Engine(self.plan)
        return self.engines["kernels"]

    def first_difference(self, function: nn.Module, inputs: Sequences) -> str:
        """The first operation whose numbers, for the first sequence, differ from the model's."""
        from seqinterp.mutagenesis.compare import first_difference

        return first_difference(self.plan, self.engine(), function, inputs[:1])


def planned(function: nn.Module, inputs: Sequences) -> Planned:
    """The plan of a model or score for inputs of this shape.

    Raises:
        Untraceable: there is none; the message says why.
    """
    model, target = (function.model, function.target) if isinstance(function, Score) else (function, None)
    kept = _plans.setdefault(model, OrderedDict())
    key = (target, tuple(inputs.shape[1:]), _state(function))
    if key not in kept:
        kept[key] = _plan(function, inputs)
        while len(kept) > KEPT:
            kept.popitem(last=False)
    found = kept[key]
    if isinstance(found, Untraceable):
        raise found
    return found


def _plan(function: nn.Module, inputs: Sequences) -> "Planned | Untraceable":
    """A new plan, or why there is none."""
    if inputs.dtype != torch.float32:
        return Untraceable("the inputs are not in single precision")
    if any(module.training for module in function.modules() if module is not function):
        return Untraceable("the model is in training mode")
    try:
        traced = trace(function, _rows(inputs))
    except Untraceable as reason:
        return reason
    except SeqinterpError:
        raise
    except _FAILURES as error:  # of the user's own code: it may refuse a batch of two, say
        return Untraceable(f"the model's code cannot be traced ({type(error).__name__}: {error})")
    try:
        plan = make_plan(traced)
    except Untraceable as reason:
        return reason
    return Planned(plan, plan.saving())


def _rows(inputs: Sequences) -> Tensor:
    """Two sequences: code that drops an axis of size 1 keeps the batch."""
    return inputs[:2] if len(inputs) > 1 else inputs.repeat(2, 1, 1)


def _state(function: nn.Module) -> tuple[Any, ...]:
    """What changes when a weight does, or moves."""
    tensors = [*function.parameters(), *function.buffers()]
    return tuple((tensor.data_ptr(), -1 if tensor.is_inference() else tensor._version) for tensor in tensors)
