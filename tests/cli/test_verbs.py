"""Each verb does its step."""

import hashlib
import json
import shlex
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import seqinterp as si
from seqinterp.api.results.attribution import Attribution
from seqinterp.api.results.mutagenesis import Mutagenesis
from seqinterp.io import run_folder as names
from seqinterp.io.bundled import bundled
from seqinterp.io.tables import write_examples
from seqinterp.sequence.examples import Locus
from seqinterp.sequence.strand import reverse_complement

TABLES = [("t.tsv", "\t", None), ("t.tsv.gz", "\t", "gzip"), ("t.csv", ",", None)]

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
    names.SCORECARD,
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
    found = Mutagenesis.load(tmp_path / "m.safetensors")
    assert not found.effects[:, :, 20:].any()
    for name, separator, packing in TABLES:
        assert command(*base, tmp_path / name, capture=capsys)[0] == 0
        frame = pd.read_csv(tmp_path / name, sep=separator, compression=packing)
        np.testing.assert_allclose(frame["effect"], found.effects.flatten().numpy(), rtol=1e-6)


@pytest.mark.parametrize(("name", "separator", "packing"), TABLES)
def test_every_table_is_what_its_name_says(run_folder, fasta, tmp_path, command, capsys, name, separator, packing):
    words = {
        "attribute": ["attribute", run_folder, fasta[0], "--top", 3, "--quiet"],
        "predict": ["predict", run_folder, fasta[0]],
        "optimize": ["optimize", run_folder, "--length", 60, "--count", 2, "--steps", 5],
    }
    columns = {"attribute": "value", "predict": "logit", "optimize": "sequence"}
    for verb, given in words.items():
        place = tmp_path / f"{verb}-{name}"
        assert command(*given, "--out", place, capture=capsys)[0] == 0
        assert columns[verb] in pd.read_csv(place, sep=separator, compression=packing).columns
        first = place.read_bytes()
        assert command(*given, "--out", place, "--force", capture=capsys)[0] == 0
        assert place.read_bytes() == first


@pytest.fixture(scope="module")
def unlabelled(table, fasta, tmp_path_factory):
    """The same 200 positives as FASTA that starts with a blank line, and as a table without labels."""
    path = tmp_path_factory.mktemp("unlabelled") / "sequences.csv"
    examples = si.read_examples(table)
    chosen = examples.take(examples.labels == 1)
    pd.DataFrame({"name": chosen.names, "sequence": chosen.sequences}).to_csv(path, index=False)
    return [path, fasta[0]]


@pytest.mark.parametrize(
    ("verb", "name", "options"),
    [
        ("predict", "out.tsv", []),
        ("attribute", "out.tsv", ["--quiet"]),
        ("mutate", "out.tsv", ["--stop", 2, "--quiet"]),
        ("filters", "out.meme", []),
        ("optimize", "out.tsv", ["--steps", 1]),
    ],
)
def test_sequences_need_no_labels(run_folder, unlabelled, tmp_path, command, capsys, verb, name, options):
    written = []
    for path in unlabelled:
        given = ["--start", path] if verb == "optimize" else [path]
        words = [verb, run_folder, *given, "--out", tmp_path / name, "--force", *options]
        code, _, err = command(*words, capture=capsys)
        assert code == 0, err
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


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


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("negatives", ["file", "shuffle"])
def test_train_from_fasta_records_both_files(tmp_path, fasta, command, capsys, negatives):
    bound, unbound = fasta
    given = unbound if negatives == "file" else "shuffle"
    words = ["train", "--positives", bound, "--negatives", given, "--out", tmp_path / "r"]
    code, _, err = command(*words, "--epochs", 1, "--quiet", capture=capsys)
    assert code == 0, err
    facts = names.read_facts(tmp_path / "r")
    first = names.sha256(bound)
    second = names.sha256(unbound) if negatives == "file" else "shuffle"
    assert facts["data"]["positive file"] == "bound.fa"
    assert facts["data"]["positive file sha256"] == first
    assert facts["data"]["negative file"].startswith("unbound.fa" if negatives == "file" else "shuffle")
    assert facts["data"].get("negative file sha256", "shuffle") == second
    assert facts["data"]["sha256"] == digest(f"{first}\n{second}\n")
    assert facts["run_id"].split("-")[1] == facts["data"]["sha256"][:6]
    metadata = json.loads((tmp_path / "r" / "model.json").read_text())["metadata"]
    assert metadata["data_sha256"] == facts["data"]["sha256"]


def test_run_from_fasta_against_shuffles(tmp_path, fasta, command, capsys):
    words = ["run", "--positives", fasta[0], "--negatives", "shuffle", "--out", tmp_path / "r"]
    code, out, err = command(*words, "--epochs", 1, "--network", "deepbind", "--quiet", capture=capsys)
    assert code == 0, err
    assert out.strip().endswith("report.html")
    assert not (tmp_path / "r" / names.TRUTH).exists()


def test_the_command_can_be_pasted_back(table, tmp_path, command, capsys):
    place = tmp_path / "two words & more"
    words = ["train", str(table), "--out", str(place), "--epochs", "1", "--quiet"]
    assert command(*words, capture=capsys)[0] == 0
    assert shlex.split(names.read_facts(place)["command"]) == ["seqinterp", *words]


def test_motif_files_are_recorded(run_folder, table, tmp_path, command, capsys):
    subset = bundled("jaspar_subset.meme")
    settings = names.read_facts(run_folder)["settings"]
    assert settings["motif database"] == subset.name
    assert settings["motif database sha256"] == names.sha256(subset)
    assert "start matrices" not in settings
    si.write_meme(tmp_path / "mine.meme", si.read_motifs(subset)[:3])
    words = ["train", table, "--out", tmp_path / "t", "--epochs", 1, "--start-from", tmp_path / "mine.meme", "--quiet"]
    assert command(*words, capture=capsys)[0] == 0
    settings = names.read_facts(tmp_path / "t")["settings"]
    assert settings["start matrices"] == "mine.meme"
    assert settings["start matrices sha256"] == names.sha256(tmp_path / "mine.meme")
    assert "motif database" not in settings


def noted(words, folder, command, capsys):
    assert command("train", *words, "--out", folder, "--epochs", 1, "--quiet", capture=capsys)[0] == 0
    return " ".join(names.read_facts(folder)["notes"])


def test_notes_say_what_weakens_the_numbers(table, tmp_path, command, capsys):
    examples = si.read_examples(table)
    sequences = list(examples.sequences)
    positive, negative = np.flatnonzero(examples.labels == 1)[0], np.flatnonzero(examples.labels == 0)[0]
    sequences[negative] = reverse_complement(sequences[positive])
    loci = tuple(Locus(f"chr{i // 2 % 8}", i * 100, i * 100 + 60) for i in range(len(examples)))
    odd = replace(examples, sequences=tuple(sequences), loci=loci, sites=None)
    write_examples(tmp_path / "odd.tsv", odd)
    notes = noted([tmp_path / "odd.tsv"], tmp_path / "a", command, capsys)
    assert "1 sequence carries both labels" in notes
    assert "ensemble of all folds" not in notes
    assert "examples as independent" not in notes
    notes = noted([tmp_path / "odd.tsv", "--by-chromosome", "--folds", 2], tmp_path / "b", command, capsys)
    assert "every example was in the training data of some of its members" in notes
    assert "the intervals treat examples as independent" in notes
    assert "both labels" not in noted([table], tmp_path / "c", command, capsys)


def test_train_offers_no_fasta_as_data(command, capsys):
    page = " ".join(command("train", "--help", capture=capsys)[1].split())
    arguments = page[page.index("Arguments") : page.index("Options")]
    assert "TSV or CSV" in arguments and "FASTA" not in arguments
    assert "--positives" in page and "--negatives" in page


def test_version_and_help(command, capsys):
    assert command("--version", capture=capsys)[1].startswith("seqinterp 0.")
    assert "Commands" in command("--help", capture=capsys)[1]
