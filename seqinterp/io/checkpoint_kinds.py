"""The kinds of models that a checkpoint may hold: readers of DNA, and classifiers of images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from seqinterp.errors import FileError
from seqinterp.images.architecture import ImageArchitecture, build_image_model
from seqinterp.models.architecture import Architecture, build_model

# What goes in and comes out; a model that disagrees is of another kind.
DNA = {"alphabet": "ACGT", "axes": "batch, base, position", "unknown_base": "zeros", "output": "logit"}
IMAGES = {"axes": "batch, channel, row, column", "pixels": "0 to 1", "output": "one logit per class"}


@dataclass(frozen=True)
class Kind:
    """vocabulary: of inputs and outputs. record: what describes the architecture. entries: its fields as JSON has them.
    build: a model without weights from it; its tensors may lie on the device "meta".
    """

    vocabulary: Mapping[str, str]
    record: type
    entries: Mapping[str, type]
    build: Callable[[Any], nn.Module]

    def described(self, architecture: Any) -> dict[str, Any]:
        """The architecture as JSON can hold it."""
        return {name: kind(getattr(architecture, name)) for name, kind in self.entries.items()}

    def architecture(self, description: Mapping[str, Any]) -> Any:
        """What `described` gave; InputError or TypeError where an entry makes no sense."""
        entries = {name: description[name] for name in self.entries}
        return self.record(**{name: tuple(it) if isinstance(it, list) else it for name, it in entries.items()})


def _without_memory(architecture: Architecture) -> nn.Module:
    """Shapes without memory: a damaged description cannot ask for more than the file holds."""
    with torch.device("meta"):
        return build_model(architecture)


KINDS = (
    Kind(DNA, Architecture, {"network": str, "settings": dict, "members": int, "strands": str}, _without_memory),
    Kind(
        IMAGES,
        ImageArchitecture,
        {"network": str, "settings": dict, "classes": list, "shape": list, "mean": list, "deviation": list},
        build_image_model,
    ),
)


def kind_of(architecture: Architecture | ImageArchitecture) -> Kind:
    """The kind that an architecture belongs to."""
    return next(kind for kind in KINDS if isinstance(architecture, kind.record))


def kind_named(vocabulary: Mapping[str, Any], path: Any) -> Kind:
    """The kind with this vocabulary.

    Raises:
        FileError: there is none.
    """
    for kind in KINDS:
        if kind.vocabulary == vocabulary:
            return kind
    raise FileError(
        f"{path} describes inputs of another kind: {dict(vocabulary)}, which are neither DNA ({DNA['axes']}) nor images"
        f" ({IMAGES['axes']}) as they are read here"
    )
