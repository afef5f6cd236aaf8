"""`find_mislabelled`: which training labels are probably wrong?"""

from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import rankdata
from torch import nn

from seqinterp.api.shared.inputs import as_inputs
from seqinterp.api.shared.representations import representations, standardised
from seqinterp.attribution.run import Device, choose_device
from seqinterp.cases.head import check_l2, fit_head
from seqinterp.cases.last_layer_influence import last_layer_influence
from seqinterp.cases.mislabelled import (
    confident_learning,
    held_out_loss,
    held_out_probabilities,
    neighbour_disagreement,
)
from seqinterp.errors import InputError
from seqinterp.shapes import Array

FOLDS = 5


def find_mislabelled(
    model: nn.Module,
    training: Array,
    labels: Any,
    *,
    groups: Any = None,
    l2: Any = 1.0,
    layer: str | None = None,
    seed: int = 0,
    device: Device = None,
) -> pd.DataFrame:
    """Rank training examples by how little their label fits what the model makes of them.

    Four witnesses: the influence of an example on its own loss (Koh & Liang 2017), the labels of its neighbours, the
    loss of last layers that were fitted without it, and confident learning (Northcutt et al. 2021, arXiv:1911.00068).
    The layers below the last have seen all labels, so the last two are milder than networks that were trained without.

    Args:
        model: any module; given back as it was found.
        training: `(training, *features)`.
        labels: class numbers, two or more.
        groups: one number per example; examples of one group (overlapping windows) stand in one fold.
        l2: weight of the last layer's penalty.
        layer: the layer whose inputs are compared, by name; None takes the last one. Several heads need one named.
        seed: of the folds.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.

    Returns:
        One row per example, the most suspicious first: training, label, suspicion (mean rank of the witnesses, 0 to 1),
        believed (the class that confident learning holds for true), flagged (where that is another one), and the four.

    Raises:
        InputError: labels that are no class numbers, an l2 that is no number from 0, or no layer of that name.
        ShapeError: not one label per example.
        ModelError: the model cannot be copied, or has no one last layer that reads one row per example.
    """
    known = as_inputs(model, training)
    check_l2(l2)
    kinds, numbers, folds = _classes(labels)
    features = representations(model, known, choose_device(device), layer=layer)
    scaled = standardised(features, features)
    head = fit_head(scaled, numbers, task="classes", l2=l2)
    held_out = held_out_probabilities(scaled, numbers, l2=l2, folds=folds, groups=groups, seed=seed)
    confident = confident_learning(held_out, numbers)
    table = pd.DataFrame(
        {
            "self_influence": last_layer_influence(head, scaled, numbers).self_influence().numpy(),
            "neighbours": neighbour_disagreement(scaled, numbers).numpy(),
            "held_out_loss": held_out_loss(held_out, numbers).numpy(),
            "confident_learning": confident.suspicion.numpy(),
        }
    )
    ranks = np.stack([rankdata(table[name]) for name in table]).mean(axis=0)
    found = table.assign(
        training=np.arange(len(table)),
        label=kinds[numbers.numpy()],
        suspicion=(ranks - 1) / max(1, len(table) - 1),
        believed=kinds[confident.believed.numpy()],
        flagged=confident.flagged.numpy(),
    )
    first = ["training", "label", "suspicion", "believed", "flagged"]
    return found[[*first, *table.columns]].sort_values("suspicion", ascending=False, kind="stable", ignore_index=True)


def _classes(labels: Any) -> tuple[np.ndarray, torch.Tensor, int]:
    """The classes there are, each label as the number of its class, and into how many folds the rarest can be split."""
    given = np.asarray(labels.cpu() if isinstance(labels, torch.Tensor) else labels)
    if given.dtype.kind not in "iubf" or given.ndim != 1 or bool((given != np.round(given)).any()):
        raise InputError("labels must be class numbers, one per example; wrong measured values cannot be found so")
    kinds, numbers, counts = np.unique(given.astype(np.int64), return_inverse=True, return_counts=True)
    if len(kinds) < 2 or counts.min() < 2:
        raise InputError(
            "at least two classes of two examples each are needed, but there are"
            f" {', '.join(f'{count} of class {kind}' for kind, count in zip(kinds, counts, strict=True))}"
        )
    return kinds, torch.from_numpy(numbers), min(FOLDS, int(counts.min()))
