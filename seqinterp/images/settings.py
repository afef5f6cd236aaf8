"""How a classifier of images is trained: one frozen, JSON-able record."""

import math
from dataclasses import asdict, dataclass

from seqinterp.errors import InputError

BALANCES = ("weight", "oversample", "none")


@dataclass(frozen=True)
class ImageSettings:
    """The recipe.

    Attributes:
        epochs: the most passes over the training images.
        patience: epochs without a lower validation loss before training stops; the best weights are kept.
        batch_size: images per step.
        learning_rate: AdamW's step size, which falls to zero along a half cosine over all epochs.
        weight_decay: AdamW's decay.
    """

    epochs: int = 20
    patience: int = 5
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            whole = name in ("epochs", "patience", "batch_size")
            least = 2 if name == "batch_size" else 1 if whole else 0  # batch normalisation needs two
            if not least <= value < math.inf or (whole and value != int(value)):
                kind = "a whole number, " if whole else ""
                raise InputError(f"the training setting {name} must be {kind}at least {least}, but it is {value}")


def require_balance(balance: str) -> None:
    """Refuse a way to treat rare classes that there is not."""
    if balance not in BALANCES:
        raise InputError(f"balance must be one of {', '.join(BALANCES)}, but it is {balance!r}")
