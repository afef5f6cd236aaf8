"""`train_images`: from labelled images to a classifier, and what it is worth on images it has not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import softmax
from torch import nn

from seqinterp.api.stage_leakage import refuse_stage_leakage
from seqinterp.attribution.run import Device, choose_device
from seqinterp.errors import InputError
from seqinterp.images.build import SMALL, build_network
from seqinterp.images.duplicates import NEAR
from seqinterp.images.fine_tune import Stage, fine_tune
from seqinterp.images.image_set import ImageSet
from seqinterp.images.networks import require_fit
from seqinterp.images.outcome import ImageOutcome, judge_images
from seqinterp.images.settings import ImageSettings
from seqinterp.images.split import refuse_overlap, related_images
from seqinterp.images.trainer import Augment, image_logits
from seqinterp.io.image_weights import LoadedWeights, load_weights
from seqinterp.models.train import own_randomness, seed_all

BALANCE = "weight"


@dataclass(frozen=True)
class TrainedImages:
    """A classifier of images and the evidence for it.

    Attributes:
        model: in evaluation mode on the CPU; takes pixels from 0 to 1 and gives one logit per class.
        classes: what its logits are of.
        outcome: confusion, rates and curves on the test part, intervals resampled over related images.
        history: loss and accuracy by stage and epoch.
        predictions: one row per image: name, group (a number, alike for related images), split, label, called, and the
            probability of each class, `probability_NORMAL` for instance.
        weights: what a file gave to the network before it was trained, None without a file.
        frozen: for each stage the names of what it held still.
        network, seed: as asked for.
    """

    model: nn.Module
    classes: tuple[str, ...]
    outcome: ImageOutcome
    history: pd.DataFrame
    predictions: pd.DataFrame
    weights: LoadedWeights | None
    frozen: tuple[tuple[str, ...], ...]
    network: str
    seed: int


def train_images(  # noqa: PLR0913 - a training is described by this much, and all but the images may be left out
    images: ImageSet,
    *,
    network: str | nn.Module | Callable[[], nn.Module] = SMALL,
    settings: ImageSettings | None = None,
    augment: Augment | None = None,
    balance: str = BALANCE,
    stages: Sequence[Stage] | None = None,
    weights: str | Path | None = None,
    near: int | float | None = NEAR,
    device: Device = None,
    seed: int = 0,
    progress: bool = False,
) -> TrainedImages:
    """Train a classifier on the train part of images, stop by their valid part, and judge it on their test part.

    Args:
        images: with a split (`split_images` makes one) that keeps related images on one side.
        network: "small_cnn"; a classifier of torchvision by name, for instance "densenet121"; a function that builds a
            module with one logit per class; or a module, of which a copy is trained. Pixels are normalised inside the
            model that comes back.
        settings, augment, balance: of the training, see `fit_images`.
        stages: several trainings one after another, see `Stage`, in place of one with `settings`, `augment` and
            `balance`; a stage without images takes those before it.
        weights: a local file that training starts from, see `load_weights`; colours are then normalised as
            torchvision's weights want it, or as the file says.
        near: the likeness from which two images count as one, which must not stand on two sides; that of
            `split_images`, also where the images were split by it. None looks for equal pixels alone.
        device, progress: as everywhere.
        seed: start weights, order of images and augmentation follow from it.

    Raises:
        InputError: no split, no training or test images, a class without training images, an unknown network.
        LeakageError: the split, or the images of a stage, have related images on both sides, by name, parent, group
            or pixels.
        ModelError: the network does not take these images, torchvision is needed and not there, the loss is not finite.
        FileError: the weights do not fit.
    """
    test = images.part("test")
    if stages and (settings is not None or augment is not None or balance != BALANCE):
        raise InputError(
            "stages bring their own settings, augment and balance; give them there, or leave the stages out"
        )
    refuse_overlap(images, near=near)
    refuse_stage_leakage(images, stages or (), near=near)
    place = choose_device(device)
    with own_randomness(place):
        seed_all(int(np.random.SeedSequence([seed, 1]).generate_state(1)[0]), place)
        built = build_network(network, images, pretrained=weights is not None)
    loaded = None if weights is None else load_weights(built, weights)
    require_fit(built, images.inputs[:2], len(images.classes))
    plan = list(stages or [Stage(images, settings=settings, augment=augment, balance=balance)])
    plan[0] = replace(plan[0], images=plan[0].images or images)
    tuned = fine_tune(built, plan, device=place, seed=seed, progress=progress)
    related = related_images(images, near=near)
    logits = image_logits(tuned.model, images, device=place)
    held = np.flatnonzero(np.array(images.split) == "test")
    return TrainedImages(
        model=tuned.model,
        classes=images.classes,
        outcome=judge_images(logits[held], test.labels, images.classes, groups=related[held], seed=seed),
        history=tuned.history,
        predictions=_predictions(images, logits, related),
        weights=loaded,
        frozen=tuple(fit.frozen for fit in tuned.fits),
        network=network if isinstance(network, str) else getattr(network, "__name__", type(network).__name__),
        seed=seed,
    )


def _predictions(images: ImageSet, logits: np.ndarray, related: np.ndarray) -> pd.DataFrame:
    """One row per image, in the order of the images."""
    chances = softmax(logits, axis=1)
    return pd.DataFrame(
        {
            "name": images.names,
            "group": related,
            "split": images.split,
            "label": [images.classes[label] for label in images.labels],
            "called": [images.classes[label] for label in logits.argmax(axis=1)],
            **{f"probability_{name}": chances[:, number] for number, name in enumerate(images.classes)},
        }
    )
