"""Training a network: the same data, settings and seed give the same weights, bit for bit, on the same machine."""

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from seqinterp.attribution.run import Device, choose_device
from seqinterp.errors import ShapeError
from seqinterp.models.architecture import assemble
from seqinterp.models.balance import base_rate_shift
from seqinterp.models.base_rate import shift_logits
from seqinterp.models.labels import checked_examples
from seqinterp.models.network import Network
from seqinterp.models.networks import build, network_class, network_name
from seqinterp.models.recipes import recipe
from seqinterp.models.settings import TrainSettings
from seqinterp.models.start_filters import start_filters
from seqinterp.models.trainer import Trainer
from seqinterp.models.training_progress import training_progress
from seqinterp.shapes import Pwm

FREE_FILTERS = 10  # beside those that start from motifs


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A trained model, in evaluation mode on the CPU, and how it came about.

    `history` has one row per member and epoch: member, epoch (from 1), train_loss, valid_loss and valid_ap (NaN
    without validation data), kept (True for the epoch whose weights were kept). Losses are in nats, at the class
    balance that training saw. `logit_shift` has been added to the logits already: with it they speak of the base
    rate of the training data.
    """

    model: nn.Module
    history: pd.DataFrame
    logit_shift: float
    network: str
    settings: Mapping[str, Any]
    train: TrainSettings
    seed: int


def fit(
    network: str,
    settings: Mapping[str, Any],
    inputs: Tensor,
    labels: object,
    *,
    train: TrainSettings | None = None,
    valid: tuple[Tensor, object] | None = None,
    start_from: Mapping[str, Pwm] | None = None,
    device: Device = None,
    progress: bool = False,
    seed: int = 0,
) -> Fitted:
    """Train a network by name on one-hot inputs (batch, 4, position) and labels of 0 and 1.

    With `valid` (inputs, labels) training stops early and the best weights are kept; without, it runs all its
    epochs and keeps the last. `start_from` are motifs, name -> probabilities (4, width), from which the first
    filters start; where `settings` name no number of filters, there are ten more, which start at random. A network
    that needs the length of the sequences takes it from the inputs. `train` is the network's own recipe by default.
    No global random state is read or changed.

    Raises:
        InputError: no examples, one class only, labels other than 0 and 1, inputs that are not finite, settings
            the network does not have.
        ModelError: the loss is not finite.
    """
    train = train or recipe(network, started=bool(start_from))
    examples = checked_examples(inputs, labels)
    judged = None if valid is None else checked_examples(*valid, what="the validation data")
    lengths = [data[0].shape[2] for data in (examples, judged) if data is not None]
    if lengths[-1] != lengths[0]:
        raise ShapeError(
            f"training sequences have {lengths[0]} bases but validation sequences {lengths[1]}; give sequences of "
            "one length"
        )
    settings = with_length(network, settings, lengths[0])
    if start_from:
        settings.setdefault("filters", len(start_from) + FREE_FILTERS)
    place = choose_device(device)
    networks, histories = [], []
    bar = training_progress(train.members, train.epochs, progress=progress)
    with bar as report, own_randomness(place):
        for member in range(train.members):
            streams = np.random.SeedSequence([seed, member]).spawn(2)
            seed_all(int(streams[0].generate_state(1)[0]), place)
            built = build(network, settings)
            start_filters(built, start_from or {}, examples[0], seed=seed)
            trainer = Trainer(built, train, place, np.random.default_rng(streams[1]))
            histories.append(trainer.run(examples, judged, partial(report, member)).assign(member=member))
            networks.append(built.to("cpu"))
    return _finish(networks, histories, train, base_rate_shift(examples[1], train), seed)


def with_length(network: str, settings: Mapping[str, Any], length: int) -> dict[str, Any]:
    """The settings, with the length of the sequences for a network that needs it; ShapeError if another is set."""
    if "length" not in {field.name for field in dataclasses.fields(network_class(network).Settings)}:
        return dict(settings)
    if settings.get("length", length) != length:
        raise ShapeError(
            f"the network setting length is {settings['length']}, but the sequences have {length} bases; leave it out"
        )
    return {"length": length, **settings}


def _finish(
    networks: list[Network], histories: list[pd.DataFrame], train: TrainSettings, shift: float, seed: int
) -> Fitted:
    """One model of the trained members, at the base rate of the data, with its table of epochs."""
    model = assemble(networks, train.strands).eval()
    shift_logits(model, shift)
    history = pd.concat(histories, ignore_index=True)
    history.insert(0, "member", history.pop("member"))
    name = network_name(networks[0])
    return Fitted(model, history, shift, str(name), dataclasses.asdict(networks[0].settings), train, seed)


@contextmanager
def own_randomness(device: torch.device) -> Iterator[None]:
    """Random numbers of torch that nobody else sees: initial weights and dropout know no generator of their own."""
    cuda = [] if device.type != "cuda" else [torch.cuda.current_device() if device.index is None else device.index]
    with torch.random.fork_rng(devices=cuda):
        yield


def seed_all(seed: int, device: torch.device) -> None:
    """Seed the generators that the device uses; torch.manual_seed would reach those of idle GPUs, too."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
