"""Laws that every explainer in the catalogue obeys, on every case: a new method is tested by its catalogue line."""

from functools import partial

import pytest
import torch

from cases import CASES
from naive.methods import ORACLES, expected, explainer, pairs
from seqinterp.api.catalogue import METHODS
from seqinterp.attribution.protocol import Baseline, Explainer, Score
from seqinterp.attribution.run import explain
from seqinterp.attribution.targets import output

PAIRS = pairs(METHODS, CASES)


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
        wanted = expected(name, model, inputs, case.outputs - 1)
        if wanted is None:
            pytest.skip("the formula is not written out for such a model")
        found = explain(explainer(name, METHODS), Score(model, output(case.outputs - 1)), inputs, device="cpu")
        near = {"rtol": ORACLES[name].rtol, "atol": ORACLES[name].atol}
        torch.testing.assert_close(found, wanted, **near)

    @pytest.mark.parametrize("batch_size", [1, 3, 100])
    def test_batching_changes_nothing(self, name, case, batch_size):
        score, inputs = Score(case.model(), output(0)), case.inputs()
        if batch_size < len(inputs) and case.name == "recurrent" and name != "gradient":
            pytest.skip("very many recurrent passes, a row or two each")
        parts = explain(explainer(name, METHODS), score, inputs, batch_size=batch_size, device="cpu")
        whole = explain(explainer(name, METHODS), score, inputs, device="cpu")
        torch.testing.assert_close(parts, whole, rtol=1e-9, atol=1e-11)

    def test_order_changes_nothing(self, name, case):
        score, inputs = Score(case.model(), output(0)), case.inputs()
        forth = explain(explainer(name, METHODS), score, inputs, device="cpu")
        back = explain(explainer(name, METHODS), score, inputs.flip(0), device="cpu").flip(0)
        torch.testing.assert_close(forth, back, rtol=1e-9, atol=1e-11)

    def test_the_model_is_given_back_as_it_was(self, name, case):
        model, inputs = case.model().train(), case.inputs(2)
        before, weights = state(model), {k: v.clone() for k, v in model.state_dict().items()}
        explain(explainer(name, METHODS), Score(model, output(0)), inputs, device="cpu")
        assert state(model) == before
        assert all(torch.equal(weights[k], v) for k, v in model.state_dict().items())

    def test_the_model_is_given_back_after_an_error(self, name, case):
        model, inputs = case.model().train(), case.inputs(2)
        before = state(model)

        def breaks(outputs):
            raise KeyError("the target breaks")

        with pytest.raises(KeyError, match="the target breaks"):
            explain(explainer(name, METHODS), Score(model, breaks), inputs, device="cpu")
        assert state(model) == before

    def test_inputs_are_left_alone(self, name, case):
        inputs = case.inputs(2)
        copy = inputs.clone()
        explain(explainer(name, METHODS), Score(case.model(), output(0)), inputs, device="cpu")
        assert torch.equal(inputs, copy)
        assert not inputs.requires_grad

    def test_hypothetical_times_input_is_the_method(self, name, case):
        method = METHODS[name]
        if method.hypothetical in (None, method.explainer) or not case.dna:
            pytest.skip("this method has no hypothetical of its own here")
        score, inputs = Score(case.model(), output(0)), case.inputs(2)
        options = ORACLES[name].options
        hypothetical = explain(partial(method.hypothetical, **options), score, inputs, device="cpu")
        found = explain(partial(method.explainer, **options), score, inputs, device="cpu")
        torch.testing.assert_close((hypothetical * inputs).sum(1), found.sum(1))


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_methods_satisfy_the_protocol(method):
    assert isinstance(method.explainer, Explainer)
    assert method.hypothetical is None or isinstance(method.hypothetical, Explainer)
    assert method.reference is None or isinstance(method.reference, Baseline)
    assert method.paper


def test_every_method_has_an_oracle():
    assert set(METHODS) == set(ORACLES)


def test_a_linear_model_is_explained_by_its_weights():
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(24, 1)).double()
    inputs = torch.rand(3, 4, 6, dtype=torch.float64)
    weights = model[1].weight.detach().reshape(1, 4, 6).expand(3, 4, 6)
    found = explain(METHODS["gradient"].explainer, Score(model, output(0)), inputs, device="cpu")
    torch.testing.assert_close(found, weights)
