"""What the architectures are built from: layers by modality, modules from a plain forward, and the blueprint itself."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LENGTH, SIDE = 12, 6


@dataclass(frozen=True)
class Kit:
    """Layers and functions for sequences (dims=1) or images (dims=2)."""

    dims: int

    @property
    def channels(self) -> int:
        return 4 if self.dims == 1 else 3

    @property
    def shape(self) -> tuple[int, ...]:
        return (4, LENGTH) if self.dims == 1 else (3, SIDE, SIDE)

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes of the positions, or of rows and columns."""
        return tuple(range(2, 2 + self.dims))

    def places(self, stride: int = 1) -> int:
        """How many places are left after pooling by `stride`."""
        return LENGTH // stride if self.dims == 1 else (SIDE // stride) ** 2

    def layer(self, name: str, *args, **options) -> nn.Module:
        """`nn.<name>1d` or `nn.<name>2d`."""
        return getattr(nn, f"{name}{self.dims}d")(*args, **options)

    def call(self, name: str) -> Callable[..., Tensor]:
        """`F.<name>1d` or `F.<name>2d`."""
        return getattr(F, f"{name}{self.dims}d")

    def stem(self, after: int, size: int = 3, **options) -> nn.Module:
        """A convolution of the inputs that keeps their places."""
        return self.conv(self.channels, after, size, **options)

    def conv(self, before: int, after: int, size: int = 3, **options) -> nn.Module:
        return self.layer("Conv", before, after, size, **{"padding": size // 2, **options})

    def dense(self, channels: int, outputs: int = 2, *, stride: int = 1, **options) -> nn.Linear:
        """A dense layer over all channels and places."""
        return nn.Linear(channels * self.places(stride), outputs, **options)


class Net(nn.Module):
    """A module whose forward is a plain function of itself and the inputs; tensors among its parts become buffers."""

    def __init__(self, steps: Callable[[nn.Module, Tensor], Tensor], **parts: nn.Module | Tensor) -> None:
        super().__init__()
        self.steps = steps
        for name, part in parts.items():
            if isinstance(part, Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)

    def forward(self, inputs: Tensor):
        return self.steps(self, inputs)


@dataclass(frozen=True)
class Blueprint:
    """How to build one architecture, and what is known of it (the flags are explained in architectures.py)."""

    name: str
    build: Callable[[Kit], nn.Module]
    outputs: int
    target: int | Callable[[object], Tensor]
    linear: bool
    relu_without_bias: bool
    piecewise_linear: bool
    continuous: bool
    probability: bool
    seed: int


def blueprint(
    *,
    outputs: int = 2,
    target: int | Callable[[object], Tensor] | None = None,
    linear: bool = False,
    relu_without_bias: bool = False,
    piecewise_linear: bool = False,
    continuous: bool = True,
    probability: bool = False,
    seed: int = 0,
) -> Callable[[Callable[[Kit], nn.Module]], Blueprint]:
    """Turn a function `(kit) -> module` into the blueprint of its name; the target is the last output unless given."""

    def made(build: Callable[[Kit], nn.Module]) -> Blueprint:
        return Blueprint(
            name=build.__name__,
            build=build,
            outputs=outputs,
            target=outputs - 1 if target is None else target,
            linear=linear,
            relu_without_bias=relu_without_bias,
            piecewise_linear=piecewise_linear or linear or relu_without_bias,
            continuous=continuous,
            probability=probability,
            seed=seed,
        )

    return made


def tokens(hidden: Tensor) -> Tensor:
    """`(batch, channel, *places)` as `(batch, place, channel)`."""
    return hidden.flatten(2).transpose(1, 2)


def unsettle(model: nn.Module) -> nn.Module:
    """Make freshly drawn weights a fair test.

    What starts as a constant is moved, so that no bias or statistic is 0 or 1 by accident. Matrices are doubled:
    as torch draws them the signal fades from layer to layer, and the score of every input is nearly the same.
    """
    with torch.no_grad():
        for weights in model.parameters():
            if (weights == weights.flatten()[0]).all():
                weights += 0.2 * torch.randn_like(weights)
            elif weights.ndim > 1:
                weights *= 2
        for module in model.modules():
            if getattr(module, "running_var", None) is not None:
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 1.5)
    return model
