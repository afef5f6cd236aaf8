"""Is the training of image classifiers any good on real data? `python benchmarks/real_images.py [suite ...]`.

kermany: 907 chest X-rays of children (Kermany et al. 2018, doi:10.1016/j.cell.2018.02.010), normal or pneumonia, split
by patient and by duplicate, the small network at 96 pixels; and the same with images split at random, for comparison.
leakage: four splits of either kind at 48 pixels, without augmentation.
pneumoniamnist, retinamnist: MedMNIST (Yang et al. 2023, doi:10.1038/s41597-022-01721-8), 28 pixels, their own split.
mnist: digits named by a trained Keras network. densenet121: DenseNet-121 from scratch on the X-rays at 64 pixels, then
a second stage with its early layers frozen (needs torchvision). Data are looked for as in real_data.py.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import torch
from measure import write_results
from real_data import DATA
from sklearn.metrics import roc_auc_score

from seqinterp.api.train_images import TrainedImages, train_images
from seqinterp.images.augment import Augmentation
from seqinterp.images.duplicates import find_duplicates
from seqinterp.images.fine_tune import Stage, fine_tune
from seqinterp.images.groups import kermany_patient
from seqinterp.images.image_set import ImageSet
from seqinterp.images.networks import small_cnn
from seqinterp.images.normalised import Normalised, pixel_statistics
from seqinterp.images.outcome import ImageOutcome, judge_images
from seqinterp.images.settings import ImageSettings
from seqinterp.images.split import related_images, split_images
from seqinterp.images.trainer import image_logits
from seqinterp.io.image_files import read_images
from seqinterp.io.keras_model import read_keras
from seqinterp.models.metrics import Estimate

FRACTIONS = (0.6, 0.1, 0.3)
SMALL = ImageSettings(epochs=20, patience=10)


def chest(size: int) -> ImageSet:
    """The X-rays, grey, with their patients."""
    return read_images(DATA / "kermany_cxr", size=size, grey=True, groups=kermany_patient, laterality=True)


def kermany() -> dict[str, object]:
    """The small network, by patient; and at random, where a patient or an image may stand on both sides."""
    images = chest(96)
    related = related_images(images)
    grouped = split_images(images, fractions=FRACTIONS, seed=0)
    mixed = split_images(images, fractions=FRACTIONS, by_group=False, seed=0)
    held = np.array(mixed.split) == "test"
    begun = time.perf_counter()
    by_patient = train_images(grouped, settings=SMALL, augment=Augmentation(), device="cpu", seed=0)
    seconds = time.perf_counter() - begun
    # train_images would refuse this split
    stage = Stage(mixed, settings=SMALL, augment=Augmentation())
    model = fine_tune(_start(mixed, 0), [stage], device="cpu", seed=0).model
    test = mixed.part("test")
    at_random = judge_images(image_logits(model, test, device="cpu"), test.labels, test.classes, groups=related[held])
    learned = set(related[~held].tolist())
    return {
        "images": len(images),
        "patients": len(set(images.groups or ())),
        "split by patient": {**trained(by_patient, grouped), "seconds": round(seconds, 1)},
        "split at random": {
            "test images related to a training image": int(sum(group in learned for group in related[held].tolist())),
            **outcome(at_random),
        },
    }


def leakage() -> dict[str, object]:
    """Several splits of the X-rays, by patient and at random, the same training: what a torn patient is worth."""
    images = chest(48)
    related = related_images(images)
    several = np.bincount(related)[related] > 1
    settings = ImageSettings(epochs=15, patience=15)
    rows: list[dict[str, object]] = []
    for seed in range(4):
        for by_group in (True, False):
            parted = split_images(images, fractions=FRACTIONS, by_group=by_group, seed=seed)
            model = fine_tune(_start(parted, seed), [Stage(parted, settings=settings)], device="cpu", seed=seed).model
            learned = set(related[np.array(parted.split) == "train"].tolist())
            held = np.array(parted.split) == "test"
            torn = np.array([group in learned for group in related[held].tolist()])
            logits, labels = image_logits(model, parted.part("test"), device="cpu"), images.labels[held]
            right = logits.argmax(axis=1) == labels
            found = {"auroc": roc_auc_score(labels, logits[:, 1] - logits[:, 0]), "accuracy": right.mean()}
            # patients with several images may be easier: what the split by patient says of them is the comparison
            found["accuracy, patients with several images"] = right[several[held]].mean()
            if not by_group:
                found |= {"accuracy, related to training": right[torn].mean(), "unrelated": right[~torn].mean()}
            row = {name: round(float(number), 4) for name, number in found.items()}
            rows.append({"seed": seed, "split": "by patient" if by_group else "at random", **row})
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    means = table.drop(columns="seed").groupby("split").mean().round(4)
    return {"runs": rows, "means": {split: row.dropna().to_dict() for split, row in means.iterrows()}}


def _start(images: ImageSet, seed: int) -> Normalised:
    """The small network, untrained."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Normalised(small_cnn(1, images.inputs.shape[2], 2), *pixel_statistics(images.part("train").inputs))


def medmnist(name: str, settings: ImageSettings, near: float | None) -> dict[str, object]:
    """The small network at 28 pixels, on the parts that the data come with, less what stands in two of them.

    near: the likeness from which images count as one; at 28 pixels most retinas that are alike are different eyes.
    """
    images = read_images(DATA / f"{name}/{name}.npz")
    torn = twice(images)
    kept = images.take([row for row, image in enumerate(images.names) if image not in torn])
    begun = time.perf_counter()
    found = train_images(kept, settings=settings, augment=Augmentation(), near=near, device="cpu", seed=0)
    seconds = round(time.perf_counter() - begun, 1)
    return {"left out, same pixels in another part": len(torn), **trained(found, kept), "seconds": seconds}


def twice(images: ImageSet) -> set[str]:
    """Images whose pixels stand in a later part, too; the test part stays whole."""
    order = {"train": 0, "valid": 1, "test": 2}
    part = {name: order[which] for name, which in zip(images.names, images.split or (), strict=True)}
    pairs = find_duplicates(images, near=None)
    across = [(a, b) for a, b in zip(pairs["first"], pairs["second"], strict=True) if part[a] != part[b]]
    return {min(pair, key=part.__getitem__) for pair in across}


def mnist() -> dict[str, object]:
    """How many digits a trained network of Keras names, read into torch."""
    digits = read_images(DATA / "mnist_t10k/t10k-images-idx3-ubyte.gz")
    called = image_logits(read_keras(DATA / "mnist_t10k/keras2_mnist_cnn_allconv.h5"), digits, device="cpu").argmax(
        axis=1
    )
    right = called == digits.labels
    return {"first 500": float(right[:500].mean()), "all 10,000": float(right.mean())}


def densenet121() -> dict[str, object]:
    """DenseNet-121 from scratch at 64 pixels, all layers; then the last block and the head alone on the middle."""
    images = split_images(chest(80), fractions=FRACTIONS, seed=0)
    whole = _resized(images, 64)
    middle = _resized(images, 64, margin=8)
    first = ImageSettings(epochs=7, patience=7, learning_rate=1e-3)
    second = ImageSettings(epochs=3, patience=3, learning_rate=3e-4)
    stages = [
        Stage(whole, settings=first, augment=Augmentation()),
        Stage(middle, settings=second, freeze="features.transition3", augment=Augmentation()),
    ]
    begun = time.perf_counter()
    one = train_images(whole, network="densenet121", stages=stages[:1], device="cpu", seed=0)
    seconds = time.perf_counter() - begun
    two = train_images(middle, network=one.model, stages=stages[1:], device="cpu", seed=0)
    before, after = one.model.state_dict(), two.model.state_dict()
    held = set(two.frozen[0])
    moved = [name for name, tensor in before.items() if not torch.equal(tensor, after[name])]
    return {
        "parameters": sum(parameter.numel() for parameter in one.model.parameters()),
        "stage 1, whole images": {**trained(one, whole), "seconds": round(seconds, 1)},
        "stage 2, the middle, early layers frozen": {
            **trained(two, middle),
            "frozen tensors": len(held),
            "frozen tensors that moved": len(held & set(moved)),
            "other tensors": len(before) - len(held) - 2,  # mean and deviation of the pixels
            "other tensors that moved": len(set(moved) - held),
        },
    }


def _resized(images: ImageSet, size: int, margin: int = 0) -> ImageSet:
    """Images cut by a margin on each side and made smaller."""
    stop = images.inputs.shape[2] - margin
    cut = images.inputs[:, :, margin:stop, margin:stop]
    small = torch.nn.functional.interpolate(cut, size=(size, size), mode="bilinear", antialias=True)
    return ImageSet(
        small.clamp(0, 1),
        images.labels,
        images.classes,
        images.names,
        groups=images.groups,
        split=images.split,
        laterality=images.laterality,
    )


def trained(found: TrainedImages, images: ImageSet) -> dict[str, object]:
    """Counts and figures of one training."""
    sizes = {part: len(images.part(part)) for part in ("train", "valid", "test")}
    return {"images": sizes, "epochs": len(found.history), **outcome(found.outcome)}


def outcome(found: ImageOutcome) -> dict[str, object]:
    """What was found on the test part."""
    return {
        "auroc": {name: interval(metrics.auroc) for name, metrics in found.metrics.items()},
        "mean auroc": round(found.auroc, 4),
        "accuracy": interval(found.accuracy),
        "intervals over": sorted({metrics.resampled for metrics in found.metrics.values()}),
        "calibration_error": {name: interval(metrics.calibration_error) for name, metrics in found.metrics.items()},
        "confusion": found.confusion.tolist(),
        "by class": found.report.round(3).to_dict("records"),
    }


def interval(estimate: Estimate) -> list[float]:
    """Value, low and high."""
    return [round(number, 4) for number in (estimate.value, estimate.low, estimate.high)]


SUITES: dict[str, Callable[[], object]] = {
    "kermany": kermany,
    "leakage": leakage,
    "pneumoniamnist": partial(medmnist, "pneumoniamnist", ImageSettings(epochs=15), 0.97),
    "retinamnist": partial(medmnist, "retinamnist", ImageSettings(epochs=40, patience=15), None),
    "mnist": mnist,
    "densenet121": densenet121,
}


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("suites", nargs="*", metavar="suite", help=", ".join(SUITES))
    asked = reader.parse_args()
    if unknown := set(asked.suites) - set(SUITES):
        reader.error(f"there is no suite {sorted(unknown)[0]!r}; choose among {', '.join(SUITES)}")
    torch.set_num_threads(1)
    for suite in asked.suites or SUITES:
        found = SUITES[suite]()
        print(suite, json.dumps(found, indent=1), flush=True)
        print("written to", write_results(f"real_images_{suite}", found), flush=True)


if __name__ == "__main__":
    main()
