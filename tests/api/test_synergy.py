"""`synergy`: the public call."""

import numpy as np
import pytest
import torch

from naive import motif_questions as naive
from seqinterp.api.results.synergy import Synergy
from seqinterp.api.synergy import synergy
from seqinterp.errors import InputError, ShapeError

BACKGROUNDS = naive.random_sequences(10, 60, seed=41)
INPUTS = naive.stacked(BACKGROUNDS)
MOTIFS = ["TGACTCA", "GATAAC", "CCGGAAG"]
PAIR = naive.Matches(**{"TGACTCA" + "N" * 10 + "GATAAC": 3.0, "TGACTCA": 1.0, "CCGGAAG": 2.0})


@pytest.fixture(scope="module")
def found():
    return synergy(PAIR, INPUTS, MOTIFS, draws=60, device="cpu")


def test_the_pair_that_needs_each_other(found):
    table = found.to_frame()
    assert list(zip(table["left_motif"], table["right_motif"], strict=True)) == [
        ("TGACTCA", "GATAAC"),
        ("TGACTCA", "CCGGAAG"),
        ("GATAAC", "CCGGAAG"),
    ]
    np.testing.assert_allclose(table["interaction"], [3, 0, 0], atol=1e-5)
    np.testing.assert_allclose(table["left"], [1, 1, 0], atol=0.3)
    assert table["p_value"].tolist() == [1 / 61, 1, 1]
    np.testing.assert_allclose(table["q_value"], naive.benjamini_hochberg(table["p_value"].tolist()))


def test_p_values_are_the_larger_of_two_ranks():
    found = synergy(naive.Network(), INPUTS, MOTIFS[:2], gaps=(2, 5), orientations=("++", "--"), draws=9, device="cpu")
    own, controls = found.interaction[0].mean().item(), found.controls[0].mean(dim=2)
    assert found.p_values[0] == pytest.approx(max(naive.rank_p_value(own, side.tolist()) for side in controls))


def test_an_interaction_needs_both_motifs():
    """The network wants the left motif and any A ten bases behind it: shuffled right partners do as well."""
    anything = naive.Matches(**{"TGACTCA" + "N" * 10 + letters: 1.0 for letters in ("G", "A", "T", "C")})
    first = naive.Matches(TGACTCANNNNNNNNNNG=1.0)
    assert synergy(anything, INPUTS, MOTIFS[:2], draws=30, device="cpu").p_values[0] == 1
    assert synergy(first, INPUTS, MOTIFS[:2], draws=30, device="cpu").p_values[0] > 0.05


def test_pairs_that_are_given(found):
    pairs = [("GATAAC", "TGACTCA"), ("TGACTCA", "TGACTCA"), ({"GATA": "GATAAC"}, naive.encoded("ACG"))]
    some = synergy(PAIR, INPUTS, pairs, draws=5, device="cpu", progress=True)
    assert some.pairs == (("GATAAC", "TGACTCA"), ("TGACTCA", "TGACTCA"), ("GATA", "right_motif"))
    swapped = synergy(PAIR, INPUTS, [("TGACTCA", "GATAAC")], draws=60, device="cpu")
    torch.testing.assert_close(swapped.interaction[0], found.interaction[0])
    torch.testing.assert_close(swapped.controls[0], found.controls[0])


def test_a_score_that_adds_up_has_no_synergy():
    found = synergy(naive.Additive(60), INPUTS, MOTIFS, draws=20, device="cpu")
    assert found.interaction.abs().max() < 1e-5
    assert (found.p_values == 1).all()


def test_save_and_load(found, tmp_path):
    found.save(tmp_path / "y.safetensors")
    again = Synergy.load(tmp_path / "y.safetensors")
    assert again.to_frame().equals(found.to_frame())
    assert (again.pairs, again.gaps, again.orientations, again.origin) == (
        found.pairs,
        (10,),
        ("++",),
        found.origin,
    )
    assert len(again) == 3
    assert again.numpy().shape == (3, 10)
    with pytest.raises(ShapeError, match="both has shape"):
        Synergy((("a", "b"),), (1,), ("++",), found.both, found.left, found.right, found.controls, found.score, {})


def test_refusals():
    with pytest.raises(InputError, match="synergy is of pairs of motifs, but one motif came"):
        synergy(PAIR, INPUTS, "TGACTCA", device="cpu")
    with pytest.raises(InputError, match="would put 1"):
        synergy(PAIR, INPUTS, MOTIFS, gaps=-1, device="cpu")
    with pytest.raises(InputError, match="do not fit into backgrounds of 60"):
        synergy(PAIR, INPUTS, MOTIFS, gaps=50, device="cpu")
    with pytest.raises(InputError, match="each side of a pair must be one motif, but the left one is 2"):
        synergy(PAIR, INPUTS, [(["ACG", "CGT"], "AAA")], device="cpu")
