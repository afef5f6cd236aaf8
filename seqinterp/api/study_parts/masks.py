"""Do maps fall on what is marked in the images? Beside chance, edges, brightness, and an untrained network."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from scipy.stats import wilcoxon
from torch import nn

from seqinterp.api.shared.candidates import Wanted
from seqinterp.api.study_parts.case import values_of
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.concepts.concept_masks import as_mask
from seqinterp.errors import InputError
from seqinterp.evaluation.localisation import chance_level, mass_in_mask, pointing_game
from seqinterp.evaluation.null_maps import intensity, sobel_edges
from seqinterp.images.image_set import ImageSet
from seqinterp.report.image_study_contents import Localisation
from seqinterp.shapes import Attributions, Inputs, PlaceMask

MOST = 24  # images that are explained


def masks_of(masks: Any, images: ImageSet) -> PlaceMask | None:
    """Masks as one array (batch, row, column), empty where an image has none.

    Raises:
        InputError: names that no image has, or masks that hold other than True and False, or 1 and 0.
        ShapeError: masks of another size.
    """
    if masks is None:
        return None
    size = (len(images), *images.inputs.shape[2:])
    if isinstance(masks, Mapping):
        found = torch.zeros(size, dtype=torch.bool)
        places = {name: row for row, name in enumerate(images.names)}
        if unknown := sorted(set(masks) - set(places)):
            raise InputError(f"there is a mask for {unknown[0]!r}, which is the name of no image")
        for name, mask in masks.items():
            found[places[name]] = as_mask(mask, size[1:], f"the mask of {name!r}")
        return found
    return as_mask(masks, size, "the array of masks")


def masks_part(
    models: Mapping[str, nn.Module],
    methods: Sequence[Wanted],
    images: ImageSet,
    mask: PlaceMask,
    *,
    target: int,
    seed: int,
    **options: Any,
) -> Localisation | str:
    """The pointing game and the mass in the masks of test images, for every method and for maps without a network."""
    flat = mask.flatten(1)
    rows = np.flatnonzero((flat.any(dim=1) & ~flat.all(dim=1)).numpy())
    if len(rows) < 2:
        return "fewer than two test images have a mask that covers a part of them"
    rows = np.sort(np.random.default_rng(seed).permutation(rows)[:MOST])
    inputs, own = images.inputs[torch.from_numpy(rows)], mask[torch.from_numpy(rows)]
    told = []
    for network, model in models.items():
        score = Score(model, output(target))
        for one in methods:
            values = values_of(model, one, inputs, target=target, seed=seed, **options)
            told.append(_row(one.name, network, score, inputs, values, own))
    for name, null in (("edges", sobel_edges(inputs)), ("brightness", intensity(inputs))):
        told.append(_row(name, "no network", score, inputs, null.unsqueeze(1), own))
    return Localisation(tuple(told), float(chance_level(own).mean()), len(rows))


def _row(
    name: str, network: str, score: Score, inputs: Inputs, values: Attributions, mask: PlaceMask
) -> dict[str, Any]:
    """One map against the masks; `above` is the p-value of more mass in them than their share of the pixels."""
    mass = mass_in_mask(score, inputs, values, mask=mask)
    apart = (mass - chance_level(mask)).numpy()
    above = float(wilcoxon(apart, alternative="greater").pvalue) if bool((apart != 0).any()) else 1.0
    pointing = pointing_game(score, inputs, values, mask=mask)
    return {"map": name, "of": network, "pointing": float(pointing.mean()), "mass": float(mass.mean()), "above": above}
