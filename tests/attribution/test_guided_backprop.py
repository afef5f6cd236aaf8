"""Guided backprop, and what it shares with deconvnet: which operations are rectifiers, and the laws of both."""

import copy
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from architectures import ARCHITECTURES
from cases import CASES
from naive import backprop as naive
from seqinterp.attribution.deconvnet import deconvnet
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.guided_backprop import guided_backprop
from seqinterp.attribution.notes import heard
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import explain
from seqinterp.attribution.targets import as_target, output
from seqinterp.errors import ModelError
from twins import TWINS, Call

BOTH = pytest.mark.parametrize("method", [guided_backprop, deconvnet])
CPU = {"device": "cpu"}
WITHOUT_RECTIFIERS = """
    linear_convolution linear_operations where_with_a_jump sigmoid_and_tanh chains live_division live_logaddexp
    gated_linear_unit unknown_erf_and_sine unknown_bessel_and_atan log_sum_exp max_with_indices_dropped
    log_softmax_output softmax_pooling lstm lstm_by_hand recurrent_cells attention_with_weights scaled_dot_product
    """.split()  # noqa: SIM905
# rules for rectifiers alone: a norm, an attention or an LSTM may be written in any way, which LRP would notice
SAME = [twin for twin in TWINS if not ("Phi" in twin.name or "| mask" in twin.name or "half of" in twin.name)]


def on_one(function, method, values, weights):
    """A method on the sum of weights * function(inputs), and its notes."""

    class Model(nn.Module):
        def forward(self, inputs):
            return (function(inputs * 1.0) * weights).sum(dim=1)

    with heard() as notes:
        return method(Score(Model(), output(0)), values), notes.rules


VALUES = torch.tensor([[-3.0, -1.0, -0.2, 0.3, 1.0, 1.7, 7.0]], dtype=torch.float64).repeat(2, 1)
WEIGHTS = torch.tensor([[2.0] * 7, [-1.0] * 7], dtype=torch.float64)


class TestPeers:
    @pytest.fixture(autouse=True)
    def quiet(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import captum.attr
            from captum.testing.helpers import basic_models
        self.captum, self.models = captum.attr, basic_models

    def attribute(self, peer, model, inputs, target):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(self.captum, peer)(model).attribute(inputs.clone().requires_grad_(), target=target).detach()

    @pytest.mark.parametrize(
        ("method", "expected"),
        [
            (guided_backprop, [[0, 1, 1, 1], [1, 3, 3, 2], [1, 3, 3, 2], [1, 2, 2, 1]]),
            (deconvnet, [[2, 3, 3, 1], [3, 5, 5, 2], [3, 5, 5, 2], [1, 2, 2, 1]]),
        ],
    )
    def test_numbers_of_captum(self, method, expected):
        model = self.models.BasicModel_ConvNet_One_Conv()
        inputs = torch.arange(16.0).view(1, 1, 4, 4)
        found = explain(method, Score(model, output(0)), inputs, **CPU)
        assert found.view(4, 4).tolist() == expected

    @pytest.mark.parametrize("name", ["relu_modules", "batch_norm_after", "convolution_pool_relu"])
    @pytest.mark.parametrize("modality", ["dna", "image"])
    @pytest.mark.parametrize(("method", "peer"), [(guided_backprop, "GuidedBackprop"), (deconvnet, "Deconvolution")])
    def test_equals_captum_on_relu_modules(self, name, modality, method, peer):
        (case,) = [case for case in ARCHITECTURES if case.name == f"{name}-{modality}"]
        model, inputs = case.model(), case.inputs()
        found = explain(method, Score(model, as_target(case.target)), inputs, **CPU)
        for module in model.modules():
            if isinstance(module, nn.ReLU):
                module.inplace = False
        theirs = self.attribute(peer, model, inputs, case.target)
        torch.testing.assert_close(found, theirs, rtol=1e-9, atol=1e-12)

    def test_a_functional_relu_is_seen(self):
        """captum gives the plain gradient here, without a word."""
        torch.manual_seed(0)
        ours = nn.Sequential(nn.Conv1d(4, 5, 3), Call(F.relu), nn.Flatten(), nn.Linear(40, 1)).double()
        twin = nn.Sequential(ours[0], nn.ReLU(), *ours[2:])
        inputs = CASES[0].inputs()[:, :, :10]
        score = Score(ours, output(0))
        theirs = self.attribute("GuidedBackprop", ours, inputs, 0)
        torch.testing.assert_close(theirs, explain(gradient, score, inputs, **CPU))
        found = explain(guided_backprop, score, inputs, **CPU)
        assert torch.equal(found, explain(guided_backprop, Score(twin, output(0)), inputs, **CPU))
        assert not torch.allclose(found, theirs)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("method", "formula"), [(guided_backprop, naive.guided_backprop), (deconvnet, naive.deconvnet)]
)
def test_equals_its_formula(case, method, formula):
    model, inputs, index = case.model().eval(), case.inputs(3), case.outputs - 1
    found = explain(method, Score(model, output(index)), inputs, **CPU)
    torch.testing.assert_close(found, formula(model, inputs, index), rtol=1e-9, atol=1e-12)


RELUS = {
    "F.relu": F.relu,
    "torch.relu": torch.relu,
    "method": lambda x: x.relu(),
    "in place": lambda x: x.relu_(),
    "F in place": lambda x: F.relu(x, inplace=True),
    "module": nn.ReLU(),
    "module in place": nn.ReLU(inplace=True),
    "clamp": lambda x: x.clamp(min=0),
    "clamp to infinity": lambda x: torch.clamp(x, 0.0, float("inf")),
    "clamp by a tensor": lambda x: x.clamp(min=torch.zeros(7).double()),
    "clip": lambda x: x.clip(0),
    "clamp_min": lambda x: torch.clamp_min(x, 0),
    "clamp_ in place": lambda x: x.clamp_(min=0),
    "threshold": lambda x: F.threshold(x, 0, 0),
    "threshold in place": nn.Threshold(0, 0, inplace=True),
    "maximum": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "maximum, zero first": lambda x: torch.maximum(torch.zeros((), dtype=x.dtype), x),
    "max": lambda x: torch.max(x, torch.zeros_like(x)),
    "fmax": lambda x: x.fmax(x.new_zeros(1)),
    "where": lambda x: torch.where(x > 0, x, 0.0),
    "where zeros": lambda x: torch.where(x >= 0, x, torch.zeros_like(x)),
    "where below": lambda x: torch.where(x < 0, 0.0, x),
    "where, zero compared": lambda x: torch.where(torch.zeros_like(x) < x, x, 0.0),
    "where method": lambda x: x.where(x.gt(0), 0.0),
    "masked_fill": lambda x: x.masked_fill(x <= 0, 0.0),
    "masked_fill in place": lambda x: x.masked_fill_(x <= 0, 0.0),
    "leaky with slope 0": nn.LeakyReLU(0.0),
    "prelu with slope 0": lambda x: F.prelu(x, torch.zeros(1).double()),
}


@pytest.mark.parametrize("relu", RELUS.values(), ids=RELUS)
def test_every_way_to_write_relu(relu):
    found, rules = on_one(relu, guided_backprop, VALUES, WEIGHTS)
    assert found.tolist() == [[0, 0, 0, 2, 2, 2, 2], [0] * 7]
    assert list(rules.values()) == ["guided"]
    found, rules = on_one(relu, deconvnet, VALUES, WEIGHTS)
    assert found.tolist() == [[2] * 7, [0] * 7]
    assert list(rules.values()) == ["deconvolved"]


@pytest.mark.parametrize("name", [name for name in RELUS if "where" not in name])
def test_zero_is_not_positive(name):
    """torch itself gives a clamp the slope 1 there, and a maximum one half."""
    zeros = torch.zeros(2, 7, dtype=torch.float64)
    assert not on_one(RELUS[name], guided_backprop, zeros, WEIGHTS)[0].any()


RECTIFIERS = {
    "relu6": F.relu6,
    "nn.ReLU6": nn.ReLU6(),
    "nn.ReLU6 in place": nn.ReLU6(inplace=True),
    "clamp from 0 to 6": lambda x: x.clamp(0, 6),
    "clamp from 0 to 20": lambda x: F.hardtanh(x, 0, 20),
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "leaky_relu by where": lambda x: torch.where(x > 0, x, 0.2 * x),
    "leaky_relu_": lambda x: F.leaky_relu_(x, 0.2),
    "prelu": nn.PReLU(dtype=torch.float64),
    "rrelu": nn.RReLU().eval(),
    "elu": F.elu,
    "elu by where": lambda x: torch.where(x < 0, x.exp() - 1, x),
    "elu in place": lambda x: F.elu(x, inplace=True),
    "selu": F.selu,
    "celu": F.celu,
    "gelu": F.gelu,
    "gelu tanh": nn.GELU("tanh"),
    "silu": F.silu,
    "silu in place": nn.SiLU(inplace=True),
    "mish": F.mish,
    "softplus": F.softplus,
    "softplus sharp": nn.Softplus(beta=3),
    "hardswish": F.hardswish,
}


@pytest.mark.parametrize("function", RECTIFIERS.values(), ids=RECTIFIERS)
def test_rectifiers_other_than_relu(function):
    slope, _ = on_one(function, gradient, VALUES, torch.ones_like(WEIGHTS))
    found, rules = on_one(function, guided_backprop, VALUES, WEIGHTS)
    assert len(rules) == 1
    torch.testing.assert_close(found, slope * WEIGHTS.clamp(min=0), rtol=1e-12, atol=1e-12)
    found, _ = on_one(function, deconvnet, VALUES, WEIGHTS)
    assert torch.equal(found, WEIGHTS.clamp(min=0))  # of a choice: nothing goes to the other branch


OTHERS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "softsign": F.softsign,
    "abs": torch.abs,
    "hardsigmoid": F.hardsigmoid,
    "hardtanh": F.hardtanh,
    "hardtanh in place": nn.Hardtanh(inplace=True),
    "tanh in place": lambda x: x.tanh_(),
    "clamp on both sides": lambda x: x.clamp(-1.5, 1.5),
    "clamp in place": lambda x: x.clamp_(-1.5, 1.5),
    "clamp to a probability": lambda x: x.clamp(0, 1),
    "clamp above 0": lambda x: x.clamp(min=1e-3),
    "clamp below": lambda x: x.clamp(max=0),
    "clamp by several bounds": lambda x: x.clamp(min=torch.tensor([0, 0, 0, -1.0, 0, 0, 0]).double()),
    "threshold above 0": lambda x: F.threshold(x, 0.1, 0.1),
    "maximum of two": lambda x: torch.maximum(x, -0.5 * x),
    "maximum with one": lambda x: torch.maximum(x, torch.ones_like(x)),
    "max over an axis": lambda x: x.max(dim=1, keepdim=True).values,
    "amax": lambda x: x.amax(dim=1, keepdim=True),
    "pool": lambda x: F.max_pool1d(x.unsqueeze(1), 3, 1, 1).squeeze(1),
    "choice by a mask": lambda x: torch.where(torch.arange(7) > 2, x, 0.0),
    "choice by another number": lambda x: torch.where(x.flip(1) > 0, x, 0.0),
    "choice by another bound": lambda x: torch.where(x > 0.1, x, 0.0),
    "the negative side": lambda x: torch.where(x > 0, 0.0, x),
    "changed since it was asked": lambda x: torch.where(x > 0, x.sub_(1), 0.0),
    "masked_fill": lambda x: x.masked_fill(torch.arange(7) > 2, 0.0),
    "log_softmax": lambda x: x.log_softmax(dim=1),
    "square": lambda x: x**2,
}


@BOTH
@pytest.mark.parametrize("function", OTHERS.values(), ids=OTHERS)
def test_what_is_no_rectifier_keeps_its_derivative(function, method):
    found, rules = on_one(function, method, VALUES, WEIGHTS)
    slope, _ = on_one(function, gradient, VALUES, WEIGHTS)
    assert slope.any()
    torch.testing.assert_close(found, slope, rtol=1e-12, atol=1e-12)
    assert rules == {}


def test_a_later_write_in_place_does_not_reach_what_was_rectified():
    found, _ = on_one(lambda x: F.relu(x) + x.exp_(), guided_backprop, VALUES, WEIGHTS)
    owed = WEIGHTS.clamp(min=0) * (VALUES > 0) + WEIGHTS * VALUES.exp()
    torch.testing.assert_close(found, owed, rtol=1e-12, atol=1e-12)


@BOTH
def test_a_rectifier_may_broadcast(method):
    found, rules = on_one(lambda x: torch.maximum(x[:, :1], x.new_zeros(1, 7)), method, -VALUES, WEIGHTS)
    assert list(rules) == ["maximum"]
    assert found.tolist() == [[14, 0, 0, 0, 0, 0, 0], [0] * 7]


@BOTH
@pytest.mark.parametrize("case", ARCHITECTURES, ids=lambda case: case.name)
def test_laws_on_every_architecture(case, method):
    score, inputs = Score(case.model(), as_target(case.target)), case.inputs(unknown=True)
    with heard() as notes:
        whole = explain(method, score, inputs, **CPU)
    assert whole.shape == inputs.shape
    assert whole.dtype == inputs.dtype
    assert torch.isfinite(whole).all()
    slope = explain(gradient, score, inputs, **CPU)
    without = case.name.rsplit("-", 1)[0] in WITHOUT_RECTIFIERS
    assert (notes.rules == {}) == without
    assert torch.allclose(whole, slope, rtol=1e-9, atol=1e-12) == without
    parts = explain(method, score, inputs.flip(0), batch_size=2, **CPU).flip(0)
    torch.testing.assert_close(parts, whole, rtol=1e-10, atol=1e-12)


@BOTH
@pytest.mark.parametrize("twin", SAME, ids=lambda twin: f"{twin.name} | {len(twin.shape) - 1}d")
def test_twins_agree(twin, method):
    inputs = twin.inputs()
    found = [explain(method, Score(model, output(1)), inputs, **CPU) for model in (twin.build_a(), twin.build_b())]
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-11)
    assert found[0].any()


@BOTH
class TestTheModel:
    def test_is_given_back_as_it_was(self, method):
        model = CASES[0].model().train()
        before = copy.deepcopy(model.state_dict())
        explain(method, Score(model, output(0)), CASES[0].inputs(2), **CPU)
        assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
        assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
        assert all(module.training and not module._forward_hooks for module in model.modules())

    def test_an_exception_passes_through(self, method):
        model = nn.Sequential(nn.Conv1d(4, 3, 5), nn.ReLU(), Call(lambda _: 1 / 0))
        with pytest.raises(ZeroDivisionError):
            explain(method, Score(model, output(0)), torch.rand(2, 4, 9), **CPU)
        again = on_one(torch.relu, method, VALUES, WEIGHTS)[0]
        assert again[1].tolist() == [0] * 7

    @pytest.mark.parametrize(
        ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 5e-2), (torch.float16, 1e-2)]
    )
    def test_in_less_precision(self, method, dtype, tolerance):
        case = CASES[0]
        exact = explain(method, Score(case.model(), output(0)), case.inputs(), **CPU)
        found = explain(method, Score(case.model().to(dtype), output(0)), case.inputs().to(dtype), **CPU)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.double(), exact, rtol=tolerance, atol=tolerance)

    def test_weights_that_ask_for_gradients_change_nothing(self, method):
        """Called without `explain`, which borrows the model: the slope of a PReLU is then an operand, too."""
        model = nn.Sequential(nn.Conv1d(4, 3, 5), nn.PReLU(), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2)).double()
        score, inputs = Score(model, output(0)), CASES[0].inputs()
        assert torch.equal(method(score, inputs), explain(method, score, inputs, **CPU))

    def test_a_compiled_model_is_read_as_it_was_written(self, method):
        model, inputs = CASES[0].model(), CASES[0].inputs()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = torch.compile(model, backend="eager")
        found = explain(method, Score(compiled, output(0)), inputs, **CPU)
        assert torch.equal(found, explain(method, Score(model, output(0)), inputs, **CPU))

    def test_a_scripted_model_is_refused(self, method):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = torch.jit.script(nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Linear(8, 1)))
        with pytest.raises(ModelError, match="TorchScript"):
            explain(method, Score(model, output(0)), torch.rand(2, 4, 2), **CPU)

    def test_a_constant_score_is_refused(self, method):
        model = Call(lambda inputs: inputs.detach().sum(dim=(1, 2)))
        with pytest.raises(ModelError, match="does not depend on the inputs"):
            explain(method, Score(model, output(0)), torch.rand(2, 4, 2), **CPU)
