"""`seqinterp evidence`: which sequence, which company, what it writes and prints."""

import numpy as np
import pytest

import seqinterp as si
from seqinterp.cli.evidenced import chosen
from seqinterp.errors import InputError
from seqinterp.io.tables import read_examples
from seqinterp.sequence.examples import Examples

QUICKLY = ("--methods", "gradient_times_input,deeplift", "--no-trial", "--device", "cpu", "--quiet")


def test_a_run_and_its_own_table_need_nothing_else(run_folder, table, tmp_path, command, capsys):
    examples = read_examples(table)
    out, arrays = tmp_path / "case.html", tmp_path / "case.safetensors"
    words = ["evidence", run_folder, table, "--name", examples.names[7], *QUICKLY]
    code, printed, said = command(*words, "--out", out, capture=capsys)
    assert code == 0
    assert "training sequences" in said
    assert str(out.resolve()) in said
    assert printed.startswith("The model calls label")
    assert "Reasons to doubt this:" in printed
    page = out.read_text()
    assert examples.names[7] in page
    assert "seqinterp evidence" in page
    assert command(*words, "--out", arrays, capture=capsys)[0] == 0
    found = si.Evidence.load(arrays)
    assert found.parts.prediction.base_examples > 100
    assert found.parts.prediction.calibrated.examples > 10
    assert found.facts["label"] == examples.labels[7]
    assert "card=False" in found.parts.trial
    code, _, said = command(*words, "--out", out, capture=capsys)
    assert code == 1
    assert "is not replaced" in said
    assert command(*words, "--out", out, "--force", capture=capsys)[0] == 0


def test_other_sequences_need_the_training_table(run_folder, fasta, table, tmp_path, command, capsys):
    out = tmp_path / "case.safetensors"
    words = ["evidence", run_folder, fasta[0], "--row", 3, *QUICKLY, "--force", "--out", out]
    code, printed, said = command(*words, capture=capsys)
    assert code == 0
    assert "--training gives it" in said
    assert "no training examples were given" in printed
    assert si.Evidence.load(out).facts["label"] is None
    code, printed, said = command(*words, "--training", table, "--models", f"{run_folder},{run_folder}", capture=capsys)
    assert code == 0
    assert "held out from training" in said
    assert "3 models trained from other seeds" in printed
    assert isinstance(si.Evidence.load(out).parts.likeness.p_value, float)


def test_the_scorecard_of_the_run_is_used(run_folder, table, tmp_path, command, capsys):
    out = tmp_path / "case.safetensors"
    words = ["evidence", run_folder, table, "--row", 1, "--device", "cpu", "--quiet", "--out", out]
    assert command(*words, capture=capsys)[0] == 0
    found = si.Evidence.load(out).parts.trial
    assert "a scorecard that was given" in found.where
    assert {row["subject"] for row in found.methods} >= {"deeplift", "mutagenesis"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--row", 100_000), "rows are 0 to 399"),
        (("--name", "nobody"), "no sequences are named 'nobody'"),
        ((), "by --name or by --row"),
        (("--row", 1, "--methods", "magic"), "magic"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(run_folder, table, tmp_path, command, capsys, words, why):
    out = tmp_path / "case.html"
    code, _, said = command("evidence", run_folder, table, "--out", out, *words, "--device", "cpu", capture=capsys)
    assert code == 1
    assert why in said
    assert not out.exists()


def test_endings_are_refused_before_work_starts(tmp_path, command, capsys):
    code, _, said = command("evidence", "nowhere", "nothing", "--out", tmp_path / "case.pdf", capture=capsys)
    assert code == 1
    assert ".html" in said


def test_one_sequence_needs_no_name_and_two_of_one_name_a_row():
    one = Examples.of(["ACGT"], np.zeros(1), names=["a"])
    assert chosen(one, None, None) == 0
    assert chosen(one, "a", None) == 0
    with pytest.raises(InputError, match="2 sequences are named 'a'"):
        chosen(Examples.of(["ACGT", "ACGA"], np.zeros(2), names=["a", "a"]), "a", None)
