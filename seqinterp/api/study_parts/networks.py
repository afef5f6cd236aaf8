"""The networks of a study: the one that is explained, another of the same labels, one of permuted labels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from seqinterp.api.shared.fingerprint import fingerprint
from seqinterp.errors import InputError
from seqinterp.images.build import build_network
from seqinterp.images.image_set import ImageSet
from seqinterp.images.networks import require_fit
from seqinterp.images.settings import ImageSettings
from seqinterp.images.trainer import Augment, fit_images, image_logits
from seqinterp.io.trial_files import TrialFiles
from seqinterp.models.train import own_randomness, seed_all
from seqinterp.report.image_study_contents import Limits
from seqinterp.shapes import Inputs

APART = 1000  # between the seeds of the networks of one study
ROUNDS = 3  # that permuted labels are trained for, at most; they are harder to learn than true ones
SAME = 0.5  # share of the start weights that two networks may have in common
Build = str | Callable[[], nn.Module]


@dataclass(frozen=True, eq=False)
class Learned:
    """A network in evaluation mode on the CPU, and its course."""

    model: nn.Module
    history: pd.DataFrame


def refuse_network(network: Any) -> None:
    """Raise InputError for what builds no network anew."""
    if isinstance(network, nn.Module):
        raise InputError(
            f"network is a module, a {type(network).__name__}, from whose weights each network of a study would start,"
            " so that it would be its own control; give a name, or a function that builds one with fresh weights"
        )
    if not isinstance(network, str) and not callable(network):
        raise InputError(f"network must be a name, or a function that builds a module, not a {type(network).__name__}")


def fresh_network(network: Build, images: ImageSet, *, seed: int) -> nn.Module:
    """An untrained network for these images, with their normalisation inside.

    Raises:
        InputError: torchvision has no network of this name.
        ModelError: torchvision is needed and not there, or what was built is no module.
    """
    with own_randomness(torch.device("cpu")):
        seed_all(seed, torch.device("cpu"))
        return build_network(network, images)


@dataclass(frozen=True, eq=False)
class School:
    """Trains networks of one kind on one set of images; what is trained is kept in a folder, where there is one."""

    network: Build
    images: ImageSet
    settings: ImageSettings
    augment: Augment | None
    seed: int
    device: torch.device
    checkpoint: Path | None = None
    progress: bool = False

    def refuse_weak_controls(self) -> None:
        """Build two networks and see that they differ, and that they take the images.

        Raises:
            InputError: they start from the same weights, or half of them, as pretrained ones do.
            ModelError: the network cannot be built or does not fit the images.
        """
        one, other = (fresh_network(self.network, self.images, seed=self.seed + number * APART) for number in (0, 1))
        require_fit(one, self.images.inputs[:2], len(self.images.classes))
        if (same := _in_common(one, other)) >= SAME:
            raise InputError(
                f"network gave the same start weights ({same:.0%} of them) for two seeds, so the second network, the"
                " untrained one and that of random labels would be no controls; give a function that builds a module"
                " with fresh weights, not pretrained ones"
            )

    def study(self, name: str, *, number: int = 0) -> Learned:
        """Train on the true labels; `number` 0 is the network that is explained, others differ from it by chance."""
        valid = self.images.part("valid") if "valid" in (self.images.split or ()) else None
        return self._taught(name, self.images.part("train"), valid, self.settings, self.augment, number)

    def study_permuted(self, inputs: Inputs, labels: Tensor, *, number: int = 2) -> Learned:
        """Train on these labels, whatever they are: to the last epoch, without variants of images and weight decay.

        Again, up to ROUNDS times, until it gives the share of them that counts as learned.
        """
        images = replace(self.images.part("train"), inputs=inputs, labels=labels.cpu().numpy())
        settings = replace(self.settings, patience=self.settings.epochs, weight_decay=0.0)
        return self._taught(f"random labels {number}", images, None, settings, None, number, rounds=ROUNDS)

    def untrained(self) -> nn.Module:
        """Another start, untrained."""
        return fresh_network(self.network, self.images, seed=self.seed + 9 * APART).eval()

    def _taught(
        self,
        name: str,
        images: ImageSet,
        valid: ImageSet | None,
        settings: ImageSettings,
        augment: Augment | None,
        number: int,
        rounds: int = 1,
    ) -> Learned:
        """One network: read back where it was kept, else trained."""
        seed = self.seed + number * APART
        model = fresh_network(self.network, self.images, seed=seed)
        files = None
        if self.checkpoint is not None:
            heldout = None if valid is None else (valid.inputs, valid.labels)
            own = fingerprint(model, images.inputs, images.labels, heldout, settings, augment, seed, rounds)
            files = TrialFiles(self.checkpoint, own)
            kept = files.load(name, own)
            if kept is not None:
                model.load_state_dict(kept[0])
                return Learned(model.eval(), pd.DataFrame(kept[1]["history"]))
        taught = self._rounds(model, images, valid, settings, augment, seed, rounds)
        if files is not None:
            files.save(name, own, taught.model.state_dict(), {"history": taught.history.to_dict("list")})
        return taught

    def _rounds(
        self,
        model: nn.Module,
        images: ImageSet,
        valid: ImageSet | None,
        settings: ImageSettings,
        augment: Augment | None,
        seed: int,
        rounds: int,
    ) -> Learned:
        """Train, and train on from there, until enough of the labels are learned."""
        histories: list[pd.DataFrame] = []
        for number in range(rounds):
            fit = fit_images(
                model,
                images,
                valid=valid,
                settings=settings,
                augment=augment,
                device=self.device,
                seed=seed + number,
                progress=self.progress,
            )
            model = fit.model
            done = sum(map(len, histories))
            histories = [each.assign(kept=False) for each in histories]
            histories.append(fit.history.assign(epoch=fit.history["epoch"] + done))
            if rounds == 1 or _learned(model, images, self.device) >= Limits().learned:
                break
        return Learned(model, pd.concat(histories, ignore_index=True))


def _learned(model: nn.Module, images: ImageSet, device: torch.device) -> float:
    """The share of images that are called what their labels say."""
    return float((image_logits(model, images, device=device).argmax(axis=1) == images.labels).mean())


def _in_common(one: nn.Module, other: nn.Module) -> float:
    """The share of weights that are equal in both, frozen ones too, of tensors that are not one number throughout."""
    same, every = 0, 0
    theirs = dict(other.named_parameters())
    for name, own in one.named_parameters():
        if own.numel() < 2 or bool((own == own.flatten()[0]).all()):
            continue  # biases of 0 and scales of 1 are where all begin
        every += own.numel()
        if name in theirs and torch.equal(own, theirs[name]):
            same += own.numel()
    return same / every if every else 1.0
