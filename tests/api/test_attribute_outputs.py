"""Attributions of every output, and dependency maps, as public calls."""

import pytest
import torch
from torch import nn

import seqinterp as si
from cases import DNA_CASES
from seqinterp.attribution.dependency_map import dependency_map
from seqinterp.attribution.gradient import gradient_times_input
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output, position
from seqinterp.errors import InputError, ModelError

CASE = DNA_CASES[0]


def profile():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv1d(4, 5, 5), nn.ReLU(), nn.Conv1d(5, 2, 3)).double()


@pytest.mark.parametrize("method", ["gradient", "deeplift", "mutagenesis"])
def test_each_output_is_explained_as_by_itself(method):
    model, inputs = profile(), CASE.inputs(2)
    found = si.attribute_outputs(model, inputs, method, outputs=[3, 20], device="cpu")
    assert found.shape == (2, 2, 4, 20)
    for place, target in enumerate([position(0, 3), position(1, 6)]):
        alone = si.attribute(model, inputs, method, target=target, device="cpu")
        torch.testing.assert_close(found[:, place], alone.values)


def test_all_outputs_of_a_profile():
    found = si.attribute_outputs(profile(), CASE.inputs(1), "gradient", device="cpu")
    assert found.shape == (1, 28, 4, 20)
    torch.testing.assert_close(found, si.jacobian(profile(), CASE.inputs(1), device="cpu"))


def test_wrong_outputs_are_refused():
    with pytest.raises(InputError, match="output 28 was asked for, but the model has 28, numbered 0 to 27"):
        si.attribute_outputs(profile(), CASE.inputs(1), outputs=[0, 28], device="cpu")
    with pytest.raises(InputError, match="no output was asked for"):
        si.attribute_outputs(profile(), CASE.inputs(1), outputs=[], device="cpu")


def test_a_model_with_several_heads_is_refused():
    class Heads(nn.Module):
        def forward(self, inputs):
            return inputs.sum((1, 2)), inputs

    with pytest.raises(ModelError, match="returns a tuple; wrap it"):
        si.attribute_outputs(Heads(), CASE.inputs(1), device="cpu")


@pytest.mark.slow
def test_tangermeme_pisa():
    from tangermeme.pisa import pisa

    model, inputs = nn.Sequential(*list(profile().float())[:2], nn.Conv1d(5, 1, 3)), CASE.inputs(2).float()
    references = torch.stack([inputs.flip(2), inputs.roll(3, 2)], dim=1)
    theirs = pisa(nn.Sequential(model, nn.Flatten()), inputs, references=references, device="cpu", n_shuffles=2)
    ours = si.attribute_outputs(model, inputs, baseline=references, device="cpu")
    torch.testing.assert_close(ours, theirs.reshape(ours.shape), rtol=1e-4, atol=1e-6)


def test_dependency_map():
    model, inputs = CASE.model(), CASE.inputs(2)
    found = si.dependency_map(model, inputs, target=1, device="cpu")
    assert found.shape == (2, 20, 20)
    torch.testing.assert_close(found, dependency_map(gradient_times_input, Score(model.eval(), output(1)), inputs))
