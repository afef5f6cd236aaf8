"""Influence of the last layer is what retraining without each example gives."""

from functools import cache

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from torch import nn

from naive.influence import left_out, loss_of
from seqinterp.cases.head import Head, fit_head
from seqinterp.cases.last_layer_influence import last_layer_influence
from seqinterp.cases.window_features import window_features
from seqinterp.errors import InputError, ModelError, ShapeError

CASES = [
    ("binary", 1.0),
    ("binary", 0.1),
    ("binary", 10.0),
    ("classes", 1.0),
    ("regression", 2.0),
    ("regression", 0.0),
]
COUNT, WIDTH = 80, 5


@cache
def problem(task):
    """Features, labels with noise, and new ones."""
    chance = np.random.default_rng(0)
    features, true = chance.normal(size=(COUNT, WIDTH)), chance.normal(size=(WIDTH, 3))
    scores = features @ true
    labels = {
        "binary": lambda: (chance.random(COUNT) < 1 / (1 + np.exp(-scores[:, 0]))).astype(float),
        "classes": lambda: (scores / 2 + chance.gumbel(size=scores.shape)).argmax(axis=1).astype(float),
        "regression": lambda: scores[:, 0] + chance.normal(size=COUNT),
    }[task]()
    return features, labels, chance.normal(size=(8, WIDTH)), labels[:8]


@cache
def retraining(task, l2):
    return left_out(*problem(task)[:2], task, l2)


def prepared(task, l2, **options):
    features, labels, _, _ = problem(task)
    head = fit_head(torch.from_numpy(features), labels, task=task, l2=l2)
    return last_layer_influence(head, torch.from_numpy(features), labels, **options)


def likeness(found, wanted):
    return np.corrcoef(np.asarray(found).ravel(), np.asarray(wanted).ravel())[0, 1]


@pytest.mark.parametrize(("task", "l2"), CASES)
def test_the_head_is_the_one_that_others_fit(task, l2):
    features, labels, asked, _ = problem(task)
    head = fit_head(torch.from_numpy(features), labels, task=task, l2=l2)
    if task == "regression":
        peer = Ridge(alpha=l2).fit(features, labels).predict(asked)[:, None]
    else:
        peer = LogisticRegression(C=1 / l2, tol=1e-10, solver="newton-cg", max_iter=1000).fit(features, labels)
        peer = peer.decision_function(asked).reshape(len(asked), -1)
    np.testing.assert_allclose(head.scores(torch.from_numpy(asked)).numpy(), peer, atol=1e-6)
    np.testing.assert_allclose(head.table().numpy(), retraining(task, l2)[0], atol=1e-5)
    assert prepared(task, l2).slope < 1e-9


@pytest.mark.parametrize(("task", "l2"), CASES)
def test_on_a_score_it_is_leave_one_out_retraining(task, l2):
    _, _, asked, _ = problem(task)
    whole, without = retraining(task, l2)
    rows = np.column_stack([asked, np.ones(len(asked))])
    for output in range(len(whole)):
        wanted = np.stack([rows @ (whole - table)[output] for table in without], axis=1)
        found = prepared(task, l2).on_scores(torch.from_numpy(asked), output=output)
        plain = prepared(task, l2, newton=False).on_scores(torch.from_numpy(asked), output=output)
        assert likeness(found, wanted) > (0.9999 if task == "regression" else 0.995)
        assert likeness(plain, wanted) > 0.99
        assert np.abs(found.numpy() - wanted).mean() < np.abs(plain.numpy() - wanted).mean()
        if task == "regression":
            np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("task", "l2"), CASES)
def test_on_a_loss_it_is_leave_one_out_retraining(task, l2):
    features, labels, asked, truth = problem(task)
    whole, without = retraining(task, l2)
    wanted = [
        [loss_of(table, row, label, task) - loss_of(whole, row, label, task) for table in without]
        for row, label in zip(asked, truth, strict=True)
    ]
    assert likeness(prepared(task, l2).on_losses(torch.from_numpy(asked), truth), wanted) > 0.99
    own = [
        loss_of(table, row, label, task) - loss_of(whole, row, label, task)
        for table, row, label in zip(without, features, labels, strict=True)
    ]
    found = prepared(task, l2).self_influence()
    assert likeness(found, own) > 0.99
    assert (found > 0).all()
    each = prepared(task, l2).on_losses(torch.from_numpy(features), labels)
    torch.testing.assert_close(each.diagonal(), found)


@pytest.mark.parametrize(("task", "l2"), CASES)
def test_any_quantity_through_its_gradient(task, l2):
    _, _, asked, _ = problem(task)
    tensor, influence = torch.from_numpy(asked), prepared(task, l2)
    other = tensor.flip(0)

    def scores(weights, bias):
        return (tensor @ weights.T + bias)[:, 0]

    torch.testing.assert_close(influence.on(scores), influence.on_scores(tensor))
    torch.testing.assert_close(
        influence.on_changes(tensor, other), influence.on_scores(tensor) - influence.on_scores(other)
    )
    torch.testing.assert_close(influence.on_contributions(tensor - other), influence.on_changes(tensor, other))
    whole, without = retraining(task, l2)
    norm = influence.on(lambda weights, bias: weights[0].square().sum())
    assert norm.shape == (1, COUNT)
    wanted = [(whole[0, :-1] ** 2).sum() - (table[0, :-1] ** 2).sum() for table in without]
    assert likeness(norm[0], wanted) > 0.99


class Below(nn.Module):
    """Conv1d features whose only use of the bases is through bends."""

    def __init__(self):
        super().__init__()
        self.bank, self.more = nn.Conv1d(4, 6, 5), nn.Conv1d(6, 6, 3)

    def forward(self, inputs):
        return torch.tanh(self.more(torch.tanh(self.bank(inputs)))).mean(dim=2)


@pytest.fixture
def below():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Below().double().train()


def sequences(count, seed=0):
    bases = torch.randint(4, (count, 18), generator=torch.Generator().manual_seed(seed))
    return nn.functional.one_hot(bases, 4).transpose(1, 2).double()


def test_on_a_motif_it_is_the_change_of_its_contributions(below):
    """Gradient times input of a window, with the head retrained without each example: the network's own."""
    inputs, asked = sequences(60), sequences(4, seed=1)
    labels = inputs[:, 2, 5:9].sum(dim=1).numpy() + np.random.default_rng(0).normal(size=60)
    features = below.eval()(inputs).detach()
    head = fit_head(features, labels, task="regression", l2=0.01)
    influence = last_layer_influence(head, features, labels)
    below.train()
    found = influence.on_contributions(window_features(below, asked, 4, 10, batch_size=3, device="cpu"))
    assert below.training and all(parameter.requires_grad for parameter in below.parameters())
    whole, without = left_out(features.numpy(), labels, "regression", 0.01)

    def contribution(table):
        shown = asked.clone().requires_grad_()
        score = below(shown) @ torch.from_numpy(table[0, :-1]) + table[0, -1]
        (gradient,) = torch.autograd.grad(score.sum(), shown)
        return (gradient * asked)[:, :, 4:10].sum(dim=(1, 2)).numpy()

    wanted = np.stack([contribution(whole) - contribution(table) for table in without], axis=1)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-6, atol=1e-9)


def test_integrated_windows_add_up_to_the_features(below):
    asked, origin = sequences(5), sequences(5, seed=3)
    with torch.no_grad():
        wanted = below(asked) - below(origin)
    parts = [
        window_features(below, asked, start, start + 6, baseline=origin, steps=50, batch_size=2, device="cpu")
        for start in (0, 6, 12)
    ]
    torch.testing.assert_close(sum(parts), wanted, atol=1e-5, rtol=1e-4)


def test_a_head_off_its_minimum_says_so():
    features, labels, asked, _ = problem("binary")
    head = Head(torch.ones(1, WIDTH), None, "binary", 1.0)
    assert last_layer_influence(head, torch.from_numpy(features), labels).slope > 0.05
    assert last_layer_influence(head, torch.from_numpy(features), labels).on_scores(torch.from_numpy(asked)).shape == (
        8,
        COUNT,
    )


@pytest.mark.parametrize("task", ["binary", "classes", "regression"])
def test_units_of_the_features_do_not_matter(task):
    """Features a million times as large under the penalty to match are the same head."""
    features, labels, asked, _ = problem(task)
    sizes = torch.tensor([1e6, 1e6, 1e6, 1e6, 1e6]).double()
    found = prepared(task, 0.5).on_scores(torch.from_numpy(asked))
    large = torch.from_numpy(features) * sizes
    head = fit_head(large, labels, task=task, l2=0.5e12)
    torch.testing.assert_close(
        last_layer_influence(head, large, labels).on_scores(torch.from_numpy(asked) * sizes),
        found,
        rtol=1e-6,
        atol=1e-9,
    )
    doubled = torch.cat([torch.from_numpy(features), torch.zeros(COUNT, 2).double()], dim=1)
    head = fit_head(doubled, labels, task=task, l2=0.5)
    wide = torch.cat([torch.from_numpy(asked), torch.zeros(8, 2).double()], dim=1)
    torch.testing.assert_close(last_layer_influence(head, doubled, labels).on_scores(wide), found)


def test_several_outputs_are_several_heads():
    features, labels, asked, _ = problem("regression")
    both = np.column_stack([labels, labels**2])
    tensor = torch.from_numpy(features)
    head = fit_head(tensor, both, task="regression", l2=0.5)
    alone = fit_head(tensor, labels**2, task="regression", l2=0.5)
    found = last_layer_influence(head, tensor, both).on_scores(torch.from_numpy(asked), output=1)
    torch.testing.assert_close(found, last_layer_influence(alone, tensor, labels**2).on_scores(torch.from_numpy(asked)))


def test_without_a_bias():
    features, labels, asked, _ = problem("regression")
    tensor = torch.from_numpy(features)
    head = fit_head(tensor, labels, task="regression", l2=0.5, bias=False)
    found = last_layer_influence(head, tensor, labels).on_scores(torch.from_numpy(asked))
    for each in range(0, COUNT, 20):
        kept = np.delete(np.arange(COUNT), each)
        peer = Ridge(alpha=0.5, fit_intercept=False).fit(features[kept], labels[kept]).predict(asked)
        np.testing.assert_allclose(head.scores(torch.from_numpy(asked))[:, 0].numpy() - found[:, each].numpy(), peer)


def test_refusals(below):
    features, labels, asked, _ = problem("binary")
    tensor = torch.from_numpy(features)
    influence = prepared("binary", 1.0)
    with pytest.raises(ModelError, match="a plane separates"):
        fit_head(tensor, (features[:, 0] > 0).astype(float), task="binary", l2=0.0)
    with pytest.raises(InputError, match="without training example 3 some weight"):
        lonely = torch.zeros(COUNT, 1).double()
        lonely[3] = 1
        head = fit_head(lonely, labels * 1.5, task="regression", l2=0.0)
        last_layer_influence(head, lonely, labels * 1.5)
    with pytest.raises(InputError, match="must be 0 or 1"):
        fit_head(tensor, labels + 1, task="binary", l2=1.0)
    with pytest.raises(ShapeError, match="80 examples but labels of shape"):
        fit_head(tensor, labels[:5], task="binary", l2=1.0)
    with pytest.raises(InputError, match="output 1 was asked for"):
        influence.on_scores(torch.from_numpy(asked), output=1)
    with pytest.raises(ShapeError, match="one column per feature"):
        influence.of(torch.zeros(2, 1, WIDTH))
    with pytest.raises(InputError, match="exact Hessian can be held"):
        fit_head(torch.zeros(3, 8000), [0.0, 1.0, 1.0], task="binary", l2=1.0)
    with pytest.raises(InputError, match="must lie within positions 0 to 18"):
        window_features(below, sequences(2), 4, 19)
