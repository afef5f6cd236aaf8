"""Outputs as probabilities and log-odds."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from pictures import drawn, finder, words
from seqinterp.design.gradients.confidence import Readout, read_out
from seqinterp.errors import InputError, ModelError

LOGITS = torch.tensor([[0.3, -2.0, 1.5], [40.0, 1.0, -3.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
CLASSES = torch.tensor([2, 0, 1])
INPUTS = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))


def test_softmax():
    read = Readout("softmax", 3)
    chosen = LOGITS.softmax(1).gather(1, CLASSES[:, None])[:, 0]
    torch.testing.assert_close(read.probability(LOGITS, CLASSES), chosen)
    cross = F.cross_entropy(LOGITS, CLASSES, reduction="none")
    torch.testing.assert_close(F.softplus(-read.log_odds(LOGITS, CLASSES)), cross)
    assert read.predicted(LOGITS).tolist() == [2, 0, 0]
    assert read.classes == 3


def test_one_output():
    logits = torch.tensor([[2.0], [-0.5], [0.0]], dtype=torch.float64)
    yes, no = torch.ones(3, dtype=torch.long), torch.zeros(3, dtype=torch.long)
    for read, outputs in ((Readout("sigmoid", 1), logits), (Readout("probability", 1), logits.sigmoid())):
        torch.testing.assert_close(read.log_odds(outputs, yes), logits[:, 0])
        torch.testing.assert_close(read.log_odds(outputs, no), -logits[:, 0])
        torch.testing.assert_close(read.probability(outputs, no), 1 - logits[:, 0].sigmoid())
        assert read.predicted(outputs).tolist() == [1, 0, 0]
        assert read.classes == 2


def test_several_probabilities():
    read = Readout("probability", 3)
    table = LOGITS.softmax(1)
    torch.testing.assert_close(read.probability(table, CLASSES), table.gather(1, CLASSES[:, None])[:, 0])
    odds = Readout("softmax", 3).log_odds(LOGITS, CLASSES)
    torch.testing.assert_close(read.log_odds(table, CLASSES)[[0, 2]], odds[[0, 2]])
    assert torch.isfinite(read.log_odds(torch.eye(3), CLASSES)).all()


def test_the_log_odds_do_not_vanish_where_the_model_is_sure():
    """The gradient of cross-entropy in single precision is 0 here; that of the log-odds points the same way."""
    logits = torch.tensor([[60.0, 0.0]], requires_grad=True)
    label = torch.tensor([0])
    Readout("softmax", 2).log_odds(logits, label).sum().backward()
    assert logits.grad.tolist() == [[1.0, -1.0]]


@pytest.mark.parametrize(
    ("tail", "outputs", "rule"),
    [
        (nn.Identity(), 1, "sigmoid"),
        (nn.Identity(), 3, "softmax"),
        (nn.Sigmoid(), 1, "probability"),
        (nn.Sigmoid(), 3, "probability"),
        (nn.Softmax(dim=1), 3, "probability"),
    ],
)
def test_what_outputs_are_is_found_out(tail, outputs, rule):
    model = drawn(lambda: nn.Sequential(nn.Linear(5, outputs), tail)).float()
    with torch.no_grad():
        assert read_out(model, INPUTS) == Readout(rule, outputs)
        assert read_out(model, INPUTS, "probability") == Readout("probability", outputs)


def test_independent_outputs():
    read = Readout("sigmoid", 3)
    torch.testing.assert_close(read.probability(LOGITS, CLASSES), LOGITS.gather(1, CLASSES[:, None])[:, 0].sigmoid())
    torch.testing.assert_close(read.of_output(1)(LOGITS), LOGITS[:, 1])


def test_refusals():
    with pytest.raises(InputError, match="softmax of a single output"):
        Readout("softmax", 1)
    with pytest.raises(InputError, match="readout must be one of sigmoid, softmax, probability"):
        Readout("logit", 1)
    with torch.no_grad():
        with pytest.raises(ModelError, match="one tensor"):
            read_out(nn.Unflatten(1, (5, 1)), INPUTS)
        with pytest.raises(ModelError, match="NaN or infinite"):
            read_out(finder("ACGT", bias=float("nan")), words(["ACGTA"]))
