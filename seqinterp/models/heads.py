"""A head that predicts its own error: a mean and a variance for each output (Nix & Weigend 1994,
doi:10.1109/ICNN.1994.374138; Kendall & Gates 2017, arXiv:1703.04977).
"""

import math
from copy import deepcopy

import torch
from torch import Tensor, nn

from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.shapes import Inputs, Tabled

LARGEST = 10.0  # of the log variance, either sign, in the units that training standardises to


class WithVariance(nn.Module):
    """A network with twice the outputs: the means, and then the log variances of the same outputs.

    `forward` gives `(batch, 2 outputs)`, in the targets' own units: target 0 is the first mean still, and attributions
    of the log variances are had as those of any output. Log variances are bent smoothly into (-10, 10) before units,
    so that none can overflow.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, network: nn.Module, outputs: int) -> None:
        super().__init__()
        self.network, self.outputs = network, outputs
        self.register_buffer("shift", torch.zeros(outputs))
        self.register_buffer("scale", torch.ones(outputs))

    def forward(self, inputs: Inputs) -> Tabled:
        """Means and log variances, side by side."""
        return self.in_units(self.standard(inputs))

    def standard(self, inputs: Tensor) -> Tensor:
        """The outputs before units: those of targets less `shift`, over `scale`."""
        found = self.network(inputs)
        if not isinstance(found, Tensor) or found.shape != (len(inputs), 2 * self.outputs):
            came = tuple(found.shape) if isinstance(found, Tensor) else f"a {type(found).__name__}"
            raise ModelError(
                f"the network with a variance must give (batch, {2 * self.outputs}), but gives {came}; its last linear"
                " layer is not its output"
            )
        mean, bent = found.chunk(2, dim=1)
        return torch.cat([mean, LARGEST * torch.tanh(bent / LARGEST)], dim=1)

    def in_units(self, outputs: Tensor) -> Tensor:
        """Standard outputs in the targets' own units."""
        mean, log_variance = outputs.chunk(2, dim=1)
        return torch.cat([mean * self.scale + self.shift, log_variance + 2 * self.scale.log()], dim=1)


def with_variance(network: nn.Module) -> WithVariance:
    """A copy of the network whose last linear layer predicts a log variance beside every output.

    The means start as the network's own outputs and the variances at 1, whatever the inputs. Train it with
    `fit_regression`, or on `gaussian_nll`.

    Raises:
        InputError: the network has no linear layer.
    """
    copy = deepcopy(network)
    linears = [name for name, module in copy.named_modules() if isinstance(module, nn.Linear)]
    if not linears:
        raise InputError(
            f"a variance is added to the last linear layer, but this {type(network).__name__} has none; write a network"
            " with twice the outputs, means first and then log variances"
        )
    last = copy.get_submodule(linears[-1])
    assert isinstance(last, nn.Linear)
    wide = _doubled(last)
    if not linears[-1]:
        return WithVariance(wide, last.out_features)
    parent, _, name = linears[-1].rpartition(".")
    setattr(copy.get_submodule(parent), name, wide)
    return WithVariance(copy, last.out_features)


def mean_and_variance(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """The means and the variances of outputs `(..., 2 outputs)`, each `(..., outputs)`.

    Raises:
        ShapeError: the outputs cannot be halved.
    """
    if outputs.ndim < 1 or outputs.shape[-1] % 2 or outputs.shape[-1] == 0:
        raise ShapeError(
            "means and log variances stand side by side, (..., 2 outputs), but the outputs have the shape"
            f" {tuple(outputs.shape)}"
        )
    mean, log_variance = outputs.chunk(2, dim=-1)
    return mean, log_variance.exp()


def gaussian_nll(outputs: Tensor, targets: Tensor, *, beta: float = 0.0) -> Tensor:
    """-log N(target; mean, variance) in nats, `(batch, outputs)`, of outputs `(batch, 2 outputs)`.

    With `beta` each is weighted by variance^beta, through which no gradient goes (Seitzer et al. 2022,
    arXiv:2203.09168): at 0 it is the likelihood, which learns little where it deems the noise large; at 1 the means
    learn as from squared errors. 0.5 is their advice.

    Raises:
        ShapeError: targets that do not fit.
        InputError: `beta` outside [0, 1].
    """
    if not 0 <= beta <= 1:
        raise InputError(f"beta must lie in [0, 1], but it is {beta}")
    if outputs.ndim != 2 or outputs.shape != (len(targets), 2 * targets[:1].numel()):
        raise ShapeError(
            f"targets of shape {tuple(targets.shape)} need outputs (batch, 2 outputs), but theirs is"
            f" {tuple(outputs.shape)}"
        )
    mean, log_variance = outputs.chunk(2, dim=1)
    squares = (targets.reshape(mean.shape) - mean).square() * (-log_variance).exp()
    loss = 0.5 * (log_variance + squares + math.log(2 * math.pi))
    return loss * (beta * log_variance.detach()).exp() if beta else loss


def _doubled(linear: nn.Linear) -> nn.Linear:
    """The layer with as many outputs more, which are 0 at first; no random number is drawn."""
    wide = nn.utils.skip_init(
        nn.Linear, linear.in_features, 2 * linear.out_features, device=linear.weight.device, dtype=linear.weight.dtype
    )
    assert isinstance(wide, nn.Linear)
    with torch.no_grad():
        wide.weight.zero_()
        wide.bias.zero_()
        wide.weight[: linear.out_features] = linear.weight
        if linear.bias is not None:
            wide.bias[: linear.out_features] = linear.bias
    return wide.train(linear.training)
