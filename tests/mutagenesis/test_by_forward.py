"""Effects by forward passes, against one pass per edit."""

import pytest
import torch
from torch import nn

from cases import DNA_CASES
from naive import edits as naive
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import row_limit
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ModelError
from seqinterp.mutagenesis import by_forward as module
from seqinterp.mutagenesis.by_forward import effects_by_forward
from seqinterp.mutagenesis.edit_lists import deletions, insertions, substitutions
from seqinterp.mutagenesis.edits import joined
from seqinterp.mutagenesis.effects import effects

CASE = DNA_CASES[0]


def some_edits(inputs):
    parts = [substitutions(inputs, start=3, stop=8), deletions(inputs, width=2), insertions(inputs, sequence="ACG")]
    return joined(parts)


@pytest.mark.parametrize("function", [effects_by_forward, effects], ids=["by_forward", "the door"])
@pytest.mark.parametrize("case", DNA_CASES, ids=lambda case: case.name)
def test_equals_one_forward_pass_per_edit(case, function):
    model, inputs = case.model().eval(), case.inputs(2)
    edits = some_edits(inputs)
    for module_asked in (model, Score(model, output(case.outputs - 1))):
        expected = naive.effects(module_asked, inputs, edits)
        torch.testing.assert_close(function(module_asked, inputs, edits), expected, rtol=1e-9, atol=1e-12)


def test_outputs_may_have_any_shape():
    profile = nn.Sequential(nn.Conv1d(4, 3, 5, padding="same"), nn.Softplus()).double()
    inputs = CASE.inputs(2)
    edits = some_edits(inputs)
    found = effects_by_forward(profile, inputs, edits)
    assert found.shape == (len(edits), 3, 20)
    torch.testing.assert_close(found, naive.effects(profile, inputs, edits))


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_rows_at_once_change_nothing(rows):
    score, inputs = Score(CASE.model().eval(), output(1)), CASE.inputs(3)
    edits = some_edits(inputs)
    whole = effects_by_forward(score, inputs, edits)
    with row_limit(rows):
        torch.testing.assert_close(effects_by_forward(score, inputs, edits), whole, rtol=0, atol=1e-13)


class Counting(nn.Module):
    """Counts the rows it is shown, and runs out of memory above a number of them."""

    def __init__(self, most=10**9):
        super().__init__()
        self.seen, self.most = [], most

    def forward(self, inputs):
        if len(inputs) > self.most:
            raise torch.OutOfMemoryError("not enough memory")
        self.seen.append(len(inputs))
        inputs[:, 0] += inputs[:, 1]  # a model that writes into its input
        return inputs[:, 0].sum(dim=1)


def test_the_unedited_inputs_are_scored_once_and_stay_as_they_are():
    counting, inputs = Counting(), CASE.inputs(3)
    before = inputs.clone()
    edits = substitutions(inputs)
    effects_by_forward(counting, inputs, edits)
    assert sum(counting.seen) == 3 + len(edits)
    assert max(counting.seen) <= module.ROWS
    assert torch.equal(inputs, before)


def test_half_as_many_rows_when_memory_runs_out():
    inputs = CASE.inputs(2)
    edits = substitutions(inputs)
    expected = effects_by_forward(Counting(), inputs, edits)
    short = Counting(most=9)
    assert torch.equal(effects_by_forward(short, inputs, edits), expected)
    assert max(short.seen) <= 9
    with pytest.raises(torch.OutOfMemoryError):
        effects_by_forward(Counting(most=0), inputs, edits)


def test_an_edit_of_nothing_is_exactly_zero_and_costs_nothing():
    inputs = CASE.inputs(1)
    edits = insertions(inputs, sequence="A", positions=[20, 5])  # at the end everything falls off
    counting = Counting()
    found = effects_by_forward(counting, inputs, edits)
    assert found[0] == 0
    assert sum(counting.seen) == 2
    assert effects_by_forward(counting, inputs, edits.take(slice(0, 1))).tolist() == [0]
    assert effects_by_forward(counting, inputs, edits.take(slice(0, 0))).shape == (0,)


def test_no_gradient_is_kept():
    model, inputs = CASE.model(), CASE.inputs(1)
    assert not effects_by_forward(model, inputs, substitutions(inputs)).requires_grad


class Odd(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, inputs):
        return self.function(inputs)


def test_what_is_no_row_per_sequence_is_refused():
    inputs = CASE.inputs(2)
    edits = substitutions(inputs)
    with pytest.raises(ModelError, match="returns a tuple"):
        effects_by_forward(Odd(lambda rows: (rows, rows)), inputs, edits)
    with pytest.raises(ModelError, match=r"one row per sequence, \(2, ...\), but it gave shape \(1, 4, 20\)"):
        effects_by_forward(Odd(lambda rows: rows[:1]), inputs, edits)
    with pytest.raises(InputError, match="of example 1"):
        effects_by_forward(CASE.model(), inputs[:1], edits)
