"""SmoothGrad, VarGrad and the squared and discrete kinds."""

import pytest
import torch
from torch import nn

from cases import CASES, DNA_CASES
from naive import smoothing as naive
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import row_limit
from seqinterp.attribution.smoothgrad import discrete_smoothgrad, smoothgrad, squared_smoothgrad, vargrad
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ShapeError

METHODS = [smoothgrad, vargrad, squared_smoothgrad, discrete_smoothgrad]
PAIRS = [
    pytest.param(method, case, id=f"{method.__name__}-{case.name}")
    for method in METHODS
    for case in (DNA_CASES if method is discrete_smoothgrad else CASES)
]


class Quadratic(nn.Module):
    """x A x for the flattened inputs, and its own gradient."""

    def __init__(self, size):
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.matrix = torch.randn(size, size, generator=generator, dtype=torch.float64)

    def forward(self, inputs):
        flat = inputs.flatten(1)
        return torch.einsum("bi,ij,bj->b", flat, self.matrix, flat)

    def slope(self, inputs):
        return (inputs.flatten(1) @ (self.matrix + self.matrix.T)).reshape(inputs.shape)


@pytest.mark.parametrize(("method", "case"), PAIRS)
def test_equals_its_formula(method, case):
    model, inputs = case.model().eval(), case.inputs(2)
    index = case.outputs - 1
    found = method(Score(model, output(index)), inputs, seed=4)
    expected = getattr(naive, method.__name__)(model, inputs, index, seed=4)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_batch_and_order_change_nothing(method):
    case = CASES[0]
    score, inputs = Score(case.model().eval(), output(0)), case.inputs(5)
    whole = method(score, inputs, draws=6)
    torch.testing.assert_close(method(score, inputs.flip(0), draws=6).flip(0), whole, rtol=1e-10, atol=1e-12)
    for rows in (1, 4, 13):
        with row_limit(rows):
            torch.testing.assert_close(method(score, inputs, draws=6), whole, rtol=1e-10, atol=1e-12)
    assert not torch.allclose(method(score, inputs, draws=6, seed=1), whole)


@pytest.mark.parametrize("draws", [2, 3, 25])
def test_a_linear_model_has_its_own_gradient(draws):
    model = nn.Sequential(nn.Flatten(), nn.Linear(24, 1)).double()
    score = Score(model, output(0))
    inputs = nn.functional.one_hot(torch.arange(18).reshape(3, 6) % 4, 4).transpose(1, 2).double()
    weights = gradient(score, inputs)
    torch.testing.assert_close(smoothgrad(score, inputs, draws=draws), weights)
    torch.testing.assert_close(discrete_smoothgrad(score, inputs, draws=draws, rate=0.9), weights)
    torch.testing.assert_close(squared_smoothgrad(score, inputs, draws=draws), weights**2)
    torch.testing.assert_close(vargrad(score, inputs, draws=draws), torch.zeros_like(weights))


def test_unbiased_on_a_quadratic():
    model, inputs, draws, level = Quadratic(6), torch.rand(2, 6, dtype=torch.float64), 20000, 0.3
    score, true = Score(model, lambda outputs: outputs), model.slope(inputs)
    deviation = level * (inputs.amax(dim=1) - inputs.amin(dim=1))
    variance = deviation[:, None] ** 2 * (model.matrix + model.matrix.T).square().sum(dim=0)
    error = smoothgrad(score, inputs, draws=draws, noise_level=level) - true
    assert bool((error.abs() < 5 * (variance / draws) ** 0.5).all())
    found = vargrad(score, inputs, draws=draws, noise_level=level)
    assert bool(((found / variance - 1).abs() < 5 * (2 / draws) ** 0.5).all())
    squared = squared_smoothgrad(score, inputs, draws=draws, noise_level=level)
    torch.testing.assert_close(squared, found + (true + error) ** 2)


def test_the_noise_is_relative_to_the_example():
    model, inputs = Quadratic(6), torch.rand(2, 6, dtype=torch.float64)
    score = Score(model, lambda outputs: outputs)
    spread = [vargrad(score, strength * inputs, draws=4000).sum() for strength in (1, 10)]
    assert 80 < float(spread[1] / spread[0]) < 120
    torch.testing.assert_close(smoothgrad(score, inputs, noise_level=0.0), gradient(score, inputs))


def test_mutated_copies_are_sequences():
    seen = []

    class Listening(nn.Module):
        def forward(self, rows):
            seen.append(rows.detach())
            return rows.square().sum(dim=(1, 2))

    inputs = torch.zeros(1, 4, 1000)
    inputs[0, 2, :600], inputs[0, 0, 600:900], inputs[0, 1, 600:900] = 1, 0.7, 0.3
    discrete_smoothgrad(Score(Listening(), lambda outputs: outputs), inputs, draws=40, rate=0.25)
    copies = torch.cat(seen)
    assert copies.shape == (40, 4, 1000)
    assert bool((copies[:, :, 900:] == 0).all())  # N stays N
    changed = (copies != inputs).any(dim=1)
    share = changed[:, :900].double().mean()
    assert abs(float(share) - 0.25) < 5 * (0.25 * 0.75 / 36000) ** 0.5
    for column in copies.transpose(1, 2)[changed]:
        assert sorted(column.tolist()) == [0, 0, 0, 1]
    others = copies[:, :, :600].sum(dim=(0, 2))[[0, 1, 3]] / changed[:, :600].sum()
    assert bool(((others - 1 / 3).abs() < 0.03).all())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("draws", [0, -3])
def test_draws_must_be_there(method, draws):
    with pytest.raises(InputError, match=f"draws .*, not {draws}"):
        method(Score(nn.Identity(), output(0)), torch.zeros(1, 4, 3), draws=draws)


def test_other_options_are_refused():
    score, inputs = Score(nn.Identity(), output(0)), torch.zeros(1, 4, 3)
    with pytest.raises(InputError, match="draws to be 2 or more, not 1"):
        vargrad(score, inputs, draws=1)
    for level in (-0.1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="noise_level must be a share"):
            smoothgrad(score, inputs, noise_level=level)
    for rate in (-0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="rate must be a probability"):
            discrete_smoothgrad(score, inputs, rate=rate)
    with pytest.raises(ShapeError, match="discrete_smoothgrad needs one-hot DNA"):
        discrete_smoothgrad(score, torch.rand(2, 3, 8, 8))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_captum_agrees_on_the_average():
    """The same draws are not to be had from both, so the means of many are compared."""
    from captum.attr import NoiseTunnel, Saliency

    case = CASES[4]
    model, inputs = case.model().eval(), case.inputs(1)
    deviation = 0.2 * float(inputs.max() - inputs.min())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = NoiseTunnel(Saliency(model)).attribute(
            inputs, nt_type="smoothgrad", nt_samples=4000, stdevs=deviation, target=1, abs=False
        )
    score = Score(model, output(1))
    ours = smoothgrad(score, inputs, draws=4000, noise_level=0.2)
    error = (2 * vargrad(score, inputs, draws=4000, noise_level=0.2) / 4000) ** 0.5
    assert bool(((ours - theirs).abs() < 5 * error + 1e-9).all())
