"""The demo, whole: what was planted comes back out of the model, by four ways that do not know of one another."""

import re

import pytest
import torch

from seqinterp.api.results.designs import Designs
from seqinterp.cli.main import app
from seqinterp.io import run_folder as files
from seqinterp.sequence.strand import reverse_complement

pytestmark = pytest.mark.slow

AP1_FACTORS = re.compile(r"FOS|JUN|BATF|JDP|ATF3|NFE2|BACH|MAF", flags=re.IGNORECASE)
AP1_SITES = ("TGACTCA", "TGAGTCA", "TGACGTCA")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder of `seqinterp demo`, made with two cores."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        app(["demo", "--out", str(folder), "--device", "cpu", "--quiet"], standalone_mode=False)
    finally:
        torch.set_num_threads(before)
    return folder


def test_the_report_is_there(demo):
    page = (demo / files.REPORT).read_text(encoding="utf-8")
    assert files.read_facts(demo)["run_id"] in page
    assert not re.search(r"\bnan\b", re.sub(r'src="data:[^"]*"', "", page), flags=re.IGNORECASE)


def test_the_model_tells_the_classes_apart(demo):
    assert files.read_facts(demo)["metrics"]["auroc"]["low"] > 0.9


def test_a_filter_that_started_at_random_is_named_after_an_ap1_factor(demo):
    table = files.read_table(demo / files.FILTER_TABLE)
    found = table[table["started_from"].isna() & (table["q_value"] < 1e-3)]
    assert found["match_label"].str.contains(AP1_FACTORS).any(), table[["match_label", "q_value"]]


@pytest.mark.parametrize(("method", "least"), [("saliency", 0.85), ("mutagenesis", 0.95)])
def test_explanations_point_at_the_planted_sites(demo, method, least):
    table = files.read_table(demo / files.TRUTH)
    rows = table[table["method"].str.startswith(method)]
    assert len(rows)
    called = rows[rows["method"].str.contains("called positive")]
    assert (called["auroc"] >= least).all(), rows
    assert (called["sequences"] >= 50).all()


def test_designs_carry_a_site(demo):
    designs = Designs.load(demo / files.DESIGNS)
    assert len(designs) == 10
    strands = [design.sequence + "|" + reverse_complement(design.sequence) for design in designs]
    assert sum(any(site in both for site in AP1_SITES) for both in strands) >= 8
