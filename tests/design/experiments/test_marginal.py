"""The marginal effect of a motif and of its shuffles."""

import numpy as np
import pytest
import torch
from scipy.stats import wilcoxon

from naive import motif_questions as naive
from seqinterp.attribution.dna_baselines import uniform_shuffle
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.experiments.marginal import marginal_effects
from seqinterp.design.experiments.significance import rank_p_values
from seqinterp.errors import InputError
from seqinterp.sequence.onehot import decode

BACKGROUNDS = naive.random_sequences(6, 40, seed=2)


def marginal(model, words, backgrounds=BACKGROUNDS, **options):
    score = Score(model, output(0)).eval()
    with torch.no_grad():
        return marginal_effects(score, naive.stacked(backgrounds), naive.stacked(words), start=15, **options)


def test_the_motif_and_its_shuffles_one_forward_pass_at_a_time():
    model, words = naive.Matches(TGACTCA=2.0, GATA=-1.0), ["TGACTCA", "TGACTNN"]
    found = marginal(model, words, draws=7, seed=4)
    expected = np.mean([[naive.effect(model, each, (15, word)) for each in BACKGROUNDS] for word in words], axis=0)
    np.testing.assert_allclose(found.effects.numpy(), expected, atol=1e-5)
    shuffles = uniform_shuffle(naive.stacked(words), draws=7, seed=4)
    assert found.controls.shape == (7, 6)
    for draw in range(7):
        others = decode(shuffles[:, draw])
        assert [sorted(other) for other in others] == [sorted(word) for word in words]
        assert others[1][5:] == "NN"  # what is kept stays in place
        control = np.mean(
            [[naive.effect(model, each, (15, other)) for each in BACKGROUNDS] for other in others], axis=0
        )
        np.testing.assert_allclose(found.controls[draw].numpy(), control, atol=1e-5)


def test_what_is_there_already_does_nothing():
    backgrounds = [naive.put(each, 15, "TGACTCA") for each in BACKGROUNDS]
    found = marginal(naive.Network(), ["TGACTCA"], backgrounds, draws=3)
    assert (found.effects == 0).all()
    assert (found.controls != 0).any()


def test_draws_do_not_change_with_their_number():
    few, many = (marginal(naive.Network(), ["TGACTCA"], draws=draws, seed=1) for draws in (3, 9))
    torch.testing.assert_close(few.controls, many.controls[:3])
    assert not torch.equal(few.controls, marginal(naive.Network(), ["TGACTCA"], draws=3, seed=2).controls)


def test_a_word_like_any_other_is_not_called_a_motif():
    """In a network that knows no motif ranks are even; a signed-rank test over backgrounds rejects most words."""
    model, backgrounds = naive.Network(seed=5), naive.random_sequences(60, 40, seed=3)
    ranks, signed = [], []
    for word in naive.random_sequences(40, 8, seed=9):
        found = marginal(model, [word], backgrounds, draws=19)
        own, controls = found.effects.double().numpy(), found.controls.double().numpy()
        ranks.append(rank_p_values(own.mean(keepdims=True), controls.mean(axis=1)[None])[0])
        signed.append(wilcoxon(own - controls.mean(axis=0)).pvalue)
    assert np.mean(np.array(ranks) <= 0.1) <= 0.2
    assert np.mean(np.array(signed) <= 0.1) >= 0.5


@pytest.mark.parametrize("draws", [0, -1])
def test_refusals(draws):
    with pytest.raises(InputError, match="draws must be 1 or more"):
        marginal(naive.Network(), ["ACG"], draws=draws)
