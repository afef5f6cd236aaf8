"""The door: which way is taken, and what happens when a plan cannot be trusted."""

import copy
import inspect
import logging
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import seqinterp as si
from seqinterp.attribution.notes import heard
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError
from seqinterp.mutagenesis import effects as door, planned as plans
from seqinterp.mutagenesis.by_forward import effects_by_forward
from seqinterp.mutagenesis.edit_lists import substitutions
from seqinterp.mutagenesis.effects import effects
from seqinterp.mutagenesis.every_base import every_base
from seqinterp.mutagenesis.steps import Convolution

LENGTH = 40


def network(seed=0):
    torch.manual_seed(seed)
    stack = (nn.Conv1d(4, 8, 5, padding=2), nn.ReLU(), nn.Conv1d(8, 8, 3, padding=1), nn.ReLU())
    return nn.Sequential(*stack, nn.Flatten(), nn.Linear(8 * LENGTH, 2)).eval()


def sequences(count=3, length=LENGTH):
    bases = torch.from_numpy(np.random.default_rng(0).integers(0, 4, (count, length)))
    return nn.functional.one_hot(bases, 4).transpose(1, 2).float()


class Branching(nn.Module):
    """Its code decides by the values it meets."""

    def __init__(self):
        super().__init__()
        self.inner = network()

    def forward(self, inputs):
        found = self.inner(inputs)
        return found if found.sum() > -1e9 else -found


def test_every_backend_gives_the_same():
    score, inputs = Score(network(), output(1)), sequences()
    edits = substitutions(inputs)
    truth = effects_by_forward(Score(network().double(), output(1)), inputs.double(), edits)
    for backend in ("auto", "forward", "kernels", "windows"):
        found = effects(score, inputs, edits, backend=backend)
        torch.testing.assert_close(found.double(), truth, rtol=0, atol=1e-6 * float(truth.abs().max()) + 3e-7)


def test_all_outputs_at_once():
    model, inputs = network(), sequences()
    edits = substitutions(inputs)
    both = effects(model, inputs, edits, backend="kernels")
    assert both.shape == (len(edits), 2)
    torch.testing.assert_close(both[:, 1], effects(Score(model, output(1)), inputs, edits, backend="kernels"))


def test_an_unknown_backend_is_refused():
    with pytest.raises(InputError, match="backend must be one of auto, forward, kernels, windows, not 'gpu'"):
        inspect.unwrap(door._plan)(network(), sequences(), 1, "gpu", fresh=True)  # types are checked before in tests


def test_a_backend_that_cannot_follow_says_why():
    with pytest.raises(InputError, match=r"'kernels' cannot be used here: .*decides by numbers.*backend='auto'"):
        every_base(Score(Branching().eval(), output(0)), sequences(), backend="kernels")


def test_without_a_plan_the_reason_is_noted():
    score, inputs = Score(Branching().eval(), output(0)), sequences()
    with heard() as notes:
        found = every_base(score, inputs)
    assert "decides by numbers it takes out of its tensors" in notes.rules["mutagenesis"]
    torch.testing.assert_close(found, every_base(Score(network(), output(0)), inputs, backend="forward"))


def test_a_small_job_is_not_planned(monkeypatch):
    monkeypatch.setattr(door, "WORTH_A_PLAN", 3e9)

    def refuse(*_, **__):
        raise AssertionError("a small job was planned")

    monkeypatch.setattr(door, "planned", refuse)
    score, inputs = Score(network(), output(0)), sequences()
    every_base(score, inputs)
    with pytest.raises(AssertionError, match="was planned"):
        every_base(score, inputs, repeats=10**6)


@pytest.mark.parametrize("listed", [False, True], ids=["all substitutions", "a list of edits"])
def test_a_plan_that_is_wrong_is_found_out(monkeypatch, caplog, listed):
    monkeypatch.undo()  # here the door is to say so, not to fail
    monkeypatch.setattr(door, "WORTH_A_PLAN", 0)
    score, inputs = Score(network(3), output(0)), sequences()
    real = plans.make_plan

    def broken(trace):
        plan = real(trace)
        steps = list(plan.steps)
        place = [number for number, step in enumerate(steps) if isinstance(step, Convolution)][1]
        steps[place] = replace(steps[place], weight=steps[place].weight * 1.1)
        return replace(plan, steps=tuple(steps))

    monkeypatch.setattr(plans, "make_plan", broken)
    edits = substitutions(inputs)
    with heard() as notes, caplog.at_level(logging.WARNING, "seqinterp"):
        found = effects(score, inputs, edits) if listed else every_base(score, inputs)
    (sentence,) = notes.warnings
    assert "differ from those of forward passes, first at conv1d; forward passes were made" in sentence
    assert sentence in caplog.text
    wanted = (
        effects(score, inputs, edits, backend="forward") if listed else every_base(score, inputs, backend="forward")
    )
    assert torch.equal(found, wanted)


def test_new_weights_make_a_new_plan():
    model, inputs = network(), sequences()
    before = every_base(Score(model, output(0)), inputs, backend="kernels")
    with torch.no_grad():
        model[5].weight.mul_(2)
    after = every_base(Score(model, output(0)), inputs, backend="kernels")
    torch.testing.assert_close(after, 2 * before)


def test_a_model_is_traced_once(monkeypatch):
    seen = []
    real = plans.trace
    monkeypatch.setattr(plans, "trace", lambda *given: seen.append(1) or real(*given))
    model, inputs = network(5), sequences()
    for _ in range(3):
        every_base(Score(model, output(0)), inputs, backend="kernels")
    every_base(Score(model, output(1)), inputs, backend="kernels")
    assert len(seen) == 2


def test_threads_change_nothing():
    score, inputs = Score(network(), output(0)), sequences(9)
    threads = torch.get_num_threads()
    try:
        found = []
        for count in (1, 3):
            torch.set_num_threads(count)
            found.append(every_base(score, inputs, backend="kernels"))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*found)


def test_the_result_says_how_it_was_computed():
    model, inputs = network(), sequences()
    assert si.mutate(model, inputs, device="cpu").origin["computed"] == "what each edit reaches"
    assert (
        si.mutate(model, inputs, device="cpu", backend="forward").origin["computed"] == "a forward pass for every edit"
    )


def test_no_effect_outside_the_window_and_none_of_rounding():
    """A score that reads ten positions: exactly zero elsewhere, also after layers that are recomputed in full."""

    class Narrow(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv1d(4, 8, 3), nn.GRU(8, 5, batch_first=True)

        def forward(self, inputs):
            return self.second(self.first(inputs)[:, :, 10:18].transpose(1, 2))[0][:, -1]

    torch.manual_seed(0)
    found = every_base(Score(Narrow().eval(), output(0)), sequences(), backend="kernels")
    assert bool((found[:, :, 10:20] != 0).any())
    assert not found[:, :, :10].any()
    assert not found[:, :, 20:].any()


def test_a_plan_that_was_wrong_is_not_used_again(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(door, "WORTH_A_PLAN", 0)
    score, inputs = Score(network(4), output(0)), sequences()
    real = plans.make_plan
    monkeypatch.setattr(plans, "make_plan", lambda trace: _off(real(trace)))
    first = every_base(score, inputs)
    later = every_base(score, inputs, check=False)
    assert torch.equal(first, every_base(score, inputs, backend="forward"))
    assert torch.equal(first, later)


def _off(plan):
    """The plan with a wrong bias in front of the rectifier."""
    steps = list(plan.steps)
    steps[0] = replace(steps[0], bias=steps[0].bias + 0.5)
    return replace(plan, steps=tuple(steps))


@pytest.mark.parametrize("change", ["data", "option", "hook", "module"])
def test_any_change_of_the_model_makes_a_new_plan(change):
    model, inputs = network(6), sequences()
    model[1] = nn.LeakyReLU(0.01)
    model.eval()
    score = Score(model, output(0))
    before = every_base(score, inputs, backend="kernels")
    if change == "data":
        model[0].weight.data.mul_(1.0005)
    elif change == "option":
        model[1].negative_slope = 0.0105
    elif change == "module":
        model[3] = nn.GELU()
    else:
        model[0].register_forward_hook(lambda module, given, found: found * 1.0005)
    after = every_base(Score(model.eval(), output(0)), inputs, backend="kernels")
    assert not torch.equal(before, after)
    torch.testing.assert_close(after, every_base(score, inputs, backend="forward"), rtol=1e-4, atol=1e-6)


class Hidden(nn.Module):
    """A part of its code is compiled, so that its calls are not seen."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.first, self.hidden = nn.Conv1d(4, 6, 3), torch.jit.trace(nn.Conv1d(4, 6, 3), torch.zeros(1, 4, LENGTH))

    def forward(self, inputs):
        return (self.first(inputs) + self.hidden(inputs)).relu().amax(dim=2)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_hidden_parts_are_found_out():
    score, inputs = Score(Hidden().eval(), output(0)), sequences()
    with heard() as notes:
        found = every_base(score, inputs)
    assert "is hidden" in notes.rules["mutagenesis"]
    assert torch.equal(found, every_base(score, inputs, backend="forward"))


def test_what_is_not_a_number_is_computed_by_forward_passes():
    class Log(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.first, self.last = nn.Conv1d(4, 6, 3), nn.Linear(6 * 38, 1)

        def forward(self, inputs):
            return self.last(torch.sigmoid(torch.log(self.first(inputs).relu())).flatten(1))

    score, inputs = Score(Log().eval(), output(0)), sequences()
    found = every_base(score, inputs)
    assert bool(torch.isfinite(found).all())
    torch.testing.assert_close(found, every_base(score, inputs, backend="forward"), rtol=0, atol=1e-6)


class Rules(nn.Module):
    """Calls that are easily misread."""

    def __init__(self, call):
        super().__init__()
        torch.manual_seed(0)
        self.call, self.first, self.last = call, nn.Conv1d(4, 8, 3), nn.LazyLinear(1)
        self.constant = nn.Parameter(torch.randn(1, 8, 1))

    def forward(self, inputs):
        return self.last(self.call(self, self.first(inputs).relu()).flatten(1))


MISREAD = {
    "a constant expanded as a layer": lambda net, h: h * net.constant.expand_as(h),
    "narrow from the end": lambda net, h: h.narrow(2, -6, 5),
    "interpolated by a fraction": lambda net, h: nn.functional.interpolate(h, scale_factor=1.7),
    "prelu across positions": lambda net, h: nn.functional.prelu(h[:, :, :8].transpose(1, 2), net.constant.flatten()),
    "everything by name": lambda net, h: torch.flip(input=torch.transpose(input=h, dim0=1, dim1=2), dims=[2]),
    "channels by an array": lambda net, h: h[:, np.array([0, 3, 1])],
    "an empty part joined": lambda net, h: torch.cat([h[:, :, 5:5], h], dim=2),
    "equal to the largest": lambda net, h: h * (h == h.amax(dim=2, keepdim=True)),
    "written through a view": lambda net, h: _written(h) + h,
}


def _written(h):
    found = torch.zeros_like(h)
    found.transpose(1, 2).add_(h.transpose(1, 2))
    return found


@pytest.mark.parametrize("name", MISREAD)
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_calls_that_are_easily_misread(name):
    model, inputs = Rules(MISREAD[name]), sequences()
    model.eval()(inputs)
    score, truth = Score(model, output(0)), Score(copy.deepcopy(model).double(), output(0))
    found, wanted = every_base(score, inputs), every_base(truth, inputs.double())
    torch.testing.assert_close(found.double(), wanted, rtol=0, atol=2e-6 * float(wanted.abs().max()) + 2e-7)
