"""Each verb does its step."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import seqinterp as si
from seqinterp.api.results.attribution import Attribution
from seqinterp.api.results.mutagenesis import Mutagenesis
from seqinterp.io import run_folder as names

WRITTEN = [
    names.FACTS,
    names.PREDICTIONS,
    names.HISTORY,
    names.FILTERS,
    names.FILTER_TABLE,
    names.TOP,
    names.TOP_TABLE,
    names.MUTAGENESIS,
    names.DESIGNS,
    names.TRUTH,
    names.REPORT,
    "model.json",
    "model.safetensors",
]


def test_run_writes_everything(run_folder):
    assert {path.name for path in run_folder.iterdir()} - {names.MATCHES} == set(WRITTEN)
    assert not list(run_folder.parent.glob(".*partial*"))


def test_facts_trace_every_number(run_folder, table):
    facts = json.loads((run_folder / names.FACTS).read_text())
    assert facts["data"]["sha256"] == names.sha256(table)
    assert facts["seed"] == 0
    assert set(facts["versions"]) >= {"torch", "numpy", "seqinterp"}
    assert 0 <= facts["metrics"]["auroc"]["low"] <= facts["metrics"]["auroc"]["value"] <= 1
    page = (run_folder / names.REPORT).read_text()
    assert facts["run_id"] in page
    assert facts["data"]["sha256"] in page


def test_the_model_loads_and_predicts_what_was_written(run_folder, table):
    examples = si.read_examples(table)
    with torch.no_grad():
        logits = si.load_model(run_folder)(examples.inputs)[:, 0].numpy()
    predictions = names.read_table(run_folder / names.PREDICTIONS)
    np.testing.assert_allclose(predictions["logit"], logits, rtol=1e-4, atol=1e-5)
    assert set(predictions["split"]) == {"train", "valid", "test"}


def test_predict(run_folder, table, tmp_path, command, capsys):
    code, out, _ = command("predict", run_folder, table, "--out", tmp_path / "p.tsv", capture=capsys)
    assert code == 0
    assert out.strip() == str((tmp_path / "p.tsv").resolve())
    frame = pd.read_csv(tmp_path / "p.tsv", sep="\t")
    expected = names.read_table(run_folder / names.PREDICTIONS)
    np.testing.assert_allclose(frame["logit"], expected["logit"], rtol=1e-4, atol=1e-5)


def test_predict_reads_fasta(run_folder, table, tmp_path, command, capsys):
    sequences = si.read_examples(table).sequences[:3]
    (tmp_path / "a.fa").write_text("".join(f">s{i}\n{s}\n" for i, s in enumerate(sequences)))
    code, _, _ = command("predict", run_folder, tmp_path / "a.fa", "--out", tmp_path / "p.tsv", capture=capsys)
    assert code == 0
    assert pd.read_csv(tmp_path / "p.tsv", sep="\t")["name"].tolist() == ["s0", "s1", "s2"]


@pytest.mark.parametrize("method", ["gradient", "gradient_times_input"])
def test_attribute(run_folder, table, tmp_path, command, capsys, method):
    place = tmp_path / "a.safetensors"
    words = ["attribute", run_folder, table, "--out", place, "--method", method, "--top", 5, "--quiet"]
    code, _, err = command(*words, capture=capsys)
    assert code == 0
    found = Attribution.load(place)
    assert found.values.shape == (5, 4, 60)
    assert found.score.diff().max() <= 0
    assert "output kind logit" in err
    assert ("completeness error" in err) == (method == "gradient_times_input")


def test_mutate(run_folder, table, tmp_path, command, capsys):
    base = ["mutate", run_folder, table, "--top", 2, "--start", 10, "--stop", 20, "--quiet", "--out"]
    assert command(*base, tmp_path / "m.safetensors", capture=capsys)[0] == 0
    assert command(*base, tmp_path / "m.tsv", capture=capsys)[0] == 0
    found, frame = Mutagenesis.load(tmp_path / "m.safetensors"), pd.read_csv(tmp_path / "m.tsv", sep="\t")
    assert not found.effects[:, :, 20:].any()
    np.testing.assert_allclose(frame["effect"], found.effects.flatten().numpy(), rtol=1e-6)


def test_filters(run_folder, table, tmp_path, command, capsys):
    code, out, err = command("filters", run_folder, table, "--out", tmp_path / "f.meme", capture=capsys)
    assert code == 0
    assert "compared with" in err
    assert len(out.splitlines()) == 1 + len(si.read_motifs(tmp_path / "f.meme"))
    assert out.startswith("name\tconsensus\tinformation_content")


def test_optimize(run_folder, table, tmp_path, command, capsys):
    words = ["optimize", run_folder, "--length", 60, "--count", 2, "--steps", 50, "--out", tmp_path / "d.tsv"]
    assert command(*words, capture=capsys)[0] == 0
    frame = pd.read_csv(tmp_path / "d.tsv", sep="\t")
    assert len(frame) == 2
    assert (frame["score"] >= frame["start_score"]).all()
    words = ["optimize", run_folder, "--start", table, "--method", "greedy", "--steps", 1, "--out", tmp_path / "e.tsv"]
    assert command(*words, capture=capsys)[0] == 0


def test_report_draws_the_same_page_again(run_folder, tmp_path, command, capsys):
    code, _, _ = command("report", run_folder, "--out", tmp_path / "again.html", capture=capsys)
    assert code == 0
    assert (tmp_path / "again.html").read_text() == (run_folder / names.REPORT).read_text()


def test_train_alone_and_its_report_say_what_is_missing(table, tmp_path, command, capsys):
    words = ["train", table, "--out", tmp_path / "t", "--epochs", 1, "--folds", 2, "--start-from", "known", "--quiet"]
    code, _, err = command(*words, capture=capsys)
    assert code == 0
    assert "auroc" in err
    assert command("report", tmp_path / "t", capture=capsys)[0] == 0
    assert set(names.read_table(tmp_path / "t" / names.PREDICTIONS)["split"]) == {"test"}


def test_run_from_fasta_against_shuffles(tmp_path, table, command, capsys):
    sequences = [
        s for s, label in zip(*(lambda e: (e.sequences, e.labels))(si.read_examples(table)), strict=True) if label
    ]
    (tmp_path / "bound.fa").write_text("".join(f">s{i}\n{s}\n" for i, s in enumerate(sequences)))
    words = ["run", "--positives", tmp_path / "bound.fa", "--negatives", "shuffle", "--out", tmp_path / "r"]
    code, out, err = command(*words, "--epochs", 1, "--network", "deepbind", "--quiet", capture=capsys)
    assert code == 0, err
    assert out.strip().endswith("report.html")
    assert not (tmp_path / "r" / names.TRUTH).exists()


def test_version_and_help(command, capsys):
    assert command("--version", capture=capsys)[1].startswith("seqinterp 0.")
    assert "Commands" in command("--help", capture=capsys)[1]
