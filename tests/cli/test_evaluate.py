"""`seqinterp evaluate`: which sequences it takes, what it writes and prints, and its gate."""

import json
import shutil

import pandas as pd
import pytest
import torch

from seqinterp.api.main_job.held_out_trial import QUICK
from seqinterp.api.main_job.report import report
from seqinterp.api.results.scorecard import Scorecard
from seqinterp.api.shared.chosen_examples import evenly_over_labels
from seqinterp.cli.evaluated import choose, region_of, split_of
from seqinterp.errors import InputError
from seqinterp.io import run_folder as names
from seqinterp.io.checkpoint import save_checkpoint
from seqinterp.io.load_model import load_model
from seqinterp.io.tables import read_examples
from seqinterp.sequence.examples import Examples

WRITTEN = {"scorecard.html", "scorecard.safetensors", "scores.csv", "summary.csv", "verdicts.csv"}
QUICKLY = ("--methods", "gradient_times_input", "--examples", 8, "--device", "cpu", "--quiet")


@pytest.fixture(scope="module")
def untrained(run_folder, tmp_path_factory):
    """The model of the run with random weights."""
    folder = tmp_path_factory.mktemp("untrained") / "model"
    model = load_model(run_folder)
    torch.manual_seed(3)
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    folder.mkdir()
    save_checkpoint(folder, model, {})
    return folder


def test_it_writes_a_folder_and_prints_verdicts(run_folder, table, tmp_path, command, capsys):
    out = tmp_path / "trial"
    words = ["evaluate", run_folder, table, "--methods", "gradient_times_input,guided_backprop", "--region", "5-55"]
    words += ["--examples", 12, "--out", out, "--device", "cpu", "--quiet", "--seed", 3]
    code, printed, said = command(*words, capture=capsys)
    assert code == 0
    assert {path.name for path in out.iterdir()} == WRITTEN
    assert str((out / "scorecard.html").resolve()) in said
    assert "12 of" in said and "6 with label 1 and 6 with label 0" in said
    lines = [line.split("\t") for line in printed.splitlines()]
    assert lines[0] == ["method", "verdict", "reasons"]
    assert [line[0] for line in lines[1:]] == ["the model", "gradient_times_input", "guided_backprop"]
    card = Scorecard.load(out)
    assert lines[1][1] == card.model.decision
    assert [line[1] for line in lines[2:]] == [said.decision for said in card.verdicts.values()]
    summary = pd.read_csv(out / "summary.csv")
    assert {"deletion_gain", "truth_auroc", "outside", "members"} & set(summary["measure"]) >= {
        "truth_auroc",
        "outside",
    }
    assert card.facts["seed"] == 3
    assert card.model_facts.labelled is not None
    page = (out / "scorecard.html").read_text()
    assert names.sha256(table) in page
    assert "seqinterp evaluate" in page


def test_an_untrained_model_does_not_pass_the_gate(untrained, table, tmp_path, command, capsys):
    out = tmp_path / "trial"
    code, printed, _ = command("evaluate", untrained, table, "--out", out, *QUICKLY, "--gate", capture=capsys)
    assert printed.splitlines()[1].startswith("the model\tdo not use\t")
    assert code == 1
    assert {path.name for path in out.iterdir()} == WRITTEN


def test_a_scorecard_is_replaced_with_force_only(run_folder, fasta, tmp_path, command, capsys):
    out, kept = tmp_path / "trial", tmp_path / "kept"
    words = ["evaluate", run_folder, fasta[0], "--out", out, *QUICKLY, "--checkpoint", kept]
    assert command(*words, capture=capsys)[0] == 0
    assert len(list(kept.iterdir())) == 1
    code, _, said = command(*words, capture=capsys)
    assert code == 1 and "exists" in said
    code, _, said = command(*words, "--force", capture=capsys)
    assert code == 0
    assert "without labels" in said
    assert Scorecard.load(out).model_facts.labelled is None


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--methods", "magic"), "magic"),
        (("--region", "50-500"), "within the 60 bases"),
        (("--region", "here"), "start-stop"),
    ],
)
def test_refusals(run_folder, table, tmp_path, command, capsys, more, sentence):
    code, _, said = command(
        "evaluate", run_folder, table, "--out", tmp_path / "t", "--device", "cpu", *more, capture=capsys
    )
    assert code == 1
    assert sentence in said
    assert not (tmp_path / "t").exists()


def test_regions_are_half_open():
    assert region_of("2-4", 6).tolist() == [False, False, True, True, False, False]
    for text in ("4-4", "4-2", "0-7", "-1-3"):
        with pytest.raises(InputError):
            region_of(text, 6)


@pytest.mark.parametrize(
    ("labels", "count", "chosen"),
    [
        ([0, 1] * 4, 4, [0, 1, 6, 7]),
        ([0] * 8, 3, [0, 4, 7]),
        ([1, 0, 0, 0, 0, 0], 4, [0, 1, 3, 5]),
        ([0.5, 1.5, 2.5], 2, [0, 2]),
        ([0, 1], 48, [0, 1]),
    ],
)
def test_examples_are_spread_evenly_over_labels(labels, count, chosen):
    assert evenly_over_labels(pd.Series(labels, dtype=float).to_numpy(), count).tolist() == chosen


def test_sequences_held_out_by_the_table_come_first(tmp_path):
    data = Examples.of(["ACGT", "AAAA", "CCCC", "GGGG"], [0.0, 1, 0, 1], split=["train", "test", "test", "valid"])
    split = split_of(tmp_path, tmp_path / "t.tsv", data)
    chosen, words = choose(data, 8, labelled=True, split=split)
    assert chosen.sequences == ("AAAA", "CCCC")
    assert "2 test sequences" in words
    assert len(choose(data, 8, labelled=False, split=split)[0]) == 2
    assert len(choose(data, 8, labelled=True)[0]) == 4


def test_of_a_run_only_what_it_was_not_trained_on_is_used(run_folder, table):
    data = read_examples(table)
    split = names.read_table(run_folder / names.PREDICTIONS)["split"]
    found = split_of(run_folder, table, data)
    assert found.tolist() == split.tolist()
    chosen, words = choose(data, 400, labelled=True, split=found)
    assert set(chosen.names) == {name for name, part in zip(data.names, split, strict=True) if part == "test"}
    assert "test sequences" in words


def test_every_run_holds_a_scorecard_and_says_so(run_folder, tmp_path):
    card = Scorecard.load(run_folder / names.SCORECARD)
    assert tuple(card.trials) == QUICK
    assert len(card.inputs) == 24
    assert card.model_facts.labelled is not None
    page = (run_folder / names.REPORT).read_text()
    assert "Do the explanations deserve belief?" in page
    assert "may be used" in page or "should not be used" in page
    copy = shutil.copytree(run_folder, tmp_path / "copy", ignore=shutil.ignore_patterns(names.SCORECARD))
    assert "were not evaluated" in report(copy)
    assert json.loads((run_folder / names.FACTS).read_text())["seed"] == card.facts["seed"]
