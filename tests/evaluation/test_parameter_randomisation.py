"""Explanations of randomised models."""

from functools import cache, partial
from threading import Lock

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pictures import drawn, sequence_network
from seqinterp.attribution.evidence import model_hash
from seqinterp.attribution.gradient import gradient, gradient_times_input
from seqinterp.attribution.guided_backprop import guided_backprop
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ModelError
from seqinterp.evaluation.parameter_randomisation import parameter_randomisation, randomised_similarity
from seqinterp.sequence.onehot import one_hot

INPUTS = one_hot(["ACGTACGTACGTTGCA", "TTTTGGGGCCCCAAAA", "GATTACAGATTACAAG", "CACACAGTGTGTCACA"]).double()
ORDERS = ["cascading", "independent"]


def bars(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Pictures (count, 1, 16, 16) of three upright or three lying bars, and which."""
    chance = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    pictures = 0.1 * torch.rand(count, 1, 16, 16, generator=chance)
    for picture, upright in zip(pictures[:, 0], labels.tolist(), strict=True):
        for row, column in torch.randint(1, 9, (3, 2), generator=chance).tolist():
            height, width = (6, 2) if upright else (2, 6)
            picture[row : row + height, column : column + width] += 0.8
    return pictures, labels


def sites(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Random DNA (count, 4, 30), in every second sequence a TGACTCA, and which."""
    chance = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    codes = torch.randint(4, (count, 30), generator=chance)
    starts = torch.randint(0, 23, (count,), generator=chance)
    for sequence, start in zip(codes[1::2], starts.tolist(), strict=False):
        sequence[start : start + 7] = torch.tensor(["ACGT".index(base) for base in "TGACTCA"])
    return F.one_hot(codes, 4).transpose(1, 2).float(), labels


def picture_layers() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 1),
    )  # fmt: skip


def sequence_layers() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(4, 12, 7, padding=3), nn.ReLU(), nn.Conv1d(12, 12, 5, padding=2), nn.ReLU(),
        nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(12, 1),
    )  # fmt: skip


@cache
def trained(build, make, seed: int) -> tuple[Score, Tensor]:
    """A small convolutional network that tells two classes apart, and inputs it has not seen."""
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        model = build()
        inputs, labels = make(160, seed)
        optimizer = torch.optim.Adam(model.parameters(), 5e-3)
        for _ in range(70):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(inputs)[:, 0], labels.float()).backward()
            optimizer.step()
    score = Score(model.eval(), output(0))
    inputs, labels = make(24, seed + 100)
    with torch.no_grad():
        assert ((score(inputs) > 0) == labels.bool()).float().mean() >= 0.95
    return score, inputs[labels == 1]


def stages(score, inputs, explainer, **options):
    return parameter_randomisation(score, inputs, explainer(score, inputs), explainer=explainer, **options)


def constant(score, inputs):
    """An explanation that ignores the model."""
    return torch.sin(inputs + torch.arange(inputs.shape[-1], dtype=inputs.dtype))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gradients_notice_and_guided_backprop_does_not(seed):
    """Adebayo et al. 2018, figures 2 and 4: with the upper half random, guided backprop shows what it showed before."""
    score, pictures = trained(picture_layers, bars, seed)
    run = {method: stages(score, pictures, method) for method in (gradient, gradient_times_input, guided_backprop)}
    upper = {method: torch.stack([s.spearman for s in run[method][:2]]).mean() for method in run}
    structure = {method: torch.stack([s.ssim for s in run[method][:2]]).mean() for method in run}
    assert upper[gradient] < 0.35
    assert upper[guided_backprop] > upper[gradient] + 0.25
    assert structure[guided_backprop] > structure[gradient] + 0.25
    assert run[gradient][-1].spearman.mean() < 0.2  # and gradient times input shows the input: its sign tells
    assert torch.stack([s.signed.mean() for s in run[gradient_times_input]]).abs().max() < 0.6
    assert run[gradient_times_input][-1].signed.mean() < 0.3


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("explainer", [gradient, gradient_times_input])
def test_gradients_of_dna_fall_stage_by_stage(explainer, seed):
    score, sequences = trained(sequence_layers, sites, seed)
    run = stages(score, sequences, explainer)
    falling = [float(stage.spearman.nanmean()) for stage in run]
    assert falling[0] > falling[-1] + 0.2
    assert falling[-1] < 0.5
    assert run[-1].ssim.mean() < 0.3
    assert run[-1].signed.nanmean().abs() < 0.3


def test_guided_backprop_of_dna_keeps_the_signs_while_the_upper_half_is_random():
    """Mean over models: a random head that is negative everywhere can put guided backprop out altogether.

    Magnitudes do not tell here: what they keep is where the last pool looks, and that all methods keep.
    """
    models = [trained(sequence_layers, sites, seed) for seed in range(3)]
    kept = {
        explainer: torch.stack(
            [stage.signed.nanmean() for model in models for stage in stages(*model, explainer)[:2]]
        ).mean()
        for explainer in (gradient, gradient_times_input, guided_backprop)
    }
    assert kept[guided_backprop] > kept[gradient] + 0.2
    assert kept[guided_backprop] > kept[gradient_times_input] + 0.2


@pytest.mark.parametrize("order", ORDERS)
def test_an_explanation_that_ignores_the_model_stays_the_same(order):
    score = Score(sequence_network(), output(0))
    for stage in stages(score, INPUTS, constant, order=order):
        for similarity in (stage.spearman, stage.ssim, stage.top_k, stage.signed):
            torch.testing.assert_close(similarity, torch.ones(4, dtype=torch.float64))
        assert stage.proven
    found = randomised_similarity(score, INPUTS, constant(score, INPUTS), explainer=constant, order=order)
    torch.testing.assert_close(found, torch.ones(4, dtype=torch.float64))


@pytest.mark.parametrize("order", ORDERS)
def test_gradients_of_dna_lose_similarity(order):
    score = Score(sequence_network(), output(0))
    for explainer in (gradient, gradient_times_input):
        found = randomised_similarity(score, INPUTS, explainer(score, INPUTS), explainer=explainer, order=order)
        assert found.mean() < 0.8


@pytest.mark.parametrize("order", ORDERS)
def test_the_users_model_and_the_global_state_are_left_alone(order):
    score = Score(sequence_network(), output(0))
    before, state = model_hash(score), torch.random.get_rng_state()
    stages(score, INPUTS, gradient, order=order)
    assert model_hash(score) == before
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not any(module._forward_hooks for module in score.modules())


def test_stages_go_down_from_the_output_and_say_what_changed():
    score = Score(sequence_network(), output(0))
    cascading, independent = (stages(score, INPUTS, gradient, order=order) for order in ORDERS)
    assert [stage.layer for stage in cascading] == ["model.4", "model.0"]
    assert [sorted(stage.changes) for stage in cascading] == [["model.4"], ["model.0", "model.4"]]
    assert [sorted(stage.changes) for stage in independent] == [["model.4"], ["model.0"]]
    assert all(change > 0.5 for stage in cascading for change in stage.changes.values())
    assert cascading[1].changes["model.0"] == independent[1].changes["model.0"]  # whatever was randomised before
    assert torch.equal(cascading[0].spearman, independent[0].spearman)
    assert not torch.equal(cascading[1].spearman, independent[1].spearman)


def test_the_score_correlation_is_that_of_the_scores():
    score = Score(sequence_network(), output(0))
    seen = []

    def watching(copy, inputs):
        with torch.no_grad():
            seen.append(copy(inputs))
        return gradient(copy, inputs)

    found = parameter_randomisation(score, INPUTS, gradient(score, INPUTS), explainer=watching)
    with torch.no_grad():
        expected = [float(torch.corrcoef(torch.stack([score(INPUTS), other]))[0, 1]) for other in seen]
    assert [stage.score_correlation for stage in found] == pytest.approx(expected)
    with torch.no_grad():
        changes = [float((score(INPUTS) - other).abs().max()) for other in seen]
    assert [stage.score_change for stage in found] == pytest.approx(changes)


def test_seeds_are_seeds():
    score = Score(sequence_network(), output(0))
    one, same, other = (stages(score, INPUTS, gradient, seed=seed) for seed in (0, 0, 1))
    assert [torch.equal(a.spearman, b.spearman) for a, b in zip(one, same, strict=True)] == [True, True]
    assert not torch.equal(one[0].spearman, other[0].spearman)


def test_order_and_batch_change_nothing():
    score = Score(sequence_network(), output(0))
    measured = partial(randomised_similarity, score, explainer=gradient)
    whole = measured(INPUTS, gradient(score, INPUTS))
    torch.testing.assert_close(measured(INPUTS.flip(0), gradient(score, INPUTS.flip(0))).flip(0), whole)
    torch.testing.assert_close(measured(INPUTS[:2], gradient(score, INPUTS[:2])), whole[:2])


def test_refusals():
    score = Score(sequence_network(), output(0))
    with pytest.raises(InputError, match="order must be one of"):
        stages(score, INPUTS, gradient, order="upwards")
    with pytest.raises(ModelError, match="no layer with parameters"):
        stages(Score(nn.Sequential(nn.Flatten(), nn.ReLU()), output(0)), INPUTS, gradient)


def test_a_model_that_cannot_change_is_no_proof():
    norm = drawn(lambda: nn.Sequential(nn.BatchNorm1d(4, eps=0.1), nn.Flatten()))
    with pytest.raises(ModelError, match="nothing to randomise"):
        stages(Score(norm, output(0)), INPUTS, gradient)


def test_a_layer_that_stayed_at_its_start_is_not_proven():
    """A normalisation that was never trained comes back as it was; the stage says so and does not count."""
    model = drawn(lambda: nn.Sequential(nn.BatchNorm1d(4), nn.Flatten(), nn.Linear(64, 1)))
    score = Score(model, output(0))
    found = stages(score, INPUTS, gradient_times_input, order="independent")
    assert [(stage.layer, stage.proven) for stage in found] == [("model.2", True), ("model.0", False)]
    torch.testing.assert_close(found[1].spearman, torch.ones(4, dtype=torch.float64))
    similarity = randomised_similarity(
        score, INPUTS, gradient_times_input(score, INPUTS), explainer=gradient_times_input, order="independent"
    )
    torch.testing.assert_close(similarity, found[0].spearman)


def test_a_layer_that_is_not_used_is_not_proven():
    """Re-initialising it changes no explanation, and that says nothing about the explanation."""

    class TwoHeads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = sequence_network(2)
            self.other = nn.Linear(3, 3).double()

        def forward(self, inputs: Tensor) -> Tensor:
            return self.body(inputs)

    score = Score(TwoHeads(), output(0))
    found = {stage.layer: stage for stage in stages(score, INPUTS, gradient, order="independent")}
    other = found.pop("model.other")
    assert other.changes["model.other"] > 0
    assert (other.score_change, other.proven) == (0, False)
    assert [stage.proven for stage in found.values()] == [True, True]
    mean = torch.stack([stage.spearman for stage in found.values()]).mean(dim=0)
    whole = randomised_similarity(score, INPUTS, gradient(score, INPUTS), explainer=gradient, order="independent")
    torch.testing.assert_close(whole, mean)


@pytest.mark.parametrize("held", [Lock(), 2 * torch.ones(2, requires_grad=True)], ids=["a lock", "a graph"])
def test_a_model_that_cannot_be_copied_is_refused(held):
    model = sequence_network()
    model.held = held
    with pytest.raises(ModelError, match="cannot be copied"):
        stages(Score(model, output(0)), INPUTS, gradient)
