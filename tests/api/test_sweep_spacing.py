"""`sweep_spacing`: the public call."""

import numpy as np
import pytest
import torch

from naive import motif_questions as naive
from seqinterp.api.results.spacing import SpacingEffects
from seqinterp.api.shared import experiment
from seqinterp.api.sweep_spacing import sweep_spacing
from seqinterp.errors import InputError, ModelError, ShapeError

BACKGROUNDS = naive.random_sequences(12, 70, seed=31)
INPUTS = naive.stacked(BACKGROUNDS)
LEFT, RIGHT = "TGACTCA", "GATAAC"
PAIR = naive.Matches(**{LEFT + "N" * 10 + RIGHT: 3.0, LEFT: 1.0, RIGHT: 1.0})


@pytest.fixture(scope="module")
def found():
    return sweep_spacing(PAIR, INPUTS, LEFT, RIGHT, gaps=range(5, 15), device="cpu")


def test_the_pair_is_found_where_it_is(found):
    best = found.best()
    assert (best.orientation, best.gap) == ("++", 10)
    assert (best.interaction, best.held_out_interaction) == pytest.approx((3, 3), abs=1e-5)
    assert best.p_value < 0.01
    assert best.preference_p_value < 0.01
    assert (found.p_values < 0.05).sum() == 1


def test_the_table(found):
    table = found.to_frame()
    assert len(table) == 40
    row = table[(table["orientation"] == "+-") & (table["gap"] == 7)].iloc[0]
    expected = np.mean([naive.spacing(PAIR, each, LEFT, RIGHT, 7, "+-") for each in BACKGROUNDS], axis=0)
    np.testing.assert_allclose(row[["both", "left", "right", "interaction"]].to_numpy(float), expected, atol=1e-5)
    (start, _), (other, _) = naive.arranged(70, LEFT, RIGHT, 7, "+-")
    assert (row["left_start"], row["right_start"]) == (start, other)
    assert row["right_start"] == row["left_start"] + len(LEFT) + 7
    np.testing.assert_allclose(
        table["standard_error"], found.numpy().reshape(40, 12).std(axis=1, ddof=1) / np.sqrt(12), atol=1e-6
    )


def test_a_score_that_adds_up_has_no_best_spacing():
    found = sweep_spacing(naive.Additive(70), INPUTS, LEFT, RIGHT, gaps=range(20), device="cpu")
    assert found.interaction.abs().max() < 1e-5
    assert (found.p_values == 1).all()
    best = found.best()
    assert (best.p_value, best.preference_p_value) == (1, 1)


def test_a_bent_score_interacts_everywhere_and_prefers_nothing():
    class Bent(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.counts = naive.Matches(TGACTCAGG=1.0, GATAACCTT=1.0)

        def forward(self, inputs):
            return torch.sigmoid(2 * self.counts(inputs))

    found = sweep_spacing(Bent(), INPUTS, "TGACTCAGG", "GATAACCTT", gaps=range(8), orientations=["++"], device="cpu")
    assert found.interaction.max() < -0.1
    best = found.best()
    assert best.p_value < 0.01
    assert best.preference_p_value == 1


def test_some_backgrounds_at_a_time_change_nothing(found, monkeypatch):
    monkeypatch.setattr(experiment.stretches, "__defaults__", (5,))
    few = sweep_spacing(PAIR, INPUTS, LEFT, RIGHT, gaps=range(5, 15), device="cpu", progress=True)
    torch.testing.assert_close(few.interaction, found.interaction)


def test_gaps_that_are_not_given():
    assert sweep_spacing(PAIR, INPUTS, LEFT, RIGHT, orientations=["++"], device="cpu").gaps == tuple(range(51))
    short = sweep_spacing(PAIR, INPUTS[:, :, :20], LEFT, RIGHT, orientations=["++"], device="cpu")
    assert short.gaps == tuple(range(8))


def test_one_background_tells_nothing(found):
    best = sweep_spacing(PAIR, INPUTS[:1], LEFT, RIGHT, gaps=range(5, 15), device="cpu").best()
    assert (best.gap, best.p_value) == (10, 1)
    assert np.isnan(best.standard_error)
    assert np.isnan(best.held_out_interaction)


def test_save_and_load(found, tmp_path):
    found.save(tmp_path / "s.safetensors")
    again = SpacingEffects.load(tmp_path / "s.safetensors")
    assert again.to_frame().equals(found.to_frame())
    assert (again.names, again.gaps, again.origin) == (found.names, found.gaps, found.origin)
    with pytest.raises(ShapeError, match="both has shape"):
        SpacingEffects(
            found.names,
            found.sequences,
            (1,),
            found.orientations,
            found.both,
            found.left,
            found.right,
            found.score,
            70,
            {},
        )


class Broken(torch.nn.Module):
    """Infinite when no G is left."""

    def forward(self, inputs):
        return 1 / inputs[:, 2].sum(dim=1)


def test_refusals():
    with pytest.raises(InputError, match=r"a gap of -2 would put 2 base\(s\) of one motif over the other"):
        sweep_spacing(PAIR, INPUTS, LEFT, RIGHT, gaps=[-2, 3], device="cpu")
    with pytest.raises(InputError, match="the widest gap that fits is 57"):
        sweep_spacing(PAIR, INPUTS, LEFT, RIGHT, gaps=[58], device="cpu")
    with pytest.raises(InputError, match="of 10 bases; take longer backgrounds"):
        sweep_spacing(PAIR, INPUTS[:, :, :10], LEFT, RIGHT, device="cpu")
    with pytest.raises(InputError, match="takes two motifs"):
        sweep_spacing(PAIR, INPUTS, [LEFT, RIGHT], RIGHT, device="cpu")
    with pytest.raises(ModelError, match="NaN or infinite"):
        sweep_spacing(Broken(), naive.stacked(["ACGTA"]), "AA", "TT", gaps=[0], device="cpu")


def test_scores_are_those_of_tangermeme():
    from tangermeme.space import space

    model, gaps = naive.Network().eval(), [0, 3, 8]
    found = sweep_spacing(model, INPUTS, LEFT, RIGHT, gaps=gaps, orientations=["++"], device="cpu")
    expected = space(model, INPUTS, [LEFT, RIGHT], [[gap] for gap in gaps], device="cpu")
    both = (expected.y_afters - expected.y_before[:, None])[:, :, 0].T
    torch.testing.assert_close(found.both[0], both, rtol=1e-4, atol=1e-6)


def test_the_best_of_many_is_held_out(found):
    """Of pure noise the best of forty is far from zero; chosen in the other half of the backgrounds it is not."""
    noise = torch.randn(4, 10, 12, generator=torch.Generator().manual_seed(0))
    zeros = torch.zeros(4, 10, 12)
    parts = (found.names, found.sequences, found.gaps, found.orientations, noise, zeros, zeros, found.score, 70, {})
    best = SpacingEffects(*parts).best()
    flat = noise.reshape(40, 12)
    odd, even = flat[:, 1::2].mean(dim=1), flat[:, ::2].mean(dim=1)
    held_out = (odd[even.abs().argmax()] + even[odd.abs().argmax()]) / 2
    assert best.held_out_interaction == pytest.approx(float(held_out), abs=1e-6)
    assert abs(best.interaction) == pytest.approx(float(flat.mean(dim=1).abs().max()), abs=1e-6)
    assert abs(best.interaction) > 3 * abs(best.held_out_interaction)
    assert best.p_value > 0.05
    assert best.preference_p_value > 0.05
