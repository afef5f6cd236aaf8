"""`report`: the page says what the files of the run folder say, and says it where there is none."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

import seqinterp as si
from seqinterp.api.main_job import steps
from seqinterp.api.main_job.report import gather, report
from seqinterp.api.results.attribution import Attribution
from seqinterp.api.results.designs import Designs
from seqinterp.api.results.mutagenesis import Mutagenesis
from seqinterp.api.train import train
from seqinterp.errors import FileError
from seqinterp.io import run_folder as files
from seqinterp.io.bundled import bundled
from seqinterp.models.settings import TrainSettings
from seqinterp.sequence.simulate import simulate

KNOWN = [motif for motif in si.read_motifs(bundled("jaspar_subset.meme")) if motif.label in ("JUND", "FOS", "CTCF")]
FACTS = {
    "title": "a small run",
    "run_id": "12345678-abcdef-s1",
    "seed": 1,
    "created": "2025-01-01T00:00:00+00:00",
    "command": "seqinterp run 'a b.tsv'",
    "versions": {"torch": "2"},
    "data": {"file": "a b.tsv", "sha256": "f" * 64},
    "settings": {"network": "default"},
    "split": "Related sequences kept together.",
    "notes": ["a note of the run"],
}


@pytest.fixture(scope="module")
def examples():
    motifs = {motif.name: motif.pwm for motif in KNOWN if motif.label == "JUND"}
    return simulate(motifs, count=240, length=60, seed=3)


@pytest.fixture(scope="module")
def trained(examples):
    quick = TrainSettings(epochs=2, epoch_steps=5, batch_size=32, filter_learning_rate=1e-4)
    start_from, settings = {motif.name: motif.pwm for motif in KNOWN}, {"filters": len(KNOWN) + 2}
    return train(examples, recipe=quick, settings=settings, start_from=start_from, seed=1, device="cpu")


@pytest.fixture
def bare(tmp_path, trained):
    """A run without any explanation."""
    folder = tmp_path / "run"
    folder.mkdir()
    steps.save_trained(folder, trained, data_sha256="f" * 64)
    files.write_facts(folder, FACTS)
    return folder


@pytest.fixture
def whole(bare, trained, examples):
    """A run with all its explanations."""
    model = trained.model
    best = steps.best_scoring(trained.predictions["logit"].to_numpy(), 4, among=steps.held_out(trained))
    steps.name_filters(bare, model, examples.inputs, KNOWN, source="three matrices")
    steps.explain_top(bare, model, examples, best, device="cpu")
    steps.mutate_top(bare, model, examples, best[:2], device="cpu")
    steps.design_sequences(bare, model, length=60, count=2, device="cpu")
    steps.check_planted_truth(bare, model, examples.take(steps.held_out(trained)), device="cpu")
    return bare


def words(page):
    """The page without its images."""
    return re.sub(r'src="data:[^"]*"', "", page)


def test_contents_are_those_of_the_files(whole, trained):
    found = gather(whole)
    facts = json.loads((whole / files.FACTS).read_text())
    for name in ("title", "run_id", "seed", "created", "command", "versions", "data", "settings"):
        assert getattr(found, name) == facts[name]
    performance = found.performance
    assert performance.split_sentence == facts["split"]
    assert performance.examples == trained.metrics.examples
    assert performance.metrics["AUROC"].value == pytest.approx(trained.metrics.auroc.value, abs=1e-6)
    assert performance.metrics["log-loss"].high == pytest.approx(trained.metrics.log_loss.high, abs=1e-6)
    assert len(performance.history) == len(trained.history)
    assert "a note of the run" in found.notes


def test_explanations_are_those_of_the_files(whole, examples):
    found = gather(whole)
    table = files.read_table(whole / files.FILTER_TABLE)
    assert [row.motif.name for row in found.filters] == table["name"].tolist()[:24]
    assert [row.hits for row in found.filters] == table["hits"].tolist()[:24]
    top = Attribution.load(whole / files.TOP)
    assert [row.sequence for row in found.top_sequences] == si.decode(top.inputs)
    np.testing.assert_allclose([row.logit for row in found.top_sequences], top.score, rtol=1e-4, atol=1e-5)
    for row, gradient in zip(found.top_sequences, top.values, strict=True):
        slope = gradient.abs().sum(dim=0).double()
        scaled = (slope - slope.min()) / (slope.max() - slope.min())
        np.testing.assert_allclose(row.saliency, scaled, rtol=1e-4, atol=1e-6)
        planted = examples.take([examples.sequences.index(row.sequence)]).truth()[0].numpy()
        assert (row.truth == planted).all()
    designs = Designs.load(whole / files.DESIGNS)
    assert [(row.start, row.sequence, row.score) for row in found.designs] == [
        (each.start, each.sequence, each.score) for each in designs
    ]
    effects = Mutagenesis.load(whole / files.MUTAGENESIS).effects
    assert torch.equal(torch.stack([torch.from_numpy(panel.effects) for panel in found.mutagenesis]).float(), effects)
    truth = files.read_table(whole / files.TRUTH)
    assert [row.auroc.value for row in found.truth] == truth["auroc"].tolist()


def test_filters_that_were_started_from_matrices_are_named_and_said_to_be(whole):
    found = gather(whole)
    started = [row for row in found.filters if row.started_from]
    assert {row.started_from for row in started} == {motif.name for motif in KNOWN}
    assert any(row.match is not None and row.q_value < 0.05 for row in started)
    assert any(f"{len(KNOWN)} of" in note and "no discovery" in note for note in found.notes)


def test_the_page_shows_it(whole):
    page = words(report(whole))
    assert not re.search("No sequence|no first-layer filters|none of the filters|No training history", page)
    for word in ("a small run", FACTS["run_id"], FACTS["data"]["sha256"], "three matrices", "a note of the run"):
        assert word in page


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (files.FILTER_TABLE, "no first-layer filters that could be read as motifs"),
        (files.TOP, "No sequences were scored"),
        (files.DESIGNS, "No sequences were optimised in this run"),
        (files.MUTAGENESIS, "No sequence was put through mutagenesis"),
        (files.MATCHES, "none of the filters resembles one"),
    ],
)
def test_a_missing_part_is_said_in_words(whole, missing, sentence):
    (whole / missing).unlink()
    assert sentence in words(report(whole))


def test_the_certificate_of_the_saliency_is_on_the_page(whole):
    certificate = Attribution.load(whole / files.TOP).certificate
    (name,) = gather(whole).certificates
    assert gather(whole).certificates[name] == certificate.in_words()
    page = words(report(whole))
    assert f"Certificate: {name}" in page and certificate.model_hash in page


def test_a_run_without_explanations_is_an_honest_page(bare):
    found = gather(bare)
    assert (found.filters, found.top_sequences, found.designs, found.mutagenesis, found.truth) == ((), (), (), (), ())
    assert found.known_motif is None
    page = words(report(bare))
    assert "No sequences were optimised in this run" in page
    assert "AUROC" in page
    assert not re.search(r"\bnan\b", page, flags=re.IGNORECASE)


def test_a_database_without_labels_prints_no_nan(whole, trained, examples):
    unlabelled = [replace(motif, label="") for motif in KNOWN]
    motifs = steps.name_filters(whole, trained.model, examples.inputs, unlabelled, source="matrices without labels")
    matched = [motif for motif in motifs if motif.match is not None]
    assert matched and len(matched) < len(motifs)
    page = words(report(whole))
    assert not re.findall(r".{30}\bnan\b.{30}", page, flags=re.IGNORECASE)
    named = {row.match_name for row in gather(whole).filters if row.match is not None}
    assert named == {motif.match.name for motif in matched}


def test_a_folder_that_is_no_run_is_refused(tmp_path, whole):
    with pytest.raises(FileError, match="is not a run"):
        report(tmp_path)
    (whole / files.PREDICTIONS).unlink()
    with pytest.raises(FileError, match=r"predictions\.tsv cannot be read as a table"):
        report(whole)
