"""The model as a list of torch calls, from one run on a few sequences: what depends on the inputs, and on what."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from seqinterp.attribution.rules.call import name_of, plain_call
from seqinterp.attribution.rules.operations import READS
from seqinterp.errors import SeqinterpError
from seqinterp.shapes import Inputs

INPUTS = -1  # the number of the inputs among the calls
_BACKWARDS = ("__rdiv__", "__rtruediv__", "__rpow__", "__rmatmul__")
_STILL_TENSORS = ("detach", "detach_", "data")  # of the words that take numbers out of the graph


class Untraceable(SeqinterpError):
    """The model's code cannot be followed; the message says why."""


@dataclass(frozen=True)
class Live:
    """A tensor that depends on the inputs: the number of the call that gave it, and which part of the result it is."""

    call: int
    part: int = 0


@dataclass(frozen=True, eq=False)
class TracedCall:
    """One call.

    arguments, keywords: with `Live` in the place of tensors that depend on the inputs.
    shapes, dtypes: of each tensor in the result, the shapes with the batch.
    spec: how the result is made of these tensors.
    backwards: the call is of Python's `other / self` kind: its first argument stands behind the sign.
    """

    word: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[torch.dtype, ...]
    spec: Any
    backwards: bool = False

    @property
    def live(self) -> tuple[Live, ...]:
        """Everything in the arguments that depends on the inputs."""
        leaves = pytree.tree_flatten((self.arguments, self.keywords))[0]
        return tuple(leaf for leaf in leaves if isinstance(leaf, Live))


@dataclass(frozen=True, eq=False)
class Trace:
    """All calls in order, which of them is the result, and the shape of the inputs."""

    calls: tuple[TracedCall, ...]
    result: Live
    shape: tuple[int, ...]


def tensors_of(result: Any) -> list[Tensor]:
    """The tensors of a result, in order."""
    return [leaf for leaf in pytree.tree_leaves(result) if isinstance(leaf, Tensor)]


class Follower(TorchFunctionMode):
    """Runs a model's code, numbers the calls that depend on the inputs, and knows every tensor by its call."""

    def __init__(self, inputs: Tensor) -> None:
        super().__init__()
        self.count = 0
        self.known: dict[int, tuple[Live, int]] = {}
        self.kept: list[Tensor] = []  # so that no id is given twice
        self.know(inputs, Live(INPUTS))

    def know(self, tensor: Tensor, live: Live) -> None:
        """Remember where a tensor came from, and the state of its memory."""
        self.kept.append(tensor)
        self.known[id(tensor)] = (live, tensor._version)

    def find(self, value: object) -> Live | None:
        """Where a value came from; None when it does not depend on the inputs.

        Raises:
            Untraceable: its memory was written through another name since.
        """
        if not isinstance(value, Tensor) or id(value) not in self.known:
            return None
        live, version = self.known[id(value)]
        if value._version != version:
            raise Untraceable("the model's code writes into a part of a tensor and goes on with the whole")
        return live

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        leaves = pytree.tree_flatten((args, kwargs or {}))[0]
        if all(self.find(leaf) is None for leaf in leaves):
            return func(*args, **(kwargs or {}))
        name = name_of(func)
        if name.word in READS and name.word not in _STILL_TENSORS:
            raise Untraceable(f"the model's code decides by numbers it takes out of its tensors ({name.word})")
        plain, arguments, keywords, written = plain_call(func, args, kwargs or {})
        result = self.call(name.word, plain, arguments, keywords)
        if written is None:
            return result
        if not isinstance(written, Tensor) or not isinstance(result, Tensor):
            raise Untraceable(f"the model's code writes in place in a way that cannot be followed ({name.word})")
        if self.find(written) is None and written._base is not None:
            raise Untraceable(f"the model's code writes into a part of a tensor ({name.word})")
        return self.write(written, result)

    @abstractmethod
    def call(self, word: str, plain: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """What the model's code receives for a call that depends on the inputs."""

    @abstractmethod
    def write(self, written: Tensor, result: Tensor) -> Tensor:
        """What it receives for one that writes in place."""

    def number(self, result: Any) -> list[Tensor]:
        """Give the tensors of a result their numbers; a result without tensors (a size) has none."""
        tensors = tensors_of(result)
        for part, tensor in enumerate(tensors):
            self.know(tensor, Live(self.count, part))
        self.count += bool(tensors)
        return tensors


class Recorder(Follower):
    """Runs every call and keeps it."""

    def __init__(self, inputs: Tensor) -> None:
        super().__init__(inputs)
        self.calls: list[TracedCall] = []

    def call(self, word: str, plain: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Run one call and keep it."""
        backwards = getattr(plain, "__name__", "") in _BACKWARDS
        leaves, spec = pytree.tree_flatten((arguments, keywords))
        told = pytree.tree_unflatten(
            [self.find(leaf) or leaf if isinstance(leaf, Tensor) else leaf for leaf in leaves], spec
        )
        result = plain(*arguments, **keywords)
        if tensors := self.number(result):
            shapes, dtypes = tuple(tuple(t.shape) for t in tensors), tuple(t.dtype for t in tensors)
            self.calls.append(
                TracedCall(word, told[0], told[1], shapes, dtypes, pytree.tree_structure(result), backwards)
            )
        return result

    def write(self, written: Tensor, result: Tensor) -> Tensor:
        """Write it: whoever reads the same memory by another name is then found out."""
        live = self.known[id(result)][0]
        written.copy_(result)
        self.know(written, live)
        return written


def trace(model: nn.Module, rows: Inputs) -> Trace:
    """Run `model` on a few sequences and keep its calls.

    Raises:
        Untraceable: what the code does depends on the values of the inputs, or the result is not a tensor of them.
    """
    first, second = _record(model, rows), _record(model, rows.roll(1, dims=1))
    if not _same_constants(first, second):
        raise Untraceable("a part of the model's code is hidden: tensors change with the inputs that no call connects")
    return first


def _record(model: nn.Module, rows: Inputs) -> Trace:
    inputs = rows.clone()
    recorder = Recorder(inputs)
    with torch.inference_mode(False), torch.no_grad(), recorder:
        found = model(inputs)
    live = recorder.find(found)
    if live is None:
        raise Untraceable("the result is not a tensor that depends on the inputs")
    return Trace(tuple(recorder.calls), live, tuple(rows.shape))


def _same_constants(first: Trace, second: Trace) -> bool:
    """Whether two sequences met the same calls with the same tensors beside those that depend on the inputs."""
    if [call.word for call in first.calls] != [call.word for call in second.calls] or first.result != second.result:
        return False
    for one, other in zip(first.calls, second.calls, strict=True):
        leaves = (pytree.tree_leaves((call.arguments, call.keywords)) for call in (one, other))
        for left, right in zip(*leaves, strict=True):
            if isinstance(left, Tensor) and not (isinstance(right, Tensor) and _equal(left, right)):
                return False
    return True


def _equal(left: Tensor, right: Tensor) -> bool:
    if left.data_ptr() == right.data_ptr() and left.shape == right.shape:
        return True
    return left.shape == right.shape and bool(torch.equal(left, right) or torch.allclose(left, right, equal_nan=True))
