"""The door that every torch function of the model's code passes through; nothing is hooked on the model."""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from seqinterp.attribution.notes import note_warning
from seqinterp.attribution.rules.call import Call, Recipe, first_tensor, is_live, name_of, read_call, with_first_tensor
from seqinterp.attribution.rules.held import Held, Keeper
from seqinterp.attribution.rules.opened import OPENED
from seqinterp.attribution.rules.operations import ANSWERS, KINDS, READS, Kind

LOOKED_UP = {"embedding", "embedding_bag", "one_hot"}
# of these a call with one live operand is linear in it
_PRODUCTS = {Kind.WEIGHTED, Kind.MULTILINEAR}
_OF_TWO = {"maximum", "minimum", "fmax", "fmin"}


class Interceptor(TorchFunctionMode):
    """Runs linear operations as they are and hands the others to `treat`.

    Operations with a body of their own (attention, recurrent layers) are opened: their parts come through the door.
    """

    def __init__(self, treated: frozenset[Kind]) -> None:
        super().__init__()
        self.treated = treated
        self.keeper = Keeper()
        self.answers: dict[int, Any] = {}  # comparisons and indices of live numbers, held so that ids stay theirs

    def treats(self, kind: Kind, word: str) -> bool:
        """Whether an operation is handed to `treat`."""
        return kind in self.treated and word not in READS

    @abstractmethod
    def treat(self, kind: Kind, call: Call) -> Any:
        """Give what the model's code receives for this call."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        keywords = kwargs or {}
        name = name_of(func)
        if name.word in OPENED and any(map(is_live, (*args, *keywords.values()))):
            with self:
                return OPENED[name.word](func, *args, **keywords)
        kind = KINDS.get(name.word, Kind.UNKNOWN)
        if self.treats(kind, name.word) and (call := read_call(func, args, keywords)) is not None:
            kind = kind_of_call(kind, call)
            if self.treats(kind, name.word):
                return self.treat(kind, call)
        if name.in_place:
            self.keeper.about_to_write(args[:1])
        if "out" in keywords:
            self.keeper.about_to_write([keywords["out"]])
        self._mention(name.word, args)
        result = func(*args, **keywords)
        if name.word in ANSWERS and self._depends(args):
            self.answers[id(result)] = result
        return result

    def _depends(self, values: tuple[Any, ...]) -> bool:
        """Whether any of the values is live, or an answer about live numbers."""
        return any(is_live(value) or id(value) in self.answers for value in values)

    def _mention(self, word: str, args: tuple[Any, ...]) -> None:
        """Say when the model's code goes where no rule can follow."""
        if word in READS and self._depends(args):
            self.read(word)
        elif word == "_set_grad_enabled" and args == (False,):
            note_warning("the model's code switches gradients off for a part of it, which no rule can follow")
        elif word in LOOKED_UP and self._depends(args):
            note_warning(f"the model's code looks up values by what it found in the inputs ({word})")

    def read(self, word: str) -> None:
        """The model's code takes a number out of the graph."""
        note_warning(f"the model's code reads values out of the graph ({word}), where no rule can follow them")

    def hand_over(self, call: Call, result: Any, output: Tensor) -> Any:
        """What the model's code receives: `result` with `output` in it, written where it asked for."""
        if call.writes_to is None:
            return with_first_tensor(result, output)
        self.keeper.about_to_write([call.writes_to])
        return call.writes_to.copy_(output)

    def hold(self, kind: Kind, call: Call, result: Any) -> Held:
        """Keep one operation, with copies where the call itself writes in place."""
        output = first_tensor(result)
        operands = tuple(operand.detach() for operand in call.operands)
        if call.writes_to is not None:
            operands = tuple(operand.clone() for operand in operands)
        held = Held(call.word, kind, call.recipe.run, operands, output.detach())
        if kind is Kind.CHOICE:
            held.companions = tuple(part.expand(output.shape) for part in choice_parts(call.recipe, *operands))
            held.branches = partial(_branches, call.recipe)
        elif call.word.endswith("_with_indices"):
            held.companions = (result[1],)
        return self.keeper.keep(held)


def kind_of_call(kind: Kind, call: Call) -> Kind:
    """The kind of this very call, which may be simpler than that of the operation."""
    alone = len(call.operands) == 1
    if call.word in ("div", "divide", "true_divide") and alone:
        reversed_ = getattr(call.recipe.function, "__name__", "") in ("__rdiv__", "__rtruediv__")
        above = call.arguments[0] if call.arguments else call.keywords.get("input")
        return Kind.LINEAR if above is call.operands[0] and not reversed_ else Kind.SMOOTH
    if call.word == "batch_norm" and _uses_batch_statistics(call):
        return Kind.NORMALISED
    if call.word in _OF_TWO or (call.word in ("max", "min") and _second_is_tensor(call)):
        return Kind.KINKED if alone else kind
    if kind is Kind.CHOICE and len(call.arguments) + len(call.keywords) == 1:
        return Kind.LINEAR  # torch.where(condition): positions, not values
    if kind in _PRODUCTS and alone:
        return Kind.WEIGHTED if kind is Kind.WEIGHTED else Kind.LINEAR
    return Kind.MULTILINEAR if kind in _PRODUCTS else kind


def _uses_batch_statistics(call: Call) -> bool:
    training = call.arguments[5] if len(call.arguments) > 5 else call.keywords.get("training", False)
    return bool(training)


def _second_is_tensor(call: Call) -> bool:
    second = call.arguments[1] if len(call.arguments) > 1 else call.keywords.get("other")
    return isinstance(second, Tensor)


def choice_parts(recipe: Recipe, *operands: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Condition, what is taken where it holds, and what is taken elsewhere, of `where` and `masked_fill`."""
    arguments, keywords = recipe.fill(*operands)
    given = [*arguments, *keywords.values()]
    if recipe.word == "masked_fill":
        otherwise, condition, taken = given
    elif getattr(recipe.function, "__objclass__", None) is not None:  # a method: taken.where(condition, otherwise)
        taken, condition, otherwise = given
    else:
        condition, taken, otherwise = given
    dtype, device = operands[0].dtype, operands[0].device
    branches = [torch.as_tensor(branch, dtype=dtype, device=device) for branch in (taken, otherwise)]
    return condition, branches[0], branches[1]


def _branches(recipe: Recipe, *operands: Tensor) -> tuple[Tensor, Tensor]:
    return choice_parts(recipe, *operands)[1:]
