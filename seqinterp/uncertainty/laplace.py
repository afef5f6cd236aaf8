"""What the last layer does not know: a Gaussian posterior of its weights (MacKay 1992, doi:10.1162/neco.1992.4.3.448;
Kristiadi et al. 2020, arXiv:2002.10118; Daxberger et al. 2021, arXiv:2106.14806).

The layers below are taken as known, so this is a floor under what the model does not know: cheap, and exactly Bayesian
linear regression for a network that is one linear layer.
"""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from seqinterp.attribution.rules.opaque import eager
from seqinterp.attribution.run import Device, batched
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.shapes import Inputs, Members, Numbers, Scores

WIDEST = 24.0  # of the logarithms of prior and noise that are looked at, in units that the data give, either sign
FLAT = 1e-6  # of the logarithm of the evidence: where a bound is as good as that, the optimum lies on it


@dataclass(frozen=True)
class LastLayer:
    """The posterior of the last layer of a model with one output, as `fit_last_layer` gives it.

    covariance: of its weights and bias, `(features + 1, features + 1)`, in double precision.
    noise: the variance of the targets about the model, 0 for classes. prior: the precision of the weights before any
        data. on_bound: "prior" or "noise" where the data would have it ever larger or smaller, so that the number is
        the end of what was looked at: the noise of targets that the model meets exactly, the prior of weights of 0.
    """

    model: nn.Module
    covariance: Tensor
    noise: float
    prior: float
    on_bound: tuple[str, ...] = ()

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
        return outputs, self._spread(features), outputs + normal @ self._root() @ features.T

    def _root(self) -> Tensor:
        """The symmetric square root of the covariance, which is there where rounding leaves Cholesky's none."""
        values, directions = torch.linalg.eigh(self.covariance)
        root: Tensor = (directions * values.clamp_min(0.0).sqrt()) @ directions.T
        return root

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
    (sum_i c_i h_i h_i' + prior I)^-1, c_i = 1 / noise for regression and p_i (1 - p_i) for classes. Prior and noise
    are looked for in units of the features and of the targets' deviation, so in other units they are the same; one
    that ends on a bound is named in `on_bound`, and said aloud.

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
    weights, count = _weights(model, features.shape[1]), len(values)
    ask = partial(_most_likely, count=count, size=float(weights @ weights), prior=prior)
    if task == "binary":
        chance = torch.sigmoid(outputs)
        curvature = (features * (chance * (1 - chance)).unsqueeze(1)).T @ features
        found = ask(curvature, fit=0.0, noise=1.0, unit=1.0, measured=False)
    else:
        fit = float((values - outputs).square().sum()) / 2
        found = ask(features.T @ features, fit=fit, noise=noise, unit=_variance(values), measured=True)
    for name in found.on_bound:
        logging.getLogger("seqinterp").warning(
            f"the {name} of the last layer's posterior lies at the end of what is looked at; what is said of its"
            f" uncertainty depends on that end: give {name}= to fit_last_layer, or more training examples"
        )
    return LastLayer(model, found.covariance, found.noise if task == "regression" else 0.0, found.prior, found.on_bound)


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


def _variance(targets: Tensor) -> float:
    """Of the targets, their mean square where they are all alike, 1 where they are all 0."""
    varied, size = float(targets.var(correction=0)), float(targets.square().mean())
    return varied if varied > 1e-24 * size else size or 1.0


@dataclass(frozen=True)
class _Chosen:
    """The covariance of the weights, and the prior and noise that it has."""

    covariance: Tensor
    prior: float
    noise: float
    on_bound: tuple[str, ...]


def _most_likely(
    curvature: Tensor,
    *,
    fit: float,
    count: int,
    size: float,
    prior: float | None,
    noise: float | None,
    unit: float,
    measured: bool,
) -> _Chosen:
    """The prior precision and the noise of the largest evidence, those that are given as they are.

    -log evidence = fit / noise + (n / 2) log noise + (prior |w|^2 + log det(C / noise + prior I) - d log prior) / 2,
    with the determinant from the eigenvalues of C; constants are left out. Noise is counted in the unit of the targets'
    variance and the prior in that of C / (n noise): then no number below has a unit.
    """
    values, directions = torch.linalg.eigh(curvature)
    values = values.where(values > len(values) * torch.finfo(values.dtype).eps * values.max(), 0.0)  # less is rounding
    scale = (float(values.mean()) / count or 1.0) / unit
    terms = _Evidence(values / (scale * unit), fit / unit, count if measured else 0, size * scale)
    given = [None if prior is None else math.log(prior / scale), None if noise is None else math.log(noise / unit)]
    free = [place for place, value in enumerate(given) if value is None]
    start = [0.0, math.log(max(2 * terms.fit / count, math.exp(-WIDEST)))]

    def placed(logarithms: Numbers) -> list[float]:
        found = iter(logarithms.tolist())
        return [next(found) if value is None else value for value in given]

    def loss(logarithms: Numbers) -> tuple[float, Numbers]:
        value, slopes = terms(*placed(logarithms))
        return value, np.array(slopes)[free]

    best = np.array(start)[free]
    if free:
        setting = {"jac": True, "method": "L-BFGS-B", "bounds": [(-WIDEST, WIDEST)] * len(free)}
        best = minimize(loss, best, options={"ftol": 1e-15, "gtol": 1e-8, "maxiter": 1000}, **setting).x
    ended = list[str]()
    for row, place in enumerate(free):
        for bound in (-WIDEST, WIDEST):
            moved = np.where(np.arange(len(free)) == row, bound, best)
            if loss(moved)[0] <= loss(best)[0] + FLAT:
                best, ended = moved, [*ended, ("prior", "noise")[place]]
                break
    chosen, spread = (math.exp(value) for value in placed(best))
    chosen, spread = chosen * scale if prior is None else prior, spread * unit if noise is None else noise
    return _Chosen((directions / (values / spread + chosen)) @ directions.T, chosen, spread, tuple(ended))


@dataclass(frozen=True)
class _Evidence:
    """-log evidence of logarithms of prior and noise, and its slopes; `count` is 0 where there is no noise."""

    values: Tensor  # eigenvalues of the curvature
    fit: float
    count: int
    size: float

    def __call__(self, prior: float, noise: float) -> tuple[float, tuple[float, float]]:
        share = self.values * math.exp(-prior - noise)  # by how much the data know a direction better than the prior
        sharp, exact = math.exp(prior) * self.size, self.fit * math.exp(-noise)
        told = float((share / (1 + share)).sum())
        value = exact + 0.5 * (self.count * noise + sharp + float(share.log1p().sum()))
        return value, (0.5 * (sharp - told), 0.5 * (self.count - told) - exact)
