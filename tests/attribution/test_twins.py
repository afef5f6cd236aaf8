"""Implementation invariance: the same function, written otherwise, is explained alike."""

import pytest
import torch

from architectures import DNA_ARCHITECTURES
from seqinterp.attribution.deeplift import deeplift
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import explain
from seqinterp.attribution.targets import as_target, output
from twins import TWINS, RcTwin


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
@pytest.mark.parametrize("method", [gradient, deeplift], ids=lambda method: method.__name__)
def test_twins_are_explained_alike(twin, method):
    if method is deeplift and not twin.exact_deeplift:
        pytest.skip(twin.why)
    inputs = twin.inputs(4)
    one, other = (explain(method, Score(m, output(0)), inputs, device="cpu") for m in (twin.build_a(), twin.build_b()))
    torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-9 * float(one.abs().max()))


@pytest.mark.parametrize("case", DNA_ARCHITECTURES, ids=lambda case: case.name)
def test_the_other_strand_mirrors(case):
    """f'(x) = f(reverse complement of x): attributions are mirrored."""
    model, inputs, target = case.model(), case.inputs(3), as_target(case.target)
    here = explain(deeplift, Score(model, target), inputs.flip(1, 2), device="cpu").flip(1, 2)
    there = explain(deeplift, Score(RcTwin(model), target), inputs, device="cpu")
    torch.testing.assert_close(here, there, rtol=1e-7, atol=1e-9 * float(here.abs().max()))
