"""Expected gradients, and what each base would contribute."""

from functools import partial

import pytest
import torch
from torch import nn

import seqinterp as si
from cases import CASES, DNA_CASES
from naive import smoothing as naive
from seqinterp.attribution.baselines import given, zeros
from seqinterp.attribution.contributions import contributions, hypothetical_contributions
from seqinterp.attribution.dna_baselines import dinucleotide_shuffle, gc_matched
from seqinterp.attribution.expected_gradients import expected_gradients, hypothetical_expected_gradients
from seqinterp.attribution.notes import heard
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import row_limit
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ShapeError

SHUFFLES = partial(dinucleotide_shuffle, draws=3)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("several", [False, True])
def test_equals_its_formula(case, several):
    model, inputs = case.model().eval(), case.inputs(2)
    index, draws = case.outputs - 1, 10
    baseline = given(inputs, torch.rand(3, *case.shape, dtype=torch.float64)) if several else zeros
    found = expected_gradients(Score(model, output(index)), inputs, baseline=baseline, draws=draws, seed=2)
    expected = naive.expected_gradients(model, inputs, index, baseline, draws, seed=2)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("case", DNA_CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("baseline", [zeros, SHUFFLES])
def test_hypothetical(case, baseline):
    model, inputs = case.model().eval(), case.inputs(2)
    inputs[0, :, 3:5] = 0
    score, options = Score(model, output(0)), {"baseline": baseline, "draws": 7}
    every = hypothetical_expected_gradients(score, inputs, **options)
    expected = naive.hypothetical_expected_gradients(model, inputs, 0, **options)
    torch.testing.assert_close(every, expected, rtol=1e-5, atol=1e-8)
    there = expected_gradients(score, inputs, **options)
    torch.testing.assert_close((every * inputs).sum(dim=1), there.sum(dim=1))


def test_defaults_are_those_of_the_formula():
    case = CASES[0]
    model, inputs = case.model().eval(), case.inputs(1)
    found = expected_gradients(Score(model, output(0)), inputs)
    torch.testing.assert_close(found, naive.expected_gradients(model, inputs), rtol=1e-5, atol=1e-8)


def test_batch_and_order_change_nothing():
    case = CASES[0]
    score, inputs = Score(case.model().eval(), output(0)), case.inputs(5)
    explain = partial(expected_gradients, score, baseline=SHUFFLES, draws=6)
    whole = explain(inputs)
    torch.testing.assert_close(explain(inputs.flip(0)).flip(0), whole, rtol=1e-10, atol=1e-12)
    for rows in (1, 4, 13):
        with row_limit(rows):
            torch.testing.assert_close(explain(inputs), whole, rtol=1e-10, atol=1e-12)
    assert not torch.allclose(explain(inputs, seed=1), whole)


@pytest.mark.parametrize("draws", [1, 2, 7])
def test_a_linear_model_is_complete_with_any_draws(draws):
    model = nn.Sequential(nn.Flatten(), nn.Linear(32, 1)).double()
    inputs = si.one_hot(["ACGTTGCA", "ANNGGGTC"]).double()
    references = gc_matched(inputs)
    found = expected_gradients(Score(model, output(0)), inputs, baseline=gc_matched, draws=draws)
    weights = model[1].weight.detach().reshape(4, 8)
    torch.testing.assert_close(found, weights * (inputs - references.mean(dim=1)))


def test_every_reference_meets_every_part_of_the_way():
    seen = []

    class Listening(nn.Module):
        def forward(self, rows):
            seen.append(rows.detach().clone())
            return rows.square().sum(dim=1)

    inputs, references = torch.zeros(1, 5, dtype=torch.float64), torch.eye(5, dtype=torch.float64)[:4]
    expected_gradients(
        Score(Listening(), lambda outputs: outputs), inputs, baseline=given(inputs, references), draws=12
    )
    points = torch.cat(seen)
    assert points.shape == (12, 5)
    alphas = 1 - points.sum(dim=1)  # a point is (1 - alpha) times its reference
    assert sorted((alphas * 12).long().tolist()) == list(range(12))
    for reference in range(4):
        own = alphas[points[:, reference] > 0]
        assert sorted((own * 3).long().tolist()) == [0, 1, 2]


def test_the_sum_is_right_within_the_error_that_is_noted():
    case = CASES[0]
    score, inputs = Score(case.model().eval(), output(0)), case.inputs(20)
    with heard() as notes:
        found = expected_gradients(score, inputs, baseline=SHUFFLES, draws=99)
    error = torch.cat(notes.stated_error)
    assert error.shape == (20,)
    with torch.no_grad():
        owed = score(inputs) - score(SHUFFLES(inputs).flatten(0, 1)).reshape(20, 3).mean(dim=1)
    gap = (found.flatten(1).sum(dim=1) - owed).abs()
    assert bool((gap < 3 * error + 1e-9).all())
    assert float(gap.max()) > 0
    with heard() as notes:
        expected_gradients(score, inputs, draws=1)
    assert notes.stated_error == []


def test_refusals():
    score = Score(nn.Identity(), output(0))
    with pytest.raises(InputError, match="draws must be 1 or more, not 0"):
        expected_gradients(score, torch.rand(1, 4, 3), draws=0)
    with pytest.raises(ShapeError, match="hypothetical_expected_gradients needs one-hot DNA"):
        hypothetical_expected_gradients(score, torch.rand(1, 3, 8, 8))


def test_the_algebra_of_contributions():
    multipliers = torch.tensor([[[[1.0], [2], [3], [4]], [[0], [0], [8], [0]]]])
    references = torch.tensor([[[[0.0], [1], [0], [0]], [[0.5], [0], [0.5], [0]]]])
    inputs = torch.tensor([[[1.0], [0], [0], [0]]])
    assert contributions(multipliers, inputs, references).tolist() == [[[0.5], [-1.0], [-2.0], [0.0]]]
    assert hypothetical_contributions(multipliers, references).tolist() == [[[-2.5], [-2.0], [2.5], [-1.0]]]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_captum_agrees_on_the_average():
    from captum.attr import IntegratedGradients

    case = CASES[1]  # smooth, so captum's quadrature is exact to many digits
    model, inputs = case.model().eval(), case.inputs(2)
    references = torch.rand(3, *case.shape, dtype=torch.float64)
    theirs = sum(IntegratedGradients(model).attribute(inputs, each.expand_as(inputs), target=1) for each in references)
    ours = expected_gradients(Score(model, output(1)), inputs, baseline=given(inputs, references), draws=6000)
    torch.testing.assert_close(ours, theirs / 3, rtol=0, atol=1e-5)
