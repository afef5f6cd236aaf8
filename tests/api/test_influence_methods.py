"""One answer whatever the method: TracIn and representers through `si.influence`, saved, tabled, refused."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

import seqinterp as si
from seqinterp.api.representations import representations, standardised
from seqinterp.cases.head import fit_head
from seqinterp.cases.losses import example_losses
from seqinterp.errors import InputError, ModelError
from seqinterp.sequence.markov import UNIFORM

CPU = torch.device("cpu")
TRAINING = si.one_hot(UNIFORM.sample(24, count=30, seed=1))
LABELS = np.arange(30) % 2
ASKED = si.one_hot(UNIFORM.sample(24, count=4, seed=2))


def network(seed, outputs=1):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv1d(4, 6, 5, padding=2), nn.BatchNorm1d(6), nn.ReLU(), nn.MaxPool1d(4), nn.Conv1d(6, 5, 3),
            nn.GELU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(20, outputs),
        )  # fmt: skip


MODEL, CHECKPOINTS = network(0), [network(1), network(2).state_dict()]


def asked(model=MODEL, labels=LABELS, **options):
    return si.influence(model, ASKED, TRAINING, labels, device="cpu", **options)


def products(model, states, rates, layers=None):
    """One at a time by plain backward passes: rate times the product of the gradients of score and loss, summed."""
    model, total, own = deepcopy(model).eval(), 0, 0
    named = [value for name, value in model.named_parameters() if layers is None or name.split(".")[0] in layers]
    loss = example_losses("binary")

    def gradient(value):
        return torch.cat([part.flatten() for part in torch.autograd.grad(value, named)]).double()

    for state, rate in zip(states, rates, strict=True):
        model.load_state_dict(state)
        scores = torch.stack([gradient(model(one[None])[0, 0]) for one in ASKED])
        losses = torch.stack(
            [
                gradient(loss(model(one[None]), torch.tensor([float(label)]))[0])
                for one, label in zip(TRAINING, LABELS, strict=True)
            ]
        )
        total, own = total - rate * scores @ losses.T, own + rate * losses.square().sum(dim=1)
    return total, own


@pytest.mark.parametrize("layers", [None, ["4", "8"], ["0"]])
def test_tracin_is_as_one_by_one(layers):
    found = asked(method="tracin", checkpoints=CHECKPOINTS, learning_rates=[0.1, 0.02], layers=layers)
    wanted, own = products(MODEL, [CHECKPOINTS[0].state_dict(), CHECKPOINTS[1]], [0.1, 0.02], layers)
    assert float((found.on_scores - wanted).abs().max() / wanted.abs().max()) < 1e-5
    torch.testing.assert_close(found.self_influence, own, rtol=1e-4, atol=1e-7)
    assert found.facts["way"] == "vmap" and found.facts["layers"] == layers
    assert found.facts["learning_rates"] == [0.1, 0.02] and found.facts["method"] == "tracin"
    near = asked(method="last_layer").close(1)
    assert found.close(1).equals(near)


def test_one_rate_for_all_and_a_target_of_the_caller():
    found = asked(method="tracin", checkpoints=CHECKPOINTS, learning_rates=0.5)
    again = asked(
        method="tracin", checkpoints=CHECKPOINTS, learning_rates=[0.5, 0.5], target=lambda outputs: outputs[:, 0]
    )
    torch.testing.assert_close(found.on_scores, again.on_scores)
    assert again.facts["target"] == "<lambda>"
    alone = asked(method="tracin", checkpoints=CHECKPOINTS[0])  # the end of training without a list around it
    torch.testing.assert_close(alone.on_scores, asked(method="tracin", checkpoints=CHECKPOINTS[:1]).on_scores)


@pytest.mark.parametrize(("task", "outputs"), [("binary", 1), ("classes", 3), ("regression", 1)])
def test_representers_and_the_bias_add_up_to_the_score(task, outputs):
    labels = {"binary": LABELS, "classes": np.arange(30) % 3, "regression": np.linspace(-1, 2, 30)}[task]
    model = network(0, outputs)
    features, learned = (representations(model, rows, CPU) for rows in (ASKED, TRAINING))
    features, learned = standardised(features, learned), standardised(learned, learned)
    head = fit_head(learned, labels, task=task, l2=0.5)
    own = np.zeros(30)
    for target in range(outputs):
        found = asked(model, labels, method="representer", task=task, target=target, l2=0.5)
        wanted = head.scores(features)[:, target] - head.bias[target]
        torch.testing.assert_close(found.on_scores.sum(dim=1), wanted, rtol=0, atol=1e-8)
        itself = si.influence(
            model, TRAINING, TRAINING, labels, method="representer", task=task, target=target, l2=0.5, device="cpu"
        )
        own = np.maximum(own, itself.on_scores.diagonal().abs().numpy())
    np.testing.assert_allclose(found.self_influence.numpy(), own, rtol=1e-6)


@pytest.mark.parametrize("method", ["last_layer", "representer", "tracin"])
def test_one_answer_whatever_the_method(method, tmp_path):
    options = {"checkpoints": [MODEL]} if method == "tracin" else {}
    found = asked(method=method, **options)
    assert found.on_scores.shape == (4, 30) and found.self_influence.shape == (30,)
    assert (found.self_influence >= -1e-12).all() and found.facts["method"] == method and found.facts["units"]
    frame = found.to_frame()
    assert frame.shape == (120, 4) and list(frame) == ["example", "training", "label", "influence"]
    assert frame["influence"][2 * 30 + 7] == float(found.on_scores[2, 7])
    found.save(tmp_path / "influence.safetensors")
    again = si.Influence.load(tmp_path / "influence.safetensors")
    assert torch.equal(again.on_scores, found.on_scores) and again.top(1).equals(found.top(1))
    assert again.facts == dict(found.facts) and again.close(3).equals(found.close(3))


def test_several_labels_per_example():
    model, labels = network(0, 2), np.stack([np.linspace(0, 1, 30), np.linspace(1, 3, 30) ** 2], axis=1)
    found = asked(model, labels, task="regression", target=1)
    alone = asked(model, labels[:, 1], task="regression")
    torch.testing.assert_close(found.on_scores, alone.on_scores)
    assert list(found.top()) == ["training", "label_0", "label_1", "influence", "kind"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "lissa"}, "method must be one of 'last_layer', 'representer', 'tracin'"),
        ({"checkpoints": [MODEL]}, "'last_layer' has no option 'checkpoints'"),
        ({"method": "representer", "checkpoints": [MODEL]}, "'representer' has no option 'checkpoints'"),
        ({"method": "tracin", "checkpoints": [MODEL], "l2": 1.0}, "'tracin' has no option 'l2'"),
        ({"method": "tracin"}, "needs checkpoints="),
        ({"method": "tracin", "checkpoints": ["a.pt"]}, "not str"),
        ({"method": "tracin", "checkpoints": [MODEL], "learning_rates": [1, 2]}, "each of the 1 checkpoints"),
        ({"method": "tracin", "checkpoints": [MODEL], "learning_rates": 0}, "learning rate of checkpoint 0"),
        ({"method": "tracin", "checkpoints": [network(0, 2)]}, "does not fit the model"),
        ({"method": "tracin", "checkpoints": [MODEL], "target": "x"}, "index of an output"),
        ({"target": lambda outputs: outputs}, "index of an output"),
        ({"method": "representer", "l2": 0.0, "task": "regression"}, "fit it with l2 > 0"),
        ({"layer": "head"}, "no layer 'head'"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(InputError, match=words):
        si.influence(MODEL, ASKED, TRAINING, LABELS, device="cpu", **options)


def test_one_training_example():
    with pytest.raises(InputError, match="2 training examples or more"):
        si.influence(MODEL, ASKED, TRAINING[:1], LABELS[:1], device="cpu")


def test_no_such_example():
    found = asked()
    for call in (found.top, found.close):
        with pytest.raises(InputError, match="example must be 0 to 3, not 4"):
            call(4)


class Two(nn.Module):
    """Two heads, the first with a hidden layer of its own."""

    def __init__(self, joined=False):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.trunk = nn.Sequential(nn.Conv1d(4, 6, 5), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten())
            self.yes = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 1))
            self.much = nn.Sequential(nn.Linear(6, 3), nn.ReLU(), nn.Linear(3, 1))
        self.joined = joined

    def forward(self, inputs):
        seen = self.trunk(inputs)
        found = self.yes(seen), self.much(seen)
        return torch.cat(found, dim=1) if self.joined else found


@pytest.mark.parametrize("joined", [False, True])
def test_two_heads_need_a_layer(joined):
    model = Two(joined)
    calls = {
        "influence": lambda **options: si.influence(model, ASKED, TRAINING, LABELS, device="cpu", **options),
        "strangers": lambda **options: si.out_of_distribution(model, ASKED, TRAINING, device="cpu", **options),
        "mislabelled": lambda **options: si.find_mislabelled(model, TRAINING, LABELS, device="cpu", **options),
    }
    for call in calls.values():
        with pytest.raises(ModelError, match="not all that the model" if joined else "returns a tuple") as caught:
            call()
        assert "'much.2'" in str(caught.value) and "layer=" in str(caught.value)
        with pytest.raises(InputError, match=r"it has 'yes\.2'"):
            call(layer="yes.9")
    read = model.trunk(TRAINING).double().detach()
    torch.testing.assert_close(representations(model, TRAINING, CPU, layer="yes"), read)
    torch.testing.assert_close(representations(model, TRAINING, CPU, layer="much.0"), read)
    of_branch = representations(model, TRAINING, CPU, layer="yes.2")
    torch.testing.assert_close(of_branch, model.yes[:2](model.trunk(TRAINING)).double().detach())
    found = calls["influence"](layer="yes")
    plain = nn.Sequential(model.trunk, nn.Linear(6, 1))
    torch.testing.assert_close(found.on_scores, asked(plain).on_scores)
    assert found.facts["layer"] == "yes"
    assert len(calls["strangers"](layer="yes").table) == 4 and len(calls["mislabelled"](layer="yes")) == 30
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_tracin_of_two_heads():
    model = Two()
    with pytest.raises(ModelError, match="give loss="):
        asked(model, method="tracin", checkpoints=[model])
    found = asked(
        model, method="tracin", checkpoints=[model], target=lambda outputs: outputs[1][:, 0],
        loss=lambda outputs, labels: nn.functional.mse_loss(outputs[1][:, 0], labels.float(), reduction="none"),
    )  # fmt: skip
    assert found.on_scores.abs().max() > 0 and found.nearest.shape == (4, 0)
    with pytest.raises(InputError, match="no nearest examples were looked for: the model returns a tuple"):
        found.close()
