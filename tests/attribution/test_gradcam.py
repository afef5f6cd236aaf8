"""Grad-CAM and Grad-CAM++: captum's numbers, the formulas, and the laws."""

import warnings
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from architectures import ARCHITECTURES
from cases import CASES
from naive import backprop as naive
from seqinterp.attribution.gradcam import gradcam, gradcam_map, gradcam_plus_plus, gradcam_plus_plus_map
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import batched, explain
from seqinterp.attribution.targets import as_target, output
from seqinterp.errors import InputError, ModelError
from twins import Call
from zoo.kit import Kit, Net

SPATIAL = [case for case in CASES if case.name != "recurrent"]
BOTH = pytest.mark.parametrize("method", [gradcam, gradcam_plus_plus])
CPU = {"device": "cpu"}


def deep(kit):
    torch.manual_seed(4)
    body = [kit.stem(5), nn.ReLU(), kit.layer("MaxPool", 2), kit.conv(5, 4), nn.ReLU()]
    return nn.Sequential(*body, nn.Flatten(), kit.dense(4, 6, stride=2), nn.ReLU(), nn.Linear(6, 2)).double()


def signed(kit, count=4):
    return torch.randn(count, *kit.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def maps(function, model, inputs, **options):
    score = Score(model, output(0))
    return batched(partial(function, score, **options), score, inputs, **CPU)


class TestPeers:
    @pytest.fixture(autouse=True)
    def quiet(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import captum.attr
            from captum.testing.helpers import basic_models
        self.captum, self.models = captum.attr, basic_models

    def test_numbers_of_captum(self):
        model, inputs = self.models.BasicModel_ConvNet_One_Conv(), torch.arange(16.0).view(1, 1, 4, 4)
        assert maps(gradcam_map, model, inputs, layer="conv1").tolist() == [[[11.25, 13.5], [20.25, 22.5]]]
        assert maps(gradcam_map, model, inputs, layer="relu1").tolist() == [[[0.0, 4.0], [28.0, 32.5]]]

    @pytest.mark.parametrize("kit", [Kit(1), Kit(2)], ids=["dna", "image"])
    @pytest.mark.parametrize("layer", ["0", "1", "2", "3", "4"])
    @pytest.mark.parametrize("rectify", [True, False])
    def test_equals_captum(self, kit, layer, rectify):
        model, inputs = deep(kit), signed(kit)
        theirs = self.captum.LayerGradCam(model, model[int(layer)])
        expected = theirs.attribute(inputs, target=0, relu_attributions=rectify).detach().squeeze(1)
        found = maps(gradcam_map, model, inputs, layer=layer, rectify=rectify)
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
        assert found.any()


@pytest.mark.parametrize("case", SPATIAL, ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("method", "formula"), [(gradcam, naive.gradcam), (gradcam_plus_plus, naive.gradcam_plus_plus)]
)
def test_equals_its_formula(case, method, formula):
    model, inputs, index = case.model().eval(), case.inputs(2), case.outputs - 1
    found = explain(method, Score(model, output(index)), inputs, **CPU)
    torch.testing.assert_close(found, formula(model, inputs, index).contiguous(), rtol=1e-5, atol=1e-8)
    assert found.any()


@pytest.mark.parametrize("kit", [Kit(1), Kit(2)], ids=["dna", "image"])
@pytest.mark.parametrize("layer", ["1", "2", "4"])
def test_equation_19(kit, layer):
    """The true second and third derivatives of exp(score) are the powers of the slope that the paper puts there."""
    model, inputs = deep(kit), signed(kit, 3)
    found = maps(gradcam_plus_plus_map, model, inputs, layer=layer)
    expected = naive.gradcam_plus_plus_map(model, inputs, 0, layer)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    assert found.any()


def test_plus_plus_weighs_every_place_alike_where_one_slope_is_shared():
    """With activations 1 in k of n places and slope g everywhere: n g / (2 + k g)."""
    model = nn.Sequential(nn.Identity(), Call(lambda x: 3 * x.sum(dim=2)))
    inputs = torch.tensor([[[1.0, 0, 1, 0, 0]], [[1.0, 1, 1, 1, 0]]])
    found = maps(gradcam_plus_plus_map, model, inputs, layer="0")
    torch.testing.assert_close(found, inputs[:, 0] * torch.tensor([[15 / 8], [15 / 14]]))


def test_the_sign_is_kept_on_request():
    model = nn.Sequential(nn.Conv1d(1, 1, 1, bias=False), Call(lambda x: -x.sum(dim=2)))
    inputs = torch.tensor([[[1.0, 2, 0, 3]]])
    weight = float(model[0].weight.detach())
    signed_map = maps(gradcam_map, model, inputs, layer="0", rectify=False)
    torch.testing.assert_close(signed_map, -weight * inputs[:, 0])
    assert torch.equal(maps(gradcam_map, model, inputs, layer="0"), signed_map.clamp(min=0))


WITHOUT_LAYER = ("perceptron_without_bias", "unfolded_convolution", "lstm", "recurrent")


@pytest.mark.parametrize("case", ARCHITECTURES, ids=lambda case: case.name)
def test_laws_on_every_architecture(case):
    model, inputs = case.model(), case.inputs(unknown=True)
    score, method = Score(model, as_target(case.target)), gradcam_plus_plus if case.dna else gradcam
    if case.name.rsplit("-", 1)[0] in WITHOUT_LAYER:
        with pytest.raises(InputError, match="depends on no layer"):
            explain(method, score, inputs, **CPU)
        return
    whole = explain(method, score, inputs, **CPU)
    assert whole.shape == inputs.shape
    assert whole.dtype == inputs.dtype
    assert torch.isfinite(whole).all()
    assert (whole >= 0).all()
    assert (whole == whole[:, :1]).all()
    parts = explain(method, score, inputs.flip(0), batch_size=2, **CPU).flip(0)
    torch.testing.assert_close(parts, whole, rtol=1e-10, atol=1e-12)
    assert not any(module._forward_hooks for module in model.modules())


@BOTH
class TestTheModel:
    def test_is_given_back_as_it_was(self, method):
        model = CASES[0].model().train()
        before = {name: value.clone() for name, value in model.state_dict().items()}
        explain(method, Score(model, output(0)), CASES[0].inputs(2), **CPU)
        assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
        assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
        assert all(module.training and not module._forward_hooks for module in model.modules())

    @pytest.mark.parametrize("layer", ["0", None])
    def test_no_hook_stays_after_an_exception(self, method, layer):
        model = nn.Sequential(nn.Conv1d(4, 3, 5), nn.ReLU(), Call(lambda _: 1 / 0))
        with pytest.raises(ZeroDivisionError):
            explain(partial(method, layer=layer), Score(model, output(0)), torch.rand(2, 4, 9), **CPU)
        assert not any(module._forward_hooks for module in model.modules())

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
    def test_in_less_precision(self, method, dtype):
        kit = Kit(2)
        exact = explain(method, Score(deep(kit), output(0)), signed(kit), **CPU)
        found = explain(method, Score(deep(kit).to(dtype), output(0)), signed(kit).to(dtype), **CPU)
        torch.testing.assert_close(found.double(), exact, rtol=0.05, atol=0.02)

    def test_a_compiled_model_is_read_as_it_was_written(self, method):
        kit = Kit(1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = torch.compile(deep(kit), backend="eager")
        for layer in (None, "1"):
            explainer = partial(method, layer=layer)
            found = explain(explainer, Score(compiled, output(0)), signed(kit), **CPU)
            assert torch.equal(found, explain(explainer, Score(deep(kit), output(0)), signed(kit), **CPU))


@BOTH
class TestRefusals:
    def test_inputs_without_places(self, method):
        with pytest.raises(InputError, match=r"axes of places.*shape \(2, 6\)"):
            method(Score(nn.Linear(6, 1), output(0)), torch.rand(2, 6))

    def test_a_layer_without_places(self, method):
        with pytest.raises(InputError, match=r"'6' gives \(4, 6\), which has no places"):
            explain(partial(method, layer="6"), Score(deep(Kit(1)), output(0)), signed(Kit(1)), **CPU)

    def test_an_unknown_layer(self, method):
        with pytest.raises(InputError, match="no layer 'conv'; it has '0', '1'"):
            explain(partial(method, layer="conv"), Score(deep(Kit(1)), output(0)), signed(Kit(1)), **CPU)

    def test_a_layer_that_the_score_does_not_read(self, method):
        def forward(self, inputs):
            return self.a(inputs).sum(dim=2) + 0 * self.b(inputs).detach().sum(dim=2)

        model = Net(forward, a=nn.Conv1d(4, 1, 1), b=nn.Conv1d(4, 1, 1))
        with pytest.raises(InputError, match="does not depend on what layer 'b' gives"):
            explain(partial(method, layer="b"), Score(model, output(0)), torch.rand(2, 4, 3), **CPU)

    def test_a_score_without_slope(self, method):
        model = nn.Sequential(nn.Conv1d(4, 1, 1), Call(lambda x: x.detach().sum(dim=2)))
        with pytest.raises(ModelError, match="differentiated"):
            explain(partial(method, layer="0"), Score(model, output(0)), torch.rand(2, 4, 3), **CPU)

    @pytest.mark.parametrize("layer", ["0", None])
    def test_a_scripted_model(self, method, layer):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = torch.jit.script(deep(Kit(1)))
        with pytest.raises(ModelError, match="the model is TorchScript"):
            explain(partial(method, layer=layer), Score(model, output(0)), signed(Kit(1)), **CPU)

    def test_a_map_that_does_not_fit(self, method):
        model = nn.Sequential(Call(lambda x: x.unsqueeze(1)), nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(24, 1))
        with pytest.raises(InputError, match=r"map has places \(4, 3\)"):
            explain(partial(method, layer="1"), Score(model, output(0)), torch.rand(2, 4, 3), **CPU)


def test_a_map_of_one_row_fits_a_sequence():
    """As Basset has it: a two-dimensional convolution over all four bases."""
    model = nn.Sequential(
        Call(lambda x: x.unsqueeze(1)), nn.Conv2d(1, 3, (4, 3)), nn.ReLU(), nn.Flatten(), nn.Linear(24, 1)
    )
    inputs = torch.rand(2, 4, 10, generator=torch.Generator().manual_seed(0))
    found = maps(gradcam, model, inputs, layer="2", rectify=False)
    flat = maps(gradcam_map, model, inputs, layer="2", rectify=False)
    assert flat.shape == (2, 1, 8)
    owed = F.interpolate(flat, size=10, mode="linear", align_corners=False)
    torch.testing.assert_close(found, owed.expand(2, 4, 10).contiguous())


def test_a_volume():
    model = nn.Sequential(nn.Conv3d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 1))
    found = maps(gradcam, model, torch.rand(2, 1, 4, 4, 4))
    assert found.shape == (2, 1, 4, 4, 4)
