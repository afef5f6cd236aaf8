"""A model that is lent to a tool comes back as it was, and what the tool did is said."""

import sys
import warnings

import pytest
import torch
from torch import nn

from seqinterp.api.peers.lent import lent, one_line

CPU = torch.device("cpu")


def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv1d(4, 3, 5), nn.BatchNorm1d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2)).eval()


def hook(model):
    model[2].register_forward_hook(lambda *_: None)
    model[4].register_full_backward_hook(lambda *_: None)
    model[0].register_forward_pre_hook(lambda *_: None)


def attribute(model):
    model[0].rule, model[0].activations = 1, []


def forward(model):
    model[2].forward = lambda inputs: inputs


def train(model):
    model[1].train()


def weights(model):
    with torch.no_grad():
        model[4].weight += 1
    model[0].bias.data = torch.zeros(3, dtype=torch.float64)


def statistics(model):
    model.train()(torch.rand(3, 4, 20))
    model.eval()


def children(model):
    model[2] = nn.Identity()


def parameters(model):
    model[4].weight = nn.Parameter(torch.zeros(2, 48))


def asking(model):
    model[4].weight.requires_grad_(False)


def gradients(model):
    model(torch.rand(1, 4, 20)).sum().backward()


def kind(model):
    model[2].__class__ = nn.Tanh


LEFT = [
    (hook, ["hooks on 3 modules"]),
    (attribute, ["attributes activations, rule on 1 module"]),
    (forward, ["attribute forward on 1 module"]),
    (train, ["training mode on 1 module"]),
    (weights, ["changed weights"]),
    (statistics, ["changed weights"]),
    (children, ["other children on 1 module"]),
    (asking, ["changed requires_grad"]),
    (gradients, ["gradients of the weights"]),
    (kind, ["other children on 1 module"]),
    (parameters, []),  # the weights that were there are there again, unchanged
    (lambda model: model(torch.rand(1, 4, 20)), []),
]


@pytest.mark.parametrize(("leave", "said"), LEFT, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("failing", [False, True])
def test_what_is_left_is_said_and_taken_off(leave, said, failing):
    model, twin = network(), network()
    weight = model[4].weight
    with lent(model, CPU) as behaviour:
        leave(model)
        if failing:
            raise ValueError("it failed")
    assert behaviour.left == said
    assert behaviour.failed == ("ValueError: it failed" if failing else "")
    assert model[4].weight is weight
    for ours, theirs in zip(model.modules(), twin.modules(), strict=True):
        assert type(ours) is type(theirs)
        assert set(vars(ours)) == set(vars(theirs))
        assert ours.training == theirs.training
        assert not any(entries for name, entries in vars(ours).items() if name.endswith("hooks"))
    for ours, theirs in zip(model.state_dict().values(), twin.state_dict().values(), strict=True):
        assert ours.dtype == theirs.dtype and torch.equal(ours, theirs)
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    inputs = torch.rand(2, 4, 20)
    assert torch.equal(model(inputs), twin(inputs))


def test_what_the_user_had_on_the_model_stays():
    model, calls = network(), []
    handle = model[2].register_forward_hook(lambda *_: calls.append(1))
    model[0].note = {"mine": 1}
    model(torch.rand(1, 4, 20)).sum().backward()
    slope = model[4].weight.grad.clone()
    with lent(model, CPU) as behaviour:
        model[2]._forward_hooks.clear()
        model[0].note["theirs"] = 2
        model(torch.rand(1, 4, 20)).sum().backward()
    assert behaviour.left == ["gradients of the weights"]
    assert model[0].note == {"mine": 1}
    assert torch.equal(model[4].weight.grad, slope)
    calls.clear()
    model(torch.rand(1, 4, 20))
    assert calls == [1]
    handle.remove()
    model(torch.rand(1, 4, 20))
    assert calls == [1]


def test_weights_that_are_not_numbers_are_not_called_changed():
    model = network()
    with torch.no_grad():
        model[4].bias[0] = torch.nan
    with lent(model, CPU) as behaviour:
        pass
    assert behaviour.left == []


def test_warnings_are_said_once_and_prints_are_dropped(capfd):
    with lent(network(), CPU) as behaviour:
        for number in range(3):
            warnings.warn(f"\n  the delta is {number}\nand more", RuntimeWarning, stacklevel=1)
        warnings.warn("plain", stacklevel=1)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        sys.stdout.write("loud")
        sys.stderr.write("louder")
    assert behaviour.warned == ["RuntimeWarning: the delta is 0", "plain"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("error", [SystemExit(3), RecursionError("deep"), AssertionError()])
def test_nothing_a_tool_raises_gets_through(error):
    with lent(network(), CPU) as behaviour:
        raise error
    assert behaviour.failed.startswith(type(error).__name__)


def test_an_interruption_gets_through_and_the_model_is_as_it_was():
    model = network()
    with pytest.raises(KeyboardInterrupt), lent(model, CPU):
        hook(model)
        raise KeyboardInterrupt
    assert not any(module._forward_hooks for module in model.modules())


def test_random_numbers_and_gradient_mode_are_the_callers():
    state = torch.get_rng_state()
    with torch.no_grad(), lent(network(), CPU):
        assert torch.is_grad_enabled()
        torch.manual_seed(7)
        torch.set_grad_enabled(False)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\ntwo"), "ValueError: one"),
        (ValueError(), "ValueError"),
        (UserWarning("said"), "said"),
        (RuntimeWarning("deltas: tensor([1., 2.,\n 3.])"), "RuntimeWarning: deltas: tensor(…)"),
        (ValueError("a" * 500), "ValueError: " + "a" * 137 + "…"),
    ],
)
def test_errors_in_one_line(error, line):
    assert one_line(error) == line
