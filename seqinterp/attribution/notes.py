"""What a method has to say beside its numbers: ops without a rule, its own error, where relevance went.

A method calls the functions below; whoever opened `heard()` around it reads the notes afterwards.
Without a listener nothing is kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from torch import Tensor


@dataclass
class Notes:
    """Everything said while somebody listened.

    rules: how each operation of the model was treated ("relu": "rescale").
    without_rule: operations treated by a fallback, each with the largest relative error of that fallback.
    warnings: sentences for the reader.
    stated_error: one tensor `(batch,)` per batch, the error a method states for its own numbers, in score units.
    ledger: per kind of sink ("bias", "epsilon", "remainder") one tensor `(batch,)` per batch: relevance that left
        the network there instead of reaching the inputs.
    """

    rules: dict[str, str] = field(default_factory=dict)
    without_rule: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    stated_error: list[Tensor] = field(default_factory=list)
    ledger: dict[str, list[Tensor]] = field(default_factory=dict)


_listener: ContextVar[Notes | None] = ContextVar("who listens to the notes of a method", default=None)


@contextmanager
def heard() -> Iterator[Notes]:
    """Listen to the methods that run inside the block."""
    notes = Notes()
    token = _listener.set(notes)
    try:
        yield notes
    finally:
        _listener.reset(token)


def note_rule(operation: str, rule: str) -> None:
    """Say how an operation of the model was treated."""
    if (notes := _listener.get()) is not None:
        notes.rules[operation] = rule


def note_without_rule(operation: str, error: float) -> None:
    """Say that an operation has no rule and how large the relative error of the fallback was."""
    if (notes := _listener.get()) is not None:
        notes.without_rule[operation] = max(error, notes.without_rule.get(operation, 0.0))


def note_warning(sentence: str) -> None:
    """Say something a reader must know; said once."""
    if (notes := _listener.get()) is not None and sentence not in notes.warnings:
        notes.warnings.append(sentence)


def note_error(error: Tensor) -> None:
    """State the error of the attributions of one batch, `(batch,)`, in score units."""
    if (notes := _listener.get()) is not None:
        notes.stated_error.append(error.detach().cpu())


def note_sinks(sinks: dict[str, Tensor]) -> None:
    """Say how much relevance left the network in one batch, `(batch,)` per kind of sink."""
    if (notes := _listener.get()) is not None:
        for kind, amount in sinks.items():
            notes.ledger.setdefault(kind, []).append(amount.detach().cpu())
