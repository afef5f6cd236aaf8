"""Every bad input is one clear sentence, exit code 1, and nothing half-written."""

import gzip
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from seqinterp.io.tables import read_examples, write_examples

GOOD = "sequence\tlabel\n" + "".join(f"{'ACGTTGCAAC' * 4}{b}\t{i % 2}\n" for i, b in enumerate("ACGTACGT"))


def rows(*lines):
    return "sequence\tlabel\n" + "\n".join(lines) + "\n"


BAD = {
    "empty file": ("", "is empty"),
    "header only": ("sequence\tlabel\n", "nothing below it"),
    "ragged lengths": (rows("ACGT\t1", "ACGTA\t0"), "length|long|bases"),
    "RNA letters": (rows("ACGU\t1", "ACGT\t0"), "RNA"),
    "other letters": (rows("ACGT\t1", "ACJT\t0"), "'J'"),
    "one class only": (rows(*["ACGTTGCA\t1"] * 3, "ACGTTTTT\t1"), "holds only examples labelled 1; both classes"),
    "all positives are negatives": (rows("ACGG\t1", "CCGT\t0", "TTTT\t0"), "all 1 positive sequences also stand among"),
    "FASTA without labels": (">a\nACGT\n", "give it as --positives"),
    "labels as words": (rows("ACGT\tbound", "ACGT\tunbound"), "'bound'"),
    "NaN labels": (rows("ACGT\tNaN", "ACGT\t0"), "NaN|nan"),
    "missing label": (rows("ACGT\t", "ACGT\t0"), "label"),
    "missing column": ("dna\tlabel\nACGT\t1\n", "sequence"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_tables(name, tmp_path, command, capsys):
    text, word = BAD[name]
    (tmp_path / "bad.tsv").write_text(text)
    refused(command, capsys, tmp_path, ["run", tmp_path / "bad.tsv", "--out", tmp_path / "out" / "run"], word)


def refused(command, capsys, tmp_path, words, word):
    before = sorted(path.name for path in tmp_path.iterdir())
    code, out, err = command(*words, capture=capsys)
    assert code == 1, err
    sentence = err.splitlines()[-1]
    assert sentence.startswith("error: ")
    assert re.search(word, sentence), sentence
    assert "Traceback" not in err
    assert out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_truncated_gzip(tmp_path, command, capsys):
    (tmp_path / "peaks.tsv.gz").write_bytes(gzip.compress(GOOD.encode())[:-12])
    words = ["run", tmp_path / "peaks.tsv.gz", "--out", tmp_path / "r"]
    refused(command, capsys, tmp_path, words, r"peaks\.tsv\.gz is gzipped but cut short or damaged")


def test_missing_file(tmp_path, command, capsys):
    refused(command, capsys, tmp_path, ["run", tmp_path / "none.tsv", "--out", tmp_path / "r"], "none.tsv")


def test_a_place_that_cannot_be_written(tmp_path, table, command, capsys):
    (tmp_path / "file").write_text("not a folder")
    refused(command, capsys, tmp_path, ["train", table, "--out", tmp_path / "file" / "r"], "cannot be written|exists")


def test_no_permission(tmp_path, table, command, capsys):
    (tmp_path / "locked").mkdir(mode=0o500)
    if os.access(tmp_path / "locked", os.W_OK):
        pytest.skip("this user may write everywhere")
    refused(command, capsys, tmp_path, ["train", table, "--out", tmp_path / "locked" / "r"], "cannot be written")


def test_a_run_is_not_replaced_without_force(tmp_path, table, command, capsys):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "precious").write_text("keep")
    refused(command, capsys, tmp_path, ["train", table, "--out", tmp_path / "r"], "force")
    assert (tmp_path / "r" / "precious").read_text() == "keep"


def test_neither_table_nor_fasta(tmp_path, command, capsys):
    refused(command, capsys, tmp_path, ["run", "--out", tmp_path / "r"], "--positives")


def test_a_pickle_is_never_loaded(tmp_path, table, command, capsys):
    import torch

    torch.save({"weight": torch.zeros(2)}, tmp_path / "model.pt")
    words = ["predict", tmp_path / "model.pt", table, "--out", tmp_path / "p.tsv"]
    refused(command, capsys, tmp_path, words, "pickle")


def test_unknown_names(tmp_path, table, run_folder, command, capsys):
    refused(command, capsys, tmp_path, ["train", table, "--out", tmp_path / "r", "--network", "big"], "default, jund")
    words = ["attribute", run_folder, table, "--out", tmp_path / "a.tsv", "--method", "magic"]
    refused(command, capsys, tmp_path, words, "choose one of")
    refused(command, capsys, tmp_path, ["report", tmp_path], "is not a run")


@pytest.fixture
def no_training(monkeypatch):
    """Nothing may be trained here."""

    def fit(*_arguments, **_options):
        raise AssertionError("training began")

    monkeypatch.setattr("seqinterp.api.train.fit", fit)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--highlight", "TGASTCA,TGAX"], r"the word 'TGAX' of --highlight has 'X' at position 4"),
        (["--motifs", "none.meme"], r"none\.meme does not exist"),
        (["--start-from", "none.meme"], r"none\.meme does not exist"),
        (["--positives", "a.fa"], "give either a table"),
    ],
)
def test_options_are_refused_before_training(no_training, tmp_path, table, command, capsys, options, sentence):
    refused(command, capsys, tmp_path, ["run", table, "--out", tmp_path / "r", *options], sentence)


def test_folds_and_a_split_column_are_refused_together(no_training, tmp_path, table, command, capsys):
    examples = read_examples(table)
    parts = (["train"] * 6 + ["valid"] * 2 + ["test"] * 2) * 40
    write_examples(tmp_path / "split.tsv", replace(examples, split=tuple(parts)))
    words = ["train", tmp_path / "split.tsv", "--out", tmp_path / "r", "--folds", 3]
    refused(command, capsys, tmp_path, words, "split column, and folds=3 asks for another split")


@pytest.mark.parametrize("verb", ["predict", "attribute", "mutate", "optimize"])
@pytest.mark.parametrize("name", ["x.txt", "x", "x.csv.gz", "x.pkl", "safetensors"])
def test_other_endings_are_refused_before_work_starts(tmp_path, command, capsys, verb, name):
    given = ["--length", 60] if verb == "optimize" else [tmp_path / "missing.fa"]
    words = [verb, tmp_path / "missing run", *given, "--out", tmp_path / name]
    refused(command, capsys, tmp_path, words, rf"--out {name} has none of the endings \.tsv, \.tsv\.gz, \.csv")


def test_usage_errors_have_their_own_code(command, capsys):
    assert command("run", "--no-such-option", capture=capsys)[0] == 2


def test_interrupted_training_leaves_nothing(tmp_path, table, command, capsys, monkeypatch):
    def stop(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("seqinterp.api.train.fit", stop)
    code, _, err = command("run", table, "--out", tmp_path / "r", capture=capsys)
    assert code == 130
    assert "nothing was left half-written" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_ctrl_c_in_a_real_training_leaves_nothing(tmp_path, table):
    words = [sys.executable, "-m", "seqinterp", "train", str(table), "--out", "r", "--members", "10000"]
    process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    begun = process.stderr.readline()
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert begun.startswith("training on 400 sequences")
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


@pytest.fixture
def script():
    """The console script that installing the package makes."""
    path = Path(sys.executable).parent / "seqinterp"
    if not path.exists():
        pytest.skip("the console script is not installed")
    return str(path)


def test_the_console_script(script, tmp_path):
    version = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"seqinterp \d+\.\d+\.\d+\n", version.stdout)
    words = [script, "run", "none.tsv", "--out", "r"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "error: none.tsv does not exist; check the name and the folder\n"
    assert not list(tmp_path.iterdir())
