"""The evidence that comes with an answer."""

import pytest
import torch
from torch import nn

from seqinterp.attribution.evidence import completeness_error, model_hash, output_kind, versions


def test_completeness_error_is_the_largest_gap():
    values = torch.tensor([[[1.0, 2.0]], [[0.5, 0.5]]])
    error, relative = completeness_error(values, torch.tensor([3.0, 2.0]), torch.tensor([0.0, 0.5]))
    assert error == 0.5
    assert relative == 0.5 / 1.5  # each example against its own difference


def test_completeness_of_nothing_owed():
    nothing = torch.zeros(2, 3)
    assert completeness_error(nothing, torch.ones(2), torch.ones(2)) == (0.0, 0.0)
    assert completeness_error(nothing + 1, torch.ones(2), torch.ones(2)) == (
        3.0,
        3000.0,
    )  # of a thousandth of the scores
    assert completeness_error(nothing + 1, torch.zeros(2), torch.zeros(2)) == (3.0, 1.0)


def test_the_hash_follows_the_weights():
    model = nn.Sequential(nn.Conv1d(4, 2, 3), nn.BatchNorm1d(2))
    first = model_hash(model)
    assert first == model_hash(model)
    with torch.no_grad():
        model[0].bias[1] += 1e-3
    second = model_hash(model)
    assert second != first
    model[1].running_mean += 1
    assert model_hash(model) != second


def test_the_hash_reads_every_number_type():
    model = nn.Linear(2, 2).to(torch.bfloat16)
    model.register_buffer("flag", torch.tensor(True))
    assert len(model_hash(model)) == 16


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (nn.Sigmoid(), "probability"),
        (nn.Softmax(dim=1), "probability"),
        (nn.Identity(), "logit"),
        (nn.LSTM(3, 2), "unknown"),
    ],
)
def test_output_kind(head, kind):
    linear = nn.Linear(5, 3)
    with torch.no_grad():
        linear.weight.uniform_(0, 0.05)
        linear.bias.fill_(0.4)
    inputs, model = torch.rand(4, 5), nn.Sequential(linear, head)
    assert kind == "unknown" or bool(((model(inputs) >= 0) & (model(inputs) <= 1)).all())
    assert output_kind(model, inputs) == kind


def test_versions_name_what_the_numbers_depend_on():
    assert set(versions()) == {"python", "seqinterp", "torch", "numpy", "numba"}


def test_a_model_that_cannot_be_asked_is_unknown():
    class Choosy(nn.Module):
        def forward(self, inputs):
            if inputs.abs().max() > 1:
                raise ValueError("one-hot only")
            return inputs.sum(1).sigmoid()

    assert output_kind(Choosy(), torch.rand(3, 4)) == "unknown"
    assert output_kind(nn.Sequential(nn.Linear(4, 1), nn.Flatten(0)), torch.zeros(2, 4)) in ("logit", "probability")
