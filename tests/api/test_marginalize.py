"""`marginalize`: the public call."""

import numpy as np
import pytest
import torch

from naive import motif_questions as naive
from seqinterp.api.marginalize import marginalize
from seqinterp.api.results.marginal_effects import MarginalEffects
from seqinterp.errors import AlphabetError, FileError, InputError, ModelError, ShapeError
from seqinterp.motifs.motif import Motif

BACKGROUNDS = naive.random_sequences(12, 60, seed=21)
INPUTS = naive.stacked(BACKGROUNDS)
KNOWN = naive.Matches(TGACTCA=2.0, CCGGAA=-3.0)


def test_a_network_that_knows_two_motifs():
    found = marginalize(KNOWN, INPUTS, ["TGACTCA", "CCGGAA", "GTCATTG", "AAAA"], draws=99, device="cpu")
    table = found.to_frame()
    expected = [[naive.effect(KNOWN, each, (30 - len(w) // 2, w)) for each in BACKGROUNDS] for w in table["sequence"]]
    np.testing.assert_allclose(found.effects, expected, atol=1e-5)
    np.testing.assert_allclose(table["effect"], [2, -3, 0, 0], atol=0.4)
    np.testing.assert_allclose(table["standard_error"], np.std(expected, axis=1, ddof=1) / np.sqrt(12), atol=1e-6)
    assert table["start"].tolist() == [27, 27, 27, 28]
    assert table["stop"].tolist() == [34, 33, 34, 32]
    assert (table["p_value"] <= [0.02, 0.06, 1, 1]).all()
    assert (table["p_value"] >= [0.01, 0.01, 0.5, 1]).all()  # AAAA has no other order
    np.testing.assert_allclose(table["q_value"], naive.benjamini_hochberg(table["p_value"].tolist()))
    np.testing.assert_allclose(found.score, [naive.value(KNOWN, each) for each in BACKGROUNDS], atol=1e-5)
    assert found.origin["computed"] == "a forward pass for every edit"


def test_p_values_are_ranks_of_means():
    found = marginalize(naive.Network(), INPUTS, ["TGACTCA"], draws=12, device="cpu")
    own, controls = found.effects[0].mean().item(), found.controls[0].mean(dim=1).tolist()
    assert found.p_values[0] == pytest.approx(naive.rank_p_value(own, controls))


def test_what_is_there_already_does_nothing():
    inputs = naive.stacked([naive.put(each, 11, "TGACTCA") for each in BACKGROUNDS])
    found = marginalize(KNOWN, inputs, ["TGACTCA", "NNNN"], start=11, device="cpu")
    assert (found.effects == 0).all()
    assert found.starts == (11, 11)


def test_a_motif_and_its_letters_are_one():
    motif = Motif("AP1", np.hstack([20 * naive.encoded("TGACTCA").numpy(), np.full((4, 2), 5.0)]))
    found = marginalize(KNOWN, INPUTS, [motif, "TGACTCANN"], device="cpu")
    assert found.sequences == ("TGACTCANN", "TGACTCANN")
    torch.testing.assert_close(found.effects[0], found.effects[1])
    torch.testing.assert_close(found.controls[0], found.controls[1])


def test_samples_are_averaged():
    """Half of the words drawn for TGASTCA are TGACTCA, with an effect of 2."""
    sampled = marginalize(KNOWN, INPUTS[:3], "TGASTCA", samples=400, draws=1, seed=3, device="cpu")
    assert sampled.to_frame()["effect"][0] == pytest.approx(1, abs=0.15)
    assert sampled.origin["samples"] == 400
    again = marginalize(KNOWN, INPUTS[:3], "TGASTCA", samples=400, draws=1, seed=3, device="cpu", progress=True)
    assert torch.equal(sampled.effects, again.effects)


def test_both_strands_of_a_network_that_reads_both():
    class Both(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = KNOWN

        def forward(self, inputs):
            return self.model(inputs) + self.model(inputs.flip(1, 2))

    turned = naive.stacked([naive.turned(each) for each in BACKGROUNDS])
    plain = marginalize(Both(), INPUTS, "CCGGAA", draws=5, device="cpu")
    other = marginalize(Both(), turned, naive.turned("CCGGAA"), draws=5, device="cpu")
    torch.testing.assert_close(plain.effects, other.effects)
    assert plain.to_frame()["effect"][0] < -2


def test_one_background_has_no_spread():
    table = marginalize(KNOWN, INPUTS[:1], "TGACTCA", device="cpu").to_frame()
    assert np.isnan(table["standard_error"][0])


def test_models_of_other_precision():
    for kind in (torch.float64, torch.bfloat16):
        model = naive.Matches(TGACTCA=2.0).to(kind)
        found = marginalize(model, INPUTS[:2], "TGACTCA", draws=3, device="cpu")
        assert found.numpy() == pytest.approx(2, abs=0.05)


def test_save_and_load(tmp_path):
    found = marginalize(KNOWN, INPUTS, ["TGACTCA", "GATA"], draws=9, device="cpu")
    found.save(tmp_path / "m.safetensors")
    again = MarginalEffects.load(tmp_path / "m.safetensors")
    assert again.to_frame().equals(found.to_frame())
    assert len(again) == 2
    assert again.origin == found.origin
    with pytest.raises(FileError, match="kind"):
        from seqinterp.api.results.ablation import Ablation

        Ablation.load(tmp_path / "m.safetensors")
    with pytest.raises(ShapeError, match="effects has shape"):
        MarginalEffects(("a",), ("A",), (0,), found.effects, found.controls, found.score, {})


def test_the_model_comes_back_as_it_was():
    model = naive.Network().train()
    marginalize(model, INPUTS, "TGACTCA", target=1, draws=2, device="cpu")
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())


class Broken(torch.nn.Module):
    """Infinite when no G is left."""

    def forward(self, inputs):
        return 1 / inputs[:, 2].sum(dim=1)


def test_refusals():
    with pytest.raises(InputError, match="a motif of 61 bases does not fit into backgrounds of 60 bases"):
        marginalize(KNOWN, INPUTS, ["ACG", "A" * 61], device="cpu")
    with pytest.raises(InputError, match="7 bases that start at 54 leave the backgrounds"):
        marginalize(KNOWN, INPUTS, "TGACTCA", start=54, device="cpu")
    with pytest.raises(InputError, match="draws must be 1 or more"):
        marginalize(KNOWN, INPUTS, "TGACTCA", draws=0, device="cpu")
    with pytest.raises(AlphabetError, match="stands for several bases"):
        marginalize(KNOWN, INPUTS, "TGASTCA", device="cpu")
    with pytest.raises(ModelError, match="score of some edited sequences is NaN or infinite"):
        marginalize(Broken(), naive.stacked(["ACGTA"]), "AAAAA", draws=1, device="cpu")
    with pytest.raises(ShapeError, match="one-hot DNA"):
        marginalize(KNOWN, INPUTS.transpose(1, 2), "TGACTCA", device="cpu")


def test_scores_are_those_of_tangermeme():
    from tangermeme.marginalize import marginalize as theirs

    model = naive.Network().eval()
    found = marginalize(model, INPUTS, "TGANTCA", draws=1, device="cpu")
    expected = theirs(model, INPUTS, "TGANTCA", device="cpu")
    torch.testing.assert_close(found.effects[0], (expected.y_after - expected.y_before)[:, 0], rtol=1e-4, atol=1e-6)
