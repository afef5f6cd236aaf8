"""What the caller knows of the inputs, checked: labels, places that matter, places where the model may look."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqinterp.errors import InputError, ShapeError
from seqinterp.motifs.motif import Motif
from seqinterp.shapes import AnyNumbers, Inputs, Labels, PlaceMask


@dataclass(frozen=True, eq=False)
class Known:
    """labels: `(batch,)`; truth, region: `(batch, *places)`; motifs: log-odds `(4, width)`. None is not known."""

    labels: Labels | None
    truth: PlaceMask | None
    region: PlaceMask | None
    motifs: tuple[AnyNumbers, ...]

    @classmethod
    def of(
        cls, inputs: Inputs, labels: Any, truth: Any, region: Any, motifs: Any, *, one_class: int | None = None
    ) -> "Known":
        """What was given, as arrays that fit the inputs.

        one_class: of a model that tells several classes apart, the one that is explained; class numbers as labels then
        say whether an example is of it.

        Raises:
            InputError: labels that are all alike or no numbers, a mask that is not True and False, motifs of words.
            ShapeError: something that does not fit the inputs.
        """
        listed = tuple(motifs)
        odd = next((motif for motif in listed if not isinstance(motif, Motif)), None)
        if odd is not None:
            raise InputError(f"motifs must be Motifs, as read_motifs gives them, but one is a {type(odd).__name__}")
        return cls(
            labels=_labels(labels, len(inputs), one_class),
            truth=_mask("truth", truth, inputs),
            region=_mask("region", region, inputs),
            motifs=tuple(motif.pssm for motif in listed),
        )


def _labels(labels: Any, count: int, one_class: int | None) -> Labels | None:
    """One finite number per example, not all alike; class numbers as 1 and 0 for one class and the others."""
    if labels is None:
        return None
    try:
        numbers = np.asarray(labels.cpu() if isinstance(labels, Tensor) else labels, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("labels must be numbers, one per example: classes as 0 and 1, or measured values") from error
    if numbers.shape != (count,):
        raise ShapeError(f"labels must be one number per example, shape ({count},), not {numbers.shape}")
    if one_class is not None and bool((numbers == numbers.round()).all()):
        numbers = (numbers == one_class).astype(np.float64)
    if not np.isfinite(numbers).all() or len(np.unique(numbers)) < 2:
        raise InputError(
            "labels must be finite numbers and not all alike (not all of the class that is explained, and not all of"
            " others), else nothing can be told from chance"
        )
    return numbers


def _mask(name: str, given: Any, inputs: Inputs) -> PlaceMask | None:
    """True and False, one for every place of every example; one for all examples is repeated."""
    if given is None:
        return None
    mask = torch.as_tensor(np.asarray(given)) if not isinstance(given, Tensor) else given.detach().cpu()
    places = tuple(inputs.shape[2:])
    if mask.dtype != torch.bool:
        raise InputError(f"{name} must hold True and False, not {str(mask.dtype).removeprefix('torch.')}")
    if mask.shape == places:
        mask = mask.expand(len(inputs), *places)
    if mask.shape != (len(inputs), *places):
        raise ShapeError(f"{name} must have shape {(len(inputs), *places)} or {places}, not {tuple(mask.shape)}")
    flat = mask.flatten(1)
    if name == "region" and bool((flat.all(dim=1) | ~flat.any(dim=1)).any()):
        raise InputError("region must hold some of the places of every example, and not all of them")
    if name == "truth" and not bool(flat.any()):
        raise InputError("truth must hold at least one place that matters")
    return mask.clone()
