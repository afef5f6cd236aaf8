"""Laws that every explainer in the catalogue obeys, on every case: a new method is tested by its catalogue line."""

import pytest
import torch

from cases import CASES
from naive import attribution as naive
from seqinterp.api.catalogue import METHODS
from seqinterp.attribution.protocol import Baseline, Explainer, Score
from seqinterp.attribution.run import explain
from seqinterp.attribution.targets import output

PAIRS = [
    pytest.param(name, case, id=f"{name}-{case.name}")
    for name, method in METHODS.items()
    for case in CASES
    if case.dna or not method.dna_only
]


def state(model):
    return [
        (
            type(module),
            module.training,
            sorted(vars(module)),
            len(module._forward_hooks),
            len(module._forward_pre_hooks),
            len(module._backward_hooks),
            [(name, value.requires_grad, value.grad is None) for name, value in module.named_parameters(recurse=False)],
        )
        for module in model.modules()
    ]


@pytest.mark.parametrize(("name", "case"), PAIRS)
class TestContract:
    def test_equals_its_formula(self, name, case):
        model, inputs = case.model().eval(), case.inputs(2)
        index = case.outputs - 1
        found = explain(METHODS[name].explainer, Score(model, output(index)), inputs, device="cpu")
        torch.testing.assert_close(found, naive.METHODS[name](model, inputs, index), rtol=1e-5, atol=1e-8)

    @pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
    def test_batching_changes_nothing(self, name, case, batch_size):
        score, inputs = Score(case.model(), output(0)), case.inputs()
        parts = explain(METHODS[name].explainer, score, inputs, batch_size=batch_size, device="cpu")
        whole = explain(METHODS[name].explainer, score, inputs, device="cpu")
        torch.testing.assert_close(parts, whole, rtol=1e-10, atol=1e-12)

    def test_order_changes_nothing(self, name, case):
        score, inputs = Score(case.model(), output(0)), case.inputs()
        forth = explain(METHODS[name].explainer, score, inputs, device="cpu")
        back = explain(METHODS[name].explainer, score, inputs.flip(0), device="cpu").flip(0)
        torch.testing.assert_close(forth, back, rtol=1e-10, atol=1e-12)

    def test_the_model_is_given_back_as_it_was(self, name, case):
        model, inputs = case.model().train(), case.inputs(2)
        before, weights = state(model), {k: v.clone() for k, v in model.state_dict().items()}
        explain(METHODS[name].explainer, Score(model, output(0)), inputs, device="cpu")
        assert state(model) == before
        assert all(torch.equal(weights[k], v) for k, v in model.state_dict().items())

    def test_inputs_are_left_alone(self, name, case):
        inputs = case.inputs(2)
        copy = inputs.clone()
        explain(METHODS[name].explainer, Score(case.model(), output(0)), inputs, device="cpu")
        assert torch.equal(inputs, copy)
        assert not inputs.requires_grad

    def test_hypothetical_times_input_is_the_method(self, name, case):
        method = METHODS[name]
        if method.hypothetical in (None, method.explainer) or not case.dna:
            pytest.skip("this method has no hypothetical of its own here")
        score, inputs = Score(case.model(), output(0)), case.inputs(2)
        hypothetical = explain(method.hypothetical, score, inputs, device="cpu")
        torch.testing.assert_close(hypothetical * inputs, explain(method.explainer, score, inputs, device="cpu"))


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_methods_satisfy_the_protocol(method):
    assert isinstance(method.explainer, Explainer)
    assert method.hypothetical is None or isinstance(method.hypothetical, Explainer)
    assert method.reference is None or isinstance(method.reference, Baseline)
    assert method.paper


def test_every_method_has_an_oracle():
    assert set(METHODS) == set(naive.METHODS)


def test_a_linear_model_is_explained_by_its_weights():
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(24, 1)).double()
    inputs = torch.rand(3, 4, 6, dtype=torch.float64)
    weights = model[1].weight.detach().reshape(1, 4, 6).expand(3, 4, 6)
    found = explain(METHODS["gradient"].explainer, Score(model, output(0)), inputs, device="cpu")
    torch.testing.assert_close(found, weights)
