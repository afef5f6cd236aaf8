"""From a card to its page: what is gathered, for DNA and for pictures."""

import numpy as np
import pytest
import torch

import seqinterp as si
from seqinterp.api.results.scorecard_page import curve_rows, gather
from seqinterp.errors import FileError


def network():
    """Any small network of DNA."""
    torch.manual_seed(0)
    layers = [torch.nn.Conv1d(4, 6, 5), torch.nn.ReLU(), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(6, 1))


@pytest.fixture(scope="module")
def dna_card():
    random = np.random.default_rng(1)
    inputs = si.one_hot(["".join(random.choice(list("ACGT"), 24)) for _ in range(10)])
    truth = torch.zeros(24, dtype=torch.bool)
    truth[4:9] = True
    methods = {
        "gradient_times_input": {},
        "occlusion": {},
        "mine": lambda score, rows: rows * torch.linspace(1, 2, 24),
    }
    return si.evaluate(
        network(), inputs, methods, labels=[0, 1] * 5, truth=truth.repeat(10, 1), region=truth, seed=2, device="cpu"
    )


def test_the_contents_are_those_of_the_card(dna_card):
    found = gather(dna_card)
    assert found.model == dna_card.model
    assert {said.subject: said for said in found.verdicts} == dna_card.verdicts
    assert found.summary.equals(dna_card.summary())
    assert found.known == ("labels", "truth", "region")
    assert found.places == "24 bases"
    assert found.run_id.endswith("-s2")
    assert found.agreement_names == ("gradient_times_input", "occlusion", "mine")
    assert "seed=2" in found.command
    assert found.data["examples"] == "10"


def test_what_only_the_caller_knows_is_taken_from_the_facts(dna_card):
    told = {"title": "A title", "created": "today", "command": "make it", "data": {"file": "a.tsv"}}
    dna_card.facts.update(told)
    found = gather(dna_card)
    assert (found.title, found.created, found.command) == ("A title", "today", "make it")
    assert found.data["file"] == "a.tsv"


def test_curves_are_means_over_examples(dna_card):
    frame = dna_card.to_frame()
    rows = curve_rows(frame)
    assert set(rows["measure"]) == {"deletion_curve", "insertion_curve"}
    own = frame[(frame["method"] == "mine") & (frame["measure"] == "deletion_curve") & (frame["of"] == "0.2")]["value"]
    row = rows[(rows["method"] == "mine") & (rows["measure"] == "deletion_curve") & (rows["share"] == 0.2)].iloc[0]
    assert row["mean"] == pytest.approx(own.mean())
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * own.std(ddof=1) / np.sqrt(10))
    whole = rows[(rows["measure"] == "deletion_curve") & (rows["share"] == 0)]["mean"]
    np.testing.assert_allclose(whole, float(dna_card.scores.mean()), rtol=1e-5)


def test_the_page_is_written_and_not_replaced(dna_card, tmp_path):
    path = tmp_path / "page.html"
    dna_card.to_html(path)
    assert "gradient times input" in path.read_text()
    with pytest.raises(FileError, match="exists"):
        dna_card.to_html(path)
    dna_card.to_html(path, force=True)
    dna_card.save(tmp_path / "folder")
    loaded = si.Scorecard.load(tmp_path / "folder")
    loaded.to_html(tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text() == (tmp_path / "folder" / "scorecard.html").read_text()
    assert dna_card.plot().axes


def test_pictures_have_a_page(tmp_path):
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(108, 2))
    card = si.evaluate(model, torch.rand(8, 1, 8, 8), ["gradient"], target=1, seed=0, device="cpu")
    found = gather(card)
    assert found.places == "shape 1 × 8 × 8"
    assert found.consensus == ()
    assert found.known == ()
    card.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "edges" in page
    assert "No labels were given" in page
