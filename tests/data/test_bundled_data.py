import gzip
import hashlib
import importlib.util
import re
import zlib
from pathlib import Path

import numpy as np
import pytest

from seqinterp.io.motif_files import read_motifs
from seqinterp.io.tables import read_examples

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def make():
    spec = importlib.util.spec_from_file_location("make_data", DATA / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def motifs():
    return {motif.name: motif for motif in read_motifs(DATA / "jaspar_subset.meme")}


@pytest.fixture(scope="module")
def demo():
    return read_examples(DATA / "ap1_demo.tsv.gz")


def test_every_file_is_in_the_readme_with_its_checksum():
    rows = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|", (DATA / "README.md").read_text(), re.MULTILINE))
    files = {path.name for path in DATA.iterdir() if path.is_file()} - {"README.md", "make.py"}
    assert set(rows) == files
    assert rows == {name: hashlib.sha256((DATA / name).read_bytes()).hexdigest() for name in files}


def test_the_demo_is_made_again_byte_for_byte(make, tmp_path):
    make.make_demo(DATA / "jaspar_subset.meme", tmp_path / "demo.tsv.gz")
    made, kept = (tmp_path / "demo.tsv.gz").read_bytes(), (DATA / "ap1_demo.tsv.gz").read_bytes()
    assert gzip.decompress(made) == gzip.decompress(kept)
    if "ng" not in zlib.ZLIB_RUNTIME_VERSION:  # zlib-ng packs the same text into other bytes
        assert made == kept


def test_the_demo_is_what_the_readme_says(demo, motifs):
    assert (len(demo), int(demo.labels.sum()), len(demo.sequences[0])) == (4000, 2000, 101)
    assert (DATA / "ap1_demo.tsv.gz").stat().st_size < 400_000
    planted = {site.motif for sites in demo.sites for site in sites if site.kind == "site"}
    assert planted == {"MA0099.4", "MA0491.3", "MA0478.2", "MA1634.2", "MA1126.2", "MA0656.2"} <= set(motifs)
    decoys = {site.motif for sites in demo.sites for site in sites if site.kind == "decoy"}
    assert decoys == planted | {"TGAC", "TGACTGAC"}
    truth = demo.truth()
    assert not truth[demo.labels == 0].any() and truth[demo.labels == 1].any(1).all()
    text = "".join(demo.sequences)
    assert all(text.count(form) > 100 for form in ("TGACTCA", "TGAGTCA", "TGACGTCA"))


def test_half_sites_and_composition_do_not_solve_the_demo(demo):
    """The share of pairs (positive, negative) that a count puts in order; 0.5 is chance."""

    def auroc(values):
        values = np.array(values, dtype=float)
        pos, neg = values[demo.labels == 1], values[demo.labels == 0]
        return ((pos[:, None] > neg).mean() + (pos[:, None] == neg).mean() / 2).item()

    assert 0.4 < auroc([s.count("G") + s.count("C") for s in demo.sequences]) < 0.6
    assert 0.4 < auroc([s.count("TGAC") + s.count("GTCA") for s in demo.sequences]) < 0.7
    core = ("TGACTCA", "TGAGTCA", "TGACGTCA")
    assert auroc([any(form in s for form in core) for s in demo.sequences]) > 0.75


def test_the_matrices_are_those_of_jaspar(motifs):
    assert len(motifs) == 102 and len({motif.label.upper() for motif in motifs.values()}) == 85
    assert motifs["MA0491.3"].label == "JUND" and motifs["MA0491.3"].consensus == "ATGACTCAT"
    assert motifs["MA1126.2"].consensus == "RTGACGTCAT"
    np.testing.assert_allclose(motifs["MA0004.1"].pfm[:, 0], [4, 16, 0, 0])


@pytest.mark.real_data
def test_the_matrices_equal_the_release(make, motifs, shared_data, tmp_path):
    path = shared_data("jaspar/JASPAR2024_CORE_vertebrates_non-redundant_pfms_transfac.txt")
    make.make_subset(path, tmp_path / "again.meme")
    assert (tmp_path / "again.meme").read_bytes() == (DATA / "jaspar_subset.meme").read_bytes()
    release = {motif.name: motif for motif in read_motifs(path)}
    for name, motif in motifs.items():
        assert motif.label == release[name].label
        np.testing.assert_allclose(motif.frequencies, release[name].frequencies, rtol=0, atol=1e-7)
        if np.ptp(release[name].pfm.sum(0)) == 0:
            np.testing.assert_allclose(motif.pfm, release[name].pfm, atol=1e-7 * motif.nsites)
