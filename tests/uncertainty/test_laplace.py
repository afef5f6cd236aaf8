"""The last layer's posterior is that of Bayesian linear regression, and its evidence the likelihood of the data."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch import Tensor, nn

from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.models.networks import build
from seqinterp.uncertainty.laplace import fit_last_layer, last_features

CHANCE = torch.Generator().manual_seed(0)
INPUTS = torch.randn(60, 5, generator=CHANCE).double()
TRUE = torch.tensor([1.0, -2.0, 0.5, 0.0, 3.0]).double()
TARGETS = INPUTS @ TRUE + 0.7 + 0.5 * torch.randn(60, generator=CHANCE).double()
FAR = 10 * torch.randn(8, 5, generator=CHANCE).double()


def design(inputs: Tensor) -> np.ndarray:
    return np.column_stack([inputs.numpy(), np.ones(len(inputs))])


def trained(prior: float, noise: float) -> nn.Linear:
    """The weights of greatest posterior probability."""
    rows = design(INPUTS)
    weights = np.linalg.solve(rows.T @ rows / noise + prior * np.eye(6), rows.T @ TARGETS.numpy() / noise)
    layer = nn.Linear(5, 1).double()
    with torch.no_grad():
        layer.weight[0] = torch.from_numpy(weights[:5])
        layer.bias[0] = float(weights[5])
    return layer


@pytest.mark.parametrize(("prior", "noise"), [(0.1, 0.25), (3.0, 1.0)])
def test_it_is_bayesian_linear_regression(prior, noise):
    """By the function-space view: condition a Gaussian process with kernel h h' / prior on the targets."""
    model = trained(prior, noise)
    found = fit_last_layer(model, INPUTS, TARGETS, task="regression", prior=prior, noise=noise, device="cpu")
    mean, variance = found.variance(FAR, device="cpu")
    rows, new = design(INPUTS), design(FAR)
    inner = np.linalg.inv(rows @ rows.T / prior + noise * np.eye(60))
    cross = new @ rows.T / prior
    np.testing.assert_allclose(mean.numpy(), cross @ inner @ TARGETS.numpy(), rtol=1e-8)
    np.testing.assert_allclose(variance.numpy(), np.diag(new @ new.T / prior - cross @ inner @ cross.T), rtol=1e-7)


def test_the_evidence_is_that_of_the_data():
    """The chosen prior and noise are where log N(targets; 0, h h' / prior + noise I) is flat in the trained weights."""
    prior, noise = 0.4, 0.25
    for _ in range(30):  # weights trained anew under what was chosen, until neither changes
        found = fit_last_layer(trained(prior, noise), INPUTS, TARGETS, task="regression", device="cpu")
        prior, noise = found.prior, found.noise
    rows = design(INPUTS)

    def evidence(log_prior: float, log_noise: float) -> float:
        covariance = rows @ rows.T / math.exp(log_prior) + math.exp(log_noise) * np.eye(60)
        return multivariate_normal(np.zeros(60), covariance).logpdf(TARGETS.numpy())

    best = evidence(math.log(prior), math.log(noise))
    for step in ((0.1, 0), (-0.1, 0), (0, 0.1), (0, -0.1)):
        assert evidence(math.log(prior) + step[0], math.log(noise) + step[1]) < best
    residuals = np.linalg.lstsq(rows, TARGETS.numpy())[1]
    assert noise == pytest.approx(float(residuals[0]) / (60 - 6), rel=0.02)  # few effective parameters are shrunk away


def test_the_posterior_of_a_logit():
    labels = (torch.rand(60, generator=CHANCE).double() < torch.sigmoid(INPUTS @ TRUE)).double()
    model = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    found = fit_last_layer(model, INPUTS, labels, task="binary", prior=0.5, device="cpu")
    hidden = np.column_stack([model[:2](INPUTS).detach().numpy(), np.ones(60)])
    chance = torch.sigmoid(model(INPUTS)).detach().numpy()[:, 0]
    precision = sum(p * (1 - p) * np.outer(h, h) for p, h in zip(chance, hidden, strict=True)) + 0.5 * np.eye(5)
    np.testing.assert_allclose(found.covariance.numpy(), np.linalg.inv(precision), rtol=1e-8)
    assert found.noise == 0
    assert fit_last_layer(model, INPUTS, labels, task="binary", device="cpu").prior > 0


def test_far_off_it_knows_less_and_with_more_data_more():
    found = fit_last_layer(trained(1.0, 0.25), INPUTS, TARGETS, task="regression", prior=1.0, noise=0.25, device="cpu")
    half = fit_last_layer(
        trained(1.0, 0.25), INPUTS[:30], TARGETS[:30], task="regression", prior=1.0, noise=0.25, device="cpu"
    )
    near = found.variance(INPUTS, device="cpu")[1]
    assert (found.variance(100 * INPUTS, device="cpu")[1] > near).all()
    assert (half.variance(INPUTS, device="cpu")[1] > near).all()


def test_what_the_last_layer_of_the_default_network_reads():
    model = build("default", {"filters": 4, "width": 5}).train()
    model.output.weight.data.normal_(generator=CHANCE)
    inputs = torch.rand(7, 4, 20, generator=CHANCE)
    outputs, features = last_features(model, inputs, batch_size=3, device="cpu")
    assert features.shape == (7, 9)
    assert model.training
    again = features[:, :8] @ model.output.weight[0].detach().double() + model.output.bias.detach().double()
    torch.testing.assert_close(again, outputs, rtol=1e-5, atol=1e-6)


def test_refusals():
    good = trained(1.0, 1.0)
    with pytest.raises(ModelError, match="not that of its last linear layer"):
        last_features(nn.Sequential(good, nn.Sigmoid()), INPUTS, device="cpu")
    with pytest.raises(ModelError, match="one output"):
        last_features(nn.Linear(5, 2).double(), INPUTS, device="cpu")
    with pytest.raises(ShapeError, match="60 inputs but targets of shape"):
        fit_last_layer(good, INPUTS, TARGETS[:3], task="regression")
    with pytest.raises(InputError, match="0 or 1"):
        fit_last_layer(good, INPUTS, TARGETS, task="binary")
    with pytest.raises(InputError, match="prior must be above 0"):
        fit_last_layer(good, INPUTS, TARGETS, task="regression", prior=0.0)


UNITS = [1e-7, 1e-3, 1.0, 500.0, 1e4, 1e6]


def scaled(layer: nn.Linear, weights: float, bias: float) -> nn.Linear:
    """A copy with weights and bias in other units."""
    copy = nn.Linear(layer.in_features, 1, bias=layer.bias is not None).double()
    with torch.no_grad():
        copy.weight.copy_(weights * layer.weight)
        if layer.bias is not None:
            copy.bias.copy_(bias * layer.bias)
    return copy


@pytest.mark.parametrize("unit", UNITS)
def test_targets_in_another_unit_change_the_unit_alone(unit):
    plain = fit_last_layer(trained(0.4, 0.25), INPUTS, TARGETS, task="regression", device="cpu")
    model = scaled(trained(0.4, 0.25), unit, unit)
    found = fit_last_layer(model, INPUTS, unit * TARGETS, task="regression", device="cpu")
    assert found.noise == pytest.approx(plain.noise * unit**2, rel=1e-7)
    assert found.prior == pytest.approx(plain.prior / unit**2, rel=1e-7)
    torch.testing.assert_close(found.covariance / unit**2, plain.covariance, rtol=1e-7, atol=0)
    spread = found.members(FAR, 20, device="cpu")[2] / unit
    torch.testing.assert_close(spread, plain.members(FAR, 20, device="cpu")[2], rtol=1e-7, atol=1e-9)
    assert plain.on_bound == found.on_bound == ()


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("task", ["regression", "binary"])
def test_features_in_another_unit_change_the_weights_alone(task, unit):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = nn.Linear(5, 1, bias=False).double()  # a bias has a unit of its own
    targets = TARGETS if task == "regression" else (TARGETS > 0).double()
    plain = fit_last_layer(layer, INPUTS, targets, task=task, device="cpu")
    found = fit_last_layer(scaled(layer, 1 / unit, 0), unit * INPUTS, targets, task=task, device="cpu")
    assert found.noise == pytest.approx(plain.noise, rel=1e-7)
    assert found.prior == pytest.approx(plain.prior * unit**2, rel=1e-7)
    ours, theirs = found.variance(unit * FAR, device="cpu")[1], plain.variance(FAR, device="cpu")[1]
    torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=0)


def test_an_optimum_on_a_bound_is_said(caplog):
    model = trained(1.0, 1.0)
    exact = model(INPUTS).detach()[:, 0]
    for unit in (1e-6, 1.0, 1e6):
        found = fit_last_layer(scaled(model, unit, unit), INPUTS, unit * exact, task="regression", device="cpu")
        assert found.on_bound == ("noise",)
        assert 0 < found.noise < 1e-9 * float((unit * exact).var())
    assert "the noise of the last layer's posterior lies at the end" in caplog.text
    few = fit_last_layer(model, INPUTS[:4], exact[:4], task="regression", device="cpu")  # fewer targets than weights
    assert "noise" in few.on_bound
    assert few.members(FAR, 5, device="cpu")[2].isfinite().all()
    blank = scaled(model, 0.0, 0.0)
    assert fit_last_layer(blank, INPUTS, TARGETS, task="regression", device="cpu").on_bound == ("prior",)
    labels = (TARGETS > 0).double()
    assert fit_last_layer(blank, INPUTS, labels, task="binary", device="cpu").on_bound == ("prior",)
    given = fit_last_layer(blank, INPUTS, labels, task="binary", prior=1.0, device="cpu")
    assert given.on_bound == () and given.prior == 1.0
    alike = fit_last_layer(model, INPUTS, torch.full((60,), 3.0), task="regression", device="cpu")
    assert alike.noise > 0 and alike.covariance.isfinite().all()
