"""Training in stages: all layers on whole images, then the later layers alone on cropped ones, for instance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import nn

from seqinterp.attribution.run import Device
from seqinterp.errors import InputError
from seqinterp.images.freeze import Freeze, frozen_tensors
from seqinterp.images.image_set import ImageSet
from seqinterp.images.settings import ImageSettings
from seqinterp.images.trainer import Augment, ImageFit, fit_images


@dataclass(frozen=True)
class Stage:
    """One training after another.

    Attributes:
        images: what it is trained on, with a split whose parts train and valid are used (valid may be missing); None
            for the images of the stage before.
        freeze: layers that it leaves as they are: a name for everything up to and with that layer, several names for
            these alone, None for no layer.
        settings, balance, augment: as `fit_images`.
    """

    images: ImageSet | None = None
    freeze: Freeze = None
    settings: ImageSettings | None = None
    balance: str = "weight"
    augment: Augment | None = None


@dataclass(frozen=True)
class FineTuned:
    """The model after the last stage, in evaluation mode on the CPU; each stage's fit; and all histories, by stage."""

    model: nn.Module
    fits: tuple[ImageFit, ...]
    history: pd.DataFrame


def fine_tune(
    model: nn.Module, stages: Sequence[Stage], *, device: Device = None, seed: int = 0, progress: bool = False
) -> FineTuned:
    """Train a copy of a model stage by stage, each from the weights that the stage before has kept.

    Raises:
        InputError: no stage, a first stage without images, images without training part, layers that are not there or
            a freeze that leaves nothing to train, all before the first stage begins; and what `fit_images` raises.
    """
    sets = _images(stages)
    for stage in stages:
        frozen_tensors(model, stage.freeze)
    seeds = [int(each.generate_state(1)[0]) for each in np.random.SeedSequence(seed).spawn(len(stages))]
    fits: list[ImageFit] = []
    for stage, images, own_seed in zip(stages, sets, seeds, strict=True):
        fits.append(
            fit_images(
                fits[-1].model if fits else model,
                images.part("train"),
                valid=images.part("valid") if "valid" in (images.split or ()) else None,
                settings=stage.settings,
                balance=stage.balance,
                augment=stage.augment,
                freeze=stage.freeze,
                device=device,
                seed=own_seed,
                progress=progress,
            )
        )
    histories = [fit.history.assign(stage=number) for number, fit in enumerate(fits, start=1)]
    history = pd.concat(histories, ignore_index=True)
    history.insert(0, "stage", history.pop("stage"))
    return FineTuned(fits[-1].model, tuple(fits), history)


def _images(stages: Sequence[Stage]) -> list[ImageSet]:
    """The images of each stage."""
    if not stages or stages[0].images is None:
        raise InputError("training in stages needs at least one stage, and the first one needs images")
    found: list[ImageSet] = []
    for number, stage in enumerate(stages, start=1):
        images = stage.images or found[-1]
        if images.classes != (found or [images])[0].classes:
            raise InputError(f"the images of stage {number} have other classes than those of the first stage")
        if "train" not in (images.split or ()):
            raise InputError(
                f"no image of stage {number} is marked train; split the images before (si.split_images), and crop or"
                " change them afterwards"
            )
        found.append(images)
    return found
