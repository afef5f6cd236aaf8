"""Laws of the methods that work operation by operation, over every architecture of the zoo in both modalities."""

from functools import partial

import pytest
import torch

from architectures import ARCHITECTURES
from seqinterp.attribution.deeplift import deeplift
from seqinterp.attribution.exact_shapley import exact_shapley
from seqinterp.attribution.gradient import gradient, gradient_times_input
from seqinterp.attribution.groups import blocks
from seqinterp.attribution.integrated_gradients import integrated_gradients
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.partners import RowPartners, Unclear
from seqinterp.attribution.run import explain, scores
from seqinterp.attribution.targets import as_target

SMOOTH_ENOUGH = [case for case in ARCHITECTURES if case.continuous]  # a jump has no slope to attribute it by
COMPLETE = {"deeplift": deeplift, "integrated_gradients": partial(integrated_gradients, steps=3)}
PRECISIONS = [(torch.float64, 1e-9), (torch.float32, 2e-5)]
every_architecture = pytest.mark.parametrize("case", ARCHITECTURES, ids=lambda case: case.name)


def score_of(case, dtype=torch.float64):
    return Score(case.model().to(dtype), as_target(case.target))


def shuffled(inputs):
    """One reference that follows from the example: its places in another order."""
    return inputs.roll(3, dims=-1).flip(-1).unsqueeze(1)


def missing(method, case, inputs, baseline, dtype):
    """The largest relative error of the sum of the attributions."""
    score, given = score_of(case, dtype), inputs.to(dtype)
    found = explain(partial(method, baseline=baseline), score, given, device="cpu")
    assert found.shape == given.shape and found.dtype == dtype
    starts = baseline(given)
    owed = scores(score, given, device="cpu") - scores(score, starts.flatten(0, 1), device="cpu")
    return float((found.flatten(1).sum(1) - owed).abs().max() / owed.abs().max())


@pytest.mark.parametrize("case", SMOOTH_ENOUGH, ids=lambda case: case.name)
@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize(("dtype", "bound"), PRECISIONS, ids=["double", "single"])
def test_attributions_add_up(name, case, dtype, bound):
    """Completeness: sum of attributions = score - score of the reference, here zero."""
    inputs = case.inputs(2, unknown=True)
    if name == "integrated_gradients" and dtype == torch.float32:
        bound *= 2  # each of its pieces rounds: an instance norm near its zero variance reaches 2.1e-5
    assert missing(COMPLETE[name], case, inputs, lambda given: torch.zeros_like(given).unsqueeze(1), dtype) < bound


@every_architecture
@pytest.mark.parametrize(("dtype", "bound"), PRECISIONS, ids=["double", "single"])
def test_shapley_values_add_up(case, dtype, bound):
    """Six groups of places: 64 coalitions, exactly."""
    inputs = case.inputs(2)
    method = partial(exact_shapley, groups=blocks(inputs.shape[1:], 6))
    assert missing(method, case, inputs, lambda given: torch.zeros_like(given).unsqueeze(1), dtype) < bound


@pytest.mark.parametrize("case", SMOOTH_ENOUGH, ids=lambda case: case.name)
def test_attributions_add_up_against_other_references(case):
    """The same against references that are inputs themselves, several for each example."""

    def several(given):
        return torch.cat([shuffled(given), shuffled(given).roll(1, dims=-1), shuffled(given).roll(5, dims=-1)], dim=1)

    score, inputs = score_of(case), case.inputs(3)
    found = explain(partial(deeplift, baseline=several), score, inputs, device="cpu")
    starts = scores(score, several(inputs).flatten(0, 1), device="cpu").view(3, 3)
    whole = scores(score, inputs, device="cpu")
    wrong = (found.flatten(1).sum(1) - (whole - starts.mean(1))).abs().max()
    assert wrong < 1e-9 * (whole[:, None] - starts).abs().max()


@every_architecture
def test_company_and_order_change_nothing(case):
    score, inputs = score_of(case), case.inputs(4)
    method = partial(deeplift, baseline=shuffled)
    whole = explain(method, score, inputs, device="cpu")
    near = {"rtol": 1e-7, "atol": 1e-9 * float(whole.abs().max())}
    torch.testing.assert_close(explain(method, score, inputs, batch_size=4, device="cpu"), whole, **near)
    torch.testing.assert_close(explain(method, score, inputs.flip(0), device="cpu").flip(0), whole, **near)


@pytest.mark.parametrize("case", ARCHITECTURES[::9], ids=lambda case: case.name)
def test_the_number_of_threads_changes_nothing(case):
    score, inputs = score_of(case), case.inputs(4)
    whole = explain(deeplift, score, inputs, device="cpu")
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1 if threads > 1 else 2)
        again = explain(deeplift, score, inputs, device="cpu")
    finally:
        torch.set_num_threads(threads)
    torch.testing.assert_close(again, whole, rtol=1e-7, atol=1e-9 * float(whole.abs().max()))


@every_architecture
def test_one_pass_or_two_give_the_same(case, monkeypatch):
    """Rows compared within one pass against the oracle that needs no layout: a record pass and a replay pass."""
    score, inputs = score_of(case), case.inputs(3)
    method = partial(deeplift, baseline=shuffled)
    fast = explain(method, score, inputs, device="cpu")

    def unclear(*_):
        raise Unclear

    monkeypatch.setattr(RowPartners, "meet", unclear)
    slow = explain(method, score, inputs, device="cpu")
    torch.testing.assert_close(fast, slow, rtol=1e-7, atol=1e-9 * float(slow.abs().max()))


@every_architecture
def test_the_model_is_given_back_bit_by_bit(case):
    model = case.model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    asking = [parameter.requires_grad for parameter in model.parameters()]
    explain(deeplift, Score(model, as_target(case.target)), case.inputs(2), device="cpu")
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert [parameter.requires_grad for parameter in model.parameters()] == asking
    assert not any(module._forward_hooks or module._backward_hooks for module in model.modules())


LINEAR = [case for case in ARCHITECTURES if case.linear]


@pytest.mark.parametrize("case", LINEAR, ids=lambda case: case.name)
@pytest.mark.parametrize("name", COMPLETE)
def test_linear_models_are_explained_by_their_weights(name, case):
    """Closed form: w (x - reference), whatever the method."""
    score, inputs = score_of(case), case.inputs(3)
    slope = explain(gradient, score, inputs, device="cpu")
    wanted = slope * (inputs - shuffled(inputs)[:, 0])
    found = explain(partial(COMPLETE[name], baseline=shuffled), score, inputs, device="cpu")
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("case", [case for case in ARCHITECTURES if case.relu_without_bias], ids=lambda case: case.name)
def test_rectifiers_without_biases_agree_from_zero(case):
    """The score is homogeneous: integrated gradients = gradient x input = DeepLIFT."""
    score, inputs = score_of(case), case.inputs(3)
    wanted = explain(gradient_times_input, score, inputs, device="cpu")
    near = {"rtol": 1e-7, "atol": 1e-9 * float(wanted.abs().max())}
    torch.testing.assert_close(explain(deeplift, score, inputs, device="cpu"), wanted, **near)
    torch.testing.assert_close(explain(integrated_gradients, score, inputs, device="cpu"), wanted, **near)
