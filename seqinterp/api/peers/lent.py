"""A model lent to code that may raise, print, warn or leave something behind: it comes back as it was."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

USELESS = (DeprecationWarning, FutureWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
LONGEST = 150  # letters of a remark


@dataclass
class Behaviour:
    """What a tool did beside its work.

    warned: the first line of each warning, once per place that it came from.
    left: what it left on the model, in words; all of it was undone.
    failed: what it raised, in one line.
    """

    warned: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    failed: str = ""


@contextmanager
def lent(model: nn.Module, device: torch.device) -> Iterator[Behaviour]:
    """Run a tool on `model` inside the block; whatever it raises, short of an interruption, ends in `failed`.

    Hooks, attributes, modes, weights and gradients of the model are put back, and so is the state of torch's random
    numbers; what is printed is dropped.
    """
    behaviour = Behaviour()
    before = _Snapshot(model)
    gpus = [device] if device.type == "cuda" else []
    try:
        with _quiet() as caught, torch.random.fork_rng(devices=gpus), torch.enable_grad():
            try:
                yield behaviour
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is a line of the table
                behaviour.failed = one_line(error)
    finally:
        behaviour.left = before.restore()
    useful = {(said.filename, said.lineno): said for said in reversed(caught) if not issubclass(said.category, USELESS)}
    behaviour.warned = [one_line(said.message) for said in reversed(useful.values())]


@contextmanager
def _quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Catch all warnings, and drop what is printed."""
    with (
        warnings.catch_warnings(record=True) as caught,
        redirect_stdout(io.StringIO()),
        redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("always")
        yield caught


def one_line(error: BaseException | str) -> str:
    """What an error or a warning says, in one short line, after its kind."""
    kind = type(error).__name__
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    said = re.sub(r"tensor\(\[.*", "tensor(…)", said)  # numbers of one batch, often cut off by the end of the line
    text = f"{kind}: {said}" if said and kind != "UserWarning" else said or kind
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


class _Snapshot:
    """Everything that a tool may leave on a model: what its modules hold, and the numbers of its tensors."""

    def __init__(self, model: nn.Module) -> None:
        self.modules = [(module, type(module), _held(module)) for module in model.modules()]
        self.tensors = [_Kept(tensor) for tensor in (*model.parameters(), *model.buffers())]

    def restore(self) -> list[str]:
        """Put everything back; say in words what had changed."""
        counts: dict[str, int] = {}
        for module, kind, held in self.modules:
            for change in _changes(module, kind, held):
                counts[change] = counts.get(change, 0) + 1
            _put_back(module, kind, held)
        changed = {change for kept in self.tensors for change in kept.restore()}
        left = [f"{change} on {count} module{'s' if count > 1 else ''}" for change, count in counts.items()]
        return [*left, *sorted(changed)]


_Held = dict[str, tuple[Any, dict[Any, Any] | None]]  # attribute -> its value, and a copy where that is a dict


def _held(module: nn.Module) -> _Held:
    """The attributes of a module; hooks, parameters and children are dicts among them."""
    return {name: (value, dict(value) if isinstance(value, dict) else None) for name, value in vars(module).items()}


def _changes(module: nn.Module, kind: type, held: _Held) -> Iterator[str]:
    """What is not as it was, in words."""
    now = vars(module)
    hooks = [name for name in held if name.endswith("hooks") and isinstance(now.get(name), dict)]
    if any(set(now[name]) - set(held[name][1] or ()) for name in hooks):
        yield "hooks"
    added = sorted(set(now) - set(held))
    if added:
        yield f"attribute{'s' if len(added) > 1 else ''} {', '.join(added)}"
    if type(module) is not kind or ("_modules" in held and now.get("_modules") != held["_modules"][1]):
        yield "other children"
    if now.get("training") != held.get("training", (None, None))[0]:
        yield "training mode"


def _put_back(module: nn.Module, kind: type, held: _Held) -> None:
    """Give a module back its attributes; dicts stay the same objects, which handles of hooks rely on."""
    if type(module) is not kind:
        module.__class__ = kind
    now = vars(module)
    for name in set(now) - set(held):
        del now[name]
    for name, (value, entries) in held.items():
        now[name] = value
        if entries is not None:
            value.clear()
            value.update(entries)


class _Kept:
    """A parameter or buffer and what it held."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor, self.numbers = tensor, tensor.detach().clone()
        self.asks = tensor.requires_grad
        slope = self._grad()
        self.slope = None if slope is None else slope.detach().clone()

    def _grad(self) -> Tensor | None:
        return self.tensor.grad if self.tensor.is_leaf else None

    def restore(self) -> Iterator[str]:
        """Put the numbers, the gradient and the wish for one back; say what had changed."""
        if not _equal(self.tensor.detach(), self.numbers):
            yield "changed weights"
            self.tensor.data = self.numbers
        if self.tensor.requires_grad != self.asks:
            yield "changed requires_grad"
            self.tensor.requires_grad_(self.asks)
        if not _equal(self._grad(), self.slope):
            yield "gradients of the weights"
            self.tensor.grad = self.slope


def _equal(one: Tensor | None, other: Tensor | None) -> bool:
    """Bit by bit the same, NaN included."""
    if one is None or other is None:
        return one is other
    same_kind = one.shape == other.shape and one.dtype == other.dtype and one.device == other.device
    return same_kind and bool(torch.equal(one, other) or torch.allclose(one, other, rtol=0, atol=0, equal_nan=True))
