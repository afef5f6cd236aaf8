"""KernelSHAP: the exact values from all coalitions, close to them from some."""

import pytest
import torch

from cases import CASES
from seqinterp.attribution.exact_shapley import exact_group_values, exact_shapley
from seqinterp.attribution.groups import blocks
from seqinterp.attribution.kernel_shap import kernel_group_values, kernel_shap
from seqinterp.attribution.notes import heard
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError


def noise(inputs):
    return torch.stack(((inputs * 5).sin(), (inputs * 3).cos()), dim=1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("count", [1, 2, 3, 12])
def test_all_coalitions_give_the_exact_shapley_values(case, count):
    score, inputs = Score(case.model().eval(), output(0)), case.inputs(2)
    options = {"groups": blocks(inputs.shape[1:], count), "baseline": noise}
    found, exact = kernel_group_values(score, inputs, **options), exact_group_values(score, inputs, **options)
    torch.testing.assert_close(found, exact, rtol=1e-10, atol=1e-10)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_numbers_of_captums_own_tests():
    """captum, tests/attr/test_kernel_shap.py (BSD-3), which it meets to within 1."""
    from captum.testing.helpers.basic_models import BasicModel_MultiLayer

    score, inputs = Score(BasicModel_MultiLayer(), output(0)), torch.tensor([[20.0, 50.0, 30.0]])
    torch.testing.assert_close(kernel_shap(score, inputs), torch.tensor([[76.66666, 196.66666, 116.66666]]))
    tens = kernel_shap(score, inputs, baseline=lambda x: x.new_tensor([[[10.0, 20.0, 10.0]]]))
    torch.testing.assert_close(tens, torch.tensor([[40.0, 120.0, 80.0]]))
    groups = torch.tensor([0, 0, 1])
    torch.testing.assert_close(kernel_group_values(score, inputs, groups=groups), torch.tensor([[275.0, 115.0]]))
    fours = kernel_group_values(score, inputs, groups=groups, baseline=lambda x: torch.full_like(x, 4)[:, None])
    torch.testing.assert_close(fours, torch.tensor([[248.0, 104.0]]))


@pytest.mark.filterwarnings("ignore")
def test_equals_the_shap_package():
    shap = pytest.importorskip("shap")
    model = torch.nn.Sequential(torch.nn.Linear(8, 9), torch.nn.Tanh(), torch.nn.Linear(9, 1)).double()
    inputs, background = torch.rand(2, 2, 8, dtype=torch.float64)

    def predict(rows):
        with torch.no_grad():
            return model(torch.as_tensor(rows)).numpy()[:, 0]

    theirs = shap.KernelExplainer(predict, background.numpy()).shap_values(inputs.numpy(), silent=True, l1_reg=0)
    baseline = lambda x: background.expand(len(x), -1, -1)  # noqa: E731
    found = kernel_shap(Score(model, output(0)), inputs, baseline=baseline)
    torch.testing.assert_close(found, torch.as_tensor(theirs), rtol=1e-6, atol=1e-8)


class Pairs(torch.nn.Module):
    """Neighbours multiplied: each feature's Shapley value is half of its two products."""

    def forward(self, inputs):
        return (inputs * inputs.roll(1, dims=1)).sum(1)


def test_drawn_coalitions_come_close_to_known_values():
    inputs = torch.rand(2, 16, dtype=torch.float64)
    exact = inputs * (inputs.roll(1, dims=1) + inputs.roll(-1, dims=1)) / 2
    with heard() as notes:
        found = kernel_shap(Score(Pairs(), output(0)), inputs, draws=400)
    # With complements in the draw, products of two features are estimated without error.
    torch.testing.assert_close(found, exact, rtol=1e-9, atol=1e-9)
    assert notes.rules == {"kernel_shap": "400 coalitions"}
    assert not notes.warnings


def test_drawn_coalitions_come_close_to_the_exact_values():
    """Sixteen features of which the first eight act together: the others get nothing, these the exact values."""

    class First(torch.nn.Module):
        def forward(self, inputs):
            return torch.exp(inputs[:, :8].sum(1) / 4) + (inputs[:, :3].prod(1))

    inputs = torch.rand(2, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 0.5
    exact = exact_shapley(Score(First(), output(0)), inputs[:, :8])
    errors = []
    for draws in (100, 6000):
        found = kernel_shap(Score(First(), output(0)), inputs, draws=draws)
        errors.append(max((found[:, :8] - exact).abs().max(), found[:, 8:].abs().max()))
    assert errors[1] < 0.02 * exact.max()
    assert errors[1] < errors[0] / 5


def test_too_few_draws_are_told():
    score, inputs = Score(Pairs(), output(0)), torch.rand(1, 16, dtype=torch.float64)
    with heard() as notes:
        found = kernel_shap(score, inputs, draws=20)
    assert "used 20 coalitions of 16 groups, too few" in notes.warnings[0]
    torch.testing.assert_close(found.sum(), score(inputs)[0])


def test_one_draw_is_refused():
    with pytest.raises(InputError, match="draws must be 2 or more coalitions, not 1"):
        kernel_shap(Score(Pairs(), output(0)), torch.zeros(1, 16), draws=1)
