"""Inputs unlike what the model knows."""

import pytest
import torch
from torch import nn

import seqinterp as si
from seqinterp.errors import InputError, ShapeError
from seqinterp.sequence.markov import UNIFORM


def network(channels=4):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        kind = nn.Conv1d if channels == 4 else nn.Conv2d
        pool = nn.AdaptiveAvgPool1d(1) if channels == 4 else nn.AdaptiveAvgPool2d(1)
        return nn.Sequential(kind(channels, 6, 3), nn.ReLU(), pool, nn.Flatten(), nn.Linear(6, 1))


REFERENCE = si.one_hot(UNIFORM.sample(60, count=200, seed=1))


def asked(inputs, reference=REFERENCE, model=None, **options):
    return si.out_of_distribution(model or network(), inputs, reference, device="cpu", **options)


def test_strangers_are_flagged_and_kin_is_not():
    strange = si.one_hot(["GC" * 30, "A" * 60, "CGCGGGCC" * 7 + "CGCG"])
    kin = si.one_hot(UNIFORM.sample(60, count=100, seed=2))
    assert asked(strange).flagged.all()
    assert asked(kin).flagged.mean() < 0.12
    assert asked(kin).shift.p_value > 0.01
    assert asked(strange.repeat(10, 1, 1)).shift.p_value < 0.01


def test_the_flag_is_of_the_smaller_p_value_doubled():
    table = asked(si.one_hot(UNIFORM.sample(60, count=20, seed=3))).to_frame()
    smaller = table[["latent_p_value", "sequence_p_value"]].min(axis=1)
    assert table["p_value"].tolist() == pytest.approx((2 * smaller).clip(upper=1).tolist())
    assert table["flagged"].tolist() == (table["p_value"] <= 0.05).tolist()


def test_company_changes_nothing_but_the_test_of_all():
    kin = si.one_hot(UNIFORM.sample(60, count=6, seed=4))
    whole, one = asked(kin).table, asked(kin[2:3])
    assert one.table.iloc[0].tolist() == pytest.approx(whole.iloc[2].tolist()) and one.shift is None


def test_pictures_have_no_words():
    pictures = torch.rand(80, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    found = asked(pictures[:5] * 9, pictures[5:], network(3))
    assert "sequence_p_value" not in found.table and found.flagged.all()


def test_the_model_is_given_back_and_refusals():
    model = network().train()
    asked(REFERENCE[:3], model=model)
    assert model.training and not model[4]._forward_pre_hooks
    with pytest.raises(ShapeError, match="crop them to one length"):
        asked(REFERENCE[:3, :, :50])
    with pytest.raises(InputError, match="at least 20 reference"):
        asked(REFERENCE[:3], REFERENCE[:10])
