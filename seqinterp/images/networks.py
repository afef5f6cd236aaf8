"""Networks for images: a small one that a laptop trains in minutes, and those of torchvision by name."""

from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.errors import InputError, ModelError
from seqinterp.images.vision import vision

SMALLEST_MAP = 6  # rows and columns that the last convolution of the small network sees at least
WIDEST = 64
# Networks that would answer with several outputs while they are trained.
_OPTIONS = MappingProxyType(
    {
        "googlenet": {"aux_logits": False, "init_weights": True},
        "inception_v3": {"aux_logits": False, "init_weights": True},
    }
)
# What networks raise where images do not suit them; the transformers of torchvision assert their size.
_MISFITS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True)
class SmallCnnSettings:
    """What decides the shape of a small network.

    Attributes:
        channels: of the images, 1 or 3.
        size: rows and columns of the images, which decide how often they are halved.
        classes: how many logits there are.
        filters: of the first convolution; each of the next has twice as many, up to 64.
        dropout: of the features before the last layer.
    """

    channels: int
    size: tuple[int, int]
    classes: int
    filters: int = 16
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if min(self.channels, self.filters, *self.size) < 1 or self.classes < 2 or not 0 <= self.dropout < 1:
            raise InputError(
                "a small network needs at least one channel, filter, row and column, two classes or more, and a dropout"
                f" below 1, but {self} came"
            )


class SmallCnn(nn.Module):
    """Blocks of convolution, batch normalisation and ReLU with halving between them, a mean over places, a head.

    Images are halved until a map has 6 to 11 rows or columns. Some 24,000 parameters for images of 28 pixels, 98,000
    for 128 pixels. `settings` is all that is needed to build the same network again.
    """

    def __init__(self, settings: SmallCnnSettings) -> None:
        super().__init__()
        self.settings = settings
        halvings = max(0, (min(settings.size) // SMALLEST_MAP).bit_length() - 1)
        widths = [max(settings.filters, min(WIDEST, settings.filters << block)) for block in range(halvings + 1)]
        self.features = nn.Sequential()
        channels = settings.channels
        for number, width in enumerate(widths, start=1):
            block = nn.Sequential()
            block.add_module("conv", nn.Conv2d(channels, width, 3, padding=1, bias=False))
            block.add_module("norm", nn.BatchNorm2d(width))
            block.add_module("relu", nn.ReLU())
            if number < len(widths):
                block.add_module("pool", nn.MaxPool2d(2))
            self.features.add_module(f"block{number}", block)
            channels = width
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(settings.dropout)
        self.classifier = nn.Linear(channels, settings.classes)

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.classifier(self.dropout(self.flatten(self.mean(self.features(inputs)))))
        return found


def small_cnn(channels: int, size: int | tuple[int, int], classes: int, **settings: Any) -> SmallCnn:
    """A fresh small network for images of `size` pixels, square or (rows, columns).

    `settings` are the others of SmallCnnSettings. The start weights come from torch's global random state.
    """
    both = (size, size) if isinstance(size, int) else size
    return SmallCnn(SmallCnnSettings(channels, both, classes, **settings))


def torchvision_network(name: str, classes: int) -> nn.Module:
    """A fresh classifier of torchvision whose head has `classes` logits, for images of three channels.

    No weights are downloaded; `io.image_weights.load_weights` reads local ones. The start weights come from torch's
    global random state.

    Raises:
        InputError: torchvision has no classifier of this name, or fewer than two classes.
        ModelError: torchvision is not installed.
    """
    if classes < 2:
        raise InputError(f"a classifier needs two classes or more, but classes is {classes}")
    models = vision().models
    known = models.list_models(module=models)
    if name not in known:
        close = get_close_matches(name, known, n=3, cutoff=0.5) or ["densenet121", "resnet18"]
        raise InputError(
            f"there is no network named {name!r}; choose small_cnn or a classifier of torchvision, for instance"
            f" {', '.join(close)}"
        )
    built: nn.Module = models.get_model(name, weights=None, num_classes=classes, **_OPTIONS.get(name, {}))
    return built


def densenet121(classes: int) -> nn.Module:
    """DenseNet-121 (Huang et al. 2017, arXiv:1608.06993) with a head of its own; 6,955,906 parameters for 2 classes."""
    return torchvision_network("densenet121", classes)


def channels_wanted(network: nn.Module) -> int | None:
    """How many channels the first convolution of a network takes, None where it has none."""
    first = next((module for module in network.modules() if isinstance(module, nn.Conv2d)), None)
    return None if first is None else first.in_channels


def require_fit(network: nn.Module, inputs: Tensor, classes: int) -> None:
    """Ask a network for its answer to two images; ModelError where it has none, or not one logit per class."""
    modes = {child: child.training for child in network.modules()}
    place = next((parameter.device for parameter in network.parameters()), inputs.device)
    try:
        network.eval()
        with torch.no_grad():
            found = network(inputs.to(place))
    except _MISFITS as error:
        why = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".!")
        raise ModelError(
            f"the network cannot take images of the shape {tuple(inputs.shape[1:])} (channel, row, column): {why}"
        ) from error
    finally:
        for child, mode in modes.items():
            child.training = mode
    shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
    if shape != (len(inputs), classes):
        raise ModelError(
            f"the network must give one logit per class, ({len(inputs)}, {classes}) for {len(inputs)} images, but it"
            f" gave {shape}; build it for {classes} classes"
        )
