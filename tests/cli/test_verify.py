"""`seqinterp verify`, and what `attribute` says about baselines, draws and its verdict."""

import json
import re
import sys

import pandas as pd
import pytest

from seqinterp.api.catalogue import METHODS
from seqinterp.api.shared.baseline import BASELINES
from seqinterp.cli.names import names_in


@pytest.fixture
def short(run_folder, table, monkeypatch):
    """The words of a quick question, to captum alone."""
    monkeypatch.setitem(sys.modules, "shap", None)
    monkeypatch.setitem(sys.modules, "tangermeme", None)
    return ["verify", run_folder, table, "--top", 2, "--draws", 2, "--device", "cpu"]


def test_the_table_is_printed_and_saved(short, tmp_path, command, capsys):
    code, out, err = command(*short, "--out", tmp_path / "v.tsv", capture=capsys)
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0] == "2 examples of 4 x 60, target 0, baseline dinucleotide_shuffle (2 references each), cpu"
    assert lines[2].startswith("method ") and lines[3].startswith("deeplift  ")
    assert "tangermeme: not installed" in lines
    assert "\x1b" not in out
    assert err.splitlines()[-1] == str((tmp_path / "v.tsv").resolve())
    frame = pd.read_csv(tmp_path / "v.tsv", sep="\t")
    first = frame.iloc[0]
    assert (first["method"], first["tool"]) == ("deeplift", "seqinterp")
    assert first["completeness_error"] < 1e-4
    assert set(frame["tool"]) == {"seqinterp", "captum", "shap", "tangermeme"}


def test_json_with_its_facts_and_other_references(short, tmp_path, command, capsys):
    place = tmp_path / "v.json"
    words = [*short[:-4], "--device", "cpu", "--baseline", "zeros", "--against", "shap", "--out", place, "--seed", 3]
    code, out, err = command(*words, capture=capsys)
    assert code == 0, err
    assert "baseline zeros (1 reference each)" in out
    content = json.loads(place.read_text())
    assert content["facts"]["seed"] == 3
    assert {row["tool"] for row in content["rows"]} == {"seqinterp", "shap"}
    before = place.read_bytes()
    code, _, err = command(*words, capture=capsys)
    assert code == 1 and "exists and is not replaced" in err
    assert place.read_bytes() == before
    assert command(*words, "--force", capture=capsys)[0] == 0


def test_nothing_is_written_unless_asked(short, tmp_path, command, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command(*short, "--quiet", capture=capsys)[0] == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("width", "colours"), [(140, True), (80, False)])
def test_a_person_at_a_wide_terminal_sees_colours(short, command, capsys, monkeypatch, width, colours):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, err = command(*short, "--quiet", capture=capsys)
    assert code == 0, err
    assert ("\x1b[" in out) == colours
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert "not installed" in plain
    assert re.search(r"^deeplift +seqinterp [\d.]+ +[\de.-]+ ", plain, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--against", "captum,lime"], "no adapter for a tool 'lime'; choose among captum, shap, tangermeme"),
        (["--out", "v.xlsx"], r"--out v.xlsx has none of the endings \.tsv, \.csv, \.json"),
        (["--baseline", "noise"], "there is no baseline 'noise'"),
        (["--target", 4], "numbered 0 to 0"),
    ],
)
def test_refusals(short, tmp_path, command, capsys, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    code, out, err = command(*short, *words, capture=capsys)
    assert code == 1
    assert re.search(sentence, err.splitlines()[-1]), err
    assert out == ""
    assert not list(tmp_path.iterdir())


def test_a_broken_tool_does_not_decide_the_exit_code(short, command, capsys, monkeypatch):
    class Broken:
        def __getattr__(self, name):
            raise RuntimeError("out of order")

    monkeypatch.setitem(sys.modules, "captum.attr", Broken())
    code, out, _ = command(*short, capture=capsys)
    assert code == 0
    assert "1. RuntimeError: out of order" in out


def test_help_names_every_method_and_baseline(command, capsys):
    assert names_in("catalogue", "METHODS") == list(METHODS)
    assert names_in("shared/baseline", "BASELINES") == list(BASELINES)
    with pytest.raises(LookupError):
        names_in("catalogue", "NOTHING")
    page = command("attribute", "--help", capture=capsys)[1]
    assert set(METHODS) | set(BASELINES) <= set(re.findall(r"\w+", page))


def attributed(command, capsys, run_folder, table, place, *words):
    base = ["attribute", run_folder, table, "--out", place, "--top", 2, "--quiet", "--device", "cpu"]
    return command(*base, *words, capture=capsys)


def test_attribute_takes_baselines_and_says_its_verdict(run_folder, table, tmp_path, command, capsys):
    words = ["--method", "deeplift", "--baseline", "uniform_shuffle", "--draws", 3]
    code, _, err = attributed(command, capsys, run_folder, table, tmp_path / "a.tsv", *words)
    assert code == 0, err
    assert "  verdict ok" in err.splitlines()
    assert attributed(command, capsys, run_folder, table, tmp_path / "b.tsv", *words[:2])[0] == 0
    one, other = (pd.read_csv(tmp_path / name, sep="\t")["value"] for name in ("a.tsv", "b.tsv"))
    assert not one.equals(other)


def test_attribute_says_when_its_answer_is_doubtful(run_folder, table, tmp_path, command, capsys):
    words = ["--method", "expected_gradients", "--draws", 1]
    code, _, err = attributed(command, capsys, run_folder, table, tmp_path / "a.tsv", *words)
    assert code == 0, err
    assert "  verdict doubtful: the attributions miss " in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--method", "gradient", "--baseline", "zeros"], "method 'gradient' has no option 'baseline'"),
        (["--method", "deeplift", "--baseline", "zeros", "--draws", 2], "draws=2 means nothing"),
        (["--method", "deeplift", "--baseline", "noise"], "there is no baseline 'noise'"),
    ],
)
def test_attribute_refuses(run_folder, table, tmp_path, command, capsys, words, sentence):
    code, _, err = attributed(command, capsys, run_folder, table, tmp_path / "a.tsv", *words)
    assert code == 1
    assert sentence in err.splitlines()[-1]
    assert not list(tmp_path.iterdir())
