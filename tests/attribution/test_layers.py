"""Reading a layer's output by its name: what is read, what is refused, and that no hook stays behind."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from architectures import ARCHITECTURES
from seqinterp.attribution.layers import captured, last_spatial_layer
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import as_target, output
from seqinterp.errors import InputError
from twins import Call
from zoo.kit import Net

KINDS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def hooks(model):
    return sum(len(getattr(module, kind)) for module in model.modules() for kind in KINDS)


def stack():
    torch.manual_seed(0)
    features = nn.Sequential(nn.Conv1d(4, 5, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool1d(2))
    parts = {"features": features, "classifier": nn.Linear(5, 2)}
    return Net(lambda self, inputs: self.classifier(self.features(inputs).mean(dim=2)), **parts).double()


def read(model, layer, inputs):
    with captured(Score(model, output(0)), layer) as seen:
        score = model(inputs)
    return seen, score


class TestCaptured:
    def test_gives_what_the_layer_gave(self):
        model, inputs = stack(), torch.rand(3, 4, 8, dtype=torch.float64).requires_grad_()
        seen, score = read(model, "features.0", inputs)
        convolved = model.features[0](inputs)
        assert torch.equal(seen.map(3), convolved)  # before the rectifier wrote into it
        assert torch.equal(score, model(inputs))
        (slope,) = torch.autograd.grad(score.sum(), seen.map(3))
        pooled = F.max_pool1d(F.relu(convolved), 2).mean(dim=2)
        (owed,) = torch.autograd.grad(model.classifier(pooled).sum(), convolved)
        torch.testing.assert_close(slope, owed)

    @pytest.mark.parametrize("layer", ["features", "features.1", "features.2"])
    def test_reads_containers_and_in_place_layers(self, layer):
        model, inputs = stack(), torch.rand(3, 4, 8, dtype=torch.float64).requires_grad_()
        seen, _ = read(model, layer, inputs)
        owed = F.relu(model.features[0](inputs))
        torch.testing.assert_close(seen.map(3), owed if layer == "features.1" else F.max_pool1d(owed, 2))

    def test_a_later_write_in_place_does_not_reach_it(self):
        model = Net(lambda self, inputs: self.conv(inputs).mul_(0).relu_().sum(dim=2), conv=nn.Conv1d(4, 2, 1))
        inputs = torch.rand(2, 4, 3).requires_grad_()
        seen, _ = read(model, "conv", inputs)
        assert torch.equal(seen.map(2), model.conv(inputs))

    def test_units_without_places(self):
        model, inputs = stack(), torch.rand(3, 4, 8, dtype=torch.float64).requires_grad_()
        seen, score = read(model, "classifier", inputs)
        assert torch.equal(seen.output(3), score)
        with pytest.raises(InputError, match=r"'classifier' gives \(3, 2\), which has no places"):
            seen.map(3)

    def test_no_hook_stays_behind(self):
        model, inputs = stack(), torch.rand(1, 4, 8, dtype=torch.float64)
        with captured(Score(model, output(0)), "features.0"):
            assert hooks(model) == 1
        assert hooks(model) == 0
        with pytest.raises(ZeroDivisionError), captured(Score(model, output(0)), "features.0"):
            model(inputs)
            _ = 1 / 0
        assert hooks(model) == 0

    def test_the_user_keeps_his_own_hooks(self):
        model, inputs, seen = stack(), torch.rand(1, 4, 8, dtype=torch.float64), []
        model.features[0].register_forward_hook(lambda *_: seen.append(1))
        read(model, "features.0", inputs)
        assert hooks(model) == len(seen) == 1

    def test_a_compiled_model_has_the_names_it_had(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = torch.compile(stack(), backend="eager")
        assert last_spatial_layer(Score(compiled, output(0)), torch.rand(2, 4, 8, dtype=torch.float64)) == "features"


REFUSED = {
    "no such layer": ("feature.0", "no layer 'feature.0'; near that name it has 'features.0'"),
    "nothing near": ("zzz", "no layer 'zzz'; it has 'features', 'features.0'"),
    "the model itself": ("", "no layer ''"),
    "run twice": ("relu", "'relu' is run 2 times in one pass"),
    "never run": ("spare", "'spare' takes no part"),
    "a tuple": ("core", "'core' gives a tuple, not one tensor"),
    "channels last": ("norm", r"'norm', a LayerNorm, gives \(2, 6, 3\)"),
    "rows elsewhere": ("turned", r"'turned', a Call, gives \(6, 2, 3\) for 2 examples"),
    "no dependence": ("constant", "'constant' does not depend on the inputs"),
}


def odd():
    def forward(self, inputs):
        hidden = self.relu(self.relu(self.features(inputs))).transpose(1, 2)
        hidden = self.norm(self.core(hidden)[0])
        return self.turned(hidden).sum(dim=(0, 2)) + self.constant(torch.ones(len(inputs), 1)).sum(dim=1)

    parts = {"features": nn.Sequential(nn.Conv1d(4, 3, 1)), "relu": nn.ReLU(), "spare": nn.ReLU()}
    parts |= {"core": nn.LSTM(3, 3, batch_first=True), "norm": nn.LayerNorm(3)}
    return Net(forward, **parts, turned=Call(lambda hidden: hidden.transpose(0, 1)), constant=Call(torch.ones_like))


@pytest.mark.parametrize(("layer", "message"), REFUSED.values(), ids=REFUSED)
def test_refusals(layer, message):
    model = odd()
    with pytest.raises(InputError, match=message) as caught, captured(Score(model, output(0)), layer) as seen:
        model(torch.rand(2, 4, 6).requires_grad_())
        seen.output(2)
    assert len(str(caught.value)) < 300
    assert hooks(model) == 0


def test_a_model_without_layers():
    with (
        pytest.raises(InputError, match="no layer 'conv'; it has no named layers"),
        captured(Score(Call(torch.relu), output(0)), "conv"),
    ):
        pass


LAST = {
    "linear_convolution": "2",
    "relu_modules": "4",
    "residual_without_bias": "body",
    "relu_reused": "0",  # the others are run more than once
    "where_with_a_jump": "b",  # no slope goes through the gate
    "softmax_output": "1",  # the pool leaves one place
    "squeeze_and_excite": "a",
    "two_inputs": "inner.conv",
    "batch_norm_before": "5",
    "gated_linear_unit": "glu",
    "transformer": "a",
    "attention_with_weights": "a",
    "folded_tokens": "a",
}


@pytest.mark.parametrize("name", LAST)
@pytest.mark.parametrize("modality", ["dna", "image"])
def test_the_last_spatial_layer(name, modality):
    (case,) = [case for case in ARCHITECTURES if case.name == f"{name}-{modality}"]
    model = case.model()
    score, inputs = Score(model, as_target(case.target)), case.inputs()
    assert last_spatial_layer(score, inputs) == LAST[name]
    assert {last_spatial_layer(score, inputs[i:]) for i in range(5)} == {LAST[name]}
    assert hooks(model) == 0


def test_a_layer_that_the_score_does_not_read_is_passed_over():
    """Two heads as BPNet has them: for the counts the profile head is no layer to look at."""
    (case,) = [case for case in ARCHITECTURES if case.name == "profile_and_counts-dna"]
    model, inputs = case.model(), case.inputs()
    assert last_spatial_layer(Score(model, as_target(case.target)), inputs) == "profile"
    counts = Score(model, lambda outputs: outputs["counts"][:, 0])
    assert last_spatial_layer(counts, inputs) == "dilated.2"


@pytest.mark.parametrize("name", ["perceptron_without_bias", "lstm", "recurrent"])
def test_no_spatial_layer(name):
    (case,) = [case for case in ARCHITECTURES if case.name == f"{name}-dna"]
    with pytest.raises(InputError, match="depends on no layer that gives"):
        last_spatial_layer(Score(case.model(), as_target(case.target)), case.inputs())


def test_hooks_are_removed_when_the_first_pass_fails():
    model = nn.Sequential(nn.Conv1d(4, 2, 1), Call(lambda _: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        last_spatial_layer(Score(model, output(0)), torch.rand(2, 4, 3))
    assert hooks(model) == 0
