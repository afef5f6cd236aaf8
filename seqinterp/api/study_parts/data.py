"""What a study says of its data and of how well the network does on the part that it has not seen."""

from dataclasses import astuple
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from seqinterp.images.duplicates import find_duplicates
from seqinterp.images.image_set import PARTS, ImageSet
from seqinterp.images.outcome import ImageOutcome
from seqinterp.images.split import related_images
from seqinterp.models.metrics import Estimate
from seqinterp.report.image_study_contents import StudyData, StudyTraining, Three

SHOWN = 5  # images of each class in the grid of samples


def data_part(images: ImageSet, *, by_group: bool, near: int | float | None) -> StudyData:
    """Counts, groups and duplicates (`near`: from which likeness) of a set that has a split."""
    related = related_images(images, near=near)
    split = np.array(images.split)
    parts = []
    for part in PARTS:
        rows = np.flatnonzero(split == part)
        counts = tuple(int((images.labels[rows] == number).sum()) for number in range(len(images.classes)))
        parts.append({"part": part, "images": len(rows), "groups": len(np.unique(related[rows])), "counts": counts})
    learned = set(related[split == "train"].tolist())
    channels, rows_, columns = (int(size) for size in images.inputs.shape[1:])
    return StudyData(
        images=len(images),
        size=(channels, rows_, columns),
        classes=images.classes,
        parts=tuple(parts),
        groups=len(np.unique(related)),
        named=images.groups is not None,
        by_group=by_group,
        torn=sum(group in learned for group in related[split == "test"].tolist()),
        duplicates=tuple(_plain(row) for row in find_duplicates(images, near=near).to_dict("records")),
    )


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """A row that JSON can hold."""
    return {str(name): value.item() if isinstance(value, np.generic) else value for name, value in row.items()}


def training_part(network: str, model: nn.Module, history: pd.DataFrame, outcome: ImageOutcome) -> StudyTraining:
    """How the network came about and what it is worth."""
    kept = history.loc[history["kept"], "epoch"]
    return StudyTraining(
        network=network,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        epochs=len(history),
        kept=int(kept.iloc[-1]) if len(kept) else len(history),
        confusion=tuple(tuple(int(count) for count in row) for row in outcome.confusion),
        report=tuple(_plain(row) for row in outcome.report.to_dict("records")),
        accuracy=_three(outcome.accuracy),
        auroc={name: _three(found.auroc) for name, found in outcome.metrics.items()},
        calibration_error={name: _three(found.calibration_error) for name, found in outcome.metrics.items()},
        curves={
            name: {"false": tuple(found.roc.horizontal.tolist()), "true": tuple(found.roc.vertical.tolist())}
            for name, found in outcome.metrics.items()
        },
        resampled=next((found.resampled for found in outcome.metrics.values()), "images"),
    )


def _three(estimate: Estimate) -> Three:
    value, low, high = (float(number) for number in astuple(estimate)[:3])
    return value, low, high


def samples_of(images: ImageSet, *, seed: int) -> ImageSet:
    """A few images of each class."""
    generator = np.random.default_rng(seed)
    rows: list[int] = []
    for number in range(len(images.classes)):
        own = np.flatnonzero(images.labels == number)
        rows += np.sort(generator.choice(own, size=min(SHOWN, len(own)), replace=False)).tolist()
    return images.take(rows)


def evenly_of(labels: np.ndarray, count: int, *, first: int, seed: int) -> list[int]:
    """Rows, `first` among them, as many of each class as there are of the others, in random order within a class."""
    generator = np.random.default_rng(seed)
    queues = [generator.permutation(np.flatnonzero(labels == number)).tolist() for number in np.unique(labels)]
    chosen = [first]
    while len(chosen) < min(count, len(labels)):
        for queue in queues:
            if queue and (row := int(queue.pop())) != first and len(chosen) < count:
                chosen.append(row)
    return chosen
