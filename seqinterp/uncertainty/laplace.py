"""What the last layer does not know: a Gaussian posterior of its weights (MacKay 1992, doi:10.1162/neco.1992.4.3.448;
Kristiadi et al. 2020, arXiv:2002.10118; Daxberger et al. 2021, arXiv:2106.14806).

The layers below are taken as known, so this is a floor under what the model does not know: cheap, and exactly Bayesian
linear regression for a network that is one linear layer.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from scipy.optimize import minimize
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from seqinterp.attribution.rules.opaque import eager
from seqinterp.attribution.run import Device, batched
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.shapes import Inputs, Members, Numbers, Scores

WIDEST = 12.0  # of the logarithms of precisions that are looked at, either sign


@dataclass(frozen=True)
class LastLayer:
    """The posterior of the last layer of a model with one output, as `fit_last_layer` gives it.

    covariance: of its weights and bias, `(features + 1, features + 1)`, in double precision.
    noise: the variance of the targets about the model, 0 for classes. prior: the precision of the weights before any
        data.
    """

    model: nn.Module
    covariance: Tensor
    noise: float
    prior: float

    def variance(
        self, inputs: Inputs, *, batch_size: int | None = None, device: Device = None
    ) -> tuple[Scores, Scores]:
        """The model's own output for each input, and its variance over the posterior, `(batch,)` each.

        Of logits and for classes, of means for measured targets, to whose variance `noise` is added for the total.

        Raises:
            InputError: no inputs.
        """
        outputs, features = last_features(self.model, inputs, batch_size=batch_size, device=device)
        return outputs, self._spread(features)

    def members(
        self, inputs: Inputs, draws: int, *, seed: int = 0, batch_size: int | None = None, device: Device = None
    ) -> tuple[Scores, Scores, Members]:
        """As `variance`, and what `draws` sets of weights from the posterior say of the inputs, `(members, batch)`.

        The weights follow from the seed alone: what else is asked with an input changes nothing.

        Raises:
            InputError: no inputs, or fewer than two draws.
        """
        if not isinstance(draws, int) or draws < 2:
            raise InputError(f"draws must be 2 or more, a whole number, not {draws!r}")
        outputs, features = last_features(self.model, inputs, batch_size=batch_size, device=device)
        chance = torch.Generator().manual_seed(seed)
        normal = torch.randn(draws, len(self.covariance), generator=chance, dtype=torch.float64)
        return outputs, self._spread(features), outputs + normal @ torch.linalg.cholesky(self.covariance).T @ features.T

    def _spread(self, features: Tensor) -> Tensor:
        """Of the outputs, `(batch,)`."""
        return ((features @ self.covariance) * features).sum(dim=1).clamp_min(0.0)


def fit_last_layer(
    model: nn.Module,
    inputs: Inputs,
    targets: Tensor,
    *,
    task: Literal["regression", "binary"],
    prior: float | None = None,
    noise: float | None = None,
    batch_size: int | None = None,
    device: Device = None,
) -> LastLayer:
    """The posterior of the last layer's weights, given the data that the model was trained on.

    With features h (and a 1 for the bias) and weights w as trained, its covariance is
    (sum_i c_i h_i h_i' + prior I)^-1, c_i = 1 / noise for regression and p_i (1 - p_i) for classes.

    prior: the precision of the weights; None takes the one under which the data are most likely (the evidence of the
        Laplace approximation at the trained weights).
    noise: the variance of measured targets; None takes the most likely one, likewise.

    Raises:
        ShapeError: not one target per input.
        InputError: labels other than 0 and 1, a prior or noise that is not above 0, targets that are not finite.
        ModelError: the model's one output is not that of a linear layer.
    """
    values = targets.detach().to("cpu", torch.float64)
    if values.shape != (len(inputs),):
        raise ShapeError(f"there are {len(inputs)} inputs but targets of shape {tuple(values.shape)}")
    if task not in ("regression", "binary"):
        raise InputError(f"task must be 'regression' or 'binary', not {task!r}")
    if not bool(torch.isfinite(values).all()) or (task == "binary" and not bool(((values == 0) | (values == 1)).all())):
        raise InputError("targets must be finite, and 0 or 1 for the task 'binary'")
    for name, given in (("prior", prior), ("noise", noise)):
        if given is not None and not 0 < given < float("inf"):
            raise InputError(f"{name} must be above 0, but it is {given}")
    outputs, features = last_features(model, inputs, batch_size=batch_size, device=device)
    weights = _weights(model, features.shape[1])
    if task == "binary":
        chance = torch.sigmoid(outputs)
        curvature = (features * (chance * (1 - chance)).unsqueeze(1)).T @ features
        fit = float(functional.binary_cross_entropy_with_logits(outputs, values, reduction="sum"))
        chosen, _ = _most_likely(curvature, fit, len(values), float(weights @ weights), prior, 1.0)
        return LastLayer(model, _inverse(curvature, chosen, 1.0), 0.0, chosen)
    squares = float((values - outputs).square().sum())
    chosen, spread = _most_likely(
        features.T @ features, squares / 2, len(values), float(weights @ weights), prior, noise, measured=True
    )
    return LastLayer(model, _inverse(features.T @ features, chosen, spread), spread, chosen)


def last_features(
    model: nn.Module, inputs: Inputs, *, batch_size: int | None = None, device: Device = None
) -> tuple[Scores, Tensor]:
    """The model's one output `(batch,)` and what its last linear layer reads, a 1 for the bias beside it, double.

    Raises:
        InputError: no inputs.
        ModelError: the model's one output is not that of its last linear layer.
    """
    if len(inputs) == 0:
        raise InputError("inputs hold no example; give at least one")
    last = _last_linear(model)

    def look(part: Tensor) -> Tensor:
        with _Watching(last.weight) as watching:
            found = model(part)
        if len(watching.seen) != 1 or not isinstance(found, Tensor) or not _is_output(found, watching.outputs):
            raise ModelError("the model's output is not that of its last linear layer, so it has no such posterior")
        ones = torch.ones(len(part), int(last.bias is not None), dtype=torch.float64, device=part.device)
        return torch.cat([found.reshape(-1, 1).double(), watching.seen[0].double(), ones], dim=1)

    with torch.no_grad(), eager():
        table = batched(look, model, inputs, batch_size=batch_size, device=device)
    return table[:, 0].contiguous(), table[:, 1:].contiguous()


class _Watching(TorchFunctionMode):
    """Inside the block what a linear layer with this weight reads and gives is kept."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight, self.seen, self.outputs = weight, list[Tensor](), list[Tensor]()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run everything as it is."""
        found = func(*args, **(kwargs or {}))
        if func is functional.linear and args[1] is self.weight:
            self.seen.append(args[0].clone())
            self.outputs.append(found.clone())
        return found


def _is_output(found: Tensor, outputs: list[Tensor]) -> bool:
    """Whether what the model gives is what the layer gave, one number per example."""
    return (
        outputs[0].shape[1:] == (1,) and found.numel() == len(found) and torch.equal(found.flatten(), outputs[0][:, 0])
    )


def _last_linear(model: nn.Module) -> nn.Linear:
    """The last linear layer, which must have one output."""
    linears = [module for module in model.modules() if isinstance(module, nn.Linear)]
    if not linears or linears[-1].out_features != 1:
        raise ModelError("the model needs a last linear layer with one output, from which its output comes unchanged")
    return linears[-1]


def _weights(model: nn.Module, count: int) -> Tensor:
    """The trained weights and the bias, if there is one, `(count,)`."""
    last = _last_linear(model)
    parts = [last.weight.detach().flatten()] + ([] if last.bias is None else [last.bias.detach()])
    return torch.cat(parts).to("cpu", torch.float64)[:count]


def _inverse(curvature: Tensor, prior: float, noise: float) -> Tensor:
    """(curvature / noise + prior I)^-1."""
    precision = curvature / noise + prior * torch.eye(len(curvature), dtype=torch.float64)
    return torch.cholesky_inverse(torch.linalg.cholesky(precision))


def _most_likely(
    curvature: Tensor,
    fit: float,
    count: int,
    size: float,
    prior: float | None,
    noise: float | None,
    *,
    measured: bool = False,
) -> tuple[float, float]:
    """The prior precision and the noise of the largest evidence, those that are given as they are.

    -log evidence = fit / noise + (n / 2) log noise + (prior |w|^2 + log det(C / noise + prior I) - d log prior) / 2,
    with the determinant from the eigenvalues of C; constants are left out.
    """
    values = torch.linalg.eigvalsh(curvature).clamp_min(0.0)

    def both(logarithms: Numbers) -> tuple[float, float]:
        free = [math.exp(value) for value in logarithms.tolist()]
        return (free[0] if prior is None else prior, free[1] if noise is None else noise)

    def loss(logarithms: Numbers) -> float:
        precision, spread = both(logarithms)
        volume = float((values / spread + precision).log().sum()) - len(values) * math.log(precision)
        noisy = 0.5 * count * math.log(spread) if measured else 0.0
        return fit / spread + noisy + 0.5 * (precision * size + volume)

    first = [0.0, math.log(max(2 * fit / count, 1e-6))]
    bounds = [(-WIDEST, WIDEST), (-2 * WIDEST, 2 * WIDEST)]
    return both(minimize(loss, first, method="L-BFGS-B", bounds=bounds).x)
