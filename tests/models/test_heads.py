"""A variance beside every output: the head, its likelihood, and training it."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from naive.uncertainty import gaussian_nll as naive_nll
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.models.heads import gaussian_nll, mean_and_variance, with_variance
from seqinterp.models.networks import build
from seqinterp.models.regression import checked_targets, fit_members, fit_regression
from seqinterp.models.regression_trainer import RegressionSettings, mean_nll
from seqinterp.models.strands import BothStrands
from seqinterp.uncertainty.members import member_outputs
from seqinterp.uncertainty.parts import regression_parts


def dense() -> nn.Module:
    return nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))


def noisy(count: int, seed: int = 0, low: float = -2, high: float = 2):
    """y = sin 2x + sigma(x) e with sigma(x) = 0.1 + 0.2 (x + 2): inputs, targets in units of 10 about 50."""
    chance = np.random.default_rng(seed)
    inputs = chance.uniform(low, high, count)
    targets = np.sin(2 * inputs) + sigma(inputs) * chance.normal(size=count)
    return torch.from_numpy(inputs).float().unsqueeze(1), 50 + 10 * targets


def sigma(inputs):
    return 0.1 + 0.2 * (inputs + 2)


QUICK = RegressionSettings(epochs=40, batch_size=128, learning_rate=1e-2)
DNA = torch.rand(5, 4, 30, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def learned():
    return fit_regression(dense, *noisy(3000), valid=noisy(500, 1), train=QUICK, device="cpu", seed=2)


@pytest.mark.parametrize(
    "make",
    [
        dense,
        lambda: nn.Linear(1, 2),
        lambda: nn.Sequential(nn.Linear(1, 3, bias=False)),
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(1, 4)).double(),
    ],
)
def test_means_are_the_networks_own_and_variances_one(make):
    network = make()
    inputs = torch.randn(6, 1, dtype=next(network.parameters()).dtype)
    before = network(inputs).detach()
    outputs = with_variance(network)(inputs).detach()
    mean, variance = mean_and_variance(outputs)
    torch.testing.assert_close(mean, before)
    assert torch.equal(variance, torch.ones_like(variance))
    assert outputs.shape == (6, 2 * before.shape[1])
    assert torch.equal(network(inputs).detach(), before)  # the given network is untouched


@pytest.mark.parametrize("strands", [None, "mean"])
def test_networks_of_this_package(strands):
    network = build("default", {"filters": 4, "width": 5})
    model = with_variance(BothStrands(network, strands) if strands else network)
    assert model(DNA).shape == (5, 2)


def test_log_variances_cannot_overflow():
    model = with_variance(nn.Linear(1, 1))
    with torch.no_grad():
        model.network.weight[1] = 1e6
    _, variance = mean_and_variance(model(torch.tensor([[1.0], [-1.0]])).detach())
    assert variance.flatten().tolist() == pytest.approx([math.exp(10), math.exp(-10)])


def test_units():
    model = with_variance(nn.Linear(1, 1))
    model.shift.fill_(7.0)
    model.scale.fill_(3.0)
    mean, variance = mean_and_variance(model(torch.zeros(1, 1)).detach())
    assert float(mean) == pytest.approx(7 + 3 * float(model.network.bias[0].detach()))
    assert float(variance) == pytest.approx(9)


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
def test_the_likelihood_is_that_of_the_formula(beta):
    chance = np.random.default_rng(0)
    outputs, targets = chance.normal(size=(6, 4)), chance.normal(size=(6, 2))
    found = gaussian_nll(torch.from_numpy(outputs), torch.from_numpy(targets), beta=beta)
    for example in range(6):
        for column in range(2):
            variance = math.exp(outputs[example, 2 + column])
            expected = naive_nll(outputs[example, column], variance, targets[example, column]) * variance**beta
            assert float(found[example, column]) == pytest.approx(expected)


def test_with_beta_one_the_mean_learns_as_from_squared_errors():
    outputs = torch.tensor([[0.3, 2.0], [-1.0, -3.0]], requires_grad=True)
    targets = torch.tensor([1.0, 2.0])
    gaussian_nll(outputs, targets, beta=1.0).sum().backward()
    torch.testing.assert_close(outputs.grad[:, 0], outputs.detach()[:, 0] - targets)


def test_a_known_sigma_is_recovered(learned):
    inputs = torch.linspace(-1.8, 1.8, 37).unsqueeze(1)
    mean, variance = mean_and_variance(learned.model(inputs).detach())
    true = 10 * sigma(inputs.numpy()[:, 0])
    ratio = variance[:, 0].sqrt().numpy() / true
    assert np.abs(np.log(ratio)).mean() < 0.12
    assert ratio.min() > 0.6
    assert ratio.max() < 1.6
    assert np.abs(mean[:, 0].numpy() - 50 - 10 * np.sin(2 * inputs.numpy()[:, 0])).mean() < 1.2


def test_history_and_kept_weights(learned):
    history = learned.history
    assert list(history.columns) == ["epoch", "train_loss", "valid_nll", "kept"]
    kept = history.loc[history["kept"], "valid_nll"].item()
    assert kept == history["valid_nll"].min()
    assert mean_nll(learned.model, *checked_targets(*noisy(500, 1)), device="cpu") == pytest.approx(kept, abs=1e-4)
    assert not learned.model.training
    expected = np.mean([naive_nll(0, (10 * s) ** 2, 10 * s) for s in sigma(noisy(500, 1)[0].numpy()[:, 0])])
    assert kept == pytest.approx(expected, abs=0.12)  # nothing does better than the truth, of which this is the entropy


def test_patience_ends_training():
    still = RegressionSettings(epochs=50, patience=3, learning_rate=0.0)
    history = fit_regression(dense, *noisy(50), valid=noisy(20, 1), train=still, device="cpu").history
    assert len(history) == 4
    assert history["kept"].tolist() == [True, False, False, False]


def dropping() -> nn.Module:
    return nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Dropout(0.2), nn.Linear(16, 1))


SHORT = RegressionSettings(epochs=3, batch_size=16)


def test_the_seed_decides_everything_and_nothing_else_is_touched():
    state = torch.get_rng_state()
    first, again, other = (
        fit_regression(dropping, *noisy(60), train=SHORT, device="cpu", seed=seed).model.state_dict()
        for seed in (4, 4, 5)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["network.0.weight"], other["network.0.weight"])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.slow
def test_workers_change_nothing():
    one, two = (
        fit_members(dropping, *noisy(60), members=3, train=SHORT, device="cpu", workers=workers, seed=1)
        for workers in (1, 2)
    )
    for left, right in zip(one, two, strict=True):
        assert left.seed == right.seed
        assert left.history.equals(right.history)
        states = left.model.state_dict(), right.model.state_dict()
        assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(one[0].model.network[0].weight, one[1].model.network[0].weight)


SOME = RegressionSettings(epochs=40, batch_size=64, learning_rate=1e-2)


def disagreement(count: int) -> tuple[float, float]:
    """The mean epistemic standard deviation of four members, between and beyond the training data."""
    fitted = fit_members(dense, *noisy(count, seed=3, low=-1, high=1), members=4, train=SOME, device="cpu", workers=1)
    places = torch.cat([torch.linspace(-0.9, 0.9, 19), torch.linspace(3, 5, 19)]).unsqueeze(1)
    means, variances = mean_and_variance(member_outputs([each.model for each in fitted], places, device="cpu"))
    spread = regression_parts(means, variances).epistemic.sqrt()[:, 0]
    return float(spread[:19].mean()), float(spread[19:].mean())


def test_disagreement_falls_with_data_and_rises_off_them():
    few, far_few = disagreement(40)
    many, far_many = disagreement(800)
    assert many < 0.6 * few
    assert far_few > 2 * few
    assert far_many > 2 * many


def test_several_targets():
    inputs, targets = noisy(40)
    both = np.column_stack([targets, -targets])
    fitted = fit_regression(lambda: nn.Linear(1, 2), inputs, both, train=SHORT, device="cpu")
    assert fitted.model(inputs).shape == (40, 4)


def test_refusals():
    inputs, targets = noisy(20)
    with pytest.raises(InputError, match="has none"):
        with_variance(nn.Sequential(nn.Conv1d(4, 2, 3)))
    with pytest.raises(ModelError, match="is not its output"):
        with_variance(nn.Sequential(nn.Linear(1, 2), nn.Unflatten(1, (-1, 1))))(inputs)
    with pytest.raises(ShapeError, match=r"has 2 output"):
        fit_regression(lambda: nn.Linear(1, 2), inputs, targets, device="cpu")
    with pytest.raises(InputError, match="the same for all"):
        fit_regression(dense, inputs, np.ones(20), device="cpu")
    with pytest.raises(InputError, match="must be finite"):
        fit_regression(dense, inputs, targets * np.nan, device="cpu")
    with pytest.raises(ShapeError, match="for 20 inputs"):
        fit_regression(dense, inputs, targets[:3], device="cpu")
    with pytest.raises(InputError, match="no examples"):
        fit_regression(dense, inputs[:0], targets[:0], device="cpu")
    with pytest.raises(ShapeError, match="side by side"):
        mean_and_variance(torch.zeros(3, 3))
    with pytest.raises(ShapeError, match="need outputs"):
        gaussian_nll(torch.zeros(3, 3), torch.zeros(3))
    with pytest.raises(InputError, match="beta"):
        gaussian_nll(torch.zeros(3, 2), torch.zeros(3), beta=2.0)
    for wrong in ({"epochs": 0}, {"beta": 1.5}, {"learning_rate": float("inf")}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            RegressionSettings(**wrong)
    with pytest.raises(InputError, match="members must be 2"):
        fit_members(dense, inputs, targets, members=1)
    with pytest.raises(ModelError, match="lower learning_rate"):
        fit_regression(Explodes, inputs, targets, train=SHORT, device="cpu")


class Explodes(nn.Module):
    """Gives infinite numbers."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(1, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.dense(inputs) / 0
