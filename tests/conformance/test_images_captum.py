"""Networks that read images: captum's own numbers, and the laws of the core on DenseNet-121 and ResNet-18."""

import warnings
from functools import partial

import pytest
import torch
from torch import nn

import seqinterp as si
from seqinterp.api.catalogue import METHODS
from seqinterp.attribution.baselines import given
from seqinterp.attribution.deeplift import deeplift
from seqinterp.attribution.jacobian import saliency_map
from seqinterp.attribution.occlusion import occlusion
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import explain
from seqinterp.attribution.targets import output
from seqinterp.errors import ModelError
from seqinterp.images.vision import vision

CPU = {"device": "cpu"}
RAMP = torch.arange(16.0).view(1, 1, 4, 4)


@pytest.fixture
def captum():
    """captum's methods and its little networks; its imports and hooks warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import captum.attr
        from captum.testing.helpers import basic_models

        yield captum.attr, basic_models


def torchvision_or_skip():
    """torchvision, which the default install does without."""
    try:
        return vision()
    except ModelError as error:
        pytest.skip(str(error))


class Beside(nn.Module):
    """A network of two images of which one is always ones."""

    def __init__(self, network, *, second):
        super().__init__()
        self.network, self.second = network, second

    def forward(self, inputs):
        other = torch.ones_like(inputs)
        return self.network(other, inputs) if self.second else self.network(inputs, other)


class TestNumbersOfCaptum:
    """Its test suite states them: tests/attr/test_occlusion.py, two inputs, one of them explained here at a time."""

    @pytest.mark.parametrize(
        ("window", "stride", "expected"),
        [
            ((4, 4), None, [[67.0] * 4] * 4),
            ((2, 3), (2, 1), [[17.0] * 4] * 2 + [[64.0, 65.5, 65.5, 67.0]] * 2),
            ((2, 4), (2, 1), [[17.0] * 4] * 2 + [[67.0] * 4] * 2),
        ],
    )
    def test_occlusion_of_the_first_image(self, captum, window, stride, expected):
        model = Beside(captum[1].BasicModel_ConvNet_One_Conv(), second=False)
        found = occlusion(Score(model, output(0)), RAMP, window=window, stride=stride)
        assert found[0, 0].tolist() == expected

    def test_occlusion_of_the_second_image(self, captum):
        network = captum[1].BasicModel_ConvNet_One_Conv()

        class Second(nn.Module):
            def forward(self, inputs):
                return network(RAMP.expand_as(inputs), inputs)

        score = Score(Second(), output(0))
        found = occlusion(score, torch.ones(1, 1, 4, 4), window=(1, 2), stride=(1, 2))
        assert found[0, 0].tolist() == [[3.0] * 4] * 3 + [[0.0] * 4]
        assert (occlusion(score, torch.ones(1, 1, 4, 4), window=(4, 4)) == 13).all()


def test_saliency_of_every_class(captum):
    """(classes, C, H, W): captum's signed saliency class by class; its map is their sizes' sum, scaled."""
    model, inputs = small(), images(2, 16)
    found = si.jacobian(model, inputs, **CPU)
    assert found.shape == (2, 4, 3, 16, 16)
    for target in range(4):
        theirs = captum[0].Saliency(model).attribute(inputs.clone().requires_grad_(), target=target, abs=False)
        torch.testing.assert_close(found[:, target], theirs)
    sums = found.abs().sum((1, 2))
    expected = (sums - sums.amin((1, 2), keepdim=True)) / (sums.amax((1, 2)) - sums.amin((1, 2)))[:, None, None]
    torch.testing.assert_close(saliency_map(found), expected)


@pytest.mark.parametrize("name", ["gradient", "guided_backprop", "deconvnet", "gradcam"])
def test_equals_captum_on_a_small_network(captum, name):
    model, inputs = small(), images(2, 16)
    options = {"layer": "4"} if name == "gradcam" else {}
    found = si.attribute(model, inputs, name, target=1, **options, **CPU).values
    torch.testing.assert_close(found, of_captum(captum[0], name, model, inputs, layer="4"), rtol=1e-5, atol=1e-6)


def small():
    """Convolutions, rectifiers, a norm and pools; four classes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        body = [nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)]
        body += [nn.Conv2d(6, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)]
        return nn.Sequential(*body).eval()


def images(count, side, seed=1):
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def of_captum(attr, name, model, inputs, layer):
    """What captum gives for target 1; Grad-CAM laid over the inputs."""
    inputs = inputs.clone().requires_grad_()
    if name == "gradcam":
        place = dict(model.named_modules())[layer]
        low = attr.LayerGradCam(model, place).attribute(inputs, target=1, relu_attributions=True).detach()
        wide = nn.functional.interpolate(low, size=inputs.shape[2:], mode="bilinear", align_corners=False)
        return wide.expand_as(inputs)
    method = {"gradient": "Saliency", "guided_backprop": "GuidedBackprop", "deconvnet": "Deconvolution"}[name]
    options = {"abs": False} if name == "gradient" else {}
    return getattr(attr, method)(model).attribute(inputs, target=1, **options).detach()


NETWORKS = {"resnet18": 64, "densenet121": 64}
OPTIONS = {
    "gradient": {},
    "gradient_times_input": {},
    "guided_backprop": {},
    "deconvnet": {},
    "gradcam": {},
    "smoothgrad": {"draws": 2},
    "integrated_gradients": {"steps": 2},
    "deeplift": {},
    "lrp": {},
    "occlusion": {"window": 40, "stride": 24},
}


@pytest.fixture(params=NETWORKS)
def network(request):
    """A network of torchvision in training mode, its head one of two classes."""
    torchvision = torchvision_or_skip()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return getattr(torchvision.models, request.param)(weights=None, num_classes=2)


def state(model):
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in model.modules()]
    asking = [p.requires_grad and p.grad is None for p in model.parameters()]
    return hooks, asking, [m.training for m in model.modules()], [sorted(vars(m)) for m in model.modules()]


@pytest.mark.slow
@pytest.mark.torchvision
@pytest.mark.filterwarnings("ignore")
class TestNetworksOfTorchvision:
    @pytest.mark.parametrize("name", OPTIONS)
    def test_laws(self, network, name):
        """One example at a time, in another order, or all at once: the same; the model is given back as it was."""
        before, weights = state(network), {k: v.clone() for k, v in network.state_dict().items()}
        inputs = images(3, 64)
        explainer = partial(METHODS[name].explainer, **OPTIONS[name])
        score = Score(network, output(1))
        whole = explain(explainer, score, inputs, **CPU)
        alone = explain(explainer, score, inputs.flip(0), batch_size=1, **CPU).flip(0)
        assert whole.shape == inputs.shape
        assert whole.abs().max() > 0
        # rectifiers that stand at zero within rounding may open or not, so the largest value is the measure
        assert (whole - alone).abs().max() < 1e-3 * whole.abs().max()
        assert state(network) == before
        assert all(torch.equal(weights[k], v) for k, v in network.state_dict().items())

    @pytest.mark.parametrize("side", [64, 224])
    @pytest.mark.parametrize("baseline", ["random", "grey"])
    def test_deeplift_adds_up(self, network, side, baseline, record_property):
        """The delta is below 1e-5 in units of the score, and in double precision below 1e-5 of the difference."""
        inputs = images(2, side)
        references = images(2, side, seed=7) if baseline == "random" else torch.full_like(inputs, 0.5)
        network.eval()
        for dtype in (torch.float32, torch.float64):
            network.to(dtype)
            mine, theirs = inputs.to(dtype), references.to(dtype)
            explainer = partial(deeplift, baseline=given(mine, theirs[:, None]))
            values = explain(explainer, Score(network, output(1)), mine, **CPU)
            with torch.no_grad():
                owed = (network(mine) - network(theirs))[:, 1]
            delta = (values.sum((1, 2, 3)) - owed).abs()
            record_property(f"delta, {dtype}", delta.max().item())
            record_property(f"relative delta, {dtype}", (delta / owed.abs()).max().item())
            assert delta.max() < 1e-5
        assert (delta / owed.abs()).max() < 1e-9

    @pytest.mark.parametrize("name", ["gradient", "guided_backprop", "gradcam"])
    def test_equals_captum(self, captum, name):
        """On ResNet-18, whose rectifiers are modules; each is run twice, so captum's rules need them taken apart."""
        torchvision = torchvision_or_skip()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = torchvision.models.resnet18(weights=None, num_classes=2).eval()
        inputs = images(2, 64)
        found = si.attribute(model, inputs, name, target=1, **({"layer": "layer3"} if name == "gradcam" else {}), **CPU)
        for module in model.modules():
            if isinstance(module, nn.ReLU):
                module.inplace = False
        theirs = of_captum(captum[0], name, model, inputs, layer="layer3")
        assert (found.values - theirs).abs().max() < 1e-4 * theirs.abs().max()

    def test_occlusion_equals_brute_force(self, network):
        """Windows of 15 by 15, every 8; the last of each axis is cut short and kept."""
        network.eval()
        inputs = images(1, 64)
        found = si.attribute(network, inputs, "occlusion", target=1, window=15, stride=8, **CPU).values
        total, cover = torch.zeros(64, 64, dtype=torch.float64), torch.zeros(64, 64, dtype=torch.float64)
        starts = range(0, 64 - 15 + 8, 8)
        assert max(starts) + 15 > 64
        with torch.no_grad():
            whole = network(inputs)[0, 1]
            for row in starts:
                for column in starts:
                    covered = inputs.clone()
                    covered[..., row : row + 15, column : column + 15] = 0
                    total[row : row + 15, column : column + 15] += (whole - network(covered)[0, 1]).double()
                    cover[row : row + 15, column : column + 15] += 1
        expected = (total / cover).float().expand(3, 64, 64)
        assert (found[0] - expected).abs().max() < 1e-3 * expected.abs().max()
