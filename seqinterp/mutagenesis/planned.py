"""The plan of a model, made once: kept as long as the model lives and its weights stay as they are."""

from collections import OrderedDict
from collections.abc import Hashable
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
KEPT = 16  # plans of one model: targets and lengths
_PLAIN = (int, float, str, bool, tuple, type(None))
_plans: "WeakKeyDictionary[nn.Module, OrderedDict[Any, tuple[Any, Planned | Untraceable]]]" = WeakKeyDictionary()


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


def planned(function: nn.Module, inputs: Sequences, *, fresh: bool = True) -> Planned:
    """The plan of a model or score for inputs of this shape.

    fresh: look whether the model has changed since; without it the last plan for the target and shape is taken.

    Raises:
        Untraceable: there is none; the message says why.
    """
    kept, key = _place(function, inputs)
    state = _state(function) if fresh or key not in kept else kept[key][0]
    if key not in kept or kept[key][0] != state:
        kept[key] = (state, _plan(function, inputs))
        while len(kept) > KEPT:
            kept.popitem(last=False)
    found: Planned | Untraceable = kept.get(key, (state, Untraceable("too many plans were asked for at once")))[1]
    if isinstance(found, Untraceable):
        raise found
    return found


def give_up(function: nn.Module, inputs: Sequences, reason: str) -> None:
    """From now on there is no plan for this model as it is."""
    kept, key = _place(function, inputs)
    kept[key] = (_state(function), Untraceable(reason))


def _place(function: nn.Module, inputs: Sequences) -> "tuple[OrderedDict[Any, tuple[Any, Planned | Untraceable]], Any]":
    """Where the plans of a model are, and which of them it is."""
    model, target = (function.model, function.target) if isinstance(function, Score) else (function, None)
    if not isinstance(target, Hashable):
        raise Untraceable("the target cannot be told from others (it has no hash)")
    return _plans.setdefault(model, OrderedDict()), (target, tuple(inputs.shape[1:]))


def _plan(function: nn.Module, inputs: Sequences) -> "Planned | Untraceable":
    """A new plan, or why there is none."""
    if any(tensor.dtype != torch.float32 for tensor in [inputs, *function.parameters()]):
        return Untraceable("the model or its inputs are not in single precision; model.float() makes it so")
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
    """What tells a model that has changed: sums of its weights, its options, its hooks."""
    tensors = [*function.parameters(), *function.buffers()]
    with torch.no_grad():
        sums = [float(tensor.detach().sum(dtype=torch.float64)) if not tensor.is_meta else 0.0 for tensor in tensors]
    modules = tuple(
        (type(module), tuple(module._forward_hooks), tuple(module._forward_pre_hooks), *_options(module))
        for module in function.modules()
    )
    return tuple(tensor.data_ptr() for tensor in tensors), tuple(sums), modules


def _options(module: nn.Module) -> tuple[Any, ...]:
    """The plain attributes of a module: slopes, sizes, switches."""
    return tuple((name, value) for name, value in vars(module).items() if isinstance(value, _PLAIN))
