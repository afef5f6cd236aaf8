"""Reading one call of a torch function: its name, its live operands, and the operation as a function of those alone."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

Function = Callable[..., Any]
_IN_PLACE_DUNDERS = {
    "__setitem__": "setitem",
    "__iadd__": "add",
    "__isub__": "sub",
    "__imul__": "mul",
    "__idiv__": "div",
    "__itruediv__": "div",
    "__ipow__": "pow",
}
_DUNDERS = {
    "__getitem__": "getitem",
    "__rsub__": "rsub",
    "__radd__": "add",
    "__rmul__": "mul",
    "__rdiv__": "div",
    "__rtruediv__": "div",
    "__truediv__": "div",
    "__rpow__": "pow",
    "__rmatmul__": "matmul",
    "log_sigmoid": "logsigmoid",
}
_TENSOR_ATTRIBUTES = ("T", "mT", "H", "mH", "real", "imag", "data")
# not operations, though a tensor has a method of the bare name
_KEPT_DUNDERS = frozenset(
    [
        "__get__",
        "__set__",
        "__len__",
        "__iter__",
        "__format__",
        "__repr__",
        "__hash__",
        "__bool__",
        "__int__",
        "__float__",
        "__index__",
    ]
)


@dataclass(frozen=True)
class Name:
    """What an operation is called in the table, and whether it writes into its first argument."""

    word: str
    in_place: bool


@lru_cache(4096)
def name_of(function: Function) -> Name:
    """The table's word for a torch function: `Tensor.relu_` is relu in place, `1 / x` is div."""
    word = getattr(function, "__name__", "?")
    if word == "__get__":  # an attribute of a tensor; only a few give a new tensor
        attribute = getattr(getattr(function, "__self__", None), "__name__", "")
        return Name(attribute if attribute in _TENSOR_ATTRIBUTES else word, False)
    if word in _IN_PLACE_DUNDERS:
        return Name(_IN_PLACE_DUNDERS[word], True)
    if word in _DUNDERS:
        return Name(_DUNDERS[word], False)
    if word.startswith("__") and word.endswith("__"):
        bare = word.strip("_")
        known = hasattr(torch.Tensor, bare) and word not in _KEPT_DUNDERS
        return Name(bare if known else word, False)
    if word.endswith("_") and not word.startswith("_"):
        return Name(word[:-1], True)
    return Name(word, False)


@dataclass(frozen=True)
class Recipe:
    """An operation as a function of its live operands; it holds none of them, so that keeping it keeps nothing alive.

    fill: the arguments of the call with tensors in the place of the live operands.
    plain: the operation computed out of place.
    """

    word: str
    function: Function
    fill: Callable[..., tuple[tuple[Any, ...], dict[str, Any]]]
    plain: Function

    def result(self, *operands: Tensor) -> Any:
        """All that the operation gives for these operands."""
        given, named = self.fill(*operands)
        return self.plain(*given, **named)

    def run(self, *operands: Tensor) -> Tensor:
        """The tensor of the result that carries the values."""
        return first_tensor(self.result(*operands))


@dataclass
class Call:
    """One call of an operation with live operands.

    operands: the tensors that depend on the inputs, as they were given.
    writes_to: the tensor that the model's code wants written, for an in-place call.
    """

    recipe: Recipe
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    operands: tuple[Tensor, ...]
    writes_to: Tensor | None

    @property
    def word(self) -> str:
        """The table's word for the operation."""
        return self.recipe.word


def is_live(value: object) -> bool:
    """Whether a value is a tensor that depends on the inputs; the parameters of a borrowed model do not ask."""
    return isinstance(value, Tensor) and value.requires_grad


def read_call(function: Function, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Call | None:
    """The call, or None when nothing in it depends on the inputs."""
    name = name_of(function)
    plain, arguments, keywords, written = plain_call(function, arguments, keywords)
    leaves, spec = pytree.tree_flatten((arguments, keywords))
    places = [place for place, leaf in enumerate(leaves) if is_live(leaf)]
    if not places:
        return None
    operands = tuple(leaves[place] for place in places)
    for place in places:
        leaves[place] = None
    fill = partial(_filled, leaves, places, spec)
    return Call(Recipe(name.word, function, fill, plain), arguments, keywords, operands, written)


def plain_call(
    function: Function, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Function, tuple[Any, ...], dict[str, Any], Any]:
    """The call out of place: function, arguments, keywords; and what the model's code wants written, or None."""
    name = name_of(function)
    if name.in_place:
        return _out_of_place(function, name), arguments, keywords, arguments[0] if arguments else None
    if (bound := _asked_in_place(function, arguments, keywords)) is not None:
        return function, (), bound, next(iter(bound.values()))
    return function, arguments, keywords, None


def _filled(
    leaves: list[Any], places: list[int], spec: Any, *operands: Tensor
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call with other operands at their places."""
    filled = list(leaves)
    for place, operand in zip(places, operands, strict=True):
        filled[place] = operand
    given, named = pytree.tree_unflatten(filled, spec)
    return given, named


def first_tensor(result: Any) -> Tensor:
    """The tensor of a result that carries the values: itself, or the first of a tuple (values, indices)."""
    found: Tensor = result if isinstance(result, Tensor) else result[0]
    return found


def has_values(result: Any) -> bool:
    """Whether a result carries numbers that a gradient can be taken of: neither a shape, nor a flag, nor indices."""
    first = result[0] if isinstance(result, tuple | list) and result else result
    return isinstance(first, Tensor) and first.is_floating_point()


def has_several_values(result: Any) -> bool:
    """Whether a result carries more than one such tensor: there are no rules for these."""
    parts = result if isinstance(result, tuple | list) else ()
    return sum(isinstance(part, Tensor) and part.is_floating_point() for part in parts) > 1


def with_first_tensor(result: Any, value: Tensor) -> Any:
    """`result` with its first tensor replaced, as the model's code expects it."""
    if isinstance(result, Tensor):
        return value
    rest = [value, *result[1:]]
    return type(result)(rest) if type(result) in (tuple, list) or hasattr(result, "n_fields") else type(result)(*rest)


def _asked_in_place(function: Function, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any] | None:
    """All arguments by name with `inplace` switched off, when the call asked for it; else None."""
    signature = _signature_with_inplace(function)
    if signature is None:
        return None
    bound = signature.bind(*arguments, **keywords).arguments
    if not bound.get("inplace"):
        return None
    return {**bound, "inplace": False}


@cache
def _signature_with_inplace(function: Function) -> inspect.Signature | None:
    """The signature of a Python function that has an `inplace` option."""
    if not inspect.isfunction(function):
        return None
    try:
        signature = inspect.signature(function)
    except ValueError:  # a builtin wrapped in Python: it has no such option
        return None
    return signature if "inplace" in signature.parameters else None


def _out_of_place(function: Function, name: Name) -> Function:
    """The operation that gives what the in-place one writes."""
    if name.word == "setitem":
        return _with_item_set
    for home in (torch.Tensor, torch, torch.nn.functional):
        if hasattr(home, name.word):
            found: Function = getattr(home, name.word)
            return found
    raise LookupError(f"torch has no out-of-place form of {function}")


def _with_item_set(target: Tensor, place: Any, value: Any) -> Tensor:
    """A copy of `target` with `target[place] = value`."""
    changed = target.clone()
    changed[place] = value
    return changed
