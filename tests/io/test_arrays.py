"""Arrays with facts in one safetensors file, or one sentence on what is wrong with it."""

import json

import pytest
import torch
from safetensors.torch import save_file

from seqinterp.errors import FileError
from seqinterp.io.arrays import load_arrays, save_arrays


def test_a_round_trip_is_exact(tmp_path):
    shared = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    save_arrays(tmp_path / "x", "attribution", {"values": shared, "hypothetical": shared}, {"seed": 3})
    arrays, facts = load_arrays(tmp_path / "x", "attribution", needed=("values", "hypothetical"))
    assert facts == {"seed": 3} and set(arrays) == {"values", "hypothetical"}
    assert all(torch.equal(array, shared) for array in arrays.values())


def test_what_is_missing_or_of_another_kind_is_said(tmp_path):
    save_arrays(tmp_path / "x", "designs", {"trajectory": torch.zeros(1)}, {})
    with pytest.raises(FileError, match="lacks the array 'score' of a result of kind 'designs'"):
        load_arrays(tmp_path / "x", "designs", needed=("trajectory", "score"))
    with pytest.raises(FileError, match="kind 'designs', but 'mutagenesis' was asked for"):
        load_arrays(tmp_path / "x", "mutagenesis")
    with pytest.raises(FileError, match="cannot be read as a safetensors file"):
        load_arrays(tmp_path / "y", "designs")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "was not written by seqinterp"),
        ({"seqinterp": "{"}, "its header is not readable JSON"),
        ({"seqinterp": "[]"}, "does not say what it holds"),
        ({"seqinterp": json.dumps({"kind": "designs"})}, "does not say what it holds"),
    ],
)
def test_a_foreign_header_is_refused(tmp_path, metadata, message):
    save_file({"values": torch.zeros(1)}, tmp_path / "x", metadata=metadata)
    with pytest.raises(FileError, match=message):
        load_arrays(tmp_path / "x", "designs")
