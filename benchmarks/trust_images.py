"""Do explanations of images fall where they should? `python benchmarks/trust_images.py [set ...]`.

Small networks learn whether something is in a patch, and the explanation of a held-out patch that holds it is compared
with its mask: lesion boxes of fundus photographs (codras_idrid), vessels (chasedb1), nuclei (dsb2018_nuclei); and the
pixels of digits (part of MNIST). Images, or patients where both eyes were taken, are in three folds, each held out
once, so that no network has seen the images that are explained; digits are held out likewise. Reported are means and
standard deviations over the folds; `trained_on` counts patches and their mirror images. Beside the methods stand maps
that know nothing of the network: chance, edges (Sobel), distance from the mean colour, and nearness to the centre. A
mask says where the thing is, not what a network needs to see of it, so that no number says that an explanation is
wrong; where a network did not learn (`test_auroc` near 0.5) its explanations have nothing to find. Data are looked for
as in real_data.py.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from measure import write_results
from PIL import Image
from real_data import DATA
from sklearn.metrics import roc_auc_score
from torch import Tensor
from trust_labels import balanced, digits, largest, picture_network, randomness, trained

import seqinterp as si
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import as_target
from seqinterp.evaluation.localisation import chance_level, mass_in_mask, pointing_game, top_in_mask
from seqinterp.evaluation.null_maps import sobel_edges

FOLDS = 3
EXPLAINED = 100  # patches of a fold
MOST = 200  # patches of each kind in a fold
OPTIONS: dict[str, dict[str, object]] = {
    "gradient": {},
    "gradient_times_input": {},
    "smoothgrad": {},
    "integrated_gradients": {},
    "deeplift": {},
    "lrp": {},
    "guided_backprop": {},
    "deconvnet": {},
    "gradcam": {},
    "gradcam_plus_plus": {},
    "occlusion": {"window": 4, "stride": 2},
}
METRICS = {"pointing_game": pointing_game, "mass_in_mask": mass_in_mask, "top_in_mask": top_in_mask}


@dataclass(frozen=True)
class Patches:
    """Images `(batch, channel, row, column)`, class numbers, masks `(batch, row, column)`, and each one's fold."""

    inputs: Tensor
    labels: Tensor
    masks: Tensor
    folds: np.ndarray


def cut(picture: np.ndarray, mask: np.ndarray, size: int, least: float, most: float) -> list[tuple]:
    """Patches with (1) and without (0) something of the mask, `least` to `most` of the patch; dark ones left out."""
    found = []
    for top in range(0, picture.shape[0] - size + 1, size // 2):
        for left in range(0, picture.shape[1] - size + 1, size // 2):
            own, here = (whole[top : top + size, left : left + size] for whole in (picture, mask))
            share = here.mean()
            if (share == 0 or least <= share <= most) and own.max(axis=2).min() > 0:
                found.append((own.transpose(2, 0, 1), int(share > 0), here))
    return found


def gathered(
    pictures: list[tuple[np.ndarray, np.ndarray, int]], *, size: int, least: float, most: float, own_mean: bool = True
) -> Patches:
    """Patches of all pictures `(picture, mask, fold)`, as many of both kinds in a fold, less the mean colour.

    That is the patch's own, as photographs differ in colour more than patches of one do, or that of all patches.
    """
    rows: list[tuple] = []
    random = np.random.default_rng(0)
    for fold in range(FOLDS):
        own = [patch for p, mask, at in pictures if at == fold for patch in cut(p, mask, size, least, most)]
        kinds = [[patch for patch in own if patch[1] == kind] for kind in (0, 1)]
        few = min(MOST, *map(len, kinds))
        for kind in kinds:
            rows += [(*kind[i], fold) for i in random.permutation(len(kind))[:few]]
    inputs = torch.from_numpy(np.stack([row[0] for row in rows]).astype(np.float32))
    inputs = inputs - inputs.mean(dim=(2, 3) if own_mean else (0, 2, 3), keepdim=True)
    return Patches(
        inputs / inputs.std(dim=(0, 2, 3), keepdim=True),
        torch.tensor([row[1] for row in rows]),
        torch.from_numpy(np.stack([row[2] for row in rows])),
        np.array([row[3] for row in rows]),
    )


def _pixels(path: Path, shrunk: int = 1) -> np.ndarray:
    """An RGB image, each side `shrunk` times smaller."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").reduce(shrunk))


def lesions() -> Patches:
    """Fundus photographs ten times smaller, 40-pixel patches; inside of boxes of hard exudates and haemorrhages."""
    shrunk, pictures = 10, []
    for with_lesions in (True, False):  # both kinds of photographs in all folds
        paths = [p for p in sorted((DATA / "codras_idrid").glob("[0-9]*.txt")) if (len(_boxes(p)) > 0) == with_lesions]
        for number, path in enumerate(paths):
            picture = _fundus(_pixels(path.with_suffix(".jpg"), shrunk))
            mask = np.zeros(picture.shape[:2], dtype=bool)
            for x, y, width, height in _boxes(path) * np.array([*mask.shape[::-1], *mask.shape[::-1]]):
                rows = slice(max(0, int(y - height / 2)), int(np.ceil(y + height / 2)))
                mask[rows, max(0, int(x - width / 2)) : int(np.ceil(x + width / 2))] = True
            pictures.append((picture, mask, number % FOLDS))
    return gathered(pictures, size=40, least=0.05, most=0.6)


def _boxes(path: Path) -> np.ndarray:
    """Boxes that are not the optic disc: centre, width and height as shares of the image."""
    rows = np.array([line.split() for line in path.read_text().splitlines() if line.strip()], dtype=float)
    return rows[rows[:, 0] > 0, 1:]


def _fundus(picture: np.ndarray) -> np.ndarray:
    """The photograph with everything outside of the round field set to 0."""
    return picture * (picture.max(axis=2, keepdims=True) > 40)


def vessels() -> Patches:
    """Fundus photographs at half size, 32-pixel patches; vessels as the first observer drew them; folds of patients."""
    pictures = []
    for path in sorted((DATA / "chasedb1").glob("Image_*.jpg")):
        with Image.open(path.with_name(f"{path.stem}_1stHO.png")) as image:
            mask = np.asarray(image.convert("L").reduce(2)) >= 128
        patient = int(path.stem[6:8])
        pictures.append((_fundus(_pixels(path, 2)), mask, patient % FOLDS))
    return gathered(pictures, size=32, least=0.05, most=0.4)


def nuclei(*, own_mean: bool = False) -> Patches:
    """Fluorescence microscopy, 32-pixel patches; less their own mean the background tells as much as the nucleus."""
    pictures = []
    for number, folder in enumerate(p for p in sorted((DATA / "dsb2018_nuclei").iterdir()) if p.is_dir()):
        drawn = [np.asarray(Image.open(path).convert("L")) > 0 for path in sorted((folder / "masks").glob("*.png"))]
        picture = _pixels(next((folder / "images").glob("*.png"))).astype(np.float32) + 1  # black is no frame here
        pictures.append((picture, np.any(drawn, axis=0), number % FOLDS))
    return gathered(pictures, size=32, least=0.05, most=0.6, own_mean=own_mean)


def written() -> Patches:
    """Digits, whose pixels are the mask."""
    inputs, labels = digits()
    rows = balanced(labels.numpy(), 900)
    return Patches(inputs[rows], labels[rows], inputs[rows, 0] > 0.5, np.arange(len(rows)) % FOLDS)


SETS: dict[str, tuple[str, Callable[[], Patches]]] = {
    "digits": ("mnist_t10k", written),
    "lesions": ("codras_idrid", lesions),
    "vessels": ("chasedb1", vessels),
    "nuclei": ("dsb2018_nuclei", nuclei),
    "nuclei, less each patch's own mean": ("dsb2018_nuclei", partial(nuclei, own_mean=True)),
}


def null_maps(inputs: Tensor, baseline: Tensor) -> dict[str, Tensor]:
    """Maps that know nothing of the network, `(batch, 1, row, column)`."""
    size = inputs.shape[2]
    at = torch.arange(size) - (size - 1) / 2
    near = (-(at[:, None] ** 2 + at**2) / (2 * (size / 4) ** 2)).exp()
    generator = torch.Generator().manual_seed(0)
    return {
        "random numbers": torch.rand(len(inputs), 1, size, size, generator=generator),
        "edges": sobel_edges(inputs).unsqueeze(1),
        "distance from mean colour": (inputs - baseline).abs().sum(dim=1, keepdim=True),
        "centre": near.expand(len(inputs), 1, size, size).contiguous(),
    }


def one_fold(patches: Patches, fold: int) -> dict[str, object]:
    """Train without a fold, explain patches of the fold that hold something."""
    held = torch.from_numpy(patches.folds == fold)
    kinds = int(patches.labels.max()) + 1
    outputs = 1 if kinds == 2 else kinds
    make = partial(picture_network, patches.inputs.shape[1], patches.inputs.shape[2], outputs)
    with randomness(fold):
        learned_from, labels = patches.inputs[~held], patches.labels[~held]
        if kinds == 2:  # these have no left and right
            learned_from, labels = torch.cat([learned_from, learned_from.flip(3)]), torch.cat([labels, labels])
        model = trained(make, learned_from, labels, epochs=40)
    auroc = _auroc(model, patches.inputs[held], patches.labels[held])
    shown = held if kinds > 2 else held & (patches.labels == 1)
    inputs, masks = patches.inputs[shown][:EXPLAINED], patches.masks[shown][:EXPLAINED]
    target = largest if kinds > 2 else 0
    maps = null_maps(inputs, torch.zeros(1))
    for method, options in OPTIONS.items():
        maps[method] = si.attribute(model, inputs, method, target=target, device="cpu", **options).values
    score = Score(model, as_target(target))
    return {
        "test_auroc": auroc,
        "trained_on": len(learned_from),
        "explained": len(inputs),
        "chance": float(chance_level(masks).nanmean()),
        "maps": {name: _metrics(score, inputs, values, masks) for name, values in maps.items()},
    }


def _metrics(score: Score, inputs: Tensor, values: Tensor, masks: Tensor) -> dict[str, float]:
    found = {name: float(function(score, inputs, values, mask=masks).nanmean()) for name, function in METRICS.items()}
    if float(values.min()) < 0:  # also by what speaks for the class alone
        for name, function in METRICS.items():
            found[f"{name}_positive"] = float(function(score, inputs, values, mask=masks, magnitude=False).nanmean())
    return found


def _auroc(model: torch.nn.Module, inputs: Tensor, labels: Tensor) -> float:
    """Of one output, or the mean of one class against the rest."""
    with torch.no_grad():
        outputs = model(inputs)
    if outputs.shape[1] == 1:
        return float(roc_auc_score(labels, outputs[:, 0]))
    return float(roc_auc_score(labels, outputs.softmax(dim=1).double(), multi_class="ovr"))


def summed_up(folds: list[dict]) -> dict[str, object]:
    """Mean and standard deviation over the folds."""

    def mean_sd(values: list[float]) -> list[float]:
        return [round(float(np.nanmean(values)), 3), round(float(np.nanstd(values, ddof=1)), 3)]

    found: dict[str, object] = {key: [fold[key] for fold in folds] for key in ("trained_on", "explained")}
    found |= {key: mean_sd([fold[key] for fold in folds]) for key in ("test_auroc", "chance")}
    found["maps"] = {
        name: {measure: mean_sd([fold["maps"][name].get(measure, np.nan) for fold in folds]) for measure in first}
        for name, first in folds[0]["maps"].items()
    }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    figures = {}
    for name in parser.parse_args().sets:
        folder, load = SETS[name]
        if not (DATA / folder).is_dir():
            print(f"{name}: left out, {DATA / folder} is not there")
            continue
        begun, patches = time.perf_counter(), load()
        figures[name] = summed_up([one_fold(patches, fold) for fold in range(FOLDS)])
        print(name, round(time.perf_counter() - begun), "s", json.dumps(figures[name]), flush=True)
    print("written to", write_results("trust_images", figures))


if __name__ == "__main__":
    main()
