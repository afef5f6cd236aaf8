"""Remove and retrain, with a training that takes a moment."""

import numpy as np
import pytest
import torch
from torch import nn

from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.roar import Explained, roar

LENGTH, SITE = 16, slice(5, 8)


class Columns(nn.Module):
    """A linear model of the bases of each position."""

    def __init__(self, weights: torch.Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, inputs):
        return (inputs.flatten(1) @ self.weights[:-1] + self.weights[-1]).unsqueeze(1)


def least_squares(inputs, labels):
    """Ridge regression on the labels, as the quickest training there is."""
    rows = torch.cat([inputs.flatten(1), torch.ones(len(inputs), 1)], dim=1).double()
    gram = rows.T @ rows + torch.eye(rows.shape[1]).double()
    return Columns(torch.linalg.solve(gram, rows.T @ (2 * labels.double() - 1)).float())


def data(count: int, seed: int, *, known: bool = True) -> Explained:
    """Label 1: C at three positions; label 0: A there. Attributions point at them, or at their opposite."""
    generator = np.random.default_rng(seed)
    codes = generator.integers(0, 4, (count, LENGTH))
    labels = np.arange(count) % 2
    codes[:, SITE] = np.where(generator.random((count, 3)) < 0.85, labels[:, None], codes[:, SITE])
    inputs = torch.from_numpy(np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1).copy())
    truth = torch.zeros(count, 4, LENGTH)
    truth[:, :, SITE] = 1.0 if known else -1.0
    return Explained(inputs, torch.from_numpy(labels), truth * inputs)


LEARNED, TESTED = data(300, 0), data(200, 1)
SHARES = (0.2, 0.4)


def test_removing_what_matters_costs_more_than_removing_at_random():
    state = torch.random.get_rng_state()
    found = roar(least_squares, LEARNED, TESTED, shares=SHARES, repeats=2, device="cpu")
    assert torch.equal(state, torch.random.get_rng_state())
    assert found.share.tolist() == [0, 0.2, 0.4]
    assert found.auroc.shape == found.random_accuracy.shape == (3, 2)
    assert (found.auroc[0] > 0.95).all()
    assert (found.accuracy[0] > 0.9).all()
    torch.testing.assert_close(found.auroc[0], found.random_auroc[0])
    assert (found.random_auroc[1] > found.auroc[1] + 0.05).all()
    assert found.gain > 0.05


def test_attributions_that_spare_what_matters_gain_nothing():
    learned, tested = data(300, 0, known=False), data(200, 1, known=False)
    found = roar(least_squares, learned, tested, shares=SHARES, device="cpu")
    assert found.gain < 0
    assert (found.auroc[1:] > 0.95).all()


def test_a_model_is_trained_for_each_share_and_each_order():
    seen = []

    def counted(inputs, labels):
        seen.append(inputs)
        return least_squares(inputs, labels)

    first = roar(counted, LEARNED, TESTED, shares=SHARES, seed=1, device="cpu")
    assert len(seen) == 2 * len(SHARES) + 1
    assert torch.equal(seen[0], LEARNED.inputs)
    ranked = (seen[1] != LEARNED.inputs).any(dim=1)
    assert (ranked.sum(dim=1) == 3).all()  # a fifth of 16
    assert ranked[:, SITE].all()
    assert not torch.equal(seen[1], seen[2])
    again = roar(least_squares, LEARNED, TESTED, shares=SHARES, seed=1, device="cpu")
    assert torch.equal(first.auroc, again.auroc)
    assert torch.equal(first.random_auroc, again.random_auroc)


@pytest.mark.parametrize("shares", [(), (0.0, 0.5), (0.5, 0.2), (0.5, 1.2)])
def test_shares_must_rise(shares):
    with pytest.raises(InputError, match="shares must rise"):
        roar(least_squares, LEARNED, TESTED, shares=shares)


def test_refusals():
    with pytest.raises(InputError, match="repeats must be 1 or more"):
        roar(least_squares, LEARNED, TESTED, repeats=0)
    with pytest.raises(ShapeError, match="need labels of shape"):
        Explained(TESTED.inputs, TESTED.labels[:3], TESTED.attributions)
    with pytest.raises(InputError, match="labels must be 0 and 1"):
        Explained(TESTED.inputs, torch.ones(200), TESTED.attributions)
