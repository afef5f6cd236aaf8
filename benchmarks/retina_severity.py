"""Does a model of the severity of retinopathy look at vessels and lesions? `python benchmarks/retina_severity.py`.

A small network learns the five grades of retinamnist (MedMNIST, Yang et al. 2023, doi:10.1038/s41597-022-01721-8:
28 x 28 pixels). Its maps of photographs from elsewhere, made as small, are held against masks: vessels of chasedb1 as
the first observer drew them, boxes of hard exudates and haemorrhages of codras_idrid (photographs with lesions only).
Photographs are cut to a square inside the round field, as retinamnist is. Explained is the mean logit of grades 1 to 4
less that of grade 0: why this eye is ill at all.

Reported, as means and standard deviations over three seeds of the network: the pointing game and the mass in the mask;
beside them chance (the share of the mask), edges (Sobel), brightness, and untrained networks of the same kind. A mask
that is made 28 pixels small keeps a pixel of which 30 % are covered. The photographs are from other cameras: where a
map does not find the lesions, the network may not have seen them, and its AUROC on its own test images says how much it
knows at all. Data are looked for as in real_data.py.
"""

import json
import time
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from measure import write_results
from PIL import Image
from real_data import DATA
from real_images import twice as repeated
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from trust_images import _boxes

import seqinterp as si
from seqinterp.api.study_parts.networks import fresh_network
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import contrast
from seqinterp.evaluation.localisation import chance_level, mass_in_mask, pointing_game
from seqinterp.evaluation.null_maps import intensity, sobel_edges
from seqinterp.images.image_set import ImageSet
from seqinterp.images.outcome import judge_images
from seqinterp.images.settings import ImageSettings
from seqinterp.images.trainer import fit_images, image_logits
from seqinterp.io.image_files import read_images

SEEDS = range(3)
SIDE = 28
COVERED = 0.3  # of a small pixel, from which it is in the mask
SETTINGS = ImageSettings(epochs=30, patience=12)
METHODS: dict[str, dict[str, object]] = {
    "gradient": {},
    "integrated_gradients": {"steps": 32},
    "deeplift": {},
    "lrp": {},
    "gradcam": {},
    "occlusion": {"window": 4, "stride": 2},
}
TARGET = contrast((1, 2, 3, 4), 0)
Pictures = tuple[Tensor, Tensor]  # (batch, 3, row, column) from 0 to 1, and masks (batch, row, column)


def severity() -> ImageSet:
    """retinamnist without training images whose pixels stand in a later part, too."""
    images = read_images(DATA / "retinamnist/retinamnist.npz")
    twice = repeated(images)
    return images.take([row for row, name in enumerate(images.names) if name not in twice])


def small(picture: Image.Image, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A photograph and its mask cut to the round field, made square, and small."""
    pixels = np.asarray(picture.convert("RGB"))
    field = pixels.max(axis=2) > 25
    rows, columns = (np.flatnonzero(field.mean(axis=axis) > 0.02) for axis in (1, 0))
    centre = (rows[0] + rows[-1]) // 2, (columns[0] + columns[-1]) // 2
    # as wide as high: where the field is cut off above and below, so it is at the sides
    half = min(rows[-1] - rows[0], columns[-1] - columns[0]) // 2
    window = tuple(slice(max(0, at - half), at + half) for at in centre)
    made = Image.fromarray(pixels[window]).resize((SIDE, SIDE), Image.Resampling.BOX)
    covered = Image.fromarray((mask[window] * 255).astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(made, dtype=np.float32) / 255, np.asarray(covered) / 255 >= COVERED


def gathered(pairs: list[tuple[np.ndarray, np.ndarray]]) -> Pictures:
    """All photographs whose small mask is not empty."""
    kept = [pair for pair in pairs if pair[1].any()]
    pictures = np.stack([picture.transpose(2, 0, 1) for picture, _ in kept])
    return torch.from_numpy(pictures), torch.from_numpy(np.stack([mask for _, mask in kept]))


def vessels() -> Pictures:
    """chasedb1 with the vessels of the first observer."""
    pairs = []
    for path in sorted((DATA / "chasedb1").glob("Image_*.jpg")):
        with Image.open(path.with_name(f"{path.stem}_1stHO.png")) as mask, Image.open(path) as picture:
            pairs.append(small(picture, np.asarray(mask.convert("L")) >= 128))
    return gathered(pairs)


def lesions() -> Pictures:
    """codras_idrid with boxes of hard exudates and haemorrhages."""
    pairs = []
    for path in sorted((DATA / "codras_idrid").glob("[0-9]*.txt")):
        boxes = _boxes(path)
        if len(boxes):
            with Image.open(path.with_suffix(".jpg")) as picture:
                pairs.append(small(picture.reduce(4), boxed(path, picture.height // 4, picture.width // 4)))
    return gathered(pairs)


def boxed(path: Path, height: int, width: int) -> np.ndarray:
    """True inside of the boxes of lesions."""
    mask = np.zeros((height + 1, width + 1), dtype=bool)
    for x, y, wide, high in _boxes(path) * np.array([width, height, width, height]):
        rows = slice(max(0, int(y - high / 2)), int(np.ceil(y + high / 2)))
        mask[rows, max(0, int(x - wide / 2)) : int(np.ceil(x + wide / 2))] = True
    return mask


def against(model: nn.Module, inputs: Tensor, masks: Tensor) -> dict[str, dict[str, float]]:
    """What the maps of a network hold of the masks."""
    found = {}
    for method, options in METHODS.items():
        values = si.attribute(model, inputs, method, target=TARGET, device="cpu", **options).values
        found[method] = measured(model, inputs, values, masks)
    return found


def measured(model: nn.Module, inputs: Tensor, values: Tensor, masks: Tensor) -> dict[str, float]:
    score = Score(model, TARGET)
    found = {
        "pointing": pointing_game(score, inputs, values, mask=masks),
        "mass": mass_in_mask(score, inputs, values, mask=masks),
        "mass_for_the_class": mass_in_mask(score, inputs, values, mask=masks, magnitude=False),
    }
    return {name: round(float(each.mean()), 4) for name, each in found.items()}


def over_seeds(runs: list[Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, list[float]]]:
    """Mean and standard deviation."""
    return {
        method: {
            name: [round(float(np.mean(own)), 3), round(float(np.std(own, ddof=1)), 3)]
            for name in first
            for own in [[run[method][name] for run in runs]]
        }
        for method, first in runs[0].items()
    }


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    begun, images = time.perf_counter(), severity()
    test = images.part("test")
    trained, untrained, aurocs = [], [], []
    for seed in SEEDS:
        start = fresh_network("small_cnn", images, seed=seed)
        fit = fit_images(
            start,
            images.part("train"),
            valid=images.part("valid"),
            settings=SETTINGS,
            augment=si.Augmentation(),
            device="cpu",
            seed=seed,
        )
        logits = image_logits(fit.model, test, device="cpu")
        grades = judge_images(logits, test.labels, test.classes, draws=10).auroc
        ill = float(roc_auc_score(test.labels > 0, TARGET(torch.from_numpy(logits)).numpy()))
        aurocs.append({"ill at all": round(ill, 3), "mean over grades": round(grades, 3)})
        trained.append(fit.model)
        untrained.append(fresh_network("small_cnn", images, seed=seed + 100).eval())
    figures: dict[str, object] = {"test_auroc": aurocs, "training_images": len(images.part("train"))}
    for name, load in (("vessels", vessels), ("lesions", lesions)):
        inputs, masks = load()
        nulls = {"edges": sobel_edges(inputs).unsqueeze(1), "brightness": intensity(inputs).unsqueeze(1)}
        with torch.no_grad():
            called = [float((TARGET(model(inputs)) > 0).float().mean()) for model in trained]
        figures[name] = {
            "photographs": len(inputs),
            "chance": round(float(chance_level(masks).mean()), 3),
            "called_ill": [round(share, 2) for share in called],
            "without a network": {null: measured(trained[0], inputs, own, masks) for null, own in nulls.items()},
            "trained": over_seeds([against(model, inputs, masks) for model in trained]),
            "untrained": over_seeds([against(model, inputs, masks) for model in untrained]),
        }
    print(round(time.perf_counter() - begun), "s", json.dumps(figures, indent=1), flush=True)
    print("written to", write_results("retina_severity", figures))


if __name__ == "__main__":
    main()
