"""LIME: captum's numbers, linear models recovered, and options that cannot be used."""

import pytest
import torch

from cases import CASES
from naive import perturbation as naive
from seqinterp.attribution.groups import cells
from seqinterp.attribution.lime import lime, lime_group_values, proximity
from seqinterp.attribution.notes import heard
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError

PAIR = torch.tensor([0, 0, 1])
LASSO = {"surrogate": "lasso", "alpha": 1.0, "kernel_width": 10.0, "draws": 500}


def fours(inputs):
    return torch.full_like(inputs, 4).unsqueeze(1)


# captum, tests/attr/test_lime.py (BSD-3): lasso with alpha 1, cosine kernel of width 10, random draws, met to within 1.
# Ours come from all coalitions. By hand: with equal weights least squares gives 77.5 197.5 117.5 (275 and 115 for the
# pair, 248 and 104 from fours), and the lasso takes alpha / (1/4) = 4 from each; the kernel changes little.
CAPTUM = [
    ({"groups": cells(torch.Size((3,)))}, [73.3716, 193.3349, 113.3349], [73.5, 193.5, 113.5]),
    ({"groups": PAIR}, [271, 111], [271, 111]),
    ({"groups": PAIR, "baseline": fours}, [244, 100], [244, 100]),
]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("options", "theirs", "by_hand"), CAPTUM)
def test_the_numbers_of_captums_own_tests(options, theirs, by_hand):
    from captum.testing.helpers.basic_models import BasicModel_MultiLayer

    score, inputs = Score(BasicModel_MultiLayer(), output(0)), torch.tensor([[20.0, 50.0, 30.0]])
    found = lime_group_values(score, inputs, **options, **LASSO)
    torch.testing.assert_close(found, torch.tensor([theirs]).float(), atol=1.0, rtol=0)
    torch.testing.assert_close(found, torch.tensor([by_hand]).float(), atol=0.01, rtol=0)
    wide = lime_group_values(score, inputs, **options, **{**LASSO, "kernel_width": 1000.0})
    torch.testing.assert_close(wide, torch.tensor([by_hand]).float(), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "options",
    [
        {"surrogate": "lasso", "alpha": 0.01, "draws": 80},
        {"surrogate": "lasso", "alpha": 0.001, "draws": 300, "kernel_width": 1.0},
        {"surrogate": "ridge", "alpha": 0.5, "draws": 40, "seed": 3},
        {"surrogate": "ridge", "alpha": 0.0, "draws": 200},
    ],
)
def test_each_surrogate_equals_its_formula(options):
    case = CASES[0]
    model, inputs = case.model().eval(), case.inputs(2)
    found = lime(Score(model, output(0)), inputs, **options)
    assert found.abs().max() > 0
    torch.testing.assert_close(found, naive.lime(model, inputs, **options), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("draws", "says"), [(64, "all coalitions"), (63, "63 coalitions")])
def test_few_groups_are_enumerated(draws, says):
    model = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    inputs = torch.rand(2, 6, dtype=torch.float64)
    with heard() as notes:
        one, other = (lime(Score(model, output(0)), inputs, draws=draws, seed=seed) for seed in (0, 1))
    assert notes.rules == {"lime": says}
    assert torch.equal(one, other) == (says == "all coalitions")


@pytest.mark.parametrize(("draws", "warned"), [(20, True), (21, False)])
def test_too_few_draws_are_told(draws, warned):
    with heard() as notes:
        lime(Score(CASES[0].model().eval(), output(0)), CASES[0].inputs(1), draws=draws)
    assert [("20 coefficients to 20 mixtures" in sentence) for sentence in notes.warnings] == [True] * warned


def test_the_penalty_does_not_depend_on_the_number_of_draws():
    """A line of slope 1 fitted over all coalitions has the slope var / (var + alpha): 1/2 with alpha 1/4."""
    found = lime(
        Score(torch.nn.Flatten(), lambda outputs: outputs.sum(1)),
        torch.ones(1, 4, dtype=torch.float64),
        alpha=0.25,
        kernel_width=1e4,
    )
    torch.testing.assert_close(found, torch.full((1, 4), 0.5, dtype=torch.float64), atol=1e-6, rtol=0)


def test_a_lasso_leaves_out_what_does_little():
    model = torch.nn.Linear(5, 1).double()
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[3.0, 0.01, -2.0, 0.0, 0.02]]))
    inputs = torch.ones(1, 5, dtype=torch.float64)
    found = lime(Score(model, output(0)), inputs, surrogate="lasso", alpha=0.1, kernel_width=100.0)
    assert (found[0] != 0).tolist() == [True, False, True, False, False]


def test_mixtures_near_the_example_weigh_more():
    mixtures = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]]).bool()
    expected = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)  # 1 - sqrt(k / 4)
    torch.testing.assert_close(proximity(mixtures, 0.5), torch.exp(-2 * expected**2))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"draws": 1}, "draws must be 2 or more mixtures, not 1"),
        ({"kernel_width": 0.0}, "kernel_width must be a number above 0, not 0.0"),
        ({"kernel_width": float("nan")}, "kernel_width must be a number above 0, not nan"),
        ({"alpha": -1.0}, "alpha must be a number of 0 or more, not -1.0"),
        ({"alpha": 0.0, "surrogate": "lasso"}, "above 0 with the lasso; pass surrogate='ridge'"),
    ],
)
def test_options_that_cannot_be_used(options, says):
    def never(outputs):
        raise AssertionError("the model was called")

    with pytest.raises(InputError, match=says):
        lime(Score(torch.nn.Flatten(), never), torch.zeros(1, 4, 6), **options)
