"""DenseNet-121 of torchvision, as it is: 120 convolutions, in-place rectifiers, concatenations, pools."""

import sys
from functools import partial

import pytest
import torch

from seqinterp.attribution import run
from seqinterp.attribution.baselines import given
from seqinterp.attribution.deeplift import deeplift
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
_schemas = []  # a library is forgotten with its object


def import_torchvision():
    """torchvision, also where its wheel was built for CUDA and torch was not; skips where there is none.

    Such a wheel cannot load its compiled operators, and its Python code asks for two of them when it is imported.
    """
    try:
        import torchvision
    except ImportError:
        pytest.skip("torchvision is not installed")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        _schemas.append(torch.library.Library("torchvision", "FRAGMENT"))
        for name in ("nms", "qnms"):
            _schemas[0].define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision
    return torchvision


def test_deeplift_adds_up(record_property):
    """Against another image: with a black one as reference this network, which has no biases, is linear on the way.

    captum 0.9 is off by a tenth of the score: the last rectifier is a function, another stands next to a pool.
    """
    torchvision = import_torchvision()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = torchvision.models.densenet121(weights=None).eval()
        images, references = torch.randn(2, 2, 3, 64, 64)
    explainer = partial(deeplift, baseline=given(images, references[:, None]))
    values = run.explain(explainer, Score(model, output(0)), images, device="cpu")
    with torch.no_grad():
        owed = (model(images) - model(references))[:, 0]
    delta = (values.sum((1, 2, 3)) - owed).abs()
    record_property("scores differ by", owed.tolist())
    record_property("delta", delta.max().item())
    record_property("relative completeness error", (delta.max() / owed.abs().max()).item())
    record_property("captum's delta", captum_delta(model, images, references, owed))
    assert delta.max() < 1e-5
    assert delta.max() / owed.abs().max() < 2e-5


def captum_delta(model, images, references, owed):
    """The same for captum, or what it says instead."""
    from captum.attr import DeepLift

    for module in model.modules():  # its hooks refuse in-place rectifiers
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    try:
        values = DeepLift(model).attribute(images.clone(), references, target=0).detach()
    except RuntimeError as error:
        return str(error)
    return (values.sum((1, 2, 3)) - owed).abs().max().item()
