"""Training a classifier of images: the same images, settings and seed give the same weights on one CPU, bit for bit."""

import copy
import dataclasses
import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqinterp.attribution.run import Device, batched, choose_device
from seqinterp.errors import InputError, ModelError
from seqinterp.images.augment import Augmentation, refuse_mirrors
from seqinterp.images.balance import class_weights
from seqinterp.images.freeze import Freeze, frozen
from seqinterp.images.image_set import ImageSet
from seqinterp.images.networks import require_fit
from seqinterp.images.settings import ImageSettings, require_balance
from seqinterp.models.train import own_randomness, seed_all
from seqinterp.models.training_progress import Row, training_progress
from seqinterp.shapes import ClassNumbers

Augment = Callable[[Tensor, torch.Generator], Tensor]


@dataclasses.dataclass(frozen=True)
class ImageFit:
    """A trained classifier, in evaluation mode on the CPU, and how it came about.

    history: one row per epoch: epoch (from 1), train_loss (nats, as it was minimised), train_accuracy (during the
        epoch, on augmented images where there are some), valid_loss (classes weighed as in training), valid_accuracy
        (NaN without validation images), kept (True for the epoch whose weights were kept).
    frozen: names of the weights and statistics that were held.
    unmoved: names of the weights that were free to move and ended where they began.
    """

    model: nn.Module
    history: pd.DataFrame
    settings: ImageSettings
    balance: str
    frozen: tuple[str, ...]
    unmoved: tuple[str, ...]
    seed: int


def fit_images(
    model: nn.Module,
    images: ImageSet,
    *,
    valid: ImageSet | None = None,
    settings: ImageSettings | None = None,
    balance: str = "weight",
    augment: Augment | None = None,
    freeze: Freeze = None,
    device: Device = None,
    seed: int = 0,
    progress: bool = False,
) -> ImageFit:
    """Train a copy of a classifier with one logit per class; the model that came stays as it is.

    valid: images by which training stops early and the best epoch is kept; without them all epochs are run.
    balance: what rare classes get: "weight" weighs every class alike in the loss, "oversample" repeats their images
        until every class has as many (in training alone), "none" leaves them rare. With the first two, probabilities
        speak of classes that are equally frequent; calibrate them where they shall speak of others.
    augment: gives a variant of a batch of images, with a generator of random numbers; drawn anew in each epoch.
    freeze: layers that stay as they are, see `frozen_tensors`.

    No global random state is read or changed.

    Raises:
        InputError: a class without training images, other classes in `valid`, a freeze that leaves nothing to train,
            mirror images of what has a left and a right.
        ModelError: the model does not take the images or gives other than one logit per class; the loss is not
            finite; no weight moved.
    """
    require_balance(balance)
    settings = settings or ImageSettings()
    _require_classes(images, valid)
    if isinstance(augment, Augmentation):
        refuse_mirrors(augment, images)
    require_fit(model, images.inputs[:2], len(images.classes))
    place = choose_device(device)
    before = {name: tensor.detach().cpu().clone() for name, tensor in model.named_parameters()}
    streams = np.random.SeedSequence(seed).generate_state(3)
    order, change = (torch.Generator().manual_seed(int(stream)) for stream in streams[:2])
    work = copy.deepcopy(model)
    bar = training_progress(1, settings.epochs, progress=progress)
    with bar as report, own_randomness(place), frozen(work, freeze) as held:
        _require_trainable(work)
        seed_all(int(streams[2]), place)
        course = _Course(work.to(place), settings, balance, augment, order, change)
        history = course.run(images, valid, partial(report, 0))
        free = [name for name, parameter in work.named_parameters() if parameter.requires_grad]
    work.to("cpu").eval()
    after = dict(work.named_parameters())
    unmoved = tuple(name for name in free if torch.equal(before[name], after[name].detach()))
    if len(unmoved) == len(free):
        raise ModelError("training moved no weight at all; raise learning_rate, which is 0 or far too small")
    return ImageFit(work, history, settings, balance, held, unmoved, seed)


def _require_classes(images: ImageSet, valid: ImageSet | None) -> None:
    """Every class has training images, and validation speaks of the same classes."""
    if lacking := [name for name, count in images.counts().items() if count == 0]:
        raise InputError(f"no training image is of the class {lacking[0]!r}; leave the class out or add images of it")
    if valid is not None and valid.classes != images.classes:
        raise InputError(
            f"the validation images have the classes {', '.join(valid.classes)}, but the training images"
            f" {', '.join(images.classes)}; read both with the same classes"
        )


def _require_trainable(model: nn.Module) -> None:
    """Refuse a model all of whose parameters are frozen: its loss would stay as it is, and nothing would say so."""
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise InputError(
            "no weight of the model asks for a gradient, so nothing would be trained; set requires_grad where it shall"
            " learn"
        )


def epoch_order(labels: ClassNumbers, balance: str, generator: torch.Generator) -> Tensor:
    """Which images an epoch shows, in which order; with oversampling, as many of each class as of the most frequent.

    Images of a rare class are repeated whole, and the rest of them drawn without repetition.
    """
    if balance != "oversample":
        return torch.randperm(len(labels), generator=generator)
    rows = [torch.from_numpy(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    most = max(map(len, rows))
    drawn = [
        torch.cat([*[row] * (most // len(row)), row[torch.randperm(len(row), generator=generator)[: most % len(row)]]])
        for row in rows
    ]
    every = torch.cat(drawn)
    return every[torch.randperm(len(every), generator=generator)]


@dataclasses.dataclass
class _Course:
    """One training."""

    model: nn.Module
    settings: ImageSettings
    balance: str
    augment: Augment | None
    order: torch.Generator
    change: torch.Generator

    def run(self, images: ImageSet, valid: ImageSet | None, report: Callable[[Row], None]) -> pd.DataFrame:
        """Train until patience or epochs end; the model holds the best weights afterwards."""
        rate = self.settings.learning_rate
        free = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(free, lr=rate, weight_decay=self.settings.weight_decay)
        shares = torch.ones(len(images.classes))
        if self.balance != "none":
            shares = torch.from_numpy(class_weights(images.labels, len(images.classes))).float()
        rows: list[Mapping[str, float | int]] = []
        best, best_epoch, kept = math.inf, 0, None
        for epoch in range(1, self.settings.epochs + 1):
            row = {"epoch": epoch, **self._epoch(images, shares, optimizer, epoch), **self._judge(valid, shares)}
            rows.append(row)
            report(row)
            if valid is None or row["valid_loss"] < best:
                best, best_epoch = row["valid_loss"], epoch
                kept = None if valid is None else copy.deepcopy(self.model.state_dict())
            elif epoch - best_epoch >= self.settings.patience:
                break
        if kept is not None:
            self.model.load_state_dict(kept)
        history = pd.DataFrame(rows)
        return history.assign(kept=history["epoch"] == best_epoch)

    def _epoch(
        self, images: ImageSet, shares: Tensor, optimizer: torch.optim.Optimizer, epoch: int
    ) -> dict[str, float]:
        """One pass: the mean loss and accuracy of its batches before their steps."""
        self.model.train()
        parts = batches(epoch_order(images.labels, self.balance, self.order), self.settings.batch_size)
        weights = shares if self.balance == "weight" else torch.ones_like(shares)
        labels = torch.from_numpy(images.labels.astype(np.int64))
        loss_sum, right, seen = 0.0, 0, 0
        for number, part in enumerate(parts):
            passed = (epoch - 1 + number / len(parts)) / self.settings.epochs
            for group in optimizer.param_groups:
                group["lr"] = self.settings.learning_rate * (1 + math.cos(math.pi * passed)) / 2
            loss, hits = self._step(images.inputs[part], labels[part], weights, optimizer)
            if not math.isfinite(loss):
                raise ModelError(
                    f"the training loss became NaN or infinite in epoch {epoch}; lower learning_rate (it is"
                    f" {self.settings.learning_rate:g})"
                )
            loss_sum, right, seen = loss_sum + loss * len(part), right + hits, seen + len(part)
        return {"train_loss": loss_sum / seen, "train_accuracy": right / seen}

    def _step(
        self, inputs: Tensor, labels: Tensor, weights: Tensor, optimizer: torch.optim.Optimizer
    ) -> tuple[float, int]:
        """One step; the loss and the number of right answers before it."""
        place = next(self.model.parameters()).device
        if self.augment is not None:
            inputs = self.augment(inputs, self.change)
        logits, labels = self.model(inputs.to(place)), labels.to(place)
        losses = nn.functional.cross_entropy(logits, labels, reduction="none")
        loss = (losses * weights.to(place)[labels]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item(), int((logits.detach().argmax(dim=1) == labels).sum())

    def _judge(self, valid: ImageSet | None, shares: Tensor) -> dict[str, float]:
        """Loss, classes weighed as in training, and accuracy on the validation images."""
        if valid is None:
            return {"valid_loss": math.nan, "valid_accuracy": math.nan}
        logits = image_logits(self.model, valid, device=next(self.model.parameters()).device)
        labels = torch.from_numpy(valid.labels.astype(np.int64))
        loss = nn.functional.cross_entropy(torch.from_numpy(logits), labels, weight=shares.double())
        return {"valid_loss": float(loss), "valid_accuracy": float((logits.argmax(axis=1) == valid.labels).mean())}


def batches(order: Tensor, batch_size: int) -> list[Tensor]:
    """The images of each step; a last one that would stand alone joins the batch before it (batch normalisation)."""
    parts = list(order.split(batch_size))
    return [*parts[:-2], torch.cat(parts[-2:])] if len(parts) > 1 and len(parts[-1]) == 1 else parts


def image_logits(
    model: nn.Module, images: ImageSet, *, batch_size: int = 64, device: Device = None, progress: bool = False
) -> NDArray[np.float64]:
    """The model's logits (example, classes) as float64."""
    with torch.no_grad():
        logits = batched(model, model, images.inputs, batch_size=batch_size, device=device, progress=progress)
    return logits.numpy().astype(np.float64)
