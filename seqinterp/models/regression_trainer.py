"""The training of one network on a Gaussian likelihood: steps, step size, early stopping."""

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from seqinterp.attribution.run import Device, batched
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.models.heads import WithVariance, gaussian_nll, with_variance
from seqinterp.models.train import own_randomness, seed_all

Data = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class RegressionSettings:
    """The recipe.

    Attributes:
        epochs: the most passes over the data.
        patience: epochs without a better validation likelihood before training stops; the best weights are kept.
        batch_size: examples per step.
        learning_rate: AdamW's step size, which falls to zero along a half cosine over all epochs.
        weight_decay: AdamW's decay.
        beta: how much of the variance weighs the likelihood, see `gaussian_nll`; 0.5 keeps means from being neglected.
        largest_norm: gradients are shortened to this norm; the likelihood is steep where a variance is small.
    """

    epochs: int = 100
    patience: int = 15
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    beta: float = 0.5
    largest_norm: float = 5.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least = 1 if name in ("epochs", "patience", "batch_size") else 0
            if not least <= value < math.inf:
                raise InputError(f"the training setting {name} must be at least {least}, but it is {value}")
        if self.beta > 1:
            raise InputError(f"the training setting beta must be at most 1, but it is {self.beta}")


def start_network(build: Callable[[], nn.Module], data: Data, seed: int, place: torch.device) -> WithVariance:
    """The untrained model, whose units are those of the targets."""
    with own_randomness(place):
        seed_all(seed, place)
        model = with_variance(build())
    targets = data[1]
    spread = targets.double().std(dim=0, correction=0)
    if model.outputs != targets.shape[1]:
        raise ShapeError(f"the network has {model.outputs} output(s), but there are {targets.shape[1]} target(s)")
    if not bool((spread > 0).all()):
        raise InputError("a target is the same for all examples, so there is nothing to learn about it")
    model.shift.copy_(targets.double().mean(dim=0))
    model.scale.copy_(spread)
    return model


def train_network(
    model: WithVariance, data: Data, judged: Data | None, settings: RegressionSettings, place: torch.device, seed: int
) -> pd.DataFrame:
    """Train until patience or epochs end; then the model holds the best weights, on the CPU, in evaluation mode."""
    model = model.to(place)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    steps = settings.epochs * math.ceil(len(data[0]) / settings.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (1 + math.cos(math.pi * step / steps)) / 2)
    chance = np.random.default_rng([seed, 1])
    rows: list[dict[str, float]] = []
    best, best_epoch, kept = math.inf, 0, None
    with own_randomness(place):
        seed_all(int(chance.integers(2**32)), place)
        for epoch in range(1, settings.epochs + 1):
            loss = _epoch(model, data, optimizer, schedule, settings, chance)
            if not math.isfinite(loss):
                raise ModelError(
                    f"the training loss became NaN or infinite in epoch {epoch}; lower learning_rate (it is"
                    f" {settings.learning_rate:g})"
                )
            now = math.nan if judged is None else mean_nll(model, *judged, device=place)
            rows.append({"epoch": epoch, "train_loss": loss, "valid_nll": now})
            if judged is None or now < best:
                best, best_epoch = now, epoch
                kept = None if judged is None else deepcopy(model.state_dict())
            elif epoch - best_epoch >= settings.patience:
                break
    if kept is not None:
        model.load_state_dict(kept)
    history = pd.DataFrame(rows)
    model.to("cpu").eval()
    return history.assign(kept=history["epoch"] == best_epoch)


def _epoch(
    model: WithVariance,
    data: Data,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    settings: RegressionSettings,
    chance: np.random.Generator,
) -> float:
    """One pass over the examples in a new order; the mean loss before its steps."""
    model.train()
    total = 0.0
    place = model.scale.device
    for part in torch.from_numpy(chance.permutation(len(data[0]))).split(settings.batch_size):
        inputs, targets = data[0][part].to(place), data[1][part].to(place)
        standard = (targets - model.shift) / model.scale
        loss = gaussian_nll(model.standard(inputs), standard, beta=settings.beta).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.largest_norm)
        optimizer.step()
        schedule.step()
        total += loss.item() * len(part)
    return total / len(data[0])


def mean_nll(model: nn.Module, inputs: Tensor, targets: Tensor, *, device: Device = None) -> float:
    """The mean negative log-likelihood per output, in nats and the targets' units, of a model with a variance."""
    with torch.no_grad():
        outputs = batched(model, model, inputs, device=device)
        return float(gaussian_nll(outputs.double(), targets.double()).mean())
