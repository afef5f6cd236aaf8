"""The one image whose maps are shown, explained by every method for one and the same class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import nn

from seqinterp.api.attribute import attribute
from seqinterp.api.results.attribution import Attribution
from seqinterp.api.shared.candidates import Wanted, wanted
from seqinterp.errors import InputError
from seqinterp.images.image_set import ImageSet
from seqinterp.report.image_study_contents import StudyCase
from seqinterp.shapes import Attributions, Inputs

WINDOW, STRIDE, SIDE = 15, 8, 224  # the occlusion of the literature, for images of 224 pixels
STEPS = 32  # of integrated gradients: a study explains hundreds of images


def study_methods(methods: Any, size: tuple[int, int]) -> list[Wanted]:
    """The methods asked for, or the four of the literature at the size of the images.

    Raises:
        InputError: an unknown method, or an explainer of the caller's, which has no certificate to show.
    """
    if methods is None:
        side = min(size)
        window = max(2, round(WINDOW * side / SIDE))
        stride = min(window, max(1, round(STRIDE * side / SIDE)))
        occlusion = {"window": window, "stride": stride}
        methods = {"gradient": {}, "integrated_gradients": {"steps": STEPS}, "occlusion": occlusion, "gradcam": {}}
    found = wanted(methods)
    if own := [one.name for one in found if one.explainer is not None]:
        raise InputError(
            f"a study takes methods of the catalogue, with options, but {own[0]!r} is a function; put it on trial with"
            " seqinterp.evaluate"
        )
    return found


def choose_case(images: ImageSet, logits: NDArray[np.float64], case: str | None, *, seed: int) -> tuple[int, str]:
    """The row of the case among test images, and how it was chosen.

    Raises:
        InputError: no test image has this name, or several have it as a part of theirs.
    """
    called = logits.argmax(axis=1)
    if case is None:
        last = len(images.classes) - 1
        right = np.flatnonzero((images.labels == last) & (called == last))
        among = f"drawn by the seed among {len(right)} test images of {images.classes[last]} that are called so"
        if len(right) == 0:
            right, among = np.arange(len(images)), "drawn by the seed among all test images"
        return int(np.random.default_rng(seed).choice(right)), among
    return named_case(images, case), "asked for by name"


def named_case(images: ImageSet, case: str) -> int:
    """The row of the image of this name, or with this in its name.

    Raises:
        InputError: there is none, or there are several.
    """
    rows = [row for row, name in enumerate(images.names) if name == case]
    rows = rows or [row for row, name in enumerate(images.names) if case in name]
    if len(rows) != 1:
        what = f"{len(rows)} test images have {case!r} in their names" if rows else f"no test image is named {case!r}"
        raise InputError(f"{what}; give the name of one, such as {images.names[0]!r}")
    return rows[0]


def maps_of(
    models: Mapping[str, nn.Module], methods: Sequence[Wanted], inputs: Inputs, *, target: int, **options: Any
) -> dict[str, dict[str, Attribution]]:
    """What every method says of an image, of every network."""
    return {
        network: {
            one.name: attribute(model, inputs, one.method, target=target, **options, **one.options) for one in methods
        }
        for network, model in models.items()
    }


def values_of(model: nn.Module, one: Wanted, inputs: Inputs, *, target: int, **options: Any) -> Attributions:
    """The attributions of a method."""
    return attribute(model, inputs, one.method, target=target, **options, **one.options).values


def case_part(
    images: ImageSet, row: int, logits: NDArray[np.float64], chosen: str, target: int, maps: Mapping[str, Attribution]
) -> StudyCase:
    """The case in words and numbers."""
    called = int(logits[row].argmax())
    return StudyCase(
        name=images.names[row],
        chosen=chosen,
        label=images.classes[images.labels[row]],
        called=images.classes[called],
        probability=float(softmax(logits[row])[called]),
        target=target,
        target_name=images.classes[target],
        score=float(logits[row, target]),
        methods=tuple(_method(name, one) for name, one in maps.items()),
    )


def _method(name: str, one: Attribution) -> dict[str, Any]:
    """A method and its certificate."""
    return {
        "method": name,
        "options": {key: str(value) for key, value in one.certificate.options.items()},
        "verdict": one.certificate.verdict,
        "sum": float(torch.sum(one.values.double())) if one.certificate.promised is not None else None,
        "certificate": one.certificate.in_words(),
    }
