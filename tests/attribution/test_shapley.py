"""Shapley values: captum's numbers, exact against sampled, and which of them was used."""

import pytest
import torch

from cases import CASES
from seqinterp.attribution.exact_shapley import exact_group_values, exact_shapley
from seqinterp.attribution.groups import blocks, cells
from seqinterp.attribution.notes import heard
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.sampled_shapley import permutations, sampled_group_values, sampled_shapley
from seqinterp.attribution.shapley import shapley, shapley_group_values
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError

captum_import = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PAIR = torch.tensor([0, 0, 1])
TWO = [[2.0, 10, 3], [20, 50, 30]]


def fours(inputs):
    return torch.full_like(inputs, 4).unsqueeze(1)


def never(outputs):
    raise AssertionError("the model was called")


# captum, tests/attr/test_shapley.py (BSD-3): its display repeats a group's value at each feature of the group
CAPTUM = [
    ([[20.0, 50, 30]], {"groups": cells(torch.Size((3,)))}, [[76.66666, 196.66666, 116.66666]]),
    ([[20.0, 50, 30]], {"groups": PAIR}, [[275, 115]]),
    ([[20.0, 50, 30]], {"groups": PAIR, "baseline": fours}, [[248, 104]]),
    (TWO, {"groups": cells(torch.Size((3,)))}, [[7, 32.5, 10.5], [76.66666, 196.66666, 116.66666]]),
    (TWO, {"groups": PAIR}, [[39.5, 10.5], [275, 115]]),
]


@captum_import
@pytest.mark.parametrize(("inputs", "options", "expected"), CAPTUM)
def test_the_numbers_of_captums_own_tests(inputs, options, expected):
    from captum.testing.helpers.basic_models import BasicModel_MultiLayer

    score = Score(BasicModel_MultiLayer(), output(0))
    for values in (exact_group_values, shapley_group_values):
        torch.testing.assert_close(values(score, torch.tensor(inputs), **options), torch.tensor(expected).float())
    sampled = sampled_group_values(score, torch.tensor(inputs), **options, draws=200)
    torch.testing.assert_close(sampled, torch.tensor(expected).float(), atol=1.0, rtol=0)  # captum's tolerance


@captum_import
def test_equals_captum_on_a_network():
    from captum.attr import ShapleyValues

    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.GELU(), torch.nn.Linear(8, 2)).double()
    inputs = torch.rand(2, 6, dtype=torch.float64)
    theirs = ShapleyValues(model).attribute(inputs, target=1)
    torch.testing.assert_close(exact_shapley(Score(model, output(1)), inputs), theirs.double(), rtol=1e-5, atol=1e-7)


def test_a_game_with_a_known_answer():
    """The glove game: one left glove, two right ones; a pair is worth 1 (Shapley values 2/3, 1/6, 1/6)."""

    class Gloves(torch.nn.Module):
        def forward(self, inputs):
            return torch.minimum(inputs[:, 0], torch.maximum(inputs[:, 1], inputs[:, 2]))

    found = exact_shapley(Score(Gloves(), output(0)), torch.ones(1, 3, dtype=torch.float64))
    torch.testing.assert_close(found, torch.tensor([[2 / 3, 1 / 6, 1 / 6]], dtype=torch.float64))


def test_sampling_comes_to_the_exact_values():
    case = CASES[0]
    score, inputs = Score(case.model().eval(), output(0)), case.inputs(3)
    groups = blocks(inputs.shape[1:], 8)
    exact = exact_group_values(score, inputs, groups=groups)
    errors = []
    for draws in (8, 512):
        with heard() as notes:
            sampled = sampled_group_values(score, inputs, groups=groups, draws=draws)
        errors.append((sampled - exact).abs().amax(dim=1))
        (stated,) = notes.stated_error
        assert (errors[-1] < 4 * stated).all()
        assert (stated < 10 * errors[-1]).all()
    assert errors[1].max() < errors[0].max() / 4


def test_a_pair_of_orders_is_exact_where_only_pairs_of_features_act_together():
    class Quadratic(torch.nn.Module):
        def forward(self, inputs):
            return (inputs @ torch.arange(16.0, dtype=torch.float64).reshape(4, 4) * inputs).sum(1)

    score, inputs = Score(Quadratic(), output(0)), torch.rand(2, 4, dtype=torch.float64)
    torch.testing.assert_close(sampled_shapley(score, inputs, draws=2), exact_shapley(score, inputs))


def test_permutations_come_with_their_reverses():
    found = permutations(5, 7, torch.Generator().manual_seed(0))
    assert found.shape == (7, 5)
    assert torch.equal(found.sort(dim=1).values, torch.arange(5).expand(7, 5))
    assert torch.equal(found[0:6:2].flip(1), found[1:6:2])


@pytest.mark.parametrize(
    ("features", "groups", "says"), [((4, 12), None, "exact"), ((4, 13), None, "7 permutations"), ((4, 13), 5, "exact")]
)
def test_the_notes_say_whether_values_are_exact(features, groups, says):
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(torch.Size(features).numel(), 3), torch.nn.Tanh())
    inputs = torch.rand(2, *features)
    chosen = None if groups is None else blocks(torch.Size(features), groups)
    with heard() as notes:
        found = shapley(Score(model, output(0)), inputs, groups=chosen, draws=7)
    assert notes.rules == {"shapley": says}
    score = Score(model, output(0))
    if says == "exact":
        expected = exact_shapley(score, inputs, groups=cells(torch.Size(features)) if chosen is None else chosen)
    else:
        expected = sampled_shapley(score, inputs, groups=chosen, draws=7)
    assert torch.equal(found, expected)


def test_by_default_exact_values_are_those_of_twelve_blocks():
    case = CASES[0]
    score, inputs = Score(case.model().eval(), output(0)), case.inputs(1)
    found = exact_shapley(score, inputs)
    expected = exact_shapley(score, inputs, groups=blocks(inputs.shape[1:], 12))
    torch.testing.assert_close(found, expected)
    per_position = found.sum(dim=1)[0]
    assert torch.equal(per_position[0], per_position[1])  # positions 0 and 1 are one block, 4 is alone
    assert per_position[3] != per_position[4]


def test_more_than_twelve_groups_are_refused():
    with pytest.raises(InputError, match=r"at most 12 groups of features and 13 were asked for.*sampled_shapley"):
        exact_shapley(Score(torch.nn.Flatten(), never), torch.zeros(1, 13), groups=torch.arange(13))


@pytest.mark.parametrize("method", [shapley, sampled_shapley])
def test_no_draws_are_refused(method):
    with pytest.raises(InputError, match="draws must be 1 or more permutations, not 0"):
        method(Score(torch.nn.Flatten(), never), torch.zeros(1, 13), draws=0)
