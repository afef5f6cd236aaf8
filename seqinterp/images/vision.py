"""torchvision through one door: it is an extra, and its CUDA wheel does not import beside a torch without CUDA."""

import sys
from functools import cache
from importlib import import_module
from types import ModuleType

import torch

from seqinterp.errors import ModelError

_NAME = "torchvision"


def vision() -> ModuleType:
    """The module torchvision.

    Its compiled part, which no network needs, cannot be loaded where torch has no CUDA and torchvision does; then the
    operators that torchvision describes at import have no schema, and the import dies. Here they get one.

    Raises:
        ModelError: it is not installed.
    """
    try:
        return import_module(_NAME)
    except ModuleNotFoundError as error:
        if error.name != _NAME:
            raise
        raise ModelError(
            "the networks of torchvision need torchvision, which is not installed; run pip install 'seqinterp[image]',"
            " or train the network small_cnn, which needs nothing more"
        ) from error
    except RuntimeError as error:
        if f"{_NAME}::nms" not in str(error):
            raise
    for half_loaded in [name for name in sys.modules if name.split(".")[0] == _NAME]:
        del sys.modules[half_loaded]
    _schemas()
    return import_module(_NAME)


@cache  # a library that is let go of takes its schemas along
def _schemas() -> torch.library.Library:
    """The operators that torchvision registers shapes for while it is imported."""
    library = torch.library.Library(_NAME, "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library
