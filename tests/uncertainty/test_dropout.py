"""Masks are fair, belong to the example, and leave the model as it was."""

import copy

import numpy as np
import pytest
import torch
from scipy.stats import chi2
from torch import Tensor, nn
from torch.nn import functional

from naive.uncertainty import linear_dropout_variance
from seqinterp.errors import InputError, ModelError
from seqinterp.uncertainty.dropout import dropout_outputs
from seqinterp.uncertainty.parts import regression_parts

DNA = functional.one_hot(torch.randint(0, 4, (7, 12), generator=torch.Generator().manual_seed(3)), 4)
DNA = DNA.transpose(1, 2).float()


def seeded(layers) -> nn.Module:
    """Layers with weights of their own seed."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return layers().train()


class Functional(nn.Module):
    """Dropout as a function tied to `self.training`."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(48, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.dense(functional.dropout(inputs.flatten(1), 0.3, training=self.training))


class Residual(nn.Module):
    """A tensor from before the first dropout is added after it."""

    def __init__(self):
        super().__init__()
        self.first, self.drop, self.last = nn.Conv1d(4, 4, 3, padding=1), nn.Dropout(0.4), nn.Linear(48, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first(inputs)
        return self.last((hidden + self.drop(torch.relu(hidden))).flatten(1))


class SizeKept(nn.Module):
    """The number of rows is read before the dropout and used after it: rows that part would be mixed up unseen."""

    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.4)

    def forward(self, inputs: Tensor) -> Tensor:
        rows = len(inputs)
        return self.drop(inputs.flatten(1)).reshape(rows, -1).sum(dim=1, keepdim=True)


class InPlace(nn.Module):
    """The value of the call is thrown away."""

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = inputs.flatten(1) * 1.0
        functional.dropout(hidden, 0.5, inplace=True)
        return hidden.sum(dim=1, keepdim=True)


class PositionFirst(nn.Module):
    """Rows lie along axis 1 at the dropout, as in transformers without batch_first; and heads split them after."""

    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.4)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.drop(inputs.permute(2, 0, 1)).permute(1, 2, 0)
        return self.drop(hidden.reshape(-1, 12)).reshape(len(inputs), 48).sum(dim=1, keepdim=True)


def transformer():
    layer = nn.TransformerEncoderLayer(12, 2, 16, batch_first=True, dropout=0.2)
    return nn.Sequential(layer, nn.Flatten(), nn.Linear(48, 1))


CASES = {
    "dropout": lambda: nn.Sequential(nn.Conv1d(4, 5, 3), nn.ReLU(), nn.Dropout(0.3), nn.Flatten(), nn.Linear(50, 2)),
    "dropout1d": lambda: nn.Sequential(nn.Conv1d(4, 5, 3), nn.Dropout1d(0.3), nn.Flatten(), nn.Linear(50, 2)),
    "dropout2d": lambda: nn.Sequential(nn.Unflatten(2, (3, 4)), nn.Dropout2d(0.3), nn.Flatten(), nn.Linear(48, 1)),
    "dropout3d": lambda: nn.Sequential(nn.Unflatten(2, (3, 2, 2)), nn.Dropout3d(0.3), nn.Flatten(), nn.Linear(48, 1)),
    "alpha": lambda: nn.Sequential(nn.Flatten(), nn.SELU(), nn.AlphaDropout(0.2), nn.Linear(48, 1)),
    "feature_alpha": lambda: nn.Sequential(nn.SELU(), nn.FeatureAlphaDropout(0.2), nn.Flatten(), nn.Linear(48, 1)),
    "twice": lambda: nn.Sequential(nn.Flatten(), nn.Dropout(0.1), nn.Linear(48, 9), nn.Dropout(0.5), nn.Linear(9, 1)),
    "in_place_module": lambda: nn.Sequential(nn.Flatten(), nn.Linear(48, 8), nn.Dropout(0.5, True), nn.Linear(8, 1)),
    "norm": lambda: nn.Sequential(nn.Conv1d(4, 5, 3), nn.BatchNorm1d(5), nn.Dropout(), nn.Flatten(), nn.Linear(50, 1)),
    "functional": Functional,
    "residual": Residual,
    "size_kept": SizeKept,
    "in_place": InPlace,
    "position_first": PositionFirst,
    "transformer": transformer,
}


@pytest.mark.parametrize("name", CASES)
def test_batch_order_and_draws_change_nothing(name):
    model = seeded(CASES[name])
    found = dropout_outputs(model, DNA, draws=6, device="cpu")
    assert found.shape[:2] == (6, 7)
    assert float(found.var(dim=0).min(dim=1).values.min()) > 0
    for batch_size in (1, 3, 8, 100):
        again = dropout_outputs(model, DNA, draws=6, batch_size=batch_size, device="cpu")
        torch.testing.assert_close(again, found)
    torch.testing.assert_close(dropout_outputs(model, DNA.flip(0), draws=6, device="cpu").flip(1), found)
    torch.testing.assert_close(dropout_outputs(model, DNA, draws=9, device="cpu")[:6], found)
    assert not torch.allclose(dropout_outputs(model, DNA, draws=6, seed=1, device="cpu"), found)


@pytest.mark.parametrize("name", CASES)
def test_the_model_and_the_global_randomness_are_left_alone(name):
    model = seeded(CASES[name])
    model.requires_grad_(True)
    before, modes = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002 - the global state is what is asked about
    dropout_outputs(model, DNA, draws=3, device="cpu")
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert torch.equal(states[0], torch.get_rng_state())
    assert (states[1] == np.random.get_state()[1]).all()  # noqa: NPY002


def test_it_is_given_back_after_an_error():
    class Breaks(nn.Module):
        def forward(self, inputs: Tensor) -> Tensor:
            functional.dropout(inputs, 0.5)
            raise ValueError("broken")

    model = nn.Sequential(nn.Dropout(0.5), Breaks()).train()
    with pytest.raises(ValueError, match="broken"):
        dropout_outputs(model, DNA, draws=3, device="cpu")
    assert model.training
    assert model[0].training
    assert torch.equal(functional.dropout(DNA, 0.5, training=False), DNA)  # the mode is over


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_variance_of_a_linear_layer(rate):
    """p/(1-p) sum w^2 x^2; the sample variance of many near-Gaussian sums lies within chi-square bounds."""
    chance = np.random.default_rng(2)
    weights, inputs = chance.normal(size=400), chance.normal(size=(6, 400))
    model = nn.Sequential(nn.Dropout(rate), nn.Linear(400, 1)).double()
    with torch.no_grad():
        model[1].weight.copy_(torch.from_numpy(weights))
    draws = 4000
    found = dropout_outputs(model, torch.from_numpy(inputs), draws=draws, device="cpu")[:, :, 0]
    parts = regression_parts(found)
    low, high = chi2.ppf([1e-5, 1 - 1e-5], draws - 1) / draws
    plain = model.eval()(torch.from_numpy(inputs))[:, 0].detach()
    for example in range(6):
        expected = linear_dropout_variance(weights, inputs[example], rate)
        assert low < float(parts.epistemic[example]) / expected < high
        assert abs(float(parts.mean[example] - plain[example])) < 5 * (expected / draws) ** 0.5


@pytest.mark.parametrize(
    ("layer", "shape", "units"),
    [
        (nn.Dropout(0.3), (5, 4, 3, 2), 24),
        (nn.Dropout1d(0.3), (5, 4, 6), 4),
        (nn.Dropout2d(0.3), (5, 4, 3, 2), 4),
        (nn.Dropout3d(0.3), (5, 4, 3, 2, 2), 4),
    ],
)
def test_what_is_dropped_together(layer, shape, units):
    inputs = torch.rand(shape, generator=torch.Generator().manual_seed(0)) + 1
    found = dropout_outputs(layer, inputs, draws=2000, device="cpu")
    kept = (found != 0).flatten(2)
    each = kept.reshape(2000, 5, units, -1)
    assert (each == each[..., :1]).all()
    shares = each[..., 0].float().mean(dim=0)
    assert float((shares - 0.7).abs().max()) < 5 * (0.21 / 2000) ** 0.5
    torch.testing.assert_close(found[kept.reshape(found.shape)], (inputs / 0.7).expand(found.shape)[found != 0])
    pairs = np.corrcoef(each[..., 0].flatten(1).T.double().numpy())  # units and examples are independent
    assert np.abs(pairs - np.eye(len(pairs))).max() < 6 / 2000**0.5


@pytest.mark.parametrize("layer", [nn.AlphaDropout, nn.FeatureAlphaDropout])
def test_alpha_dropout_is_that_of_torch(layer):
    inputs = torch.tensor([[[-0.5, 2.0], [1.0, 0.3]]])
    found = dropout_outputs(layer(0.3), inputs, draws=400, device="cpu").flatten(1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = torch.stack([layer(0.3).train()(inputs).flatten() for _ in range(400)])
    for column in range(4):
        values = [sorted({round(float(v), 5) for v in table[:, column]}) for table in (found, theirs)]
        assert values[0] == pytest.approx(values[1], abs=2e-5)
        assert len(values[0]) == 2


def test_layers_before_the_first_dropout_run_once():
    rows = []

    class Counting(nn.Conv1d):
        def forward(self, inputs: Tensor) -> Tensor:
            rows.append(len(inputs))
            return super().forward(inputs)

    head = [nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(50, 1)]
    dropout_outputs(nn.Sequential(Counting(4, 5, 3), *head), DNA, draws=40, device="cpu")
    trial = 13 + 2 * 3 + 2
    assert sum(rows) == trial + len(DNA)


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Flatten(), nn.Linear(48, 1)),
        nn.Sequential(nn.Flatten(), nn.Dropout(0.0), nn.Linear(48, 1)),
        nn.Sequential(nn.LSTM(12, 3, num_layers=2, dropout=0.5, batch_first=True)),
    ],
    ids=["none", "rate_zero", "between_recurrent_layers"],
)
def test_a_model_that_drops_nothing_is_refused(model):
    """DeepChem's predict_uncertainty gives an epistemic part near zero for such models, and says nothing."""
    with pytest.raises(ModelError, match="no dropout with a rate above zero"):
        dropout_outputs(model, DNA, draws=3, read=lambda found: found if isinstance(found, Tensor) else found[0])


def test_evaluation_mode_does_not_switch_it_off():
    model = seeded(CASES["dropout"])
    found = dropout_outputs(model.eval(), DNA, draws=6, device="cpu")
    assert torch.equal(found, dropout_outputs(model.train(), DNA, draws=6, device="cpu"))
    assert float(regression_parts(found).epistemic.min()) > 0


def test_batch_norm_stays_at_rest():
    """In training mode it would use the batch, and an example's answer would depend on its neighbours."""
    model = seeded(CASES["norm"])
    with torch.no_grad():
        model[1].running_mean.fill_(3.0)
    kept = copy.deepcopy(model).eval()
    kept[2].p = 1e-9
    model[2].p = 1e-9
    found = dropout_outputs(model, DNA, draws=2, device="cpu")
    torch.testing.assert_close(found[0], kept(DNA).detach())


def test_refusals():
    model = CASES["dropout"]()
    with pytest.raises(InputError, match="draws must be 2 or more"):
        dropout_outputs(model, DNA, draws=1)
    with pytest.raises(InputError, match="hold no example"):
        dropout_outputs(model, DNA[:0])
    with pytest.raises(ModelError, match="returns a tuple"):
        dropout_outputs(nn.Sequential(nn.Dropout(), nn.LSTM(12, 3)), DNA, device="cpu")
    with pytest.raises(ModelError, match="not one row for each"):
        dropout_outputs(nn.Sequential(nn.Dropout(), nn.Flatten(0)), DNA, device="cpu")
    with pytest.raises(ModelError, match="cannot be told apart"):
        dropout_outputs(nn.Sequential(nn.Flatten(0), nn.Unflatten(0, (1, -1)), nn.Dropout()), DNA, device="cpu")
