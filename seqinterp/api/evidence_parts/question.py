"""What an evidence report is asked, checked once for all of its parts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.api.predict_uncertainty import reading
from seqinterp.api.shared.chosen_examples import evenly_over_labels
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.targets import as_target
from seqinterp.errors import InputError, SeqinterpError, ShapeError
from seqinterp.images.image_set import ImageSet
from seqinterp.motifs.motif import Motif
from seqinterp.sequence.examples import Examples
from seqinterp.shapes import Inputs, Labels
from seqinterp.uncertainty.outputs import one_tensor

T = TypeVar("T")
TASKS = ("binary", "classes", "regression")


@dataclass(frozen=True, eq=False)
class Known:
    """Examples that the model was trained on, or that were kept from it; labels None where they are not given."""

    inputs: Inputs
    labels: Labels | None
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.inputs)

    def some(self, count: int) -> "Known":
        """At most `count` of them, evenly over labels."""
        return self.take(evenly_over_labels(np.zeros(len(self)) if self.labels is None else self.labels, count))

    def take(self, rows: np.ndarray) -> "Known":
        """Those of these numbers."""
        labels = None if self.labels is None else self.labels[rows]
        return Known(self.inputs[torch.from_numpy(rows)], labels, tuple(self.names[row] for row in rows))


@dataclass(frozen=True, eq=False)
class Question:
    """One example and everything that is known around it; inputs are `(1, *features)`."""

    model: nn.Module
    models: tuple[nn.Module, ...]
    inputs: Inputs
    task: str
    target: int | Target
    threshold: float | None
    methods: tuple[str, ...]
    training: Known | None
    calibration: Known | None
    classes: tuple[str, ...]
    layer: str | None
    motifs: tuple[Motif, ...]
    database: str
    seed: int
    device: torch.device

    @property
    def dna(self) -> bool:
        """Whether the example is a sequence."""
        return is_dna(self.inputs)

    @property
    def members(self) -> Any:
        """What the uncertainty is asked of: all models, or the one there is."""
        return [self.model, *self.models] if self.models else self.model

    @property
    def score(self) -> Score:
        """The number that is explained."""
        return Score(self.model, as_target(self.target))

    @cached_property
    def outputs(self) -> str:
        """Whether the model gives logits or probabilities, by all examples at hand: one alone can mislead."""
        at_hand = [self.inputs, *(one.inputs for one in (self.calibration, self.training) if one is not None)]
        read = self.read
        picked = one_tensor if read is None else as_target(read)
        return reading(self.model, picked, torch.cat(at_hand), self.device)

    @property
    def read(self) -> int | Target | None:
        """What the task reads of the outputs: all of them for classes."""
        return None if self.task == "classes" else self.target


def class_names(*given: Any) -> tuple[str, ...]:
    """What labels are called, where one of these says so."""
    return next((one.classes for one in given if isinstance(one, ImageSet)), ())


def known(model: nn.Module, given: Any, example: Inputs, what: str, task: str) -> Known | None:
    """Examples, `(inputs, labels)` or inputs alone, as tensors that fit the example.

    Raises:
        ShapeError: they have another shape than the example, or not one label each.
    """
    if given is None:
        return None
    names: Sequence[str] = ()
    if isinstance(given, Examples | ImageSet):
        given, names = (given.inputs, given.labels), given.names
    inputs, labels = given if isinstance(given, tuple | list) and len(given) == 2 else (given, None)
    checked = as_inputs(model, inputs)
    if checked.shape[1:] != example.shape[1:]:
        raise ShapeError(
            f"the example has features {tuple(example.shape[1:])} but those of {what} {tuple(checked.shape[1:])};"
            " crop them to one length"
        )
    return Known(checked, _labels(labels, len(checked), what, task), tuple(names) or _numbered(len(checked), what))


def apart(known: Known | None, example: Inputs) -> Known | None:
    """The examples without this very one, which would vouch for itself; None where no other is left."""
    if known is None:
        return None
    others = (known.inputs != example).flatten(1).any(dim=1).nonzero().flatten().numpy()
    return known.take(others) if len(others) else None


def _labels(labels: Any, count: int, what: str, task: str) -> Labels | None:
    """One finite number per example, of a kind that the task takes."""
    if labels is None:
        return None
    try:
        values = np.asarray(labels.detach().cpu() if isinstance(labels, Tensor) else labels, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"labels of {what} must be numbers, one per example") from error
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if values.shape != (count,):
        raise ShapeError(f"labels of {what} must be one number per example, ({count},), not {values.shape}")
    if not np.isfinite(values).all():
        raise InputError(f"labels of {what} must be finite; leave examples without one out")
    if task == "binary" and not np.isin(values, (0, 1)).all():
        raise InputError(f"labels of {what} must be 0 and 1 for task='binary'; use 'classes' or 'regression'")
    if task == "classes" and bool(((values != values.round()) | (values < 0)).any()):
        raise InputError(f"labels of {what} must be class numbers 0, 1, ... for task='classes'")
    return values


def _numbered(count: int, what: str) -> tuple[str, ...]:
    return tuple(f"{what} example {number}" for number in range(count))


def asked(part: Callable[[], T]) -> T | str:
    """A part of the report, or the sentence why it could not be asked."""
    try:
        return part()
    except SeqinterpError as error:
        return str(error)
