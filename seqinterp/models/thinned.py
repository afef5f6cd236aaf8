"""One network out of the many that dropout trains: the same units dropped for every example (Srivastava et al. 2014,
https://jmlr.org/papers/v15/srivastava14a.html, section 2).
"""

import hashlib
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.errors import ModelError

KINDS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)  # not AlphaDropout, which shifts what it keeps


class DropMask(nn.Module):
    """Multiplies by a mask of 0 and 1 / (1 - p) that is drawn from the seed for the shape of one example.

    channels: whether whole channels are dropped, as `Dropout1d` to `Dropout3d` do.
    """

    def __init__(self, p: float, *, seed: int, channels: bool) -> None:
        super().__init__()
        self.p, self.seed, self.channels = p, seed, channels

    def forward(self, inputs: Tensor) -> Tensor:
        """The same mask for every example of the batch."""
        shape = (inputs.shape[1], *[1] * (inputs.ndim - 2)) if self.channels else inputs.shape[1:]
        chance = torch.Generator().manual_seed(self.seed)
        kept = torch.rand(shape, generator=chance, dtype=torch.float64) >= self.p
        return inputs * (kept / (1 - self.p)).to(inputs)


def has_dropout(model: nn.Module) -> bool:
    """Whether a layer drops anything when the model is trained."""
    return any(isinstance(layer, KINDS) and 0 < layer.p < 1 for layer in model.modules())


def thinned(model: nn.Module, seed: int) -> nn.Module:
    """A copy of the model with a mask drawn from `seed` in the place of every dropout layer.

    Raises:
        ModelError: the model has no dropout layer that drops anything, or cannot be copied.
    """
    if not has_dropout(model):
        raise ModelError(
            "the model has no layer nn.Dropout with a chance between 0 and 1, so no masks can be drawn; dropout that"
            " is called as a function is not seen"
        )
    try:
        copy = deepcopy(model)
    except (RuntimeError, TypeError) as error:
        raise ModelError(
            f"the model cannot be copied ({error}), and dropout is never replaced in the model itself"
        ) from error
    for name, layer in list(copy.named_modules(remove_duplicate=False)):
        if isinstance(layer, KINDS) and 0 < layer.p < 1:
            parent, _, own = name.rpartition(".")
            setattr(copy.get_submodule(parent), own, _mask(layer, name, seed))
    return copy


def _mask(layer: Any, name: str, seed: int) -> DropMask:
    """The mask of one layer, from the seed and the layer's name."""
    digest = hashlib.sha256(f"{seed} {name} dropout".encode()).digest()
    return DropMask(layer.p, seed=int.from_bytes(digest[:8], "little") >> 1, channels=not isinstance(layer, nn.Dropout))
