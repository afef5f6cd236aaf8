"""Laws of the methods that replace groups of features: Shapley values in their three ways, LIME, occlusion."""

from functools import partial

import pytest
import torch

from cases import CASES
from naive import perturbation as naive
from seqinterp.attribution.exact_shapley import exact_shapley
from seqinterp.attribution.groups import blocks
from seqinterp.attribution.kernel_shap import kernel_shap
from seqinterp.attribution.lime import lime
from seqinterp.attribution.occlusion import occlusion
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import explain
from seqinterp.attribution.sampled_shapley import sampled_shapley
from seqinterp.attribution.shapley import shapley
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError


def noise(inputs):
    """Two references that follow from the example."""
    return torch.stack(((inputs * 5).sin(), (inputs * 3).cos()), dim=1)


METHODS = {
    "occlusion": occlusion,
    "shapley": partial(shapley, draws=4),
    "exact_shapley": exact_shapley,
    "sampled_shapley": partial(sampled_shapley, draws=6),
    "kernel_shap": partial(kernel_shap, draws=300),
    "lime": partial(lime, draws=60),
}
COMPLETE = ["shapley", "exact_shapley", "sampled_shapley", "kernel_shap"]
GROUPED = [*COMPLETE, "lime"]
RANDOM = ["shapley", "sampled_shapley", "kernel_shap", "lime"]
every_method = pytest.mark.parametrize("method", METHODS)
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def of(example):
    """Six groups, made of positions or pixels that do not all lie together."""
    return blocks(example.shape, 12) % 6


def closeness(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@every_method
@every_case
def test_equals_its_formula(method, case):
    model, inputs = case.model().eval(), case.inputs(2)
    options = dict(getattr(METHODS[method], "keywords", {}))
    if case.name == "recurrent" and method in ("shapley", "kernel_shap", "exact_shapley"):
        options["groups"] = of(inputs[0])  # 64 coalitions are enough for the slow formula
    if method == "exact_shapley":
        options["groups"] = of(inputs[0])
    index = case.outputs - 1
    found = explain(partial(METHODS[method], **options), Score(model, output(index)), inputs, device="cpu")
    expected = getattr(naive, method)(model, inputs, index, **options)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)


@every_method
def test_several_references_are_averaged(method):
    case = CASES[0]
    model, inputs = case.model().eval(), case.inputs(2)
    options = {**getattr(METHODS[method], "keywords", {}), "baseline": noise}
    if method in GROUPED:
        options["groups"] = of(inputs[0])
    found = METHODS[method](Score(model, output(1)), inputs, **options)
    expected = getattr(naive, method)(model, inputs, 1, **options)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("method", COMPLETE)
@every_case
def test_values_add_up(method, case):
    score, inputs = Score(case.model().eval(), output(0)), case.inputs(3)
    found = METHODS[method](score, inputs, baseline=noise)
    with torch.no_grad():
        owed = score(inputs) - score(noise(inputs).flatten(0, 1)).reshape(3, 2).mean(dim=1)
    closeness(found.flatten(1).sum(1), owed)


@pytest.mark.parametrize("method", COMPLETE)
def test_values_add_up_in_single_precision(method):
    case = CASES[0]
    score, inputs = Score(case.model().eval().float(), output(0)), case.inputs(3).float()
    found = METHODS[method](score, inputs)
    with torch.no_grad():
        owed = score(inputs) - score(torch.zeros_like(inputs))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.flatten(1).sum(1), owed, rtol=2e-5, atol=1e-6)


EXACT_FOR_LINES = {
    "occlusion": occlusion,
    "shapley": shapley,
    "exact_shapley": exact_shapley,
    "sampled_shapley": partial(sampled_shapley, draws=1),
    "kernel_shap": kernel_shap,
    "lime": partial(lime, alpha=0.0, draws=200),
}


@pytest.mark.parametrize("method", EXACT_FOR_LINES)
@pytest.mark.parametrize("count", [3, 9, 20])
def test_a_linear_model_gives_each_feature_what_it_adds(method, count):
    if method == "exact_shapley" and count > 12:
        pytest.skip("more than 12 groups")
    model = torch.nn.Linear(count, 1).double()
    inputs = torch.rand(3, count, dtype=torch.float64)
    found = EXACT_FOR_LINES[method](Score(model, output(0)), inputs, baseline=lambda x: x.flip(1).unsqueeze(1))
    closeness(found, model.weight.detach() * (inputs - inputs.flip(1)))


@pytest.mark.parametrize("method", [name for name in EXACT_FOR_LINES if name != "occlusion"])
@pytest.mark.parametrize("shape", [(4, 9), (3, 4, 5)])
def test_a_linear_model_gives_each_group_what_it_adds(method, shape):
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(torch.Size(shape).numel(), 1)).double()
    inputs = torch.rand(2, *shape, dtype=torch.float64)
    groups = blocks(torch.Size(shape), 5)
    found = EXACT_FOR_LINES[method](Score(model, output(0)), inputs, groups=groups)
    adds = model[1].weight.detach().reshape(shape) * inputs
    for group in range(int(groups.max()) + 1):
        closeness(found[:, groups == group].sum(1), adds[:, groups == group].sum(1))


@every_method
@every_case
def test_batch_and_order_change_nothing(method, case):
    score, inputs = Score(case.model(), output(0)), case.inputs()
    explainer = partial(METHODS[method], groups=of(inputs[0])) if method in GROUPED else METHODS[method]
    whole = explain(explainer, score, inputs, device="cpu")
    closeness(explain(explainer, score, inputs, batch_size=3, device="cpu"), whole)
    closeness(explain(explainer, score, inputs[:1], device="cpu"), whole[:1])
    closeness(explain(explainer, score, inputs.flip(0), device="cpu").flip(0), whole)


@pytest.mark.parametrize("method", RANDOM)
def test_the_seed_fixes_the_draw_and_the_global_stream_is_left_alone(method):
    score, inputs = Score(CASES[0].model().eval(), output(0)), CASES[0].inputs(2)
    before = torch.get_rng_state()
    first, again, other = (METHODS[method](score, inputs, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other, rtol=1e-4)
    assert torch.equal(before, torch.get_rng_state())


@every_method
def test_inputs_are_left_alone(method):
    score, inputs = Score(CASES[0].model().eval(), output(0)), CASES[0].inputs(2).requires_grad_()
    copy = inputs.detach().clone()
    found = METHODS[method](score, inputs)
    assert torch.equal(inputs, copy)
    assert not found.requires_grad
    assert inputs.grad is None


class Product(torch.nn.Module):
    """Features 0 and 1 multiplied and squashed, feature 2 alone; the others are never looked at."""

    def forward(self, inputs):
        return torch.tanh(inputs[:, 0] * inputs[:, 1]) + 2 * inputs[:, 2] ** 2


@pytest.mark.parametrize("method", ["occlusion", "shapley", "exact_shapley", "sampled_shapley"])
@pytest.mark.parametrize("count", [6, 12, 15])
def test_a_feature_that_is_never_used_gets_nothing(method, count):
    inputs = torch.rand(2, count, dtype=torch.float64) + 0.5
    groups = {} if method != "exact_shapley" else {"groups": torch.arange(count).clamp(max=7)}
    found = METHODS[method](Score(Product(), output(0)), inputs, **groups)
    assert found[:, :3].abs().min() > 0.01
    assert found[:, 3:].abs().max() == 0


def test_a_feature_that_is_never_used_gets_nothing_from_all_coalitions():
    inputs = torch.rand(2, 9, dtype=torch.float64) + 0.5
    found = kernel_shap(Score(Product(), output(0)), inputs)
    assert found[:, 3:].abs().max() < 1e-12


@pytest.mark.parametrize("method", GROUPED)
def test_symmetric_features_are_equal(method):
    inputs = torch.full((1, 5), 0.8, dtype=torch.float64)
    found = METHODS[method](Score(Product(), output(0)), inputs)
    # An order and its reverse share what two features do together evenly between them: 4 orders are enough.
    closeness(found[0, 0], found[0, 1])


@pytest.mark.parametrize("method", GROUPED)
def test_groups_that_cannot_be_used_are_refused_before_the_model_is_called(method):
    def never(outputs):
        raise AssertionError("the model was called")

    with pytest.raises(InputError, match="groups must be whole numbers"):
        METHODS[method](Score(torch.nn.Flatten(), never), torch.zeros(1, 4, 6), groups=torch.zeros(4, 6))


@pytest.mark.parametrize("method", GROUPED)
def test_one_group_gets_the_whole_difference(method):
    score, inputs = Score(CASES[0].model().eval(), output(0)), CASES[0].inputs(2)
    options = {"alpha": 0.0} if method == "lime" else {}
    found = METHODS[method](score, inputs, groups=torch.zeros(4, 20, dtype=torch.long), **options)
    with torch.no_grad():
        closeness(found.flatten(1).sum(1), score(inputs) - score(torch.zeros_like(inputs)))
