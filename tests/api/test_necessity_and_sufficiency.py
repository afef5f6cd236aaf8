"""`necessity_and_sufficiency`: the public call."""

import numpy as np
import pandas as pd
import pytest
import torch

from naive import motif_questions as naive
from seqinterp.api.necessity_and_sufficiency import necessity_and_sufficiency
from seqinterp.api.results.necessity import NecessitySufficiency
from seqinterp.api.shared import experiment
from seqinterp.attribution.dna_baselines import dinucleotide_shuffle
from seqinterp.errors import InputError, ShapeError
from seqinterp.sequence.onehot import decode

WORDS = "TGACTCATGG", "GATAAGCCTA"
MODEL = naive.Matches(**{WORDS[0]: 3.0, WORDS[1]: 1.0})
EMPTY = naive.random_sequences(6, 80, seed=61)
SEQUENCES = [naive.put(naive.put(each, 10, WORDS[0]), 50, WORDS[1]) if i < 5 else each for i, each in enumerate(EMPTY)]
INPUTS = naive.stacked(SEQUENCES)
SITES = pd.DataFrame(
    [(i, start, start + 10, motif) for i in range(6) for start, motif in ((10, "AP1"), (50, "GATA"), (70, "decoy"))],
    columns=["example", "start", "stop", "motif"],
).iloc[:-1]


@pytest.fixture(scope="module")
def found():
    return necessity_and_sufficiency(MODEL, INPUTS, SITES, device="cpu")


def test_shares_of_two_motifs(found):
    table = found.to_frame()
    assert len(table) == 17
    expected = {"AP1": 0.75, "GATA": 0.25, "decoy": 0}
    full = table[table["example"] < 5]
    for name in ("necessity", "sufficiency"):
        np.testing.assert_allclose(full[name], full["motif"].map(expected), atol=1e-5)
    np.testing.assert_allclose(full["total"], 4, atol=1e-5)
    assert table.loc[table["example"] == 5, ["necessity", "sufficiency"]].isna().all(axis=None)
    motifs = found.by_motif().set_index("motif")
    assert motifs["examples"].tolist() == [5, 5, 5]
    assert motifs["left_out"].to_dict() == {"AP1": 1, "GATA": 1, "decoy": 0}
    np.testing.assert_allclose(motifs["necessity"], pd.Series(expected)[motifs.index], atol=1e-5)
    np.testing.assert_allclose(motifs["sufficiency_standard_error"], 0, atol=1e-5)


def test_equals_forward_passes():
    network = naive.Network()

    def second(inputs):
        return network(inputs)[:, 1]

    table = necessity_and_sufficiency(network, INPUTS, SITES, target=1, draws=5, seed=3, device="cpu").to_frame()
    shuffles = dinucleotide_shuffle(INPUTS, draws=5, seed=3)
    told = table[table["necessity"].notna()]
    assert len(told) >= 3
    for row in told.itertuples():
        mine = SITES[(SITES["example"] == row.example) & (SITES["motif"] == row.motif)].iloc[0]
        positions = set(range(mine["start"], mine["stop"]))
        expected = naive.necessity_and_sufficiency(
            second, SEQUENCES[row.example], decode(shuffles[row.example]), positions
        )
        assert (row.necessity, row.sufficiency) == pytest.approx(expected, abs=1e-3)


def test_sites_of_one_motif_go_together():
    """Without names all sites are one motif; those that overlap are counted, and cover what they cover."""
    unnamed = pd.DataFrame({"example": [0, 0, 0, 1], "start": [10, 50, 12, 10], "stop": [20, 60, 25, 20]})
    table = necessity_and_sufficiency(MODEL, INPUTS, unnamed, device="cpu").to_frame()
    assert table["motif"].tolist() == ["all sites"] * 2
    assert table["sites"].tolist() == [3, 1]
    np.testing.assert_allclose(table["necessity"], [1, 0.75], atol=1e-5)
    np.testing.assert_allclose(table["sufficiency"], [1, 0.75], atol=1e-5)


def test_some_examples_at_a_time_change_nothing(found, monkeypatch):
    monkeypatch.setattr(experiment.stretches, "__defaults__", (2,))
    few = necessity_and_sufficiency(MODEL, INPUTS, SITES, device="cpu", batch_size=3, progress=True)
    pd.testing.assert_frame_equal(few.to_frame(), found.to_frame(), rtol=1e-4, atol=1e-6)


def test_the_order_of_the_table_changes_nothing(found):
    other = necessity_and_sufficiency(MODEL, INPUTS, SITES.iloc[::-1], device="cpu")
    pd.testing.assert_frame_equal(other.to_frame(), found.to_frame())


def test_save_and_load(found, tmp_path):
    found.save(tmp_path / "n.safetensors")
    again = NecessitySufficiency.load(tmp_path / "n.safetensors")
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())
    assert len(again) == 17
    with pytest.raises(ShapeError, match="example has shape"):
        NecessitySufficiency(
            ("a",), found.example, found.sites, found.score, found.shuffled, found.ablated, found.kept, {}
        )


def test_refusals():
    with pytest.raises(InputError, match="there is nothing that sites could be a share of"):
        necessity_and_sufficiency(MODEL, naive.stacked(EMPTY), SITES, device="cpu")
    with pytest.raises(InputError, match="draws must be 2 or more"):
        necessity_and_sufficiency(MODEL, INPUTS, SITES, draws=1, device="cpu")
    with pytest.raises(InputError, match="row 0 of the table of sites"):
        necessity_and_sufficiency(MODEL, INPUTS, SITES.assign(example=9), device="cpu")
    with pytest.raises(InputError, match="seed must be"):
        necessity_and_sufficiency(MODEL, INPUTS, SITES, seed=-1, device="cpu")


def test_the_model_comes_back_as_it_was():
    model = naive.Network().train()
    necessity_and_sufficiency(model, INPUTS, SITES, draws=3, device="cpu")
    assert model.training
    assert all(
        isinstance(parameter, torch.nn.Parameter) and parameter.requires_grad for parameter in model.parameters()
    )
