"""Finished parts of an evaluation."""

import pytest
import torch

from seqinterp.errors import FileError
from seqinterp.io.trial_files import TrialFiles


def test_what_is_kept_comes_back(tmp_path):
    files = TrialFiles(tmp_path / "kept", "this one")
    assert files.load("a/b: c", "m") is None
    files.save("a/b: c", "m", {"values": torch.arange(3.0)}, {"rows": 3})
    arrays, facts = TrialFiles(tmp_path / "kept", "this one").load("a/b: c", "m")
    assert arrays["values"].tolist() == [0, 1, 2] and facts == {"rows": 3}


def test_names_that_differ_in_odd_letters_have_files_of_their_own(tmp_path):
    files = TrialFiles(tmp_path, "x")
    files.save("a b", "m", {"values": torch.zeros(1)}, {})
    files.save("a/b", "m", {"values": torch.ones(1)}, {})
    assert float(files.load("a b", "m")[0]["values"]) == 0


def test_another_evaluation_is_refused(tmp_path):
    TrialFiles(tmp_path, "one").save("a", "m", {"values": torch.zeros(1)}, {})
    with pytest.raises(FileError, match="belongs to an evaluation of another model"):
        TrialFiles(tmp_path, "other").load("a", "m")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "kept").write_text("")
    with pytest.raises(FileError, match="is a file"):
        TrialFiles(tmp_path / "kept", "one")
