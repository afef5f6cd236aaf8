"""`predict_uncertainty` by a posterior of the last layer."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch import nn

import seqinterp as si
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.uncertainty.laplace import fit_last_layer

RANDOM = torch.Generator().manual_seed(0)
INPUTS = torch.randn(400, 5, generator=RANDOM)
TRUE = torch.tensor([1.0, -2.0, 0.5, 0.0, 1.5])
VALUES = (INPUTS @ TRUE + 0.4 * torch.randn(400, generator=RANDOM)).numpy()
LABELS = (torch.rand(400, generator=RANDOM) < torch.sigmoid(INPUTS @ TRUE)).long().numpy()
ASKED = torch.randn(12, 5, generator=RANDOM)


def trained(values, task, count=400):
    """A fixed bend and the last layer fitted to the examples by a few hundred steps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(5, 12), nn.Tanh(), nn.Linear(12, 1))
    loss = nn.functional.mse_loss if task == "regression" else nn.functional.binary_cross_entropy_with_logits
    steps = torch.optim.LBFGS(model[2].parameters(), max_iter=200)

    def closure():
        steps.zero_grad()
        found = loss(model(INPUTS[:count])[:, 0], torch.as_tensor(values[:count], dtype=torch.float32))
        found.backward()
        return found

    steps.step(closure)
    return model


def asked(model, values, inputs=ASKED, count=400, **options):
    training = (INPUTS[:count], values[:count])
    return si.predict_uncertainty(model, inputs, method="laplace", training=training, device="cpu", **options)


def test_a_regression_is_the_posterior_of_the_engine(tmp_path):
    model = trained(VALUES, "regression").train()
    found = asked(model, VALUES, task="regression", draws=4000)
    fitted = fit_last_layer(model, INPUTS, torch.as_tensor(VALUES), task="regression", device="cpu")
    mean, variance = fitted.variance(ASKED, device="cpu")
    torch.testing.assert_close(found.mean, mean)
    torch.testing.assert_close(found.epistemic, variance)
    torch.testing.assert_close(found.total, variance + fitted.noise)
    assert found.source == "laplace" and found.facts["noise"] == fitted.noise and found.facts["prior"] == fitted.prior
    # its members are samples of the same posterior
    assert found.members.shape == (4000, 12) and model.training
    assert float((found.members.mean(dim=0) - mean).abs().max()) < 5 * float(variance.max().sqrt()) / math.sqrt(4000)
    assert float((found.members.var(dim=0) / variance - 1).abs().max()) < 0.15
    part = asked(model, VALUES, ASKED[3:5], task="regression", draws=4000)
    torch.testing.assert_close(part.members, found.members[:, 3:5], rtol=1e-5, atol=1e-6)
    found.save(tmp_path / "u.safetensors")
    assert torch.equal(si.Uncertainty.load(tmp_path / "u.safetensors").epistemic, found.epistemic)


def test_a_logit_is_integrated_over_the_posterior():
    model = trained(LABELS, "binary")
    found = asked(model, LABELS, task="binary", count=60)
    fitted = fit_last_layer(model, INPUTS[:60], torch.as_tensor(LABELS[:60]).double(), task="binary", device="cpu")
    logits, variances = (part.numpy() for part in fitted.variance(ASKED, device="cpu"))

    def entropy(p):
        return -p * math.log(p) - (1 - p) * math.log(1 - p) if 0 < p < 1 else 0.0

    def expected(function, mean, deviation):
        def weighted(z):
            p = 1 / (1 + math.exp(-(mean + deviation * z)))
            return function(p) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

        return quad(weighted, -9, 9, limit=200)[0]

    for row in range(12):
        mean, deviation = float(logits[row]), math.sqrt(variances[row])
        chance, noise = expected(lambda p: p, mean, deviation), expected(entropy, mean, deviation)
        assert float(found.mean[row]) == pytest.approx(chance, abs=1e-7)
        assert float(found.aleatoric[row]) == pytest.approx(noise, abs=1e-6)
        assert float(found.epistemic[row]) == pytest.approx(entropy(chance) - noise, abs=1e-6)


@pytest.mark.parametrize(("task", "values"), [("regression", VALUES), ("binary", LABELS)])
def test_more_examples_more_is_known_and_less_far_off(task, values):
    model = trained(values, task)
    few, many = (asked(model, values, task=task, count=count).epistemic for count in (40, 400))
    assert (many < few).all() and float(many.mean()) < 0.5 * float(few.mean())
    if task == "regression":
        far = asked(nn.Sequential(nn.Identity(), nn.Linear(5, 1)), values, 20 * ASKED, task=task)
        near = asked(nn.Sequential(nn.Identity(), nn.Linear(5, 1)), values, ASKED, task=task)
        assert (far.epistemic > near.epistemic).all()


def test_noise_of_known_size_is_recovered_and_covered():
    model = trained(VALUES, "regression")
    found = asked(nn.Sequential(nn.Identity(), *_exact()), VALUES, INPUTS, task="regression")
    assert math.sqrt(float(found.aleatoric[0])) == pytest.approx(0.4, rel=0.1)
    assert found.check(VALUES).errors.inside == pytest.approx(0.954, abs=0.03)
    assert float(asked(model, VALUES, task="regression").aleatoric[0]) > 0.16  # with what a bend cannot say on top


def _exact():
    """Least squares."""
    layer = nn.Linear(5, 1)
    rows = np.column_stack([INPUTS.numpy(), np.ones(400)])
    weights = torch.from_numpy(np.linalg.lstsq(rows, VALUES)[0]).float()
    layer.weight.data, layer.bias.data = weights[None, :5], weights[5:]
    return [layer]


ONE = nn.Sequential(nn.Linear(5, 3), nn.Dropout(0.5), nn.Linear(3, 1))
GIVEN = (INPUTS, VALUES)


@pytest.mark.parametrize(
    ("model", "options", "kind", "words"),
    [
        (ONE, {"method": "laplace"}, InputError, "needs training="),
        (ONE, {"method": "laplace", "training": GIVEN, "task": "classes"}, InputError, "'regression' or 'binary'"),
        (ONE, {"method": "laplace", "training": GIVEN, "target": 1}, InputError, "leave target out"),
        (ONE, {"method": "laplace", "training": GIVEN, "draws": 1}, InputError, "draws must be 2"),
        (ONE, {"method": "laplace", "training": (INPUTS, VALUES[:3])}, ShapeError, "one number per example"),
        (ONE, {"method": "laplace", "training": GIVEN, "task": "binary"}, InputError, "0 or 1"),
        (ONE, {"method": "laplace", "training": GIVEN, "task": "binary", "outputs": "probability"}, InputError,
         "without its sigmoid"),
        (nn.Sequential(ONE, nn.Sigmoid()), {"method": "laplace", "training": GIVEN}, ModelError, "last linear layer"),
        (si.with_variance(nn.Linear(5, 2)), {"method": "laplace", "training": GIVEN}, ModelError, "its variance"),
        ([ONE, ONE], {"method": "laplace", "training": GIVEN}, InputError, "for one model, but 2 came"),
        (ONE, {"method": "members"}, InputError, "for several models, but 1 came"),
        (ONE, {"training": GIVEN}, InputError, "training examples are for method 'laplace', not 'dropout'"),
        (ONE, {"method": "swag"}, InputError, "method must be"),
    ],
)  # fmt: skip
def test_refusals(model, options, kind, words):
    with pytest.raises(kind, match=words):
        si.predict_uncertainty(model, ASKED, **{"task": "regression", "device": "cpu", **options})
