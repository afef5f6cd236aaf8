"""Five labels of a hundred are turned: every witness finds them."""

from copy import deepcopy
from functools import cache

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from seqinterp.cases.head import fit_head
from seqinterp.cases.last_layer_influence import last_layer_influence
from seqinterp.cases.mislabelled import (
    confident_learning,
    held_out_loss,
    held_out_probabilities,
    neighbour_disagreement,
)
from seqinterp.cases.tracin import Checkpoint, self_tracin
from seqinterp.errors import InputError, ShapeError

COUNT = 400


@cache
def clouds(classes, seed=0):
    """Gaussian clouds that overlap a little: features, labels of which 5 % are turned, and which."""
    chance = np.random.default_rng(seed)
    labels = np.arange(COUNT) % classes
    features = chance.normal(size=(COUNT, 8)) + 1.6 * chance.normal(size=(classes, 8))[labels]
    turned = np.zeros(COUNT, dtype=bool)
    turned[chance.choice(COUNT, COUNT // 20, replace=False)] = True
    shown = np.where(turned, (labels + chance.integers(1, classes, COUNT)) % classes, labels)
    return torch.from_numpy(features), shown, turned


@cache
def motif_network():
    """A convolution trained for a moment on sequences with and without a motif, 5 % of the labels turned."""
    chance = np.random.default_rng(0)
    bases = torch.from_numpy(chance.integers(0, 4, (COUNT, 40)))
    labels = np.arange(COUNT) % 2
    for row in np.flatnonzero(labels):
        start = int(chance.integers(0, 32))
        bases[row, start : start + 8] = torch.tensor([3, 2, 0, 1, 3, 1, 0, 2])
    turned = np.zeros(COUNT, dtype=bool)
    turned[chance.choice(COUNT, COUNT // 20, replace=False)] = True
    shown = np.where(turned, 1 - labels, labels).astype(float)
    inputs, states = nn.functional.one_hot(bases, 4).transpose(1, 2).float(), []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv1d(4, 12, 8), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(12, 1))
        optimizer = torch.optim.Adam(model.parameters(), 0.02)
        for step in range(60):
            optimizer.zero_grad()
            logits = model(inputs)[:, 0]
            nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(shown).float()).backward()
            optimizer.step()
            if step % 20 == 19:
                states.append(deepcopy(model.state_dict()))
    return model, inputs, shown, turned, states


def by_self_influence(features, labels):
    head = fit_head(features, labels, task="classes", l2=1.0)
    return last_layer_influence(head, features, labels).self_influence()


WITNESSES = {
    "self-influence": by_self_influence,
    "neighbours": neighbour_disagreement,
    "cosine": lambda features, labels: neighbour_disagreement(features, labels, distance="cosine"),
    "held-out loss": lambda features, labels: held_out_loss(held_out_probabilities(features, labels), labels),
    "confident learning": lambda features, labels: (
        confident_learning(held_out_probabilities(features, labels), labels).suspicion
    ),
}


@pytest.mark.parametrize("name", WITNESSES)
@pytest.mark.parametrize("classes", [2, 3])
def test_turned_labels_are_found(name, classes):
    features, labels, turned = clouds(classes)
    assert roc_auc_score(turned, WITNESSES[name](features, labels).numpy()) > 0.9
    assert (
        abs(roc_auc_score(np.random.default_rng(1).permutation(turned), WITNESSES[name](features, labels)) - 0.5) < 0.2
    )


@pytest.mark.parametrize("name", WITNESSES)
def test_turned_labels_of_sequences_are_found(name):
    model, inputs, labels, turned, _ = motif_network()
    features = model[:4](inputs).detach()
    assert roc_auc_score(turned, WITNESSES[name](features, labels).numpy()) > 0.9


def test_turned_labels_are_found_by_self_tracin():
    model, inputs, labels, turned, states = motif_network()
    found = self_tracin(model, (inputs, labels), [Checkpoint(state, 0.02) for state in states], device="cpu")
    assert found.way == "vmap"
    assert roc_auc_score(turned, found.influence[0].numpy()) > 0.9


def test_confident_learning_by_hand():
    """Thresholds 0.7 and 0.65: example 2 is labelled 0 and believed 1, example 5 reaches neither."""
    chance = torch.tensor([0.1, 0.2, 0.6 + 0.06, 0.9, 0.8, 0.25])
    labels = [0, 0, 0, 1, 1, 1]
    found = confident_learning(chance, labels)
    thresholds = [1 - (0.1 + 0.2 + 0.66) / 3, (0.9 + 0.8 + 0.25) / 3]
    assert thresholds == pytest.approx([0.68, 0.65])
    assert found.believed.tolist() == [0, 0, 1, 1, 1, 0]
    assert found.flagged.tolist() == [False, False, True, False, False, True]
    torch.testing.assert_close(found.suspicion[2], torch.tensor(0.66 - 0.34).double(), atol=1e-6, rtol=0)
    wanted = torch.tensor([[2.0, 1.0], [1.0, 2.0]]).double() / 6
    torch.testing.assert_close(found.joint, wanted)
    neither = confident_learning(torch.tensor([0.1, 0.2, 0.55, 0.9, 0.8, 0.8]), labels)
    assert neither.believed[2] == 0 and not neither.flagged.any()
    # 2 of 3 and 1 of 3 examples reach the threshold of their class: each row is scaled to all 3
    torch.testing.assert_close(neither.joint, torch.eye(2).double() / 2)
    np.testing.assert_allclose(
        held_out_loss(chance, labels).numpy(), -np.log([0.9, 0.8, 0.34, 0.9, 0.8, 0.25]), rtol=1e-6
    )


@pytest.mark.parametrize("classes", [2, 3])
def test_most_of_what_is_flagged_was_turned(classes):
    features, labels, turned = clouds(classes)
    found = confident_learning(held_out_probabilities(features, labels), labels)
    flagged = found.flagged.numpy()
    assert (flagged & turned).sum() > 0.7 * turned.sum()
    assert float(found.joint.sum()) == pytest.approx(1)
    assert 0.02 < 1 - float(found.joint.diagonal().sum()) < 0.15


def test_held_out_means_held_out():
    features, labels, _ = clouds(2)
    groups = np.arange(COUNT) // 4
    table = held_out_probabilities(features, labels, groups=groups, folds=4)
    torch.testing.assert_close(table.sum(dim=1), torch.ones(COUNT).double())
    other = labels.copy()
    other[:4] = 1 - other[:4]  # labels of one group do not reach its own probabilities
    torch.testing.assert_close(held_out_probabilities(features, other, groups=groups, folds=4)[:4], table[:4])
    plain = held_out_probabilities(features, labels)
    assert torch.equal(held_out_probabilities(features, labels), plain)
    assert not torch.equal(held_out_probabilities(features, labels, seed=1), plain)


def test_refusals():
    features, labels, _ = clouds(2)
    with pytest.raises(InputError, match="add up to 1"):
        held_out_loss(torch.full((3, 2), 0.9), [0, 1, 1])
    with pytest.raises(InputError, match="labels must be 0 to 1, the columns"):
        held_out_loss(torch.full((3, 2), 0.5), [0, 1, 2])
    with pytest.raises(InputError, match="no example is labelled 1"):
        confident_learning(torch.full((3,), 0.5), [0, 0, 0])
    with pytest.raises(InputError, match="folds must be 2 to 196"):
        held_out_probabilities(features, labels, folds=1)
    with pytest.raises(ShapeError, match="groups of shape"):
        held_out_probabilities(features, labels, groups=[1, 2])
    with pytest.raises(InputError, match="fewer than the 5 folds"):
        held_out_probabilities(features, labels, groups=np.zeros(COUNT))
    with pytest.raises(InputError, match="whole numbers"):
        neighbour_disagreement(features, labels + 0.5)
