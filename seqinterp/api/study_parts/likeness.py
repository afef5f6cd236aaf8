"""How alike maps are: under another network, under random labels, under noise; always against maps of other images."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from scipy.stats import wilcoxon
from torch import Tensor, nn

from seqinterp.api.shared.candidates import Wanted
from seqinterp.api.study_parts.case import values_of
from seqinterp.errors import InputError
from seqinterp.evaluation.against_nulls import against_nulls
from seqinterp.evaluation.label_randomisation import predicted_classes
from seqinterp.images.image_set import ImageSet
from seqinterp.report.image_study_contents import RANDOM, SECOND, Noise
from seqinterp.shapes import Attributions, Inputs

DRAWS = 999
LABELS, NOISE = "labels", "noise"


def likeness_row(
    question: str, method: str, other: str, own: Attributions, theirs: Attributions, *, seed: int
) -> tuple[dict[str, Any], Tensor]:
    """The mean rank correlation of sizes with another map of the same image, what it is with maps of other images, and
    the p-value of that; and the likeness of each image.
    """
    row: dict[str, Any] = {"question": question, "method": method, "other": other, "examples": len(own)}
    try:
        (found,) = against_nulls(own, {other: theirs}, draws=DRAWS, seed=seed)
    except InputError:  # fewer than two maps with an order
        nothing = torch.full((len(own),), torch.nan, dtype=torch.float64)
        return {**row, "similarity": float("nan"), "chance": float("nan"), "p_value": 1.0}, nothing
    told = {"similarity": found.similarity, "chance": found.expected, "p_value": found.p_value}
    return {**row, **told, "examples": found.examples}, torch.from_numpy(found.per_example)


def label_rows(
    values: Mapping[str, Attributions],
    methods: Sequence[Wanted],
    inputs: Inputs,
    others: Mapping[str, nn.Module],
    *,
    seed: int,
    **options: Any,
) -> list[dict[str, Any]]:
    """For each method its likeness under the other networks, and whether the second network's maps are more like the
    network's than those of random labels (`more`, Wilcoxon's p-value over images, one-sided).
    """
    rows = []
    for one in (one for one in methods if one.name in values):
        each = {}
        for name, model in others.items():
            theirs = values_of(model, one, inputs, seed=seed, **options)
            row, each[name] = likeness_row(LABELS, one.name, name, values[one.name], theirs, seed=seed)
            rows.append(row)
        rows[-1]["more"] = _more(each[SECOND], each[RANDOM])
    return rows


def _more(second: Tensor, random: Tensor) -> float:
    """p-value of the one being larger, image by image; 1 where nothing can be compared."""
    apart = second - random
    known = apart[~apart.isnan()]
    if len(known) < 2 or not bool((known != 0).any()):
        return 1.0
    return float(wilcoxon(known.numpy(), alternative="greater").pvalue)


def noise_part(
    model: nn.Module,
    values: Mapping[str, Attributions],
    methods: Sequence[Wanted],
    images: ImageSet,
    levels: Sequence[float],
    *,
    target: int,
    seed: int,
    **options: Any,
) -> tuple[Noise, list[dict[str, Any]]]:
    """Normal noise is added to the pixels; of images that are still called the same, how alike the maps are.

    Images that are called otherwise may deserve another explanation and are left out, and counted.
    """
    generator = torch.Generator().manual_seed(seed)
    inputs, told, rows = images.inputs, [], []
    before = predicted_classes(model, inputs).cpu()
    for level in levels:
        noisy = (inputs + level * torch.randn(inputs.shape, generator=generator)).clamp(0, 1)
        kept = predicted_classes(model, noisy).cpu() == before
        with torch.no_grad():
            moved = (model(noisy) - model(inputs))[kept, target].abs().mean()
        told.append({"level": level, "asked": len(kept), "kept": int(kept.sum()), "moved": float(moved)})
        if int(kept.sum()) < 2:
            continue
        if not torch.equal(predicted_classes(model, noisy[kept]).cpu(), before[kept]):
            raise AssertionError("an image that was kept is called otherwise")
        for one in (one for one in methods if one.name in values):
            theirs = values_of(model, one, noisy[kept], target=target, seed=seed, **options)
            row, _ = likeness_row(NOISE, one.name, f"{level:g}", values[one.name][kept], theirs, seed=seed)
            rows.append(row)
    return Noise(tuple(told), len(inputs)), rows


def likeness_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """All comparisons as one table."""
    columns = ["question", "method", "other", "similarity", "chance", "p_value", "examples", "more"]
    return pd.DataFrame(list(rows), columns=columns)
