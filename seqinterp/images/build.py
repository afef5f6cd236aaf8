"""The network that a name or a function stands for, made for a set of images."""

import copy
from collections.abc import Callable

from torch import nn

from seqinterp.errors import ModelError
from seqinterp.images.image_set import ImageSet
from seqinterp.images.networks import channels_wanted, small_cnn, torchvision_network
from seqinterp.images.normalised import IMAGENET, Normalised, pixel_statistics

SMALL = "small_cnn"
Network = str | nn.Module | Callable[[], nn.Module]


def build_network(network: Network, images: ImageSet, *, pretrained: bool = False) -> nn.Module:
    """A network for these images, with their normalisation inside; untrained unless it is a module.

    A module of the caller's is copied, and so is what a function gives, which may be one it keeps.

    Args:
        network: "small_cnn", a classifier of torchvision by name, a function that builds a module, or a module.
        images: with a train part, whose pixels say how to normalise.
        pretrained: normalise colours as the weights of torchvision want it.

    Raises:
        InputError: torchvision has no network of this name.
        ModelError: torchvision is needed and not there, or what was built is no module, or cannot be copied.
    """
    channels, size = images.inputs.shape[1], (images.inputs.shape[2], images.inputs.shape[3])
    if network == SMALL:
        built: nn.Module = small_cnn(channels, size, len(images.classes))
    elif isinstance(network, str):
        built = torchvision_network(network, len(images.classes))
    else:
        built = _own(network if isinstance(network, nn.Module) else network())
    if isinstance(built, Normalised):
        return built
    wanted = channels_wanted(built)
    if pretrained and wanted == 3:
        return Normalised(built, *IMAGENET)
    mean, deviation = pixel_statistics(images.part("train").inputs)
    times = wanted if wanted == 3 and channels == 1 else 1
    return Normalised(built, mean * times, deviation * times)


def _own(built: object) -> nn.Module:
    """A copy that may be written to."""
    if not isinstance(built, nn.Module):
        raise ModelError(f"network must build a torch.nn.Module, but it gave a {type(built).__name__}")
    try:
        return copy.deepcopy(built)
    except (RuntimeError, TypeError) as error:
        raise ModelError(
            f"the network, a {type(built).__name__}, cannot be copied, so it cannot be trained without changing yours:"
            f" {str(error).splitlines()[0].rstrip('.')}"
        ) from error
