"""Training for measured targets: networks that predict a mean and a variance, alone or as members of an ensemble."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed  # type: ignore[import-untyped]
from torch import Tensor, nn

from seqinterp.attribution.run import Device, choose_device
from seqinterp.errors import InputError, ShapeError
from seqinterp.models.heads import WithVariance
from seqinterp.models.regression_trainer import Data, RegressionSettings, start_network, train_network


@dataclass(frozen=True)
class FittedRegression:
    """A trained model, in evaluation mode on the CPU, that gives means and log variances in the targets' units.

    `history` has one row per epoch: epoch (from 1), train_loss (what was minimised), valid_nll (nats per output, in
    the targets' units; NaN without validation data), kept (True for the epoch whose weights were kept).
    """

    model: WithVariance
    history: pd.DataFrame
    settings: RegressionSettings
    seed: int


def fit_regression(
    build: Callable[[], nn.Module],
    inputs: Tensor,
    targets: object,
    *,
    train: RegressionSettings | None = None,
    valid: tuple[Tensor, object] | None = None,
    device: Device = None,
    seed: int = 0,
) -> FittedRegression:
    """Train a network with a variance on inputs (batch, *features) and targets (batch,) or (batch, outputs).

    build: makes the network, with one output per target, under random numbers that `seed` decides; a log variance is
        added to its last linear layer.
    valid: inputs and targets by which training stops early; without them it runs all its epochs.

    Targets are standardised for training. No global random state is read or changed.

    Raises:
        InputError: no examples, targets that are not finite or all equal.
        ShapeError: inputs and targets that do not fit one another or the network.
        ModelError: the loss is not finite.
    """
    data = checked_targets(inputs, targets)
    judged = None if valid is None else checked_targets(*valid, what="the validation data")
    place = choose_device(device)
    model = start_network(build, data, seed, place)
    return _train(model, data, judged, train or RegressionSettings(), place, seed)


def fit_members(
    build: Callable[[], nn.Module],
    inputs: Tensor,
    targets: object,
    *,
    members: int = 10,
    train: RegressionSettings | None = None,
    valid: tuple[Tensor, object] | None = None,
    device: Device = None,
    workers: int | None = None,
    seed: int = 0,
) -> list[FittedRegression]:
    """Train `members` networks that differ in their start and in the order of examples, as `fit_regression` does.

    workers: how many processes train at once; None is one per core on the CPU, and one alone on a GPU. The networks
        have to be picklable if there are several. Each member has one thread, so the number of workers changes nothing.

    Raises:
        InputError: fewer than two members, or fewer than one worker; and what `fit_regression` raises.
    """
    if members < 2 or (workers is not None and workers < 1):
        raise InputError(f"members must be 2 or more and workers 1 or more, but {members} and {workers} came")
    data = checked_targets(inputs, targets)
    judged = None if valid is None else checked_targets(*valid, what="the validation data")
    place = choose_device(device)
    seeds = [int(seed_of.generate_state(1)[0]) for seed_of in np.random.SeedSequence(seed).spawn(members)]
    started = [start_network(build, data, each, place) for each in seeds]
    settings = train or RegressionSettings()
    jobs = [(model, data, judged, settings, place, each) for model, each in zip(started, seeds, strict=True)]
    several = workers if workers is not None else 1 if place.type != "cpu" else -1
    if several == 1:
        return [_train_alone(*job) for job in jobs]
    found: list[FittedRegression] = Parallel(n_jobs=several)(delayed(_train_alone)(*job) for job in jobs)
    return found


def checked_targets(inputs: Tensor, targets: object, *, what: str = "the training data") -> Data:
    """Inputs and their targets `(batch, outputs)` in single precision on the CPU, found usable."""
    given = targets.detach() if isinstance(targets, Tensor) else np.array(targets, dtype=np.float64)  # may be read-only
    values = torch.as_tensor(given, dtype=torch.float64).cpu()
    values = values.unsqueeze(1) if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != len(inputs) or values.shape[1] == 0:
        raise ShapeError(
            f"the targets of {what} must be (batch,) or (batch, outputs) for {len(inputs)} inputs, but their shape is"
            f" {tuple(values.shape)}"
        )
    if len(inputs) == 0:
        raise InputError(f"{what} holds no examples")
    if not bool(torch.isfinite(values).all()) or not bool(torch.isfinite(inputs).all()):
        raise InputError(f"the inputs and targets of {what} must be finite; leave examples with NaN out")
    return inputs.detach().to("cpu", torch.float32), values.float()


def _train(
    model: WithVariance, data: Data, judged: Data | None, settings: RegressionSettings, place: torch.device, seed: int
) -> FittedRegression:
    """The model trained, with its history."""
    history = train_network(model, data, judged, settings, place, seed)
    return FittedRegression(model, history, settings, seed)


def _train_alone(*job: Any) -> FittedRegression:
    """`_train` on one thread, so that the sums are the same wherever it runs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _train(*job)
    finally:
        torch.set_num_threads(threads)
