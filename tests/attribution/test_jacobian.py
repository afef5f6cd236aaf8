"""The full Jacobian and the map made of it."""

import pytest
import torch

import seqinterp as si
from cases import CASES
from seqinterp.attribution.jacobian import jacobian, saliency_map
from seqinterp.errors import ModelError


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


def test_the_map_of_images_is_scaled_over_rows_and_columns_together():
    slopes = torch.randn(2, 3, 1, 4, 5, generator=torch.Generator().manual_seed(0))
    found, total = saliency_map(slopes), slopes.abs().sum(dim=(1, 2))
    assert found.shape == (2, 4, 5)
    for each, sums in zip(found, total, strict=True):
        torch.testing.assert_close(each, (sums - sums.min()) / (sums.max() - sums.min()))
    assert saliency_map(torch.full((1, 2, 3, 4, 5), 0.7)).abs().max() == 0


def test_a_flat_map_gives_zeros():
    assert saliency_map(torch.full((2, 3, 4, 5), 0.7)).tolist() == [[0.0] * 5] * 2


def test_each_example_is_scaled_by_itself():
    slopes = torch.rand(4, 2, 4, 9)
    slopes[0] *= 1000
    found = saliency_map(slopes)
    assert found.amin(dim=1).tolist() == [0.0] * 4
    assert found.amax(dim=1).tolist() == [1.0] * 4


def test_the_public_call_gives_the_model_back_and_repeats_itself():
    case = next(case for case in CASES if case.name == "batchnorm")
    model, inputs = case.model().train(), case.inputs(5)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    one, other = (si.jacobian(model, inputs.numpy(), batch_size=size, device="cpu") for size in (2, 5))
    torch.testing.assert_close(one, other)
    assert one.shape == (5, case.outputs, *case.shape)
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_model_without_slopes_is_refused():
    class Constant(torch.nn.Module):
        def forward(self, inputs):
            return torch.ones(len(inputs), 2)

    with pytest.raises(ModelError, match="can be differentiated"):
        jacobian(Constant(), torch.rand(2, 4, 6))
