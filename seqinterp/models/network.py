"""What every network of this package has in common."""

from typing import Any, ClassVar

from torch import nn

from seqinterp.errors import InputError


class Network(nn.Module):
    """A network that reads one-hot DNA (batch, 4, position) and gives logits (batch, 1).

    `settings` is a frozen dataclass of plain values from which the same network can be built again, `filters`
    the first bank of filters (its weights can be read as motifs), `output` the layer that gives the logit.
    """

    Settings: ClassVar[type[Any]]
    settings: Any
    filters: nn.Conv1d
    output: nn.Linear


def require_at_least(minimum: int, **values: int) -> None:
    """Refuse a setting below the minimum, by name."""
    for name, value in values.items():
        if value < minimum:
            raise InputError(f"the network setting {name} must be at least {minimum}, but it is {value}")


def require_dropout(dropout: float) -> None:
    """Refuse a dropout that is not a fraction below one."""
    if not 0.0 <= dropout < 1.0:
        raise InputError(f"the network setting dropout must be at least 0 and below 1, but it is {dropout}")


def require_started_from(started_from: tuple[str | None, ...], filters: int) -> None:
    """Refuse a record of starting motifs that does not fit the bank: empty, or one entry for every filter."""
    if started_from and len(started_from) != filters:
        raise InputError(
            f"started_from must name a motif or None for each of the {filters} filters, but it has "
            f"{len(started_from)} entries"
        )
