"""Every rule of LRP against its formula on dense matrices, and against the numbers that captum states."""

from functools import partial

import pytest
import torch
from torch import nn

from naive import lrp as naive
from seqinterp.attribution.lrp import lrp
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.lrp.composites import RULES, Layer, as_composite
from seqinterp.attribution.rules.lrp.terms import (
    AlphaBeta,
    Epsilon,
    Flat,
    Gamma,
    Pass,
    WSquare,
    ZBox,
    ZPlus,
)
from seqinterp.attribution.run import explain
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError

RULE_CASES = {
    "zero": (Epsilon(0.0), ("zero", {})),
    "epsilon": (Epsilon(), ("epsilon", {})),
    "large epsilon": (Epsilon(0.3), ("epsilon", {"epsilon": 0.3})),
    "gamma": (Gamma(), ("gamma", {})),
    "large gamma": (Gamma(2.0), ("gamma", {"gamma": 2})),
    "zplus": (ZPlus(), ("zplus", {})),
    "alpha1 beta0": (AlphaBeta(1.0, 0.0), ("alphabeta", {"alpha": 1, "beta": 0})),
    "alpha2 beta1": (AlphaBeta(), ("alphabeta", {"alpha": 2, "beta": 1})),
    "alpha1.5 beta0.5": (AlphaBeta(1.5, 0.5), ("alphabeta", {"alpha": 1.5, "beta": 0.5})),
    "wsquare": (WSquare(), ("wsquare", {})),
    "flat": (Flat(), ("flat", {})),
    "zbox": (ZBox(-4.0, 4.0), ("zbox", {"low": -4, "high": 4})),
}
PLAIN = (Epsilon(), ("epsilon", {}))


NETS = {
    "dense": (lambda: [nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2)], (6,)),
    "sigmoid": (lambda: [nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, 3, bias=False), nn.ReLU(), nn.Linear(3, 2)], (6,)),
    "convolution": (
        lambda: [
            *(nn.Conv1d(4, 5, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2)),
            *(nn.Conv1d(5, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2)),
        ],
        (4, 10),
    ),
    "strides and groups": (
        lambda: [
            *(nn.Conv1d(4, 6, 4, stride=2, groups=2), nn.GELU()),
            *(nn.ConvTranspose1d(6, 4, 3, stride=2, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2)),
        ],
        (4, 10),
    ),
    "image": (
        lambda: [
            *(nn.Conv2d(3, 4, 3, padding=1), nn.LeakyReLU(0.2), nn.AvgPool2d(2)),
            *(nn.Conv2d(4, 3, (3, 2), dilation=(1, 2)), nn.ReLU(), nn.Flatten(), nn.Linear(3, 2)),
        ],
        (3, 6, 6),
    ),
    "batch norm": (
        lambda: [
            *(nn.Conv1d(4, 5, 3, padding=1), nn.BatchNorm1d(5), nn.ReLU(), nn.Flatten()),
            *(nn.Linear(50, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2)),
        ],
        (4, 10),
    ),
}


def net(name):
    """The model of that name, and signed and absent features for it."""
    build, shape = NETS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = nn.Sequential(*build()).double().eval()
        for module in model:
            if isinstance(module, nn.BatchNorm1d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
                module.weight.data.normal_()
                module.bias.data.normal_()
        inputs = torch.randn(2, *shape, dtype=torch.float64)
        inputs[inputs.abs() < 0.3] = 0
    return model, inputs


def compare(model, inputs, chosen):
    """The engine with a rule for each layer, against formulas for each layer."""
    rules = [rule for rule, _ in chosen]
    found = explain(partial(lrp, rule=lambda layer: rules[layer.index]), Score(model, output(1)), inputs, device="cpu")
    layers = naive.folded(list(model))
    formulas = [formula for _, formula in chosen]
    expected = torch.stack([naive.along(layers, one, formulas, None, 1) for one in inputs])
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("name", NETS)
class TestFormulas:
    def count(self, model):
        return sum(1 for layer in naive.folded(list(model)) if list(layer.parameters()))

    @pytest.mark.parametrize("rule", RULE_CASES)
    def test_in_the_first_layer(self, name, rule):
        model, inputs = net(name)
        compare(model, inputs, [RULE_CASES[rule]] + [PLAIN] * (self.count(model) - 1))

    @pytest.mark.parametrize("rule", [rule for rule in RULE_CASES if rule != "zbox"])
    def test_in_every_layer(self, name, rule):
        model, inputs = net(name)
        compare(model, inputs, [RULE_CASES[rule]] * self.count(model))

    def test_of_several_kinds(self, name):
        model, inputs = net(name)
        chosen = [RULE_CASES["zbox"], RULE_CASES["gamma"], RULE_CASES["alpha2 beta1"]]
        compare(model, inputs, chosen[: self.count(model)])


def test_pass_hands_relevance_on():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)).double()
    inputs = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    inputs[:, 1] = 0
    compare(model, inputs, [(Pass(), ("pass", {})), PLAIN])


class TestComposites:
    def test_see_the_layers(self):
        seen = []

        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Conv1d(4, 4, 3, padding=1), nn.Conv1d(4, 4, 1)
                self.norm, self.head = nn.BatchNorm1d(4), nn.Linear(24, 1)

            def forward(self, inputs):
                first = self.norm(self.a(inputs.flip(1))) + self.b(1 - 2 * inputs)
                return self.head(torch.relu(self.b(first)).flatten(1))

        def rule(layer):
            seen.append(layer)
            return Epsilon()

        explain(partial(lrp, rule=rule), Score(Model(), output(0)), torch.rand(1, 4, 6), device="cpu")
        assert seen == [
            Layer(0, 4, "conv1d", True),
            Layer(1, 4, "conv1d", True),
            Layer(2, 4, "conv1d", False),
            Layer(3, 4, "linear", False),
        ]
        assert seen[3].is_dense

    @pytest.mark.parametrize(
        ("name", "rules"),
        {
            "epsilon_plus": [ZPlus(), ZPlus(), Epsilon()],
            "epsilon_plus_flat": [Flat(), ZPlus(), Epsilon()],
            "epsilon_gamma_box": [ZBox(0.0, 1.0), Gamma(0.25), Epsilon()],
            "epsilon_alpha2_beta1": [AlphaBeta(2.0, 1.0), AlphaBeta(2.0, 1.0), Epsilon()],
            "zero": [Epsilon(0.0)] * 3,
        }.items(),
    )
    def test_by_name(self, name, rules):
        layers = [Layer(0, 3, "conv1d", True), Layer(1, 3, "conv1d", False), Layer(2, 3, "linear", False)]
        assert [RULES[name](layer) for layer in layers] == rules

    def test_one_rule_for_all(self):
        assert as_composite(Gamma(1.0))(Layer(2, 3, "linear", False)) == Gamma(1.0)

    @pytest.mark.parametrize(
        ("make", "sentence"),
        [
            (lambda: Epsilon(-1.0), "epsilon of an LRP rule"),
            (lambda: Gamma(-1.0), "gamma of LRP-gamma"),
            (lambda: AlphaBeta(2.0, 2.0), "alpha = beta"),
            (lambda: ZBox(1.0, 0.0), "low < high"),
        ],
    )
    def test_parameters_out_of_range(self, make, sentence):
        with pytest.raises(InputError, match=sentence):
            make()


@pytest.mark.filterwarnings("ignore")
class TestCaptum:
    """The numbers in captum's own tests (tests/attr/test_lrp.py)."""

    def relevance(self, model, inputs, *rules, index=0):
        score = Score(model, output(index))
        return explain(partial(lrp, rule=lambda layer: rules[layer.index]), score, inputs, device="cpu")

    def simple(self, corner=2.0, inplace=False):
        from captum.testing.helpers.basic_models import SimpleLRPModel

        model = SimpleLRPModel(inplace)
        with torch.no_grad():
            model.linear.weight[0][0] = corner
        return model

    def test_one_convolution(self):
        from captum.testing.helpers.basic_models import BasicModel_ConvNet_One_Conv

        inputs = torch.arange(16).view(1, 1, 4, 4).float()
        found = self.relevance(BasicModel_ConvNet_One_Conv(), inputs, Epsilon(), Epsilon())
        expected = [[0, 1, 2, 3], [0, 5, 6, 7], [0, 9, 10, 11], [0, 0, 0, 0]]
        torch.testing.assert_close(found[0, 0], torch.tensor(expected).float(), rtol=1e-5, atol=1e-4)

    @pytest.mark.parametrize(
        ("corner", "rules", "expected"),
        [
            (2, (Epsilon(), Epsilon()), [18, 36, 54]),
            (-2, (Gamma(1.0), Gamma()), [28 / 3, 104 / 3, 52]),
            (-2, (AlphaBeta(1.0, 0.0), AlphaBeta(1.0, 0.0)), [12, 33.6, 50.4]),
            (-2, (Pass(), Epsilon()), [24, 36, 36]),
        ],
    )
    @pytest.mark.parametrize("inplace", [False, True])
    def test_two_layers(self, corner, rules, expected, inplace):
        found = self.relevance(self.simple(corner, inplace), torch.tensor([[1.0, 2, 3], [3.0, 6, 9]]), *rules)
        torch.testing.assert_close(found[0], torch.tensor(expected).float(), rtol=1e-5, atol=1e-4)
        torch.testing.assert_close(found[1], 3 * found[0], rtol=1e-5, atol=1e-4)

    def test_tanh(self):
        model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Tanh(), nn.Linear(3, 1, bias=False))
        for parameter in model.parameters():
            parameter.data.fill_(0.1)
        found = self.relevance(model, torch.tensor([[1.0, 2, 3]]), Epsilon(), Epsilon())
        torch.testing.assert_close(found, torch.tensor([[0.0269, 0.0537, 0.0806]]), rtol=0, atol=1e-4)

    def test_skip_connection(self):
        class Skip(nn.Module):
            def __init__(self):
                super().__init__()
                self.linear = nn.Linear(2, 2, bias=False)
                self.linear.weight.data.fill_(5)

            def forward(self, inputs):
                return self.linear(inputs) + inputs

        found = self.relevance(Skip(), torch.tensor([[2.0, 3]]), Epsilon(), index=1)
        torch.testing.assert_close(found, torch.tensor([[10.0, 18]]), rtol=1e-5, atol=1e-4)

    def test_a_reused_layer_is_no_error(self):
        from captum.testing.helpers.basic_models import BasicModelWithReusedLinear

        found = self.relevance(BasicModelWithReusedLinear(), torch.ones(2, 3), Epsilon(), Epsilon())
        assert bool(found.isfinite().all())
