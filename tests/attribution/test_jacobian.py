"""The full Jacobian and the map made of it."""

import pytest
import torch

from cases import CASES
from seqinterp.attribution.jacobian import jacobian, saliency_map


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_equals_reverse_mode_jacobian(case):
    model, inputs = case.model().eval(), case.inputs(3)
    found = jacobian(model, inputs)
    assert found.shape == (3, case.outputs, *case.shape)
    for example in range(3):
        one = inputs[example : example + 1]
        expected = torch.autograd.functional.jacobian(lambda x: model(x).reshape(-1), one)[:, 0]
        torch.testing.assert_close(found[example], expected)


def test_map_is_the_absolute_sum_scaled_to_one():
    slopes = torch.tensor([[[[1.0, 0.0, -2.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]]])
    assert saliency_map(slopes).tolist() == [[0.5, 0.0, 1.0]]


def test_a_flat_map_gives_zeros():
    assert saliency_map(torch.full((2, 3, 4, 5), 0.7)).tolist() == [[0.0] * 5] * 2


def test_each_example_is_scaled_by_itself():
    slopes = torch.rand(4, 2, 4, 9)
    slopes[0] *= 1000
    found = saliency_map(slopes)
    assert found.amin(dim=1).tolist() == [0.0] * 4
    assert found.amax(dim=1).tolist() == [1.0] * 4
