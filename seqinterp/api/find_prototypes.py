"""`find_prototypes`: which few examples stand for all of them, and which do they not stand for?"""

from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.api.results.prototypes import Prototypes
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.api.shared.representations import latent_layer, representations, standardised
from seqinterp.attribution.evidence import model_hash, versions
from seqinterp.attribution.run import Device, choose_device
from seqinterp.cases.prototypes import distances, kernel_of, median_distance, prototypes
from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Array

MOST = 8000  # examples: of so many the kernel takes half a gigabyte, and as much again twice while it is made


def find_prototypes(
    model: nn.Module,
    inputs: Array,
    labels: Any = None,
    *,
    count: Any = 10,
    criticisms: Any = 5,
    layer: str | None = None,
    width: Any = None,
    device: Device = None,
) -> Prototypes:
    """Choose prototypes and criticisms by what the model makes of the examples.

    MMD-critic (Kim, Khanna & Koyejo 2016, NeurIPS 29): prototypes are chosen one by one so that their distribution is
    as near as can be to that of all examples, criticisms where the two differ most. Examples are compared by what the
    last layer reads, every number over its standard deviation, through a Gaussian kernel.

    Args:
        model: any module; given back as it was found.
        inputs: `(batch, *features)`.
        labels: class numbers; with them every class has prototypes and criticisms of its own.
        count: prototypes, of each class where there are labels.
        criticisms: likewise.
        layer: the layer whose inputs are compared, by name; None takes the last one. Several heads need one named.
        width: of the kernel; None takes the median distance between examples.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.

    Returns:
        `Prototypes`: numbers of examples, how far prototypes are from all, and how many examples each stands for.

    Raises:
        InputError: fewer than 2 examples, more prototypes and criticisms than examples (of a class), more than 8000
            examples, labels that are no class numbers, a width that is not above 0, no layer of that name.
        ShapeError: not one label per example.
        ModelError: the model cannot be copied, or has no one last layer that reads one row per example.
    """
    known = as_inputs(model, inputs)
    if len(known) > MOST:
        raise InputError(
            f"prototypes are chosen among {MOST} examples at most, but there are {len(known)}; give a sample"
        )
    _check_numbers(len(known), count, criticisms, width)
    values = None if labels is None else _classes(labels, len(known))
    groups = [(None, torch.arange(len(known)))] if values is None else _by_class(values)
    for label, rows in groups:
        if count + criticisms > len(rows):
            raise InputError(
                f"{count} prototypes and {criticisms} criticisms were asked for, but there are only {len(rows)}"
                f" examples{'' if label is None else f' of class {label}'}"
            )
    place = choose_device(device)
    name = latent_layer(model, known, place, layer)
    features = representations(model, known, place, layer=name)
    features = standardised(features, features)
    apart = distances(features)
    spread = median_distance(apart) if width is None else float(width)
    kernel = kernel_of(apart, width=spread)
    witness, assigned = torch.zeros(len(known), dtype=torch.float64), torch.zeros(len(known), dtype=torch.int64)
    chosen: list[Tensor] = []
    critics: list[Tensor] = []
    discrepancy: list[Tensor] = []
    for number, (_, rows) in enumerate(groups):
        own = kernel[rows[:, None], rows]
        found = prototypes(own, count=count, criticisms=criticisms)
        witness[rows] = found.witness
        assigned[rows] = own[:, found.prototypes].argmax(dim=1) + number * count
        chosen.append(rows[found.prototypes])
        critics.append(rows[found.criticisms])
        discrepancy.append(found.discrepancy)
    facts = {
        "count": count,
        "criticisms": criticisms,
        "layer": name,
        "features": features.shape[1],
        "width": float(spread),
        "model_hash": model_hash(model),
        "versions": versions(),
    }
    return Prototypes(torch.cat(chosen), torch.cat(critics), torch.cat(discrepancy), witness, assigned, values, facts)


def _check_numbers(there: int, count: Any, criticisms: Any, width: Any) -> None:
    """Refuse what cannot be asked, before any work."""
    if there < 2:
        raise InputError("prototypes are chosen among 2 examples or more, but there is 1")
    for name, number, least in (("count", count, 1), ("criticisms", criticisms, 0)):
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise InputError(f"{name} must be {least} or more, a whole number, not {number!r}")
    if width is None:
        return
    if isinstance(width, bool) or not isinstance(width, Real) or not 0 < float(width) < float("inf"):
        raise InputError(f"width must be a number above 0, or None for the median distance, not {width!r}")


def _classes(labels: Any, count: int) -> Tensor:
    """Class numbers, one per example."""
    given = np.asarray(labels.detach().cpu() if isinstance(labels, Tensor) else labels)
    if given.dtype.kind not in "iubf" or not bool((given == np.round(given)).all()):
        raise InputError("labels must be class numbers, one per example; leave them out for prototypes of all examples")
    if given.shape != (count,):
        raise ShapeError(f"there are {count} examples but labels of shape {given.shape}")
    return torch.from_numpy(given.astype(np.int64))


def _by_class(values: Tensor) -> list[tuple[int | None, Tensor]]:
    """The examples of each class."""
    return [(label, (values == label).nonzero().flatten()) for label in values.unique().tolist()]
