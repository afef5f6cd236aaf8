"""One answer whatever the method: TracIn and representers through `si.influence`, saved, tabled, refused."""

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import seqinterp as si
from seqinterp.api.shared.representations import representations, standardised
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


def trained(last):
    """A small network with a sigmoid or a softmax at its end, and without."""
    net = network(5, outputs=1 if isinstance(last, nn.Sigmoid) else 3).eval()
    return net, nn.Sequential(net, last).eval()


@pytest.mark.parametrize("last", [nn.Sigmoid(), nn.Softmax(dim=1)])
def test_probabilities_are_not_taken_for_logits(last):
    net, chances = trained(last)
    task = "binary" if isinstance(last, nn.Sigmoid) else "classes"
    labels = LABELS if task == "binary" else np.arange(30) % 3
    plain = asked(net, labels, task=task, method="tracin", checkpoints=[net])
    found = asked(chances, labels, task=task, method="tracin", checkpoints=[chances])
    size = float(plain.self_influence.max())
    torch.testing.assert_close(found.self_influence, plain.self_influence, rtol=1e-4, atol=1e-6 * size)
    assert found.facts["outputs"] == "probability" and plain.facts["outputs"] == "logit or value"
    target = (lambda outputs: outputs.log_softmax(dim=1)[:, 1]) if task == "classes" else 0
    if task == "classes":
        plain = asked(net, labels, task=task, target=target, method="tracin", checkpoints=[net])
        found = asked(chances, labels, task=task, target=1, method="tracin", checkpoints=[chances])
    size = float(plain.on_scores.abs().max())
    torch.testing.assert_close(found.on_scores, plain.on_scores, rtol=1e-4, atol=1e-5 * size)
    assert "log-odds gained" in found.facts["units"] or "logarithm of the probability" in found.facts["units"]
    assert found.facts["way"] == "vmap"
    # a score and a loss of the caller's own are theirs
    own = asked(chances, labels, task=task, method="tracin", checkpoints=[chances], target=lambda out: out[:, 0])
    assert own.facts["units"].startswith("score gained") and own.facts["outputs"] == "probability"


def test_probabilities_that_were_rounded_away_are_refused():
    net, chances = trained(nn.Sigmoid())
    net[8].weight.data *= 1e5
    with pytest.raises(ModelError, match="rounded to 0 or 1, and their gradients to nothing"):
        asked(chances, method="tracin", checkpoints=[chances])
    asked(net, method="tracin", checkpoints=[net])


@pytest.mark.parametrize("method", ["last_layer", "representer", "tracin"])
def test_labels_in_whatever_holds_them(method):
    options = {"checkpoints": CHECKPOINTS} if method == "tracin" else {}
    plain = asked(method=method, **options)
    holders = [
        pd.Series(LABELS, index=range(5, 35)), pd.Series(LABELS, dtype="Int64"), LABELS.astype(object), LABELS.tolist(),
        LABELS.astype(bool), torch.from_numpy(LABELS),
    ]  # fmt: skip
    for holder in holders:
        found = asked(labels=holder, method=method, **options)
        assert torch.equal(found.on_scores, plain.on_scores) and torch.equal(found.labels, plain.labels)
    if method == "tracin":
        own = {"loss": lambda outputs, labels: (outputs[:, 0] - labels).square(), **options}
        found = [asked(labels=holder, method=method, **own).on_scores for holder in holders[:4]]
        for one in found:
            torch.testing.assert_close(one, found[3])
        with pytest.raises(InputError, match="labels must be numbers"):
            asked(labels=["a"] * 30, method=method, **own)


class Squeezed(nn.Module):
    """Ends in `squeeze()`, so the output of one example has no axis for it."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, inputs):
        return self.inner(inputs).squeeze()


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("method", ["last_layer", "representer", "tracin"])
def test_models_that_end_in_squeeze(method, outputs):
    net = network(4, outputs)
    task, labels = ("binary", LABELS) if outputs == 1 else ("classes", np.arange(30) % 3)
    found = []
    for model in (net, Squeezed(net)):
        options = {"checkpoints": [model]} if method == "tracin" else {}
        found.append(
            si.influence(model, ASKED[:1], TRAINING, labels, task=task, method=method, device="cpu", **options)
        )
    torch.testing.assert_close(found[1].on_scores, found[0].on_scores)
    torch.testing.assert_close(found[1].self_influence, found[0].self_influence)
    assert torch.equal(found[1].nearest, found[0].nearest) and found[1].nearest.shape == (1, 5)


@pytest.mark.parametrize("l2", ["1", True, -1.0, float("nan"), None])
def test_a_penalty_that_is_no_number(l2):
    for method in ("last_layer", "representer"):
        with pytest.raises(InputError, match="l2 must be a number, 0 or positive"):
            asked(method=method, l2=l2)
    with pytest.raises(InputError, match="l2 must be a number, 0 or positive"):
        si.find_mislabelled(MODEL, TRAINING, LABELS, l2=l2, device="cpu")
