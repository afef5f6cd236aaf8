"""Integrated gradients by secants: the axioms, captum on smooth networks, and the gradients inside."""

from functools import partial

import pytest
import torch
from torch import nn

from naive import integrated as naive
from seqinterp.attribution import notes
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.integrated_gradients import (
    hypothetical_integrated_gradients,
    integrated_gradients,
    interior_gradients,
)
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import explain, scores
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError
from twins import TWINS

# what torch says of itself when its forward derivatives are first used
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")


def signed(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def net(*middle, features=6):
    torch.manual_seed(1)
    layers = [layer for one in middle for layer in (nn.Linear(features, features), one)]
    return nn.Sequential(*layers, nn.Linear(features, 2)).double().eval()


SMOOTH = {
    "tanh": lambda: net(nn.Tanh(), nn.Tanh()),
    "gelu": lambda: net(nn.GELU(), nn.GELU()),
    "softplus and norm": lambda: net(nn.Softplus(), nn.LayerNorm(6)),
    "sigmoid and softmax": lambda: net(nn.Sigmoid(), nn.Softmax(dim=1)),
}


def ig(model, inputs, *, batch_size=None, **options):
    method = partial(integrated_gradients, **options)
    return explain(method, Score(model, output(0)), inputs, device="cpu", batch_size=batch_size)


def drawn(inputs):
    return (0.5 * signed(3, *inputs.shape[1:], seed=7)).expand(len(inputs), 3, *inputs.shape[1:])


@pytest.mark.parametrize("build", SMOOTH.values(), ids=SMOOTH)
class TestSmooth:
    @pytest.mark.filterwarnings("ignore")
    def test_captum(self, build):
        captum = pytest.importorskip("captum.attr")
        model, inputs = build(), 2 * signed(3, 6)
        for start in (torch.zeros(1, 6, dtype=torch.float64), signed(1, 6, seed=3)):
            expected = captum.IntegratedGradients(model).attribute(inputs, start, target=0, n_steps=200)
            found = ig(model, inputs, steps=128, baseline=lambda x, start=start: start.expand_as(x).unsqueeze(1))
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-3 * float(expected.abs().max()))

    def test_the_formula_and_the_stated_error(self, build):
        model, inputs = build(), 2 * signed(4, 6)
        expected = naive.integrated_gradients(model, inputs, references=drawn(inputs), steps=4000)
        with notes.heard() as heard:
            found = ig(model, inputs, baseline=drawn)
        assert ((found - expected).abs().amax(1) <= torch.cat(heard.stated_error)).all()
        fine = ig(model, inputs, baseline=drawn, steps=128)
        torch.testing.assert_close(fine, expected, rtol=0, atol=5e-4 * float(expected.abs().max()))

    def test_complete_whatever_the_steps(self, build):
        model, inputs = build(), 2 * signed(4, 6)
        ends = scores(Score(model, output(0)), torch.cat([inputs, 0 * inputs]), device="cpu")
        for steps in (1, 3, 10):
            found = ig(model, inputs, steps=steps).sum(1)
            torch.testing.assert_close(found, ends[:4] - ends[4:], rtol=1e-9, atol=1e-11)

    def test_batch_and_order_change_nothing(self, build):
        model, inputs = build(), signed(5, 6)
        whole = ig(model, inputs)
        for size in (1, 2, 5):
            parts = ig(model, inputs.flip(0), batch_size=size).flip(0)
            torch.testing.assert_close(parts, whole, rtol=1e-10, atol=1e-12)


class TestAxioms:
    def test_sensitivity_a(self):
        """One feature differs from the reference and so does the score: all of it is that feature's."""
        model, inputs = net(nn.ReLU(), nn.Tanh()), torch.zeros(6, 6, dtype=torch.float64)
        inputs.fill_diagonal_(1.5)
        found = ig(model, inputs)
        ends = scores(Score(model, output(0)), torch.cat([inputs, 0 * inputs]), device="cpu")
        torch.testing.assert_close(found, torch.diag(ends[:6] - ends[6:]), rtol=1e-9, atol=1e-11)
        assert (found.diag().abs() > 1e-3).all()

    def test_a_feature_that_is_not_used_gets_nothing(self):
        model = net(nn.ReLU(), nn.GELU())
        model[0].weight.data[:, 2] = 0
        found = ig(model, signed(4, 6))
        assert not found[:, 2].any()
        assert found[:, [0, 1, 3, 4, 5]].all()

    def test_symmetric_features_get_the_same(self):
        model = net(nn.ReLU(), nn.Sigmoid())
        model[0].weight.data[:, 4] = model[0].weight.data[:, 1]
        inputs = signed(4, 6)
        inputs[:, 4] = inputs[:, 1]
        found = ig(model, inputs)
        torch.testing.assert_close(found[:, 4], found[:, 1], rtol=1e-12, atol=1e-14)

    @pytest.mark.parametrize("twin", TWINS[::3], ids=lambda twin: f"{twin.name}-{twin.kit.dims}")
    def test_only_the_function_matters(self, twin):
        inputs = twin.inputs(1)
        with notes.heard() as heard:
            a, b = ig(twin.build_a(), inputs, tolerance=0.05), ig(twin.build_b(), inputs, tolerance=0.05)
        apart = (a - b).flatten(1).abs().amax(1)
        assert (apart <= sum(heard.stated_error)).all()
        assert a.any()

    def test_a_linear_model_in_one_step(self):
        model, inputs = nn.Linear(6, 1).double(), signed(3, 6)
        torch.testing.assert_close(ig(model, inputs, steps=1), model.weight.detach() * inputs)

    @pytest.mark.parametrize("options", [{}, {"steps": 1}, {"steps": 7}])
    def test_rectifiers_without_bias_from_zeros_are_gradient_times_input(self, options):
        model, inputs = net(nn.ReLU(), nn.LeakyReLU(0.2)), signed(4, 6)
        for layer in (model[0], model[2], model[4]):
            layer.bias = None
        slope = gradient(Score(model, output(0)), inputs)
        torch.testing.assert_close(ig(model, inputs, **options), slope * inputs, rtol=1e-12, atol=1e-14)


def test_hypothetical_contributions():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv1d(4, 5, 3), nn.GELU(), nn.Flatten(), nn.Linear(50, 1)).double()
    inputs = nn.functional.one_hot(torch.randint(4, (3, 12)), 4).transpose(1, 2).double()
    found = explain(hypothetical_integrated_gradients, Score(model, output(0)), inputs, device="cpu")
    torch.testing.assert_close(found * inputs, ig(model, inputs))


class TestInside:
    def test_each_is_the_plain_gradient(self):
        score, inputs = Score(net(nn.ReLU(), nn.Tanh()), output(0)), signed(3, 6)
        alphas, found = interior_gradients(score, inputs, steps=5)
        torch.testing.assert_close(alphas, torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9], dtype=torch.float64))
        for alpha, slopes in zip(alphas, found.unbind(1), strict=True):
            torch.testing.assert_close(slopes, gradient(score, alpha * inputs))

    def test_several_references_are_averaged(self):
        score, inputs = Score(net(nn.Tanh()), output(0)), signed(2, 6)
        alphas, found = interior_gradients(score, inputs, steps=4, baseline=drawn)
        starts = drawn(inputs)
        for alpha, slopes in zip(alphas, found.unbind(1), strict=True):
            each = [gradient(score, start + alpha * (inputs - start)) for start in starts.unbind(1)]
            torch.testing.assert_close(slopes, torch.stack(each).mean(0))

    def test_their_mean_tends_to_the_integral(self):
        model, inputs = net(nn.Tanh(), nn.GELU()), 2 * signed(3, 6)
        fine = ig(model, inputs, steps=128)
        errors = []
        for steps in (10, 100):
            _, slopes = interior_gradients(Score(model, output(0)), inputs, steps=steps)
            errors.append(float((slopes.mean(1) * inputs - fine).abs().max()))
        assert errors[1] < errors[0] / 20
        assert errors[1] < 1e-3


@pytest.mark.parametrize(
    ("options", "message"),
    [({"steps": 0}, "steps must be 1 or more, or None"), ({"tolerance": 0.0}, "tolerance must be a positive part")],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        ig(net(nn.ReLU()), signed(2, 6), **options)


def test_interior_gradients_need_a_step():
    with pytest.raises(InputError, match="steps must be 1 or more, not 0"):
        interior_gradients(Score(net(nn.ReLU()), output(0)), signed(2, 6), steps=0)
