"""What is held against an activation: values by hand, and which way each pulls."""

import pytest
import torch

from naive import activation as naive
from seqinterp.design.gradients.regularisers import background_kl, l2, total_variation
from seqinterp.errors import InputError

GENERATOR = torch.Generator().manual_seed(3)
PICTURES = torch.randn(3, 2, 5, 4, generator=GENERATOR, dtype=torch.float64)
COLUMNS = torch.rand(3, 4, 9, generator=GENERATOR, dtype=torch.float64).softmax(dim=1)
ONE_HOT = torch.eye(4, dtype=torch.float64)[None]
BACKGROUND = [0.3, 0.2, 0.1, 0.4]


def pulled(regulariser, inputs, step=1e-3):
    """Inputs after one small step down."""
    leaf = inputs.clone().requires_grad_()
    regulariser(leaf).sum().backward()
    return inputs - step * leaf.grad


def test_values():
    assert l2(PICTURES).tolist() == pytest.approx([float((one**2).sum()) for one in PICTURES])
    for inputs in (PICTURES, COLUMNS, ONE_HOT):
        assert total_variation(inputs).tolist() == pytest.approx([naive.total_variation(one) for one in inputs])
    for inputs in (COLUMNS, ONE_HOT):
        expected = [naive.background_kl(one, BACKGROUND) for one in inputs]
        assert background_kl(inputs, BACKGROUND).tolist() == pytest.approx(expected)
    assert total_variation(torch.ones(2, 7)).tolist() == [0, 0]


def test_where_each_is_least():
    assert float(l2(torch.zeros(1, 2, 3))) == 0
    assert float(total_variation(torch.full((1, 2, 3, 3), 7.0))) == 0
    assert float(background_kl(torch.tensor(BACKGROUND)[None, :, None].expand(1, 4, 6), BACKGROUND)) == pytest.approx(
        0, abs=1e-6
    )
    assert (background_kl(COLUMNS, BACKGROUND) > 0).all()


@pytest.mark.parametrize("regulariser", [l2, total_variation])
def test_a_step_down_lowers_it(regulariser):
    assert (regulariser(pulled(regulariser, PICTURES)) < regulariser(PICTURES)).all()


def test_a_column_of_one_base_has_a_gradient():
    """p log p has none at zero; one-hot columns must not make NaN."""
    leaf = ONE_HOT.clone().requires_grad_()
    background_kl(leaf).sum().backward()
    assert torch.isfinite(leaf.grad).all()


@pytest.mark.parametrize("background", [[0.5, 0.5, 0.5, 0.5], [1.0, 0.0, 0.0, 0.0], [0.5, 0.5]])
def test_a_background_that_is_none(background):
    with pytest.raises(InputError, match="four shares of A, C, G, T"):
        background_kl(COLUMNS, background)
