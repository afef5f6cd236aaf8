"""`study_images`: the experiments of the literature on a classifier of images, as one call, done properly."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from seqinterp.api.evaluate import LEAST, evaluate
from seqinterp.api.results.image_study import ImageStudy, StudyParts
from seqinterp.api.results.scorecard import Scorecard
from seqinterp.api.shared.candidates import Wanted
from seqinterp.api.study_parts.case import case_part, choose_case, maps_of, named_case, study_methods
from seqinterp.api.study_parts.data import data_part, evenly_of, samples_of, training_part
from seqinterp.api.study_parts.likeness import label_rows, likeness_table, noise_part
from seqinterp.api.study_parts.masks import masks_of, masks_part
from seqinterp.api.study_parts.networks import School, refuse_network
from seqinterp.api.study_parts.random_labels import random_labels_part
from seqinterp.attribution.run import Device, choose_device
from seqinterp.errors import InputError
from seqinterp.images.augment import Augmentation
from seqinterp.images.build import SMALL
from seqinterp.images.duplicates import NEAR
from seqinterp.images.image_set import ImageSet
from seqinterp.images.outcome import judge_images
from seqinterp.images.settings import ImageSettings
from seqinterp.images.split import refuse_overlap, related_images, split_images
from seqinterp.images.trainer import image_logits
from seqinterp.report.image_study_contents import NETWORK, RANDOM, SECOND, Noise
from seqinterp.shapes import PlaceMask

AGAIN = 10  # images that are explained under other networks; two thirds of them under noise
NOISE = (0.01, 0.02, 0.05)
AUGMENT = Augmentation()


def study_images(  # noqa: PLR0913 - a study is many experiments, and all of this may be left out
    images: ImageSet,
    *,
    network: Any = SMALL,
    methods: Any = None,
    case: str | None = None,
    masks: Any = None,
    settings: ImageSettings | None = None,
    augment: Augmentation | None = AUGMENT,
    noise: Sequence[float] = NOISE,
    examples: int = 16,
    by_group: bool = True,
    near: int | float | None = NEAR,
    device: Device = None,
    seed: int = 0,
    checkpoint: Path | str | None = None,
    progress: bool = False,
) -> ImageStudy:
    """Train a classifier, explain it, and ask whether the explanations deserve belief.

    One image is explained by every method, all for the same class. Then: is the map another when the network learned
    permuted labels (a new network, proven to know nothing of the true ones), and the same under a second network of the
    true labels? Does it stay under noise that leaves the class as it is? Does it say more than the edges of the image?
    Is it stable, faithful, complete (`evaluate`)? Does it fall on what masks mark?

    Args:
        images: labelled images; a split they have is used, else `split_images` makes one.
        network: "small_cnn", a classifier of torchvision by name, or a function that builds a module with one logit
            per class, with other weights each time that torch's random state differs. Not a module: the other networks
            of a study start afresh.
        methods: names of the catalogue, or a mapping from names to options; None is the gradient, integrated gradients,
            occlusion (15 pixels, step 8, at the size of the images) and Grad-CAM.
        case: the test image that is shown, by its name or a part of it; None draws one that is called rightly.
        masks: True where something is marked, by the name of the image, (row, column); or for all images,
            (batch, row, column), nothing marked where an image has no mask.
        settings: of the training. augment: variants of images in training; None trains on the images alone.
        noise: standard deviations of noise, as a share of white.
        examples: how many test images are put on trial, as many of each class.
        by_group: False deals images at random to training and test, related ones too: for showing what that does.
        near: the likeness from which two images count as one (see `find_duplicates`), which are dealt together, and
            must not stand on two sides of a split that the images have; None looks for equal pixels alone.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        seed: everything random follows from it.
        checkpoint: a folder that keeps what is finished (weights, methods on trial), so that an interrupted study goes
            on where it was.
        progress: say on the terminal what is being done.

    Raises:
        InputError: too few images, an unknown method or case, masks that do not fit, a module as network, or a function
            that gives the same weights each time.
        LeakageError: a split that came with the images has related images on two sides.
        ModelError: the network cannot be built or trained on these images, or not explained by a method.
        FileError: the checkpoint is of another study.
    """
    asked = study_methods(methods, (int(images.inputs.shape[2]), int(images.inputs.shape[3])))
    _check(noise, examples)
    marked = masks_of(masks, images)
    refuse_network(network)
    place = choose_device(device)
    parted = _parted(images, by_group=by_group, near=near, seed=seed)
    folder = None if checkpoint is None else Path(checkpoint)
    school = School(network, parted, settings or ImageSettings(), augment, seed, place, folder, progress)
    test_rows = np.flatnonzero(np.array(parted.split) == "test")
    if len(test_rows) < LEAST:
        raise InputError(
            f"a study needs at least {LEAST} test images, but there are {len(test_rows)}; give more images"
        )
    test = parted.part("test")
    if case is not None:
        named_case(test, case)
    school.refuse_weak_controls()
    study = _Study(school, asked, test, test_rows, tuple(noise), examples, by_group, near, augment)
    return study.run(case, None if marked is None else marked[torch.from_numpy(test_rows)])


def _check(noise: Sequence[float], examples: int) -> None:
    """Refuse options out of range before anything is trained."""
    if not noise or not all(0 < level < 1 for level in noise):
        raise InputError(f"noise must be standard deviations above 0 and below 1, a share of white, not {tuple(noise)}")
    if examples < LEAST:
        raise InputError(f"at least {LEAST} examples are needed to put methods on trial, not {examples}")


def _parted(images: ImageSet, *, by_group: bool, near: int | float | None, seed: int) -> ImageSet:
    """The images with a split, which keeps related ones together unless it shall not."""
    if images.split is None:
        return split_images(images, fractions=(0.6, 0.1, 0.3), by_group=by_group, near=near, seed=seed)
    if by_group:
        refuse_overlap(images, near=near)
    return images


@dataclass(frozen=True, eq=False)
class _Study:
    """A study under way."""

    school: School
    methods: Sequence[Wanted]
    test: ImageSet
    rows: NDArray[np.int64]
    noise: tuple[float, ...]
    examples: int
    by_group: bool
    near: int | float | None
    augment: Augmentation | None

    def run(self, case: str | None, marked: PlaceMask | None) -> ImageStudy:
        """All experiments, one after another."""
        school, test, seed, device = self.school, self.test, self.school.seed, self.school.device
        taught = school.study("network")
        model = taught.model
        logits = image_logits(model, test, device=device)
        row, chosen = choose_case(test, logits, case, seed=seed)
        target = int(logits[row].argmax())
        second = school.study("second network", number=1).model
        random, labels = random_labels_part(model, second, school, test, target=target, seed=seed)
        models = {NETWORK: model, SECOND: second, RANDOM: random}
        maps = maps_of(models, self.methods, test.inputs[[row]], target=target, device=device, seed=seed)
        tried = evenly_of(test.labels, self.examples, first=row, seed=seed)
        card = self._trial(model, second, tried, target)
        noisy, table = self._likeness(models, card, tried, target)
        masks: Any = "no masks were given"
        if marked is not None:
            pair = {NETWORK: model, "an untrained network": school.untrained()}
            masks = masks_part(pair, self.methods, test, marked, target=target, seed=seed, device=device)
        related = related_images(school.images, near=self.near)[self.rows]
        outcome = judge_images(logits, test.labels, test.classes, groups=related, seed=seed)
        parts = StudyParts(
            data=data_part(school.images, by_group=self.by_group, near=self.near),
            training=training_part(self._network, model, taught.history, outcome),
            case=case_part(test, row, logits, chosen, target, maps[NETWORK]),
            labels=labels,
            noise=noisy,
            masks=masks,
        )
        return ImageStudy(
            parts=parts,
            samples=samples_of(school.images, seed=seed),
            maps=maps,
            history=taught.history,
            likeness=likeness_table(table),
            card=card,
            weights={name: tensor.clone() for name, tensor in model.state_dict().items()},
            facts=self._facts(card),
        )

    @property
    def _network(self) -> str:
        network = self.school.network
        return network if isinstance(network, str) else getattr(network, "__name__", type(network).__name__)

    def _trial(self, model: nn.Module, second: nn.Module, tried: list[int], target: int) -> Scorecard:
        """What `evaluate` says of the methods."""
        chosen = self.test.take(tried)
        # of two classes evaluate wants to know what the score should follow, of more the class numbers
        several = len(chosen.classes) > 2
        labels = chosen.labels if several else (chosen.labels == target).astype(np.int64)
        folder = self.school.checkpoint
        return evaluate(
            model,
            chosen.inputs,
            {one.name: {"method": one.method, **one.options} for one in self.methods},
            target=target,
            labels=labels,
            members=[second],
            seed=self.school.seed,
            device=self.school.device,
            checkpoint=None if folder is None else folder / "trial",
            progress=self.school.progress,
        )

    def _likeness(
        self, models: Mapping[str, nn.Module], card: Scorecard, tried: list[int], target: int
    ) -> tuple[Noise, list[dict[str, Any]]]:
        """Maps under other networks and under noise."""
        values = {name: one.values for name, one in card.trials.items()}
        asked = torch.stack([each.flatten(1).isfinite().all(dim=1) for each in values.values()]).all(dim=0)
        few = asked.nonzero().flatten()[:AGAIN]
        fewer = few[: max(2, 2 * AGAIN // 3)]
        options: dict[str, Any] = {"device": self.school.device, "seed": self.school.seed}
        others = {name: models[name] for name in (SECOND, RANDOM)}
        own = {name: each[few] for name, each in values.items()}
        rows = label_rows(own, self.methods, card.inputs[few], others, target=target, **options)
        shown = self.test.take([tried[int(place)] for place in fewer])
        again = {name: each[fewer] for name, each in values.items()}
        noisy, more = noise_part(models[NETWORK], again, self.methods, shown, self.noise, target=target, **options)
        return noisy, rows + more

    def _facts(self, card: Scorecard) -> dict[str, Any]:
        """Where all this comes from."""
        school = self.school
        return {
            "seed": school.seed,
            "network": self._network,
            "settings": asdict(school.settings),
            "augment": None if self.augment is None else asdict(self.augment),
            "near": self.near,
            "noise": list(self.noise),
            "examples": len(card.inputs),
            "model_hash": card.facts["model_hash"],
            "device": str(school.device),
            "versions": dict(card.facts["versions"]),
        }
