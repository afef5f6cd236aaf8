"""`predict_uncertainty` and `calibrate`: what comes out, and what is refused."""

import numpy as np
import pytest
import torch
from torch import nn

import seqinterp as si
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.models.ensemble import Ensemble

INPUTS = torch.rand(40, 6, generator=torch.Generator().manual_seed(0))


def network(seed, outputs=1, dropout=0.0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, outputs))


MEMBERS = [network(seed) for seed in range(4)]


def asked(model, inputs=INPUTS, **options):
    return si.predict_uncertainty(model, inputs, device="cpu", **options)


def outputs(models, inputs=INPUTS):
    with torch.no_grad():
        return torch.stack([model(inputs) for model in models]).double()


def test_a_regression_by_hand():
    found = asked(MEMBERS, task="regression")
    said = outputs(MEMBERS)[:, :, 0]
    torch.testing.assert_close(found.mean, said.mean(dim=0))
    torch.testing.assert_close(found.epistemic, said.var(dim=0, correction=0))
    assert float(found.aleatoric.abs().max()) == 0 and found.source == "members"
    torch.testing.assert_close(found.total, found.epistemic)


def test_a_network_with_a_variance_says_its_own_noise():
    models = [si.with_variance(network(seed, outputs=2)) for seed in range(3)]
    found = asked(models)
    assert found.task == "regression" and found.mean.shape == (40, 2)
    torch.testing.assert_close(found.aleatoric, torch.ones(40, 2, dtype=torch.float64))
    one = asked(models, target=1)
    torch.testing.assert_close(one.mean, found.mean[:, 1])
    torch.testing.assert_close(one.total, found.total[:, 1])


def test_one_logit_and_two_classes_are_the_same():
    binary = asked(MEMBERS, task="binary")
    wide = [nn.Sequential(model, _Widened()) for model in MEMBERS]
    classes = asked(wide, task="classes")
    torch.testing.assert_close(binary.mean, classes.mean[:, 1])
    for name in ("total", "aleatoric", "epistemic"):
        torch.testing.assert_close(getattr(binary, name), getattr(classes, name))
    torch.testing.assert_close(binary.total, binary.aleatoric + binary.epistemic)


class _Widened(nn.Module):
    def forward(self, logits):
        return torch.cat([torch.zeros_like(logits), logits], dim=1)


def test_probabilities_are_read_as_such():
    logits = asked(MEMBERS, task="binary")
    probabilities = asked([nn.Sequential(model, nn.Sigmoid()) for model in MEMBERS], task="binary")
    torch.testing.assert_close(logits.total, probabilities.total, rtol=1e-5, atol=1e-6)
    wide = [network(seed, outputs=3) for seed in range(3)]
    soft = [nn.Sequential(model, nn.Softmax(dim=1)) for model in wide]
    torch.testing.assert_close(
        asked(wide, task="classes").total, asked(soft, task="classes").total, rtol=1e-5, atol=1e-6
    )


def test_an_ensemble_is_its_members():
    one = asked(Ensemble(MEMBERS), task="regression")
    torch.testing.assert_close(one.epistemic, asked(MEMBERS, task="regression").epistemic)


def test_dropout_masks_and_company():
    model = network(0, dropout=0.5).train()
    found = asked(model, task="regression", draws=30, seed=3)
    assert found.source == "dropout" and len(found.members) == 30 and model.training
    assert float(found.epistemic.min()) > 0  # DeepChem's fault: dropout was off, and the epistemic part near zero
    part = asked(model, INPUTS[5:7], task="regression", draws=30, seed=3)
    torch.testing.assert_close(part.mean, found.mean[5:7])


def test_the_mean_over_masks_of_a_linear_layer():
    model = nn.Sequential(nn.Dropout(0.25), nn.Linear(6, 1)).eval()
    found = asked(model, task="regression", draws=4000)
    weight = model[1].weight.detach().double()[0]
    expected = 0.25 / 0.75 * (weight**2 * INPUTS.double() ** 2).sum(dim=1)  # p / (1 - p) sum w^2 x^2
    assert float((found.epistemic / expected - 1).abs().mean()) < 0.03


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_what_is_saved_comes_back(task, tmp_path):
    found = asked(MEMBERS, task=task)
    found.save(tmp_path / "u.safetensors")
    again = si.Uncertainty.load(tmp_path / "u.safetensors")
    assert torch.equal(again.total, found.total) and again.facts == dict(found.facts)
    assert len(found.to_frame()) == 40 and {"mean", "total", "epistemic"} <= set(found.to_frame())


def noisy(count, seed):
    """Targets around the mean of a network that is half as sure as it should be."""
    random = np.random.default_rng(seed)
    inputs = torch.as_tensor(random.random((count, 6)), dtype=torch.float32)
    model = [si.with_variance(member) for member in MEMBERS]
    found = asked(model, inputs)
    means, deviations = found.gaussian()
    return found, means + 2 * deviations * random.standard_normal(count)


def test_a_factor_sets_a_regression_right():
    held, targets = noisy(400, 1)
    new, truth = noisy(400, 2)
    fitted = si.calibrate(held, targets)
    assert fitted.scale == pytest.approx(2, rel=0.1)
    before, after = new.check(truth), fitted.apply(new).check(truth)
    assert before.errors.inside < 0.75 and after.errors.inside == pytest.approx(0.954, abs=0.03)
    assert np.abs(after.covered.covered - after.covered.levels).max() < 0.06
    intervals = fitted.intervals(new, level=0.9)
    assert ((intervals["low"] <= truth) & (truth <= intervals["high"])).mean() == pytest.approx(0.9, abs=0.05)


def test_a_temperature_sets_classes_right():
    random = np.random.default_rng(0)
    sure = [nn.Sequential(model, _Widened(), _Times(8.0)) for model in MEMBERS]
    found = asked(sure, torch.as_tensor(random.random((500, 6)), dtype=torch.float32), task="classes")
    honest = torch.softmax(found.members.log() / 8, dim=2)
    labels = (torch.as_tensor(random.random(500)) < honest.mean(dim=0)[:, 1]).long().numpy()
    fitted = si.calibrate(found, labels)
    after = fitted.apply(found)
    assert fitted.temperature > 3
    assert after.check(labels).reliability.error < found.check(labels).reliability.error
    torch.testing.assert_close(after.total, after.aleatoric + after.epistemic)
    sets = fitted.sets(found, level=0.9)
    assert sets[np.arange(500), labels].mean() >= 0.87


class _Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, logits):
        return logits * self.factor


def test_figures():
    held, targets = noisy(60, 1)
    assert len(held.check(targets).plot().axes) == 3
    assert len(asked(MEMBERS, task="binary").check((INPUTS[:, 0] > 0.5).long()).plot().axes) == 3
    assert held.plot().axes[0].get_ylabel() == "prediction"
    assert "covered at 90%" in set(held.check(targets).to_frame()["figure"])


@pytest.mark.parametrize(
    ("model", "options", "kind", "words"),
    [
        (MEMBERS, {}, InputError, "say what the model predicts"),
        (MEMBERS, {"task": "both"}, InputError, "not 'both'"),
        ([], {"task": "binary"}, InputError, "an empty list"),
        ([MEMBERS[0], "x"], {"task": "binary"}, InputError, "not str"),
        (MEMBERS[0], {"task": "regression"}, ModelError, "give several models"),
        ([network(0, 2), network(1, 2)], {"task": "binary"}, ModelError, "reads one output"),
        (MEMBERS, {"task": "regression", "target": 3}, InputError, "target 3"),
        (MEMBERS, {"task": "classes", "target": 0}, InputError, "reads all outputs"),
        (MEMBERS, {"task": "regression", "target": "x"}, InputError, "index, a callable or None"),
    ],
)  # fmt: skip
def test_refusals(model, options, kind, words):
    with pytest.raises(kind, match=words):
        asked(model, **options)


def test_refusals_of_targets():
    found = asked(MEMBERS, task="regression")
    with pytest.raises(ShapeError, match="one number per example"):
        found.check([1.0])
    with pytest.raises(InputError, match="must be finite"):
        found.check([np.nan] * 40)
    with pytest.raises(InputError, match="class numbers"):
        asked(MEMBERS, task="binary").check([0.5] * 40)
    with pytest.raises(InputError, match="at least 10"):
        si.calibrate(asked(MEMBERS, INPUTS[:5], task="regression"), [0.0] * 5)
    with pytest.raises(InputError, match="task 'regression'"):
        si.calibrate(found, list(range(40))).apply(asked(MEMBERS, task="binary"))


def test_what_a_target_picks_is_read_as_what_it_is():
    wide = [nn.Sequential(network(seed, outputs=3), nn.Sigmoid()) for seed in range(3)]
    with torch.no_grad():
        said = torch.stack([model(INPUTS)[:, 1] for model in wide]).double()
    torch.testing.assert_close(asked(wide, task="binary", target=1).mean, said.mean(dim=0), rtol=1e-5, atol=1e-6)
    squashed = asked(MEMBERS, task="binary", target=torch.sigmoid)
    torch.testing.assert_close(squashed.mean, asked(MEMBERS, task="binary").mean, rtol=1e-5, atol=1e-6)


def test_a_model_with_two_heads():
    class Two(nn.Module):
        def __init__(self, seed):
            super().__init__()
            self.inner = network(seed, outputs=2)

        def forward(self, inputs):
            found = self.inner(inputs)
            return found[:, :1], found[:, 1:]

    found = asked([Two(seed) for seed in range(3)], task="binary", target=lambda outputs: outputs[1])
    assert found.mean.shape == (40,)


def test_the_caller_may_say_what_is_read():
    bounded = [nn.Sequential(model, nn.Sigmoid()) for model in MEMBERS]
    as_logit = asked(bounded, task="binary", outputs="logit").mean
    expected = torch.sigmoid(torch.sigmoid(outputs(MEMBERS)[:, :, 0])).mean(dim=0)
    torch.testing.assert_close(as_logit, expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(InputError, match="outputs must be"):
        asked(MEMBERS, task="binary", outputs="odds")
