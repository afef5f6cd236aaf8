"""The rule engine on code that makes its life hard: in place, compiled, scripted, branching, unknown, in half."""

import gc
from functools import partial

import pytest
import torch
from torch import nn

from seqinterp.attribution.deeplift import deeplift
from seqinterp.attribution.notes import heard
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows, row_limit
from seqinterp.attribution.run import explain, scores
from seqinterp.attribution.targets import output
from seqinterp.errors import ModelError


def network(**relu):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = (nn.Conv1d(4, 6, 5), nn.ReLU(**relu), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(48, 2))
        return nn.Sequential(*layers).eval()


def sequences(count=3, length=20):
    bases = torch.randint(4, (count, length), generator=torch.Generator().manual_seed(1))
    return nn.functional.one_hot(bases, 4).transpose(1, 2).float()


def missing(model, inputs):
    """Relative completeness error of DeepLIFT against zeros, and what was said."""
    score = Score(model, output(0))
    with heard() as notes:
        found = explain(deeplift, score, inputs, device="cpu").double()
    owed = (scores(score, inputs, device="cpu") - scores(score, inputs * 0, device="cpu")).double()
    return float((found.flatten(1).sum(1) - owed).abs().max() / owed.abs().max()), notes


def test_compiled_models_run_as_they_were_written():
    inputs, model = sequences(), network()
    wanted = explain(deeplift, Score(model, output(0)), inputs, device="cpu")
    for compiled in (torch.compile(model, backend="eager"), nn.Sequential(torch.compile(model, backend="eager"))):
        with torch.no_grad():
            compiled(inputs)
        torch.testing.assert_close(explain(deeplift, Score(compiled, output(0)), inputs, device="cpu"), wanted)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scripted_models_are_refused_by_name():
    model = nn.Sequential()
    model.add_module("body", torch.jit.script(network()))
    with pytest.raises(ModelError, match="body is a TorchScript module, whose operations cannot be given rules"):
        explain(deeplift, Score(model, output(0)), sequences(), device="cpu")


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float16, 0.02), (torch.bfloat16, 0.1)])
def test_half_precision(dtype, bound):
    error, _ = missing(network().to(dtype), sequences().to(dtype))
    assert error < bound


class Deciding(nn.Module):
    """Takes another way when anything is strongly active."""

    def __init__(self):
        super().__init__()
        self.body = network()

    def forward(self, inputs):
        hidden = self.body[:3](inputs)
        if hidden.max() > 0.9:
            hidden = torch.tanh(hidden)
        return self.body[3:](hidden)


def test_control_flow_that_differs_from_the_reference_is_refused():
    with pytest.raises(ModelError, match="control flow depends on the values"):
        explain(deeplift, Score(Deciding().eval(), output(0)), sequences() * 3, device="cpu")


def test_control_flow_that_does_not_differ_is_mentioned():
    error, notes = missing(Deciding().eval(), sequences() * 0.1)
    assert error < 1e-5
    assert "reads values out of the graph" in notes.warnings[0]


class Wave(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs):
        ctx.save_for_backward(inputs)
        return inputs.sin()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.saved_tensors[0].cos()


class Applying(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.body, self.function = network(), function

    def forward(self, inputs):
        return self.body[3:](self.function(self.body[:3](inputs)))


def test_an_autograd_function_of_the_model_is_named():
    error, notes = missing(Applying(Wave.apply).eval(), sequences())
    assert error > 1e-3
    assert notes.warnings == ["the model's own autograd function Wave has no rule and keeps its derivative"]


def test_an_operation_in_no_list_is_complete_and_named():
    error, notes = missing(Applying(lambda hidden: torch.polygamma(1, hidden + 1)).eval(), sequences())
    assert error < 1e-5
    assert list(notes.without_rule) == ["polygamma"]


def test_an_operation_in_no_list_that_is_linear_is_not_named():
    error, notes = missing(Applying(lambda hidden: torch.trapz(hidden, dim=2)[..., None] + hidden).eval(), sequences())
    assert error < 1e-5
    assert not notes.without_rule


def test_writing_in_place_later_does_not_reach_what_was_kept():
    class Overwriting(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = network()

        def forward(self, inputs):
            hidden = self.body[0](inputs)
            active = torch.sigmoid(hidden)
            hidden += 5
            active.mul_(2)
            return self.body[3:](self.body[2](active * hidden.relu_()))

    assert missing(Overwriting().eval(), sequences())[0] < 1e-5


@pytest.mark.parametrize("in_place", [False, True])
def test_no_tensor_outlives_a_call(in_place):
    score, inputs = Score(network(inplace=in_place), output(0)), sequences()
    explain(deeplift, score, inputs, device="cpu")

    def alive():
        return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = alive()
        for _ in range(3):
            explain(deeplift, score, inputs, device="cpu")
        assert alive() <= before
    finally:
        gc.enable()


def test_packed_sequences_are_refused():
    class Packed(nn.Module):
        def __init__(self):
            super().__init__()
            self.core = nn.LSTM(4, 3, batch_first=True)

        def forward(self, inputs):
            lengths = torch.full((len(inputs),), inputs.shape[2])
            rows = nn.utils.rnn.pack_padded_sequence(inputs.transpose(1, 2), lengths, batch_first=True)
            return nn.utils.rnn.pad_packed_sequence(self.core(rows)[0], batch_first=True)[0].mean(1)

    with pytest.raises(ModelError, match="an LSTM over a PackedSequence, which has no rules; give it padded sequences"):
        explain(deeplift, Score(Packed().eval(), output(0)), sequences(), device="cpu")


class TestRunningOutOfMemory:
    """Fewer rows are tried until they fit; an error that stays is passed on."""

    def function(self, limit, seen):
        def run(rows):
            seen.append(len(rows))
            if len(rows) > limit:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return rows * 2

        return run

    def test_rows_are_halved_until_they_fit(self):
        seen, rows = [], torch.arange(20.0).reshape(10, 2)
        assert torch.equal(by_rows(self.function(3, seen), rows), rows * 2)
        assert seen == [10, 5, 2, 2, 2, 2, 2]

    def test_what_never_fits_is_passed_on(self):
        with pytest.raises(torch.OutOfMemoryError):
            by_rows(self.function(0, []), torch.zeros(4, 2))

    def test_the_limit_is_kept(self):
        seen = []
        with row_limit(3):
            by_rows(self.function(100, seen), torch.zeros(7, 2))
        assert seen == [3, 3, 1]


class Rescaling(nn.Module):
    """Writes into its own input."""

    def __init__(self, in_place):
        super().__init__()
        self.body, self.in_place = network(), in_place

    def forward(self, inputs):
        return self.body(inputs.sub_(0.3).div_(0.5) if self.in_place else (inputs - 0.3) / 0.5)


@pytest.mark.parametrize("name", ["gradient", "deeplift", "integrated_gradients", "occlusion", "mutagenesis", "lrp"])
def test_a_model_that_writes_into_its_input_reaches_nobody_elses(name):
    from seqinterp.api.catalogue import METHODS

    wanted, found = (
        explain(METHODS[name].explainer, Score(Rescaling(way), output(0)), sequences(), device="cpu")
        for way in (False, True)
    )
    torch.testing.assert_close(found, wanted)


def test_memory_that_runs_out_anywhere_is_survived():
    class Small(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = network()

        def forward(self, inputs):
            if len(inputs) > 16:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return self.body(inputs)

    def several(inputs):
        return torch.stack([inputs.roll(shift, 2) for shift in range(20)], dim=1)

    def found(model):
        return explain(partial(deeplift, baseline=several), Score(model, output(0)), sequences(40), device="cpu")

    torch.testing.assert_close(found(Small()), found(network()), rtol=1e-4, atol=1e-7)


def test_gradients_switched_off_inside_are_mentioned():
    class Cut(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = network()

        def forward(self, inputs):
            with torch.no_grad():
                lost = self.body(inputs)
            return self.body(inputs) + lost

    _, notes = missing(Cut().eval(), sequences())
    assert any("switches gradients off" in warning for warning in notes.warnings)


def test_operations_with_several_results_keep_their_derivative_and_are_named():
    _, notes = missing(Applying(lambda hidden: hidden - torch.aminmax(hidden, dim=2, keepdim=True).max), sequences())
    assert notes.without_rule == {"aminmax": 1.0}


def test_a_secant_of_rounding_is_not_taken_for_a_slope():
    class Squeezed(nn.Module):
        def forward(self, inputs):
            return (inputs @ torch.tensor([1.0, -1.0 + 1e-7])).sigmoid()

    found = explain(deeplift, Score(Squeezed(), output(0)), torch.ones(1, 2), device="cpu")
    torch.testing.assert_close(found, torch.tensor([[0.25, -0.25]]), rtol=1e-4, atol=1e-5)


def test_callers_in_inference_mode_are_served():
    model = network()
    with torch.inference_mode():
        found = explain(deeplift, Score(model, output(0)), sequences(), device="cpu")
    torch.testing.assert_close(found, explain(deeplift, Score(network(), output(0)), sequences(), device="cpu"))
