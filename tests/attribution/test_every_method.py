"""Every method of the catalogue on architectures of every kind: shape, company and order. Run by `make test-slow`."""

import pytest
import torch

from architectures import ARCHITECTURES
from naive.methods import explainer
from seqinterp.api.catalogue import METHODS
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import explain
from seqinterp.attribution.targets import as_target
from seqinterp.errors import InputError, ModelError

PAIRS = [
    pytest.param(name, case, id=f"{name}-{case.name}")
    for name, method in METHODS.items()
    for case in ARCHITECTURES[::3]
    if case.dna or not method.dna_only
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "case"), PAIRS)
def test_company_and_order_change_nothing(name, case):
    model, inputs = case.model(), case.inputs(3)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    score, method = Score(model, as_target(case.target)), explainer(name, METHODS)
    try:
        whole = explain(method, score, inputs, device="cpu")
    except (InputError, ModelError) as refusal:
        pytest.skip(f"refused in words: {refusal}")
    assert whole.shape == inputs.shape and bool(torch.isfinite(whole).all())
    near = {"rtol": 1e-6, "atol": 1e-8 * max(1.0, float(whole.abs().max()))}
    torch.testing.assert_close(explain(method, score, inputs[1:2], device="cpu"), whole[1:2], **near)
    torch.testing.assert_close(explain(method, score, inputs.flip(0), device="cpu").flip(0), whole, **near)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
