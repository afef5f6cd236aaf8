"""Prototypes and criticisms are those of the objective written out; representers add up to the score."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from naive.influence import greedy_criticisms, greedy_prototypes, squared_mmd_gain, witness
from seqinterp.cases.head import Head, fit_head
from seqinterp.cases.prototypes import gaussian_kernel, prototypes
from seqinterp.cases.representers import representers
from seqinterp.errors import InputError


def cloud(count, seed=0, width=3):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, width)))


@settings(max_examples=20, deadline=None)
@given(count=st.integers(12, 25), chosen=st.integers(1, 6), seed=st.integers(0, 1000))
def test_greedy_is_greedy(count, chosen, seed):
    kernel = gaussian_kernel(cloud(count, seed))
    found = prototypes(kernel, count=chosen, criticisms=4)
    assert found.prototypes.tolist() == greedy_prototypes(kernel.numpy(), chosen)
    assert found.criticisms.tolist() == greedy_criticisms(kernel.numpy(), found.prototypes.numpy(), 4)
    np.testing.assert_allclose(found.witness.numpy(), witness(kernel.numpy(), found.prototypes.numpy()), atol=1e-12)
    for size in range(1, chosen + 1):
        gain = squared_mmd_gain(kernel.numpy(), found.prototypes[:size].tolist())
        assert float(found.discrepancy[size - 1]) == pytest.approx(float(kernel.mean()) - gain, abs=1e-12)
    assert (found.discrepancy > -1e-12).all()


def test_greedy_is_near_the_best_of_all_subsets():
    kernel = gaussian_kernel(cloud(12, 3)).numpy()
    best = max(squared_mmd_gain(kernel, list(subset)) for subset in combinations(range(12), 3))
    found = squared_mmd_gain(kernel, prototypes(torch.from_numpy(kernel), count=3).prototypes.tolist())
    assert (1 - 1 / np.e) * best <= found <= best + 1e-12


def test_prototypes_stand_at_the_modes_and_criticisms_outside():
    chance = np.random.default_rng(0)
    centres = np.array([[0, 0], [10, 0], [0, 10]])
    points = np.concatenate([chance.normal(size=(90, 2)) * 0.7 + np.repeat(centres, 30, axis=0), [[6, 6], [-6, -6]]])
    found = prototypes(gaussian_kernel(torch.from_numpy(points), width=1.0), count=3, criticisms=2)
    assert sorted(found.prototypes.numpy() // 30) == [0, 1, 2]
    nearest = np.linalg.norm(points[found.prototypes.numpy()][:, None] - centres, axis=2).min(axis=1)
    assert (nearest < 0.8).all()
    # with every point its own prototype nothing is left to criticise
    whole = prototypes(gaussian_kernel(torch.from_numpy(points), width=1.0), count=92, criticisms=0)
    assert float(whole.witness.abs().max()) < 1e-12
    assert float(whole.discrepancy[-1]) == pytest.approx(0, abs=1e-12)


def test_an_outlier_is_a_criticism():
    points = torch.cat([cloud(60, width=2), torch.tensor([[9.0, 9.0]]).double()])
    assert 60 in prototypes(gaussian_kernel(points, width=1.5), count=3, criticisms=8).criticisms.tolist()


@pytest.mark.parametrize(("task", "outputs"), [("binary", 1), ("classes", 3), ("regression", 1)])
def test_representers_add_up_to_the_score(task, outputs):
    features, asked = cloud(50, 1), cloud(6, 2)
    labels = {"binary": np.arange(50) % 2, "classes": np.arange(50) % 3, "regression": features[:, 0].numpy() ** 2}[
        task
    ]
    head = fit_head(features, labels, task=task, l2=0.7)
    for output in range(outputs):
        found = representers(head, features, labels, asked, output=output)
        torch.testing.assert_close(found.rest, head.bias[output].expand(6), rtol=0, atol=1e-9)
        wanted = head.scores(asked)[:, output] - head.bias[output]
        torch.testing.assert_close(found.values.sum(dim=1), wanted, rtol=0, atol=1e-9)
    slack = Head(head.weights + 1, head.bias, task, 0.7)
    assert not torch.allclose(representers(slack, features, labels, asked).rest, slack.bias[0].expand(6), atol=0.1)


def test_refusals():
    kernel = gaussian_kernel(cloud(8))
    with pytest.raises(InputError, match="8 together at most"):
        prototypes(kernel, count=5, criticisms=4)
    with pytest.raises(InputError, match="symmetric"):
        prototypes(kernel.triu(), count=2)
    with pytest.raises(InputError, match="width of a kernel"):
        gaussian_kernel(torch.zeros(4, 2))
    with pytest.raises(InputError, match="only 3 criticisms"):
        prototypes(gaussian_kernel(cloud(3).repeat(3, 1), width=1.0), count=1, criticisms=4)
    with pytest.raises(InputError, match="fitted without l2"):
        head = fit_head(cloud(9), np.arange(9.0), task="regression", l2=0.0)
        representers(head, cloud(9), np.arange(9.0), cloud(2))
