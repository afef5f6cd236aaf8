"""`methods`: every method of the catalogue has its facts, and no fact is of a method that is gone."""

import csv
import json
from pathlib import Path
from statistics import mean

import pytest

import seqinterp as si
from seqinterp.api.catalogue import METHODS
from seqinterp.api.method_facts import FACTS, LEADERBOARD

RESULTS = Path(__file__).parents[2] / "benchmarks/results/leaderboard--x86_64-1threads--cpu.json"


def test_every_method_has_its_facts():
    assert list(FACTS) == list(METHODS)
    table = si.methods()
    assert table["method"].tolist() == list(METHODS)
    assert table.notna().all().all()
    assert all(len(text) > 20 for text in table["fails"])


def test_what_the_catalogue_knows():
    table = si.methods().set_index("method")
    assert table.loc["deeplift", "adds_up"] == "to rounding"
    assert table.loc["expected_gradients", "adds_up"] == "on average"
    assert table.loc["gradcam", "adds_up"] == "no"
    assert "baseline" in table.loc["integrated_gradients", "options"]
    assert "baseline" in table.loc["integrated_gradients", "needs"]
    assert bool(table.loc["mutagenesis", "every_base"])
    assert not bool(table.loc["lime", "every_base"])


def test_what_needs_a_baseline_takes_one():
    table = si.methods().set_index("method")
    asks = table["needs"].str.contains("baseline|references")
    takes = table["options"].str.contains("baseline")
    assert takes[asks].all()


def test_the_leaderboard_is_the_one_that_was_measured():
    figures = json.loads(RESULTS.read_text())["figures"]
    learned = {
        (row["architecture"], row["grammar"])
        for row in csv.DictReader(figures["network"])
        if float(row["whole"]) >= figures["learned"]
    }
    rows = [row for row in csv.DictReader(figures["method"]) if (row["architecture"], row["grammar"]) in learned]
    assert list(LEADERBOARD) == list(METHODS)
    for name, shown in LEADERBOARD.items():
        found = [float(row["auroc"]) for row in rows if row["method"] == name and row["auroc"]]
        assert shown == pytest.approx(mean(found), abs=6e-4)
