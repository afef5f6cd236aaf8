"""A model trained on permuted labels, with the proof that it was."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pictures import drawn, shapes
from seqinterp.attribution.evidence import model_hash
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.evaluation.label_randomisation import label_randomisation, permuted, predicted_classes

TRAINING = shapes(90, seed=1)
PICTURES, LABELS = shapes(60, seed=2)


def train(pictures: Tensor, labels: Tensor) -> nn.Module:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)).double()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(40):
        optimizer.zero_grad()
        F.cross_entropy(model(pictures), labels).backward()
        optimizer.step()
    return model


def trained() -> Score:
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(5)
        return Score(train(*TRAINING).eval(), output(0))


def randomised(score: Score, **options):
    given = {"train": train, "labels": LABELS, "training": TRAINING, "explainer": gradient} | options
    return label_randomisation(score, PICTURES, given["explainer"](score, PICTURES), **given)


def test_the_experiment_proves_itself():
    score, state = trained(), torch.random.get_rng_state()
    before = model_hash(score.model)
    found = randomised(score)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert found.model_fingerprint == before == model_hash(score.model)
    assert found.fingerprint == model_hash(found.model) != before
    assert found.model_accuracy == 1
    assert found.proven
    assert found.p_value >= 0.01
    assert abs(found.accuracy - found.base_rate) < 0.2
    assert (found.model(PICTURES).argmax(1) == LABELS).double().mean() == pytest.approx(found.accuracy)
    assert found.spearman.mean() < 0.5
    assert not found.model.training


def test_every_seed_of_balanced_labels_is_at_base_rate():
    """Plain permutations of these 90 labels leave 7 of 30 models off the base rate."""
    score = trained()
    found = [randomised(score, seed=seed) for seed in range(8)]
    assert all(one.proven for one in found)
    assert len({one.fingerprint for one in found}) == 8


def test_an_explanation_that_ignores_the_model_stays_the_same():
    found = randomised(trained(), explainer=lambda score, inputs: inputs.sin())
    for similarity in (found.spearman, found.ssim, found.top_k):
        torch.testing.assert_close(similarity, torch.ones(60, dtype=torch.float64))


def test_a_model_that_saw_the_true_labels_is_found_out():
    found = randomised(trained(), train=lambda pictures, labels: train(*TRAINING))
    assert found.accuracy == 1
    assert not found.proven


def test_explaining_the_trained_model_once_more_is_refused():
    """The mistake of a notebook that many have read: nothing was trained, and the maps were the same."""
    score = trained()
    with pytest.raises(ModelError, match="weights of the one that is explained"):
        randomised(score, train=lambda pictures, labels: score.model)

    def spoil(pictures: Tensor, labels: Tensor) -> nn.Module:
        with torch.no_grad():
            score.model[0].bias.add_(1)
        return train(pictures, labels)

    with pytest.raises(ModelError, match="changed the weights"):
        randomised(score, train=spoil)


def test_seeds_are_seeds():
    score = trained()
    one, same, other = (randomised(score, seed=seed) for seed in (0, 0, 1))
    assert one.fingerprint == same.fingerprint != other.fingerprint


@pytest.mark.parametrize("counts", [(30, 30), (50, 10), (20, 25, 15), (1, 1), (7, 3)])
def test_permuted_labels_are_the_same_and_tell_nothing(counts):
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))]
    made = permuted(labels, seed=3)
    assert torch.equal(made.sort().values, labels.sort().values)
    for kind, members in enumerate(counts):
        for other, share in enumerate(counts):
            together = int(((labels == kind) & (made == other)).sum())
            assert abs(together - members * share / sum(counts)) < len(counts)
    assert torch.equal(permuted(labels, seed=3), made)


def test_permuted_labels_are_permuted_within_a_class_too():
    labels = torch.arange(2).repeat_interleave(30)
    draws = torch.stack([permuted(labels, seed=seed) for seed in range(40)]).double()
    shares = draws.mean(dim=0)
    assert ((shares > 0.15) & (shares < 0.85)).all()


@pytest.mark.parametrize(("squash", "limit"), [(False, 0.0), (True, 0.5)])
def test_a_single_output_says_yes_or_no(squash, limit):
    def build() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 1), *([nn.Sigmoid()] if squash else []))

    model = drawn(build)
    inputs = PICTURES - PICTURES.mean()
    with torch.no_grad():
        expected = model(inputs)[:, 0] > limit
    assert 5 < expected.sum() < 55
    assert torch.equal(predicted_classes(model, inputs), expected.long())


def test_the_base_rate_is_the_accuracy_of_ignorance():
    """A model that always says the commonest class is right as often as that class is, and this is no success."""
    found = randomised(trained(), train=lambda pictures, labels: Always(int(LABELS.mode().values)))
    assert found.accuracy == found.base_rate == pytest.approx(float((LABELS.mode().values == LABELS).double().mean()))
    assert found.proven


class Always(nn.Module):
    def __init__(self, kind: int) -> None:
        super().__init__()
        self.kind, self.weight = kind, nn.Parameter(torch.ones(1, dtype=torch.float64))

    def forward(self, inputs: Tensor) -> Tensor:
        said = F.one_hot(torch.full((len(inputs),), self.kind), 3) * self.weight
        return said + 0 * inputs.flatten(1).sum(dim=1, keepdim=True)


@pytest.mark.parametrize(
    ("labels", "error", "says"),
    [
        (LABELS[:5], ShapeError, "one class number per example"),
        (LABELS.double(), InputError, "whole class numbers"),
        (torch.zeros_like(LABELS), InputError, "all of one class"),
    ],
)
def test_refusals(labels, error, says):
    with pytest.raises(error, match=says):
        randomised(trained(), labels=labels)


def test_a_model_without_one_tensor_is_refused():
    class Pair(nn.Module):
        def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
            return inputs, inputs

    with pytest.raises(ModelError, match="not one tensor"):
        predicted_classes(Pair(), PICTURES)
