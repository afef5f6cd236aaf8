"""The correction that keeps gradients on the simplex."""

import pytest
import torch
from torch import nn

from cases import DNA_CASES
from naive import smoothing as naive
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.simplex import corrected, corrected_gradient, corrected_gradient_times_input, on_simplex
from seqinterp.attribution.smoothgrad import smoothgrad
from seqinterp.attribution.targets import output
from seqinterp.errors import ShapeError


@pytest.mark.parametrize("case", DNA_CASES, ids=lambda case: case.name)
def test_equals_its_formula(case):
    model, inputs = case.model().eval(), case.inputs(2)
    score = Score(model, output(0))
    expected = naive.corrected_gradient(model, inputs)
    torch.testing.assert_close(corrected_gradient(score, inputs), expected, rtol=1e-5, atol=1e-8)
    expected = naive.corrected_gradient_times_input(model, inputs)
    torch.testing.assert_close(corrected_gradient_times_input(score, inputs), expected, rtol=1e-5, atol=1e-8)


def test_columns_add_up_to_nothing_and_twice_is_once():
    values = torch.randn(3, 4, 9, dtype=torch.float64)
    found = on_simplex(values)
    assert float(found.sum(dim=1).abs().max()) < 1e-14
    torch.testing.assert_close(on_simplex(found), found)
    assert on_simplex(torch.tensor([[[1.0], [2], [3], [6]]])).flatten().tolist() == [-2, -1, 0, 3]


def test_models_equal_on_sequences_are_explained_alike():
    """A multiple of the column sum, which is 1 in every sequence, changes the gradient and not the corrected one."""

    class Shifted(nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, inputs):
            return self.model(inputs) + 3 * (inputs.sum(dim=1, keepdim=True) - 1).sum(dim=2)

    case = DNA_CASES[0]
    model, inputs = case.model().eval(), case.inputs(2)
    plain, shifted = Score(model, output(0)), Score(Shifted(model), output(0))
    torch.testing.assert_close(plain(inputs), shifted(inputs))
    assert not torch.allclose(gradient(plain, inputs), gradient(shifted, inputs))
    torch.testing.assert_close(corrected_gradient(plain, inputs), corrected_gradient(shifted, inputs))


def test_any_explainer_of_all_bases():
    case = DNA_CASES[0]
    score, inputs = Score(case.model().eval(), output(0)), case.inputs(2)
    assert isinstance(corrected(smoothgrad), Explainer)
    assert corrected(gradient) == corrected_gradient
    found = corrected(smoothgrad)(score, inputs, draws=3, seed=1)
    torch.testing.assert_close(found, on_simplex(smoothgrad(score, inputs, draws=3, seed=1)))


@pytest.mark.parametrize("shape", [(2, 3, 8), (2, 4), (2, 4, 8, 8)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ShapeError, match="needs one number per base"):
        on_simplex(torch.zeros(shape))


@pytest.mark.parametrize("case", [case for case in DNA_CASES if case.outputs > 1], ids=lambda case: case.name)
def test_tangermeme_agrees(case):
    from tangermeme.saliency import saliency

    model, inputs = case.model().float().eval(), case.inputs(3).float()
    inputs[0, :, 4] = 0
    score, options = Score(model, output(1)), {"target": 1, "gradient_correction": True, "device": "cpu"}
    theirs = saliency(model, inputs, hypothetical=True, **options)
    torch.testing.assert_close(corrected_gradient(score, inputs), theirs)
    torch.testing.assert_close(corrected_gradient_times_input(score, inputs), saliency(model, inputs, **options))
