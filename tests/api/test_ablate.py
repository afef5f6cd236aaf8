"""`ablate`: the public call."""

import numpy as np
import pandas as pd
import pytest
import torch

from naive import motif_questions as naive
from seqinterp.api.ablate import ablate
from seqinterp.api.results.ablation import Ablation
from seqinterp.api.shared import experiment
from seqinterp.errors import InputError, ModelError, ShapeError

MODEL = naive.Matches(TGACTCAT=2.0, CCGGAAGT=-1.0)


def planted(count=12, seed=51):
    """Half of the sequences with both motifs, half with one; a decoy site in all."""
    sequences = [naive.put(each, 20, "TGACTCAT") for each in naive.random_sequences(count, 80, seed=seed)]
    return [naive.put(each, 40, "CCGGAAGT") if i % 2 else each for i, each in enumerate(sequences)]


SEQUENCES = planted()
INPUTS = naive.stacked(SEQUENCES)
EVERY = range(12)
SITES = pd.concat(
    [
        pd.DataFrame({"example": EVERY, "start": 20, "stop": 28, "motif": "AP1"}),
        pd.DataFrame({"example": EVERY[1::2], "start": 40, "stop": 48, "motif": "ETS"}),
        pd.DataFrame({"example": EVERY, "start": 60, "stop": 66, "motif": "decoy"}),
    ],
    ignore_index=True,
).assign(p_value=0.0)


@pytest.fixture(scope="module")
def found():
    return ablate(MODEL, INPUTS, SITES, device="cpu")


def test_drops_are_what_the_motifs_add(found):
    table = found.to_frame()
    assert table.columns.tolist() == [
        "example", "start", "stop", "motif", "drop", "standard_error", "control", "p_value", "q_value",
    ]  # fmt: skip
    drops = table.groupby("motif")["drop"].mean()
    assert (drops["AP1"], drops["ETS"], drops["decoy"]) == pytest.approx((2, -1, 0), abs=1e-5)
    assert (table["p_value"] >= 1 / 41 - 1e-12).all()
    real = table["motif"] != "decoy"
    assert (table["p_value"][real] < 0.05).all()
    assert (table["p_value"][~real] == 1).all()
    np.testing.assert_allclose(table["q_value"], naive.benjamini_hochberg(table["p_value"].tolist()))


def test_each_p_value_is_a_rank_in_its_own_sequence(found):
    network = ablate(naive.Network(), INPUTS, SITES, draws=2, controls=9, device="cpu")
    table = network.to_frame()
    for row in range(len(SITES)):
        expected = naive.rank_p_value(network.drops[row].mean().item(), network.controls[row].tolist())
        assert table["p_value"][row] == pytest.approx(expected)
        assert table["control"][row] == pytest.approx(network.controls[row].mean().item(), abs=1e-6)


def test_motifs(found):
    table = found.by_motif().set_index("motif")
    assert table["sites"].to_dict() == {"AP1": 12, "ETS": 6, "decoy": 12}
    np.testing.assert_allclose(table["drop"], [2, -1, 0], atol=1e-5)
    np.testing.assert_allclose(table["control"], 0, atol=0.01)  # by chance a fill makes a motif
    assert (table["p_value"][["AP1", "ETS"]] < 0.01).all()
    assert table["p_value"]["decoy"] == 1
    np.testing.assert_allclose(table["q_value"], naive.benjamini_hochberg(table["p_value"].tolist()))


def test_places_that_are_no_sites_are_not_called(found):
    """In a network that knows no motif, places drawn at random are not unlike other places."""
    generator = np.random.default_rng(0)
    starts = generator.integers(0, 74, size=120)
    table = pd.DataFrame({"example": generator.integers(12, size=120), "start": starts, "stop": starts + 6})
    p_values = [
        ablate(naive.Network(), INPUTS, table.iloc[i : i + 10], draws=2, controls=19, device="cpu").to_frame()[
            "p_value"
        ]
        for i in range(0, 120, 10)
    ]
    everything = np.concatenate(p_values)
    assert np.mean(everything <= 0.1) <= 0.2
    assert np.mean(everything) == pytest.approx(0.5, abs=0.1)


def test_the_index_and_order_of_the_table_are_kept(found):
    turned = SITES.iloc[::-1]
    other = ablate(MODEL, INPUTS, turned, device="cpu").to_frame()
    assert other.index.tolist() == turned.index.tolist()
    pd.testing.assert_frame_equal(other.sort_index(), found.to_frame(), check_exact=False)


def test_some_examples_at_a_time_change_nothing(found, monkeypatch):
    monkeypatch.setattr(experiment.stretches, "__defaults__", (5,))
    few = ablate(MODEL, INPUTS, SITES, device="cpu", progress=True)
    torch.testing.assert_close(few.drops, found.drops)
    torch.testing.assert_close(few.controls, found.controls, equal_nan=True)


def test_no_free_place_is_no_p_value():
    sites = pd.DataFrame({"example": [0, 0], "start": [0, 40], "stop": [40, 80]})
    result = ablate(MODEL, INPUTS, sites, draws=2, device="cpu")
    assert result.to_frame()[["control", "p_value", "q_value"]].isna().all(axis=None)
    (row,) = result.by_motif().itertuples()
    assert (row.motif, row.sites) == ("all sites", 2)
    assert np.isnan(row.p_value)


def test_without_controls():
    result = ablate(MODEL, INPUTS, SITES, controls=0, device="cpu")
    assert result.controls.shape == (30, 0)
    assert result.to_frame()["p_value"].isna().all()


def test_save_and_load(found, tmp_path):
    found.save(tmp_path / "a.safetensors")
    again = Ablation.load(tmp_path / "a.safetensors")
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())
    pd.testing.assert_frame_equal(again.by_motif(), found.by_motif())
    assert len(again) == 30
    with pytest.raises(ShapeError, match="drops has shape"):
        Ablation(SITES.iloc[:3], found.drops, found.controls, found.score, {})


class Broken(torch.nn.Module):
    """Infinite when no G is left."""

    def forward(self, inputs):
        return 1 / inputs[:, 2].sum(dim=1)


def test_refusals():
    with pytest.raises(InputError, match="rename 'end'"):
        ablate(MODEL, INPUTS, SITES.rename(columns={"stop": "end"}), device="cpu")
    with pytest.raises(InputError, match="fill must be one of background, shuffle"):
        ablate(MODEL, INPUTS, SITES, fill="zeros", device="cpu")
    with pytest.raises(InputError, match="draws must be 1 or more"):
        ablate(MODEL, INPUTS, SITES, draws=0, device="cpu")
    with pytest.raises(InputError, match="controls must be 0 or more"):
        ablate(MODEL, INPUTS, SITES, controls=-1, device="cpu")
    with pytest.raises(ModelError, match="NaN or infinite"):
        one = pd.DataFrame({"example": [0], "start": [3], "stop": [4]})
        ablate(Broken(), naive.stacked(["CACGTCAAAT"]), one, draws=20, device="cpu")
