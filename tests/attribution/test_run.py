"""The one batching loop and the one device move."""

import logging

import pytest
import torch
from torch import nn

from cases import CASES
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import _say_that_there_is_no_gpu, batched, borrowed, choose_device, explain, scores
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError


def test_the_model_is_given_back_after_an_error():
    model = nn.Sequential(nn.Linear(4, 2), nn.Dropout(), nn.Linear(2, 1))
    model[1].eval()
    before = [module.training for module in model.modules()]

    def fails(part):
        assert not any(module.training for module in model.modules())
        raise RuntimeError("stopped in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        batched(fails, model, torch.rand(3, 4), device="cpu")
    assert [module.training for module in model.modules()] == before


def test_the_model_moves_to_the_device_and_back():
    moves = []

    class Recorder(nn.Linear):
        def to(self, device):
            moves.append(torch.device(device).type)
            return self

    with borrowed(Recorder(4, 2), torch.device("meta")):
        assert moves == ["meta"]
    assert moves == ["meta", "cpu"]


def test_a_module_without_parameters_is_left_where_it_is():
    module = nn.Dropout()
    with borrowed(module, torch.device("meta")):
        assert not module.training
    assert module.training


def test_batches_have_the_size_asked_for_and_nothing_is_lost():
    seen = []

    def remember(part):
        seen.append(len(part))
        return part * 2

    inputs = torch.arange(14.0).reshape(7, 2)
    assert torch.equal(batched(remember, nn.Identity(), inputs, batch_size=3, device="cpu"), inputs * 2)
    assert seen == [3, 3, 1]


def test_the_result_keeps_no_graph():
    model = nn.Linear(4, 1)
    assert not batched(model, model, torch.rand(3, 4), device="cpu").requires_grad


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_scores_are_the_models_outputs(case):
    model, inputs = case.model(), case.inputs()
    found = scores(Score(model, output(0)), inputs, batch_size=2, device="cpu")
    expected = model.eval()(inputs).reshape(len(inputs), -1)[:, 0].detach()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("batch_size", [0, -3])
def test_a_batch_size_below_one_is_refused(batch_size):
    with pytest.raises(InputError, match="batch_size must be 1 or more"):
        batched(nn.Identity(), nn.Identity(), torch.rand(2, 2), batch_size=batch_size, device="cpu")


def test_no_examples_are_refused():
    with pytest.raises(InputError, match="no example"):
        batched(nn.Identity(), nn.Identity(), torch.rand(0, 2), device="cpu")


@pytest.mark.parametrize("name", ["cuda:97", "abacus", "meta"])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(InputError, match="cannot be used on this machine"):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_the_missing_gpu_is_said_aloud_once(caplog):
    _say_that_there_is_no_gpu.cache_clear()
    with caplog.at_level(logging.WARNING, logger="seqinterp"):
        assert choose_device(None).type == choose_device(None).type == "cpu"
    assert caplog.text.count("no GPU was found") == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_gpu_gives_what_the_cpu_gives(case):
    from seqinterp.attribution.gradient import gradient

    score, inputs = Score(case.model(), output(0)), case.inputs()
    there = explain(gradient, score, inputs, device="cuda")
    torch.testing.assert_close(there, explain(gradient, score, inputs, device="cpu"))


def test_progress_shows_a_bar(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes the captured stream for a terminal
    batched(nn.Identity(), nn.Identity(), torch.rand(4, 2), batch_size=1, device="cpu", progress=True)
    assert "explaining" in capsys.readouterr().err


def test_a_model_that_works_in_place_cannot_reach_the_inputs():
    class InPlace(nn.Module):
        def forward(self, inputs):
            inputs -= 1
            return inputs

    inputs = torch.rand(4, 3)
    copy = inputs.clone()
    torch.testing.assert_close(batched(InPlace(), InPlace(), inputs, device="cpu"), copy - 1)
    assert torch.equal(inputs, copy)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_comes_back_in_single(dtype):
    found = batched(nn.Identity(), nn.Identity(), torch.rand(4, 3).to(dtype), device="cpu")
    assert found.dtype == torch.float32


def test_recurrent_models_are_differentiated_without_cudnn():
    before = torch.backends.cudnn.enabled
    with borrowed(nn.LSTM(4, 2), torch.device("cpu")):
        assert not torch.backends.cudnn.enabled
    with borrowed(nn.Linear(4, 2), torch.device("cpu")):
        assert torch.backends.cudnn.enabled == before
    assert torch.backends.cudnn.enabled == before
