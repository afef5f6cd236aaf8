"""What `seqinterp images` does: read, call, write."""

import json
import shlex
import shutil
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import typer

from seqinterp.api.results.image_study import PAGE
from seqinterp.api.study_images import study_images
from seqinterp.api.train_images import TrainedImages, train_images
from seqinterp.cli.job import said
from seqinterp.cli.output import write_frame
from seqinterp.errors import FileError
from seqinterp.images.architecture import image_architecture_of
from seqinterp.images.augment import Augmentation
from seqinterp.images.groups import kermany_patient
from seqinterp.images.image_set import ImageSet
from seqinterp.images.settings import ImageSettings
from seqinterp.images.split import split_images
from seqinterp.io.checkpoint import save_checkpoint
from seqinterp.io.image_files import read_images
from seqinterp.io.mask_files import read_masks
from seqinterp.plot.confusion import confusion_figure, image_training_figure
from seqinterp.plot.curves import roc_figure

KNOWN_GROUPS = {"kermany": kermany_patient}


@dataclass(frozen=True)
class Asked:
    """What both verbs are asked."""

    data: Path
    groups: str | None
    grey: bool
    size: int | None
    laterality: bool
    network: str
    epochs: int
    seed: int
    device: str | None
    progress: bool
    near: float
    by_group: bool = True

    def images(self) -> ImageSet:
        """The images, split unless they came so."""
        groups = KNOWN_GROUPS.get(self.groups or "", self.groups)
        with said(f"reading {self.data}"):
            images = read_images(
                self.data,
                size=self.size,
                grey=self.grey,
                groups=groups,
                laterality=self.laterality,
                progress=self.progress,
            )
        if not self.by_group:
            images = replace(images, split=None)
        return images

    @property
    def settings(self) -> ImageSettings:
        """The recipe; the best epoch is kept, and half of them are waited for a better one."""
        return ImageSettings(epochs=self.epochs, patience=max(1, self.epochs // 2))


def study_into(
    out: Path,
    asked: Asked,
    *,
    case: str | None,
    masks: Path | None,
    methods: str | None,
    examples: int,
    checkpoint: Path | None,
    force: bool,
) -> Path:
    """Study, write the folder, print the verdict; gives the page."""
    if out.exists() and not force:
        raise FileError(f"{out} exists and is not replaced; choose another name, or use --force")
    images = asked.images()
    folder = checkpoint or out.with_name(f".{out.name}.parts")
    study = study_images(
        images,
        network=asked.network,
        methods=None if methods is None else [name.strip() for name in methods.split(",")],
        case=case,
        masks=None if masks is None else read_masks(masks, images),
        settings=asked.settings,
        examples=examples,
        by_group=asked.by_group,
        near=asked.near,
        device=asked.device,
        seed=asked.seed,
        checkpoint=folder,
        progress=asked.progress,
    )
    known = {"data": {"read from": str(asked.data)}, "title": f"Can explanations of {asked.data.name} be believed?"}
    study = replace(study, facts={**study.facts, **known, "command": shlex.join(["seqinterp", *sys.argv[1:]])})
    study.save(out, force=force)
    if checkpoint is None:
        shutil.rmtree(folder, ignore_errors=True)
    typer.echo(str(study))
    return out / PAGE


def train_into(folder: Path, asked: Asked) -> None:
    """Train, and write weights, tables and figures."""
    images = asked.images()
    if images.split is None:
        images = split_images(images, fractions=(0.6, 0.1, 0.3), near=asked.near, seed=asked.seed)
    folder.mkdir()
    with said(f"training {asked.network} on {len(images.part('train')):,} images"):
        trained = train_images(
            images,
            network=asked.network,
            settings=asked.settings,
            augment=Augmentation(),
            near=asked.near,
            device=asked.device,
            seed=asked.seed,
            progress=asked.progress,
        )
    shape = [int(size) for size in images.inputs.shape[1:]]
    architecture = image_architecture_of(trained.model, network=asked.network, classes=trained.classes, shape=shape)
    save_checkpoint(folder, trained.model, {"seed": trained.seed}, architecture=architecture)
    write_frame(folder / "predictions.tsv", trained.predictions)
    write_frame(folder / "history.tsv", trained.history)
    (folder / "outcome.json").write_text(json.dumps(outcome_of(trained), indent=2) + "\n", encoding="utf-8")
    figures = {
        "confusion.png": confusion_figure(trained.outcome.confusion, trained.classes),
        "training.png": image_training_figure(trained.history),
    }
    for name, found in trained.outcome.metrics.items():
        label = f"{name}, {found.auroc.value:.3f}"
        plain = "".join(letter if letter.isalnum() else "_" for letter in name)
        figures[f"roc_{plain}.png"] = roc_figure(found.roc.horizontal, found.roc.vertical, label=label)
    for name, figure in figures.items():
        figure.savefig(folder / name, format="png", dpi=2 * figure.dpi)


def outcome_of(trained: TrainedImages) -> dict[str, Any]:
    """Numbers of the test part, as JSON can hold them."""
    outcome = trained.outcome
    return {
        "classes": list(outcome.classes),
        "confusion": outcome.confusion.tolist(),
        "report": json.loads(outcome.report.to_json(orient="records")),
        "accuracy": asdict(outcome.accuracy),
        "auroc": {name: asdict(found.auroc) for name, found in outcome.metrics.items()},
        "calibration_error": {name: asdict(found.calibration_error) for name, found in outcome.metrics.items()},
        "intervals_over": next((found.resampled for found in outcome.metrics.values()), "images"),
    }
