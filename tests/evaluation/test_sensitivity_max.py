"""How far an explanation moves when the input hardly does."""

from functools import partial

import pytest
import torch
from torch import nn

from pictures import picture_network, sequence_network
from seqinterp.attribution.gradient import gradient, gradient_times_input
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.evaluation.neighbours import Neighbours, ball, substitutions
from seqinterp.evaluation.sensitivity_max import local_lipschitz, max_sensitivity
from seqinterp.sequence.onehot import one_hot

INPUTS = one_hot(["ACGTACGTACGTTGCA", "TTTTGGGGCCCCAAAA", "GATTACAGATTACAAG"]).double()
PICTURES = torch.rand(3, 2, 12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
DNA = Score(sequence_network(), output(0))
IMAGE = Score(picture_network(), output(0))
METRICS = [max_sensitivity, local_lipschitz]


class Linear(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, inputs):
        return (inputs * self.weight).flatten(1).sum(dim=1, keepdim=True)


def loose(draws=5):
    return partial(substitutions, draws=draws, tolerance=1e9)


def given(rows):
    """Neighbours that somebody chose, `(batch, draws, *features)`."""
    return lambda score, inputs: Neighbours(rows, torch.ones(rows.shape[:2], dtype=torch.bool), torch.ones(len(rows)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("explainer", [gradient, gradient_times_input])
@pytest.mark.parametrize(("score", "inputs"), [(IMAGE, PICTURES), (DNA, INPUTS)], ids=["picture", "DNA"])
def test_equals_captum_on_the_same_perturbations(score, inputs, explainer):
    from captum.metrics import sensitivity_max

    near = ball if score is IMAGE else loose()
    rows = near(score, inputs).inputs

    def explained(shown):  # captum asks for the explanation of a tuple once, and of a tensor later
        return tuple(explainer(score, one) for one in shown) if isinstance(shown, tuple) else explainer(score, shown)

    expected = sensitivity_max(
        explained,
        inputs,
        perturb_func=lambda repeated, radius: rows.flatten(0, 1),
        n_perturb_samples=rows.shape[1],
    )
    found = max_sensitivity(score, inputs, explainer(score, inputs), explainer=explainer, near=given(rows))
    torch.testing.assert_close(found, expected)
    assert (found > 0.001).all()


def test_a_linear_model_in_closed_form():
    """Its gradient never moves; gradient times input moves by w at the old base and w at the new one."""
    weight = torch.randn(4, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    score = Score(Linear(weight), output(0))
    near = loose(draws=8)
    flat = gradient(score, INPUTS)
    assert max_sensitivity(score, INPUTS, flat, explainer=gradient, near=near).tolist() == [0, 0, 0]
    rows = near(score, INPUTS).inputs
    changed = (rows - INPUTS.unsqueeze(1)) * weight
    length = changed.flatten(2).norm(dim=2).amax(dim=1)
    mine = gradient_times_input(score, INPUTS)
    sensitivity = max_sensitivity(score, INPUTS, mine, explainer=gradient_times_input, near=near)
    torch.testing.assert_close(sensitivity, length / (INPUTS * weight).flatten(1).norm(dim=1))
    lipschitz = local_lipschitz(score, INPUTS, mine, explainer=gradient_times_input, near=near)
    torch.testing.assert_close(lipschitz, length / 2**0.5)


def test_the_lipschitz_estimate_is_below_the_true_constant():
    """The gradient of a quadratic x^T A x moves by at most 2 ||A|| per unit, and by that in one direction."""
    factor = torch.randn(6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    form = factor @ factor.T

    class Quadratic(nn.Module):
        def forward(self, inputs):
            return (inputs @ form * inputs).sum(dim=1, keepdim=True)

    score, inputs = Score(Quadratic(), output(0)), torch.rand(2, 6, dtype=torch.float64) + 2
    bound = 2 * torch.linalg.eigvalsh(form)[-1]
    near = partial(ball, tolerance=1e9, draws=20)
    found = local_lipschitz(score, inputs, gradient(score, inputs), explainer=gradient, near=near)
    assert ((found > 0.3 * bound) & (found <= bound)).all()
    steepest = torch.linalg.eigh(form).eigenvectors[:, -1]
    rows = (inputs + 0.1 * steepest).unsqueeze(1)
    found = local_lipschitz(score, inputs, gradient(score, inputs), explainer=gradient, near=given(rows))
    torch.testing.assert_close(found, bound.expand(2))


def rough(score, inputs):
    """An explanation that has more to do with the exact values of the input than with the model."""
    return torch.sin(1e4 * (inputs + inputs.flatten(1).cumsum(dim=1).reshape(inputs.shape)))


@pytest.mark.parametrize("metric", METRICS)
def test_a_rough_explanation_is_worse(metric):
    smooth = metric(DNA, INPUTS, gradient(DNA, INPUTS), explainer=gradient, near=loose())
    worse = metric(DNA, INPUTS, rough(DNA, INPUTS), explainer=rough, near=loose())
    assert (worse > smooth).all()


@pytest.mark.parametrize("metric", METRICS)
def test_batch_and_order_change_nothing(metric):
    whole = metric(DNA, INPUTS, gradient(DNA, INPUTS), explainer=gradient)
    turned = INPUTS.flip(0)
    torch.testing.assert_close(metric(DNA, turned, gradient(DNA, turned), explainer=gradient).flip(0), whole)
    alone = INPUTS[1:2]
    torch.testing.assert_close(metric(DNA, alone, gradient(DNA, alone), explainer=gradient), whole[1:2])


@pytest.mark.parametrize("metric", METRICS)
def test_no_neighbour_is_no_number(metric):
    inputs = one_hot(["ACGTACGTACGTTGCA", "NNNNNNNNNNNNNNNN"]).double()
    found = metric(DNA, inputs, gradient(DNA, inputs), explainer=gradient, near=loose())
    assert found.isnan().tolist() == [False, True]
