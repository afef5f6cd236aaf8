"""Where a piecewise linear operation may bend: differences of its operands that are zero exactly at its bends.

While its operands move in straight lines, an operation is linear as long as none of these changes its sign.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from seqinterp.attribution.rules.call import Call
from seqinterp.attribution.rules.gradients import jacobian_vector
from seqinterp.attribution.rules.operations import KINDS, READS, Kind
from seqinterp.errors import ModelError


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# their masks multiply and choose
COMPARED = _words("gt lt ge le eq ne greater less greater_equal less_equal not_equal")
_ORDERED = _words("sort msort topk kthvalue median")
_CASTS = _words("to type type_as")
# take a decision on values that no bend tells of
_DECIDING = _words(
    """argmax argmin argsort nonzero count_nonzero searchsorted bucketize one_hot isclose allclose equal int long bool
    any all logical_and logical_or logical_not logical_xor"""
)
_OF_TWO = _words("maximum minimum fmax fmin")
_HARMLESS = frozenset([Kind.LINEAR, Kind.WEIGHTED, Kind.CHOICE])  # a choice bends where its comparison does


@dataclass
class Bend:
    """Differences at the one end of each piece and at the other, `(piece, place)`, and the size of what they are of."""

    starts: Tensor
    stops: Tensor
    size: Tensor


@runtime_checkable
class Ends(Protocol):
    """Tells the rows at the one end of the pieces from those at the other."""

    def apart(self, tensor: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """The rows of either end, `(piece, place)`; they lie as those of `like` do."""
        ...

    def exchanged(self, tensor: Tensor) -> Tensor:
        """Every row in the place of the row at the other end."""
        ...


def watched(kind: Kind, word: str) -> bool:
    """Whether an operation on live operands has to be looked at."""
    return kind not in _HARMLESS or word in COMPARED | _CASTS | _DECIDING | READS


def refuse_bent(kind: Kind, call: Call) -> None:
    """Raise ModelError for an operation that is not known to be linear in pieces, or takes values out of the graph."""
    word = call.word
    refused = word in _DECIDING | READS or (word in _CASTS and not call.recipe.run(*call.operands).is_floating_point())
    known = word in _KINKS.keys() | COMPARED | _ORDERED or kind in _HARMLESS | {Kind.LARGEST, Kind.SMALLEST}
    of_two = kind is Kind.KINKED and word in _OF_TWO | {"max", "min"}
    if refused or not (known or of_two) or (word == "prelu" and len(call.operands) > 1):
        raise ModelError(
            f"the model's code runs {word!r}, which is not known to be linear in pieces, so its integrated gradients"
            " cannot be exact; use 'integrated_gradients', which refines until a tolerance is met"
        )


def find_bends(kind: Kind, call: Call, output: Tensor, ends: Ends) -> list[Bend]:
    """All that may bend this call, which was not refused."""
    given, named = call.recipe.fill(*(operand.detach() for operand in call.operands))
    asked = _Asked(given, named)
    if call.word in _OF_TWO or (call.word in ("max", "min") and isinstance(asked(1, "other"), Tensor)):
        return [_difference(asked(0, "input"), asked(1, "other"), ends)]
    if call.word in COMPARED:
        return [_difference(asked(0, "input"), asked(1, "other"), ends)]
    if call.word in _KINKS:
        kinks = [kink for kink in _KINKS[call.word](asked) if kink is not None]
        return [_difference(asked(0, "input"), kink, ends) for kink in kinks]
    if kind in (Kind.LARGEST, Kind.SMALLEST):
        return [_overtaking(call, output, 1 if kind is Kind.LARGEST else -1, ends)]
    if call.word in _ORDERED:
        ends.apart(output, output)  # a median of everything holds no rows, which is noticed here
        return [_reordering(call.word, asked, ends)]
    return []


def _difference(one: Any, other: Any, ends: Ends) -> Bend:
    """What changes its sign where `one` passes `other`."""
    like = one if isinstance(one, Tensor) else other
    # straight to the dtype: by way of the default one 0.1 would lose digits
    one, other = (torch.as_tensor(part, dtype=like.dtype, device=like.device) for part in (one, other))
    return Bend(*ends.apart(one - other, one - other), _size(one.abs() + other.abs(), ends))


def _overtaking(call: Call, output: Tensor, sign: int, ends: Ends) -> Bend:
    """How far the winner at the stop lies behind the winner at the start, at either end."""
    operands = tuple(operand.detach() for operand in call.operands)
    elsewhere = tuple(ends.exchanged(operand) for operand in operands)
    same_winner = jacobian_vector(call.recipe.run, operands, elsewhere)
    lead = sign * (ends.exchanged(output.detach()) - same_winner)  # of the other end's winner, at the other end
    ahead, behind = ends.apart(lead, output)
    return Bend(behind, -ahead, _size(output.detach(), ends))


def _reordering(word: str, asked: "_Asked", ends: Ends) -> Bend:
    """Differences of neighbours in the order half way: order statistics are linear while none is overtaken.

    The order at an end would not do: where two meet it does not say which of them comes first in between.
    """
    values = asked(0, "input")
    dim = 0 if word == "msort" else asked(2 if word in ("topk", "kthvalue") else 1, "dim", -1)
    order = (values + ends.exchanged(values)).argsort(dim=dim)
    return Bend(*ends.apart(values.gather(dim, order).diff(dim=dim), values), _size(values, ends))


def _size(tensor: Tensor, ends: Ends) -> Tensor:
    """The largest finite number of each piece."""
    finite = torch.where(tensor.isfinite(), tensor.abs(), 0.0)
    start, stop = ends.apart(finite, tensor)
    return torch.maximum(start.amax(1), stop.amax(1))


@dataclass
class _Asked:
    """The arguments of a call, by place or by name."""

    given: tuple[Any, ...]
    named: dict[str, Any]

    def __call__(self, place: int, name: str, default: Any = None) -> Any:
        value = self.given[place] if place < len(self.given) else self.named.get(name, default)
        return self.named.get("self", value) if place == 0 and value is None else value


_Kinks = Callable[[_Asked], list[Any]]


def _at(*kinks: float) -> _Kinks:
    return lambda _: list(kinks)


def _bounds(asked: _Asked) -> list[Any]:
    return [asked(1, "min"), asked(2, "max")]


def _shrunk(asked: _Asked) -> list[Any]:
    width = asked(1, "lambd", 0.5)
    return [-width, width]


_KINKS: dict[str, _Kinks] = {
    **dict.fromkeys(("relu", "leaky_relu", "prelu", "rrelu", "abs", "absolute"), _at(0.0)),
    "relu6": _at(0.0, 6.0),
    "hardsigmoid": _at(-3.0, 3.0),
    "nan_to_num": _at(),
    "clamp": _bounds,
    "clip": _bounds,
    "clamp_min": lambda asked: [asked(1, "min")],
    "clamp_max": lambda asked: [asked(1, "max")],
    "hardtanh": lambda asked: [asked(1, "min_val", -1.0), asked(2, "max_val", 1.0)],
    "threshold": lambda asked: [asked(1, "threshold")],
    "_threshold": lambda asked: [asked(1, "threshold")],
    "softshrink": _shrunk,
    "hardshrink": _shrunk,
}
assert all(KINDS[word] is Kind.KINKED for word in _KINKS)
