"""The plain description of a classifier of images: enough to build it again, small enough for a JSON file."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from seqinterp.errors import InputError, ModelError
from seqinterp.images.build import SMALL
from seqinterp.images.networks import SmallCnn, small_cnn, torchvision_network
from seqinterp.images.normalised import Normalised
from seqinterp.models.train import own_randomness


@dataclass(frozen=True)
class ImageArchitecture:
    """A network by name, what it tells apart, and how it normalises pixels.

    Attributes:
        network: "small_cnn", or a classifier of torchvision.
        settings: filters and dropout of a small network; a classifier of torchvision has none.
        classes: what the logits are of.
        shape: channels, rows and columns of the images that it was trained on.
        mean, deviation: of the pixels, a number for each channel that the network wants.

    Raises:
        InputError: an entry that none can be.
    """

    network: str
    settings: Mapping[str, Any]
    classes: tuple[Any, ...]
    shape: tuple[Any, ...]
    mean: tuple[Any, ...]
    deviation: tuple[Any, ...]

    def __post_init__(self) -> None:
        if len(self.classes) < 2 or not all(isinstance(name, str) for name in self.classes):
            raise InputError(f"classes must be two or more names, but they are {list(self.classes)}")
        if len(self.shape) != 3 or not all(type(side) is int and side > 0 for side in self.shape):
            raise InputError(f"the shape of images must be channels, rows and columns, but it is {list(self.shape)}")
        for name, values in (("mean", self.mean), ("deviation", self.deviation)):
            if not all(type(value) in (int, float) and math.isfinite(value) for value in values):
                raise InputError(f"{name} must be one number per channel, but it is {list(values)}")


def build_image_model(architecture: ImageArchitecture) -> nn.Module:
    """A freshly started model of this architecture; torch's global random state stays as it was.

    A small network holds no memory yet (it lies on the device "meta"): its description may ask for any size.

    Raises:
        InputError: no such network or setting.
        ModelError: torchvision is needed and not there.
    """
    if architecture.network == SMALL:
        channels, *size = architecture.shape
        with torch.device("meta"):
            inner: nn.Module = small_cnn(channels, tuple(size), len(architecture.classes), **architecture.settings)
            return Normalised(inner, architecture.mean, architecture.deviation)
    if architecture.settings:
        raise InputError(f"the networks of torchvision have no setting {next(iter(architecture.settings))!r} here")
    with own_randomness(torch.device("cpu")):
        inner = torchvision_network(architecture.network, len(architecture.classes))
        return Normalised(inner, architecture.mean, architecture.deviation)


def image_architecture_of(
    model: nn.Module, *, network: str, classes: Sequence[str], shape: Sequence[int]
) -> ImageArchitecture:
    """The description of a model that was built by name.

    Raises:
        ModelError: the model is not what the name stands for.
    """
    if not isinstance(model, Normalised):
        raise ModelError(f"a {type(model).__name__} cannot be described; only a model of train_images with a name can")
    settings = model.network.settings if isinstance(model.network, SmallCnn) else None
    found = ImageArchitecture(
        network=network,
        settings={} if settings is None else {"filters": settings.filters, "dropout": settings.dropout},
        classes=tuple(classes),
        shape=tuple(int(side) for side in shape),
        mean=tuple(model.mean.flatten().tolist()),
        deviation=tuple(model.std.flatten().tolist()),
    )
    if (settings is not None) != (network == SMALL) or _shapes(build_image_model(found)) != _shapes(model):
        raise ModelError(f"the model is no {network} for {len(classes)} classes, so that name does not describe it")
    return found


def _shapes(model: nn.Module) -> dict[str, tuple[int, ...]]:
    """The shapes of all tensors by name."""
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
