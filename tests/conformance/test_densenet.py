"""DenseNet-121 of torchvision, as it is: 120 convolutions, in-place rectifiers, concatenations, pools."""

from functools import partial

import pytest
import torch

from seqinterp.attribution import run
from seqinterp.attribution.baselines import given
from seqinterp.attribution.deeplift import deeplift
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output

pytestmark = [pytest.mark.torchvision, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_deeplift_adds_up(torchvision, record_property):
    """Against another image: with a black one as reference this network, which has no biases, is linear on the way.

    captum 0.9 is off by a tenth of the score: the last rectifier is a function, another stands next to a pool.
    """
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
