"""An edit list: what it refuses, and what taking and applying it gives."""

import pytest
import torch

from naive import edits as naive
from seqinterp.errors import InputError, ShapeError
from seqinterp.mutagenesis.edits import Edits, between, joined
from seqinterp.sequence.onehot import decode, one_hot

EYE = torch.eye(4)
INPUTS = one_hot(["ACGTAC", "TTTTTT"])


def whole(*numbers):
    return torch.tensor(numbers, dtype=torch.int64)


def example_edits():
    """Nothing in the first sequence; T and G at 1 and 4 of the second; an N at 5 of the first."""
    columns = torch.stack([EYE[3], EYE[2], torch.zeros(4)])
    return Edits(whole(0, 1, 0), whole(0, 0, 2, 3), whole(1, 4, 5), columns)


def test_apply_changes_the_columns_and_nothing_else():
    before = INPUTS.clone()
    assert decode(example_edits().apply(INPUTS)) == ["ACGTAC", "TTTTGT", "ACGTAN"]
    assert torch.equal(INPUTS, before)


def test_apply_follows_the_type_of_the_inputs():
    assert example_edits().apply(INPUTS.double()).dtype == torch.float64


def test_an_empty_list_gives_no_rows():
    none = example_edits().take(slice(0, 0))
    assert len(none) == 0
    assert none.apply(INPUTS).shape == (0, 4, 6)


@pytest.mark.parametrize(
    "index",
    [slice(0, 3), slice(1, 3), slice(2, 1), slice(None, None, 2), whole(2, 0, 2), torch.tensor([True, False, True])],
    ids=str,
)
def test_take_is_taking_rows(index):
    edits = example_edits()
    assert torch.equal(edits.take(index).apply(INPUTS), naive.applied(INPUTS, edits)[index])


def test_joined_is_one_after_the_other():
    edits = example_edits()
    both = joined([edits, edits.take(whole(2))])
    assert torch.equal(both.apply(INPUTS), torch.cat([edits.apply(INPUTS), edits.apply(INPUTS)[2:]]))


def test_between_finds_the_columns_that_differ():
    edits = example_edits()
    found = between(INPUTS, edits.apply(INPUTS), edits.example)
    assert torch.equal(found.apply(INPUTS), edits.apply(INPUTS))
    assert found.counts.tolist() == [0, 1, 1]  # T at 1 of the second is there already
    assert found.position.tolist() == [4, 5]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"first": whole(0, 2, 3)}, "one number more than there are edits; 3 came for 3"),
        ({"first": whole(0, 0, 2, 4)}, "end at 3, the number of changed columns"),
        ({"first": whole(0, 2, 1, 3)}, "never fall"),
        ({"position": whole(4, 1, 5)}, "in edit 1 position 1 follows 4"),
        ({"position": whole(4, 4, 5)}, "in edit 1 position 4 follows 4"),
        ({"position": whole(-1, 4, 5)}, "of position -1"),
        ({"example": whole(0, -2, 0)}, "of example -2"),
        ({"columns": torch.full((3, 4), float("nan"))}, "NaN or infinite"),
        ({"columns": torch.zeros(2, 4)}, r"floats of shape \(3, 4\)"),
        ({"columns": torch.zeros(3, 4, dtype=torch.int64)}, "floats of shape"),
        ({"position": torch.tensor([1.0, 4.0, 5.0])}, "position of an edit list must be one axis of int64"),
    ],
)
def test_what_cannot_be_meant_is_refused(changed, sentence):
    edits = example_edits()
    fields = {name: getattr(edits, name) for name in ("example", "first", "position", "columns")}
    with pytest.raises(InputError, match=sentence):
        Edits(**{**fields, **changed})


def test_positions_may_fall_from_one_edit_to_the_next():
    edits = Edits(whole(0, 0, 0), whole(0, 1, 1, 2), whole(3, 0), EYE[:2])
    assert decode(edits.apply(INPUTS)) == ["ACGAAC", "ACGTAC", "CCGTAC"]


def test_edits_beyond_the_inputs_are_refused():
    with pytest.raises(InputError, match="of example 1, but the inputs have 1, numbered 0 to 0"):
        example_edits().apply(INPUTS[:1])
    with pytest.raises(InputError, match="of position 5, but the inputs have 5, numbered 0 to 4"):
        example_edits().apply(INPUTS[:, :, :5])
    with pytest.raises(ShapeError, match=r"\(batch, 4, position\), not \(2, 3, 6\)"):
        example_edits().require_within(INPUTS[:, :3])
