"""How a network is trained: one frozen, JSON-able record."""

import dataclasses

from seqinterp.errors import InputError

CHOICES = {
    "watch": ("loss", "average_precision"),
    "balance": ("sample", "weight", "none"),
    "schedule": ("cosine", "constant"),
    "strands": ("one", "mean", "max"),
}


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """The recipe.

    Attributes:
        epochs: the most epochs; fewer where early stopping ends training.
        epoch_steps: steps in an epoch, after each of which the validation data are looked at.
        patience: epochs without a better validation before training stops; the best weights are kept.
        watch: what counts as better: a lower validation "loss" or a higher "average_precision".
        batch_size: examples per step.
        balance: "sample" fills each batch with `positive_fraction` of positives and gives both classes half of the
            loss, "weight" draws examples as they come and weighs the classes alike, "none" does neither.
        positive_fraction: the part of a batch that is positive with balance "sample".
        learning_rate: AdamW's step size.
        filter_learning_rate: the step size of the first filters, None for the same; started filters want small ones.
        weight_decay: AdamW's decay, of everything but the first filters.
        schedule: the step size falls to zero along a half "cosine" over all epochs, or stays "constant".
        members: how many networks, of different seeds, answer together.
        strands: the logit is the "mean" or "max" of the logits of both strands; "one" asks the network once (the
            default network reads both strands by itself).
    """

    epochs: int = 20
    epoch_steps: int = 50
    patience: int = 5
    watch: str = "loss"
    batch_size: int = 128
    balance: str = "sample"
    positive_fraction: float = 0.5
    learning_rate: float = 1e-2
    filter_learning_rate: float | None = None
    weight_decay: float = 0.1
    schedule: str = "cosine"
    members: int = 1
    strands: str = "one"

    def __post_init__(self) -> None:
        for name in ("epochs", "epoch_steps", "patience", "batch_size", "members"):
            least = 2 if name == "batch_size" else 1  # a balanced batch holds both classes
            if getattr(self, name) < least:
                raise InputError(
                    f"the training setting {name} must be at least {least}, but it is {getattr(self, name)}"
                )
        for name in ("learning_rate", "filter_learning_rate", "weight_decay"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise InputError(f"the training setting {name} must be 0 or positive, but it is {value}")
        if not 0 < self.positive_fraction < 1:
            raise InputError(
                f"the training setting positive_fraction must lie between 0 and 1, but it is {self.positive_fraction}"
            )
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise InputError(
                    f"the training setting {name} must be one of {', '.join(known)}, but it is {getattr(self, name)!r}"
                )
