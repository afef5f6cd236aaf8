"""`seqinterp discover`: the folder that it writes, for people and for other programs."""

import json
import re
import sys

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

import seqinterp as si
from seqinterp.cli.main import main
from seqinterp.io.attribution_pairs import save_pair
from seqinterp.io.finemo import read_regions
from seqinterp.io.modisco_h5 import read_modisco

COUNT, LENGTH = 90, 120
SITES = {"TGACTCAT": 1.0, "CCACGTGACC": -1.0}  # AP-1, which raises the score, and an E-box, which lowers it
FILES = {
    "discovery.json", "hits.bed", "hits.tsv", "logos", "modisco.h5", "motifs.meme", "motifs.tsv", "report.html",
    "seqlets.bed", "seqlets.tsv",
}  # fmt: skip


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A folder with sequences and attributions of two planted words, and where the sequences lie."""
    folder = tmp_path_factory.mktemp("planted")
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 4, (COUNT, LENGTH))
    contributions = rng.normal(0, 0.03, (COUNT, LENGTH))
    places = []
    for example in range(COUNT):
        for word, size in SITES.items():
            start = int(rng.integers(0, 50)) + (60 if size < 0 else 0)
            letters = np.array(["ACGT".index(base) for base in word])
            turned = rng.random() < 0.5
            codes[example, start : start + len(word)] = 3 - letters[::-1] if turned else letters
            contributions[example, start : start + len(word)] += size * rng.uniform(0.7, 1.3)
            places.append((example, start, word, "-" if turned else "+"))
    inputs = np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1)
    save_pair(folder / "x.npz", folder / "a.npz", inputs, inputs * contributions[:, None].astype(np.float32))
    lines = [f"chr{1 + i % 3}\t{1000 * i}\t{1000 * i + LENGTH}\tp{i}\t0\t{'-+'[i % 2]}" for i in range(COUNT)]
    (folder / "peaks.bed").write_text("\n".join(lines) + "\n")
    return folder, inputs, places


@pytest.fixture(scope="module")
def run(planted, tmp_path_factory):
    """What one run with every option wrote."""
    folder, _, _ = planted
    like = 50 * np.eye(4)[["ACGT".index(base) for base in "ATGAGTCA"]].T + 1.0
    si.write_meme(folder / "filters.meme", [si.Motif("conv_0", like), si.Motif("conv_1", np.ones((4, 8)))])
    out = tmp_path_factory.mktemp("out") / "found"
    words = ["discover", folder / "x.npz", folder / "a.npz", "--output", out, "--loci", folder / "peaks.bed"]
    words += ["--filters", folder / "filters.meme", "--finemo", "--title", "Two words", "--seed", 4, "--quiet"]
    before, sys.argv = sys.argv, ["seqinterp", *map(str, words)]
    try:
        main()
    except SystemExit as stopped:
        assert not stopped.code
    finally:
        sys.argv = before
    return out


def table(path):
    return pd.read_csv(path, sep="\t", keep_default_na=False)


def test_everything_is_written(run):
    assert {path.name for path in run.iterdir()} == FILES | {"finemo"}
    assert not list(run.parent.glob(".*partial*"))
    motifs = table(run / "motifs.tsv")
    assert motifs["sign"].tolist() == [1, -1]
    assert motifs["name"].tolist() == ["pos_patterns.pattern_0", "neg_patterns.pattern_0"]
    names = {f"{name}.{kind}" for name in motifs["name"] for kind in ("png", "svg")}
    assert {path.name for path in (run / "logos").iterdir()} == names


def test_the_motifs_are_the_planted_words(run):
    for motif, word in zip(si.read_motifs(run / "motifs.meme"), SITES, strict=True):
        shown = motif.consensus
        assert any(word in each for each in (shown, si.decode(si.one_hot(shown).flip(1, 2))[0])), shown
    motifs, seqlets = read_modisco(run / "modisco.h5")
    assert [motif.name for motif in motifs] == table(run / "motifs.tsv")["name"].tolist()
    assert len(seqlets) == (table(run / "seqlets.tsv")["motif"] != "").sum()


def test_the_places_are_the_planted_ones(run, planted):
    _, _, places = planted
    hits = table(run / "hits.tsv")
    for name, word in zip(table(run / "motifs.tsv")["name"], SITES, strict=True):
        own = hits[hits["motif"] == name]
        sites = {(example, start) for example, start, planted_word, _ in places if planted_word == word}
        near = {(e, s) for e, s in sites if ((own["example"] == e) & ((own["start"] - s).abs() < 8)).any()}
        assert len(near) >= 0.9 * len(sites)
        assert len(own) <= 1.1 * len(sites)


def test_tables_are_on_the_genome(run):
    for name in ("seqlets", "hits"):
        rows = table(run / f"{name}.tsv")
        offset = 1000 * rows["example"]
        turned = rows["example"] % 2 == 0  # these were read from the minus strand
        expected = np.where(turned, offset + LENGTH - rows["stop"], offset + rows["start"])
        np.testing.assert_array_equal(rows["chromosome_start"], expected)
        assert (rows["chromosome"] == "chr" + (1 + rows["example"] % 3).astype(str)).all()
        bed = pd.read_csv(run / f"{name}.bed", sep="\t", header=None)
        assert sorted(bed[1]) == sorted(rows["chromosome_start"])
        assert set(bed[0]) == set(rows["chromosome"])


def test_the_files_of_finemo(run):
    tracks, loci = read_regions(run / "finemo" / "regions.npz")
    assert len(tracks) == COUNT
    assert [place.start for place in loci] == [1000 * i for i in range(COUNT)]
    hits = pd.read_csv(run / "finemo" / "hits.tsv", sep="\t")
    assert len(hits) == len(table(run / "hits.tsv"))
    assert hits["motif_name"].isin(table(run / "motifs.tsv")["name"]).all()


def test_the_page_and_the_facts_agree(run):
    facts = json.loads((run / "discovery.json").read_text())
    page = (run / "report.html").read_text()
    assert facts["title"] == "Two words"
    assert facts["motifs"] == 2
    assert facts["hits"] == len(table(run / "hits.tsv"))
    assert facts["seed"] == 4
    assert facts["data"]["contributions"] == "of the bases that are there"
    assert {"inputs sha256", "attributions sha256", "loci sha256", "filters sha256"} <= set(facts["data"])
    assert "--finemo" in facts["command"]
    for text in (facts["run_id"], *facts["data"].values(), *facts["settings"].values(), *facts["versions"].values()):
        assert text in page
    assert "conv_0 (" in page
    assert "Filters that resemble no motif: conv_1" in page


def test_it_prints_the_table_and_says_what_it_did(planted, tmp_path, command, capsys):
    folder, _, _ = planted
    words = ["discover", folder / "x.npz", folder / "a.npz", "-o", tmp_path / "found", "--quiet"]
    code, out, err = command(*words, capture=capsys)
    assert code == 0, err
    assert {path.name for path in (tmp_path / "found").iterdir()} == FILES
    lines = out.splitlines()
    assert lines[0].startswith("name\tconsensus\tinformation_content")
    assert len(lines) == 3
    assert "2 motifs," in err
    assert str((tmp_path / "found" / "report.html").resolve()) in err
    assert "chromosome" not in table(tmp_path / "found" / "hits.tsv")


def test_the_same_command_gives_the_same_files(planted, run, tmp_path, command, capsys):
    folder, _, _ = planted
    words = ["discover", folder / "x.npz", folder / "a.npz", "--out", tmp_path / "found", "--seed", 4, "--quiet"]
    assert command(*words, "--loci", folder / "peaks.bed", capture=capsys)[0] == 0
    for name in ("motifs.meme", "motifs.tsv", "seqlets.tsv", "hits.tsv", "hits.bed"):
        assert (tmp_path / "found" / name).read_bytes() == (run / name).read_bytes()
    assert command(*words, "--loci", folder / "peaks.bed", "--force", capture=capsys)[0] == 0
    code, _, err = command(*words, capture=capsys)
    assert code == 1
    assert "exists and is not replaced" in err


def test_scores_of_one_file(planted, run, tmp_path, command, capsys):
    folder, inputs, _ = planted
    with h5py.File(tmp_path / "scores.h5", "w") as file:
        file["inputs"] = inputs
        file["attributions"] = np.load(folder / "a.npz")["arr_0"]
    words = ["discover", tmp_path / "scores.h5", "--out", tmp_path / "found", "--seed", 4, "--quiet"]
    code, _, err = command(*words, capture=capsys)
    assert code == 0, err
    assert (tmp_path / "found" / "motifs.meme").read_bytes() == (run / "motifs.meme").read_bytes()


def test_noise_makes_no_motif_and_still_a_page(planted, tmp_path, command, capsys):
    _, inputs, _ = planted
    noise = torch.randn(COUNT, 4, LENGTH, generator=torch.Generator().manual_seed(0)).numpy()
    save_pair(tmp_path / "x.npz", tmp_path / "a.npz", inputs, inputs * noise)
    words = ["discover", tmp_path / "x.npz", tmp_path / "a.npz", "--out", tmp_path / "found", "--quiet"]
    code, _, err = command(*words, capture=capsys)
    assert code == 0, err
    assert "0 motifs, 0 named" in err
    assert {path.name for path in (tmp_path / "found").iterdir()} == FILES - {"logos", "motifs.meme"}
    assert "No motif was found" in (tmp_path / "found" / "report.html").read_text()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--loci", "short.bed"], "90 examples need as many loci, but 1 came"),
        (["--loci", "x.npz"], "binary data|not text"),
        (["--motifs", "short.bed"], "no motif file"),
        (["--filters", "nowhere.meme"], "nowhere.meme does not exist"),
        (["--threshold", 0], "false discovery rate above 0"),
    ],
)
def test_what_cannot_be_used_is_refused(planted, tmp_path, command, capsys, more, sentence):
    folder, _, _ = planted
    (folder / "short.bed").write_text("chr1\t0\t120\n")
    words = [folder / word if isinstance(word, str) and "." in word else word for word in more]
    given = ["discover", folder / "x.npz", folder / "a.npz", "--out", tmp_path / "found", "--quiet"]
    code, out, err = command(*given, *words, capture=capsys)
    assert code == 1, err
    assert re.search(sentence, err.splitlines()[-1]), err
    assert out == ""
    assert not list(tmp_path.iterdir())
