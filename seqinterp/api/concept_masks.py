"""Concepts that take more than masks to make: the sites of motifs, and colours and edges of images."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.null_maps import intensity, sobel_edges
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.scan import THRESHOLD, scan_sequences
from seqinterp.shapes import Inputs, Sequences

EDGE, DARK, BRIGHT, HUE = 0.1, 0.25, 0.75, 0.2  # share of pixels, two greys, and how far a channel stands out


def motif_masks(inputs: Sequences, motifs: Sequence[Motif], *, threshold: float = THRESHOLD) -> dict[str, Tensor]:
    """Masks `(batch, position)` of the sites of motifs on either strand, by label; where several motifs
    share one, with the name behind it.

    A motif without any site is left out.

    Raises:
        InputError: no motif has a site, or a motif cannot be scanned for.
    """
    sites = scan_sequences(inputs.cpu().numpy(), motifs, threshold=threshold)
    labels = [motif.label for motif in motifs]
    found = {}
    for motif in motifs:
        own = sites[sites["motif"] == motif.name]
        steps = np.zeros((len(inputs), inputs.shape[2] + 1), dtype=np.int64)
        np.add.at(steps, (own["example"], own["start"]), 1)
        np.add.at(steps, (own["example"], own["stop"]), -1)
        mask = torch.from_numpy(steps.cumsum(axis=1)[:, :-1] > 0)
        if mask.any():
            found[_name(motif, labels)] = mask
    if not found:
        raise InputError(
            f"none of the {len(motifs)} motifs has a site with p < {threshold:g} in these {len(inputs)} sequences; give"
            " more sequences or other motifs"
        )
    return found


def _name(motif: Motif, labels: Sequence[str]) -> str:
    """What people call a motif, so that no two are called alike."""
    if not motif.label:
        return motif.name
    return motif.label if labels.count(motif.label) == 1 else f"{motif.label} ({motif.name})"


def picture_masks(inputs: Inputs) -> dict[str, Tensor]:
    """Masks `(batch, row, column)` of what any image from 0 to 1 has.

    "edge": the tenth of all pixels with the largest Sobel gradient. "dark", "bright": below 1/4 and above 3/4 of white.
    Of three channels "red", "green", "blue": 1/5 of white or more above both of the others. Those that no image has
    are left out.

    Raises:
        ShapeError: the inputs are not `(batch, channel, row, column)`.
        InputError: numbers outside of 0 to 1.
    """
    if inputs.ndim != 4:
        raise ShapeError(f"masks of images need (batch, channel, row, column), not {tuple(inputs.shape)}")
    if float(inputs.min()) < 0 or float(inputs.max()) > 1:
        raise InputError("masks of images need numbers from 0 (black) to 1; make them before anything is normalised")
    steep, grey = sobel_edges(inputs), intensity(inputs)
    level = float(np.quantile(steep.numpy(), 1 - EDGE))
    found = {"edge": (steep >= level) & (steep > 0), "dark": grey < DARK, "bright": grey > BRIGHT}
    if inputs.shape[1] == 3:
        for number, name in enumerate(("red", "green", "blue")):
            others = inputs[:, [i for i in range(3) if i != number]].amax(dim=1)
            found[name] = inputs[:, number] >= others + HUE
    return {name: mask for name, mask in found.items() if mask.any() and not mask.all()}
