"""The networks of a study: the one that is explained, another of the same labels, one of permuted labels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn

from seqinterp.api.fingerprint import fingerprint
from seqinterp.images.build import build_network
from seqinterp.images.image_set import ImageSet
from seqinterp.images.settings import ImageSettings
from seqinterp.images.trainer import Augment, fit_images
from seqinterp.io.trial_files import TrialFiles
from seqinterp.models.train import own_randomness, seed_all
from seqinterp.shapes import Inputs

APART = 1000  # between the seeds of the networks of one study
Build = str | Callable[[], nn.Module]


@dataclass(frozen=True, eq=False)
class Learned:
    """A network in evaluation mode on the CPU, and its course."""

    model: nn.Module
    history: pd.DataFrame


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

    def study(self, name: str, *, number: int = 0) -> Learned:
        """Train on the true labels; `number` 0 is the network that is explained, others differ from it by chance."""
        valid = self.images.part("valid") if "valid" in (self.images.split or ()) else None
        return self._taught(name, self.images.part("train"), valid, self.settings, self.augment, number)

    def study_permuted(self, inputs: Inputs, labels: Tensor, *, number: int = 2) -> Learned:
        """Train on these labels, whatever they are: to the last epoch, without variants of images."""
        images = replace(self.images.part("train"), inputs=inputs, labels=labels.cpu().numpy())
        settings = replace(self.settings, patience=self.settings.epochs)
        return self._taught(f"random labels {number}", images, None, settings, None, number)

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
    ) -> Learned:
        """One network: read back where it was kept, else trained."""
        seed = self.seed + number * APART
        model = fresh_network(self.network, self.images, seed=seed)
        files = None
        if self.checkpoint is not None:
            heldout = None if valid is None else (valid.inputs, valid.labels)
            own = fingerprint(model, images.inputs, images.labels, heldout, settings, augment, seed)
            files = TrialFiles(self.checkpoint, own)
            kept = files.load(name, own)
            if kept is not None:
                model.load_state_dict(kept[0])
                return Learned(model.eval(), pd.DataFrame(kept[1]["history"]))
        fit = fit_images(
            model,
            images,
            valid=valid,
            settings=settings,
            augment=augment,
            device=self.device,
            seed=seed,
            progress=self.progress,
        )
        if files is not None:
            files.save(name, own, fit.model.state_dict(), {"history": fit.history.to_dict("list")})
        return Learned(fit.model, fit.history)
