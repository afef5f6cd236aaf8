"""Which training examples taught the model this, and which labels are wrong."""

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch import nn

import seqinterp as si
from seqinterp.api.shared.representations import representations, standardised
from seqinterp.errors import InputError, ShapeError
from seqinterp.sequence.markov import UNIFORM


class Words(nn.Module):
    """Three fixed detectors and a linear layer."""

    def __init__(self):
        super().__init__()
        self.bank = nn.Conv1d(4, 3, 5)
        self.bank.weight.data = si.one_hot(["TGACT", "CCGGA", "ATATA"])
        self.bank.bias.data = torch.zeros(3)
        self.last = nn.Linear(3, 1)

    def forward(self, inputs):
        return self.last(self.bank(inputs).amax(dim=2))


MODEL = Words()
TRAINING = si.one_hot(UNIFORM.sample(30, count=60, seed=1))
FEATURES = representations(MODEL, TRAINING, torch.device("cpu")).numpy()
RANDOM = np.random.default_rng(0)
LABELS = (FEATURES[:, 0] + 0.7 * RANDOM.standard_normal(60) > np.median(FEATURES[:, 0])).astype(int)
ASKED = si.one_hot(UNIFORM.sample(30, count=5, seed=2))


def test_equals_leaving_out_and_retraining():
    found = si.influence(MODEL, ASKED, TRAINING, LABELS, device="cpu")
    centre, scale = FEATURES.mean(axis=0), FEATURES.std(axis=0, ddof=1)
    learned = (FEATURES - centre) / scale
    asked = (representations(MODEL, ASKED, torch.device("cpu")).numpy() - centre) / scale

    def scores(rows):
        fitted = LogisticRegression(C=1.0, tol=1e-10, max_iter=2000).fit(learned[rows], LABELS[rows])
        return fitted.decision_function(asked)

    whole = scores(np.arange(60))
    left_out = np.stack([whole - scores(np.delete(np.arange(60), number)) for number in range(60)], axis=1)
    for own, true in zip(found.on_scores.numpy(), left_out, strict=True):
        assert pearsonr(own, true).statistic > 0.99
        assert np.abs(own - true).max() < 0.1 * np.abs(true).max()


def test_what_is_at_the_top():
    found = si.influence(MODEL, ASKED, TRAINING, LABELS, device="cpu")
    top = found.top(1, count=3)
    own = found.on_scores[1].numpy()
    assert top[top["kind"] == "for"]["influence"].tolist() == sorted(own, reverse=True)[:3]
    assert top[top["kind"] == "against"]["influence"].tolist() == sorted(own)[:3]
    assert (top["label"] == LABELS[top["training"]]).all()
    near = found.close(2)
    assert near["distance"].is_monotonic_increasing and len(near) == 5
    itself = si.influence(MODEL, TRAINING[7:8], TRAINING, LABELS, device="cpu").close()
    assert itself["distance"][0] == pytest.approx(0, abs=1e-6)


def test_wrong_labels_are_found():
    inputs = si.one_hot(UNIFORM.sample(30, count=300, seed=4))
    features = representations(MODEL, inputs, torch.device("cpu"))[:, 0].numpy()
    true = (features >= 4).astype(int)
    flipped = np.random.default_rng(1).random(300) < 0.05
    table = si.find_mislabelled(MODEL, inputs, np.where(flipped, 1 - true, true), device="cpu")
    assert roc_auc_score(flipped[table["training"]], table["suspicion"]) > 0.9
    assert table["suspicion"].is_monotonic_decreasing and set(table["training"]) == set(range(300))


def test_the_model_is_given_back():
    model = Words().train()
    before = [one.clone() for one in model.state_dict().values()]
    si.influence(model, ASKED, TRAINING, LABELS, device="cpu")
    assert model.training and not model.last._forward_pre_hooks
    assert all(torch.equal(one, other) for one, other in zip(before, model.state_dict().values(), strict=True))


def test_refusals():
    with pytest.raises(ShapeError, match="training examples"):
        si.influence(MODEL, ASKED[:, :, :20], TRAINING, LABELS, device="cpu")
    with pytest.raises(ShapeError):
        si.influence(MODEL, ASKED, TRAINING, LABELS[:5], device="cpu")
    with pytest.raises(InputError):
        si.influence(MODEL, ASKED, TRAINING, LABELS + 0.5, device="cpu")
    with pytest.raises(InputError, match="target 1"):
        si.influence(MODEL, ASKED, TRAINING, LABELS, target=1, device="cpu")
    with pytest.raises(InputError, match="example must be"):
        si.influence(MODEL, ASKED, TRAINING, LABELS, device="cpu").top(9)
    with pytest.raises(InputError, match="class numbers"):
        si.find_mislabelled(MODEL, TRAINING, LABELS + 0.5, device="cpu")


def test_a_number_that_never_changes_hides_no_distance():
    features = torch.rand(20, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    features[:, 2] = 0
    new = features[4:5] + torch.tensor([0.0, 0, 0.6], dtype=torch.float64)
    apart = (standardised(new, features) - standardised(features, features)).norm(dim=1)
    assert int(apart.argmin()) == 4 and float(apart.max()) < 10


def test_rare_classes_and_gaps_in_their_numbers():
    labels = np.where(np.arange(60) < 3, 7, 2)
    table = si.find_mislabelled(MODEL, TRAINING, labels, device="cpu")
    assert set(table["label"]) == {2, 7} and set(table["believed"]) <= {2, 7}
    for wrong in (["a"] * 60, [0] * 59 + [1]):
        with pytest.raises(InputError):
            si.find_mislabelled(MODEL, TRAINING, wrong, device="cpu")
