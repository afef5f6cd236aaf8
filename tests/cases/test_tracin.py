"""TracIn is a sum of products of gradients over checkpoints, and what a step of training does."""

from copy import deepcopy

import pytest
import torch
from captum.influence import TracInCP
from torch import nn
from torch.utils.data import TensorDataset

from architectures import DNA_ARCHITECTURES
from cases import CASES
from naive.influence import Counted, tracin as one_by_one
from seqinterp.cases.losses import example_losses
from seqinterp.cases.tracin import Checkpoint, self_tracin, tracin
from seqinterp.errors import InputError, ModelError, ShapeError

LABELS = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0])


def squares(outputs, labels):
    """Of the first tensor that a model gives."""
    first = outputs
    if isinstance(outputs, dict):
        first = next(iter(outputs.values()))
    elif isinstance(outputs, tuple):
        first = outputs[0]
    return (first.reshape(len(first), -1) - labels[:, None]).square().mean(dim=1)


def names(model):
    return [name for name, _ in model.named_parameters()]


def network(seed, precision=torch.float64):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(
            nn.Conv1d(4, 6, 5, padding=2), nn.BatchNorm1d(6), nn.ReLU(), nn.MaxPool1d(3), nn.Conv1d(6, 5, 3),
            nn.GELU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(20, 1),
        )  # fmt: skip
        model[1].running_mean.normal_(0, 0.3)
        model[1].running_var.uniform_(0.5, 2)
        return model.to(precision)


def sequences(count, length=18, seed=0, precision=torch.float64):
    bases = torch.randint(4, (count, length), generator=torch.Generator().manual_seed(seed))
    return nn.functional.one_hot(bases, 4).transpose(1, 2).to(precision)


@pytest.mark.parametrize("case", DNA_ARCHITECTURES, ids=lambda case: case.name)
def test_any_architecture_is_as_one_by_one(case):
    model, inputs = case.model(), case.inputs(5)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    held = [id(value) for value in model.parameters()]
    found = tracin(
        model,
        (inputs, LABELS),
        (inputs[:2], LABELS[:2]),
        [Checkpoint(before)],
        loss=squares,
        batch_size=3,
        device="cpu",
    )
    assert [id(value) for value in model.parameters()] == held
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    labels = LABELS.double()
    wanted = one_by_one(model, [before], [1.0], squares, (inputs, labels), (inputs[:2], labels[:2]), names(model))
    torch.testing.assert_close(found.influence, wanted, rtol=1e-9, atol=1e-11)
    assert (found.way == "vmap") == (found.reason == "")
    recurrent = any(isinstance(part, nn.RNNBase | nn.RNNCellBase) for part in model.modules())
    assert recurrent or found.way == "vmap"


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize("layers", [None, ["0"], ["1", "8"], ["4"]])
def test_several_checkpoints_and_chosen_layers(precision, layers):
    model = network(0, precision).train()
    states, rates = [network(seed, precision).state_dict() for seed in (1, 2, 3)], [0.1, 0.03, 0.01]
    checkpoints = [Checkpoint(state, rate) for state, rate in zip(states, rates, strict=True)]
    training = sequences(40, precision=precision), torch.arange(40) % 2
    asked = sequences(7, seed=1, precision=precision), torch.arange(7) % 2
    found = tracin(model, training, asked, checkpoints, layers=layers, batch_size=16, device="cpu")
    chosen = [name for name in names(model) if layers is None or name.split(".")[0] in layers]
    wanted = one_by_one(
        deepcopy(model), states, rates, example_losses("binary"), training, asked, chosen
    )  # fmt: skip
    allowed = 1e-12 if precision == torch.float64 else 1e-6
    assert float((found.influence - wanted).abs().max() / wanted.abs().max()) < allowed
    assert found.way == "vmap"
    assert model.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    own = self_tracin(model, training, checkpoints, layers=layers, device="cpu").influence
    whole = tracin(model, training, training, checkpoints, layers=layers, device="cpu").influence
    torch.testing.assert_close(own[0], whole.diagonal(), rtol=1e-5, atol=1e-6)


def test_captum_one_by_one_gives_the_same():
    model, states = network(0), [network(seed).state_dict() for seed in (1, 2)]
    training, labels = sequences(12), (torch.arange(12) % 2).double()
    asked, theirs = sequences(3, seed=1), torch.tensor([1.0, 0.0, 1.0]).double()
    peer_model = deepcopy(model).eval()

    def load(module, number):
        module.load_state_dict(states[number])
        module.eval()
        return 0.1

    peer = TracInCP(
        peer_model, TensorDataset(training, labels[:, None]), checkpoints=[0, 1], checkpoints_load_func=load,
        loss_fn=nn.BCEWithLogitsLoss(reduction="none"), batch_size=1, sample_wise_grads_per_batch=False,
    )  # fmt: skip
    wanted = torch.cat([peer.influence((asked[[row]], theirs[[row], None])) for row in range(3)])
    found = tracin(model, (training, labels), (asked, theirs), [Checkpoint(state, 0.1) for state in states])
    torch.testing.assert_close(found.influence, wanted.double(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("case", [case for case in CASES if case.dna], ids=lambda case: case.name)
def test_it_is_what_a_step_of_training_does(case):
    """A step of rate 1e-6 on one example lowers the loss of another, and raises its output, by this much."""
    model, inputs = case.model().eval(), case.inputs(4)
    start, rate = deepcopy(model.state_dict()), 1e-6
    labels = torch.tensor([0, 1, 1, 0])
    task = "classes" if case.outputs > 1 else "binary"

    def first(outputs):
        return outputs.reshape(len(outputs), -1)[:, 0]

    on_losses = tracin(model, (inputs, labels), (inputs, labels), [Checkpoint(start, rate)], task=task).influence
    on_scores = tracin(model, (inputs, labels), inputs, [Checkpoint(start, rate)], task=task, target=first).influence
    loss = example_losses(task)
    for taught in range(len(inputs)):
        model.load_state_dict(start)
        before = model(inputs)
        gradients = torch.autograd.grad(loss(before, labels)[taught], list(model.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                parameter -= rate * gradient
            after = model(inputs)
        lowered = (loss(before, labels) - loss(after, labels)).detach()
        torch.testing.assert_close(on_losses[:, taught], lowered, rtol=1e-3, atol=1e-9)
        torch.testing.assert_close(on_scores[:, taught], (first(after) - first(before)).detach(), rtol=1e-3, atol=1e-9)


def test_blocks_do_not_matter(monkeypatch):
    model, checkpoint = network(0), [Checkpoint(network(1).state_dict())]
    training, asked = (sequences(20), torch.arange(20) % 2), (sequences(9, seed=1), torch.arange(9) % 2)
    state = torch.get_rng_state()
    whole = tracin(model, training, asked, checkpoint, device="cpu").influence
    monkeypatch.setattr("seqinterp.cases.tracin.NUMBERS", 3000)
    torch.testing.assert_close(tracin(model, training, asked, checkpoint, device="cpu").influence, whole)
    assert torch.equal(torch.get_rng_state(), state)


def test_what_cannot_be_had_at_once_goes_one_by_one():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Counted().double()
    training, state = (sequences(6), torch.arange(6) % 2), deepcopy(model.state_dict())
    found = tracin(model, training, training, [Checkpoint(state)], device="cpu")
    assert found.way == "one at a time"
    assert "vmap" in found.reason
    wanted = one_by_one(model, [state], [1.0], example_losses("binary"), training, training, names(model))
    torch.testing.assert_close(found.influence, wanted)


@pytest.mark.parametrize("task", ["binary", "classes", "regression"])
def test_losses_are_those_of_torch(task):
    outputs = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)).double()
    labels = {"binary": (outputs > 0.3).double(), "classes": torch.arange(6) % 3, "regression": outputs.flip(0)}[task]
    peer = {
        "binary": nn.BCEWithLogitsLoss(reduction="sum"),
        "classes": nn.CrossEntropyLoss(reduction="sum"),
        "regression": lambda found, wanted: nn.functional.mse_loss(found, wanted, reduction="sum") / 2,
    }[task]
    wanted = torch.stack([peer(outputs[[row]], labels[[row]]) for row in range(6)])
    torch.testing.assert_close(example_losses(task)(outputs, labels), wanted)


def test_refusals():
    model = network(0)
    good, training = [Checkpoint(model.state_dict())], (sequences(4), [0, 1, 1, 0])
    with pytest.raises(InputError, match="no checkpoint"):
        tracin(model, training, training, [])
    with pytest.raises(InputError, match=r"checkpoint 1 does not fit the model, whose 0\.weight .* is not there"):
        tracin(model, training, training, [*good, Checkpoint({})])
    with pytest.raises(InputError, match="has shape"):
        tracin(model, training, training, [Checkpoint({**model.state_dict(), "0.bias": torch.zeros(5)})])
    with pytest.raises(InputError, match="learning rate of checkpoint 0"):
        tracin(model, training, training, [Checkpoint(model.state_dict(), 0.0)])
    with pytest.raises(InputError, match="no layer 'head'"):
        tracin(model, training, training, good, layers=["head"])
    with pytest.raises(InputError, match="have no parameters"):
        tracin(model, training, training, good, layers=["2"])
    with pytest.raises(InputError, match="give both"):
        tracin(model, training, training[0], good)
    with pytest.raises(ShapeError, match="4 examples but labels of shape"):
        tracin(model, (training[0], [0, 1]), training, good)
    with pytest.raises(ModelError, match="one number per example"):
        tracin(model, training, training, good, loss=lambda outputs, labels: outputs.sum())
    with pytest.raises(ShapeError, match="do not fit labels"):
        tracin(nn.Sequential(nn.Flatten(), nn.Linear(72, 2)).double(), training, training, good[:0] or [
            Checkpoint({"1.weight": torch.ones(2, 72), "1.bias": torch.ones(2)})
        ])  # fmt: skip
