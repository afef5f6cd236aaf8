"""Pairs of motifs against shuffled partners."""

import numpy as np
import pytest
import torch

from naive import motif_questions as naive
from seqinterp.attribution.dna_baselines import uniform_shuffle
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.experiments.synergy import pair_interaction
from seqinterp.errors import InputError
from seqinterp.sequence.onehot import decode

BACKGROUNDS = naive.random_sequences(3, 50, seed=8)
LEFT, RIGHT = "TGACTCA", "GATAAC"


def asked(model, **options):
    score = Score(model, output(0)).eval()
    words = naive.stacked([LEFT]), naive.stacked([RIGHT])
    with torch.no_grad():
        return pair_interaction(score, naive.stacked(BACKGROUNDS), *words, **options)


@pytest.mark.parametrize(("gaps", "orientations"), [((4,), ("++",)), ((0, 7), ("+-", "--"))])
def test_equals_forward_passes(gaps, orientations):
    model, draws = naive.Network(), 3
    found = asked(model, gaps=gaps, orientations=orientations, draws=draws, seed=2)
    lefts, rights = (
        [word, *decode(uniform_shuffle(naive.stacked([word]), draws=draws, seed=2)[0])] for word in (LEFT, RIGHT)
    )

    def mean(left, right, part):
        placements = [(gap, orientation) for orientation in orientations for gap in gaps]
        every = [[naive.spacing(first, each, left, right, *one)[part] for one in placements] for each in BACKGROUNDS]
        return np.mean(every, axis=1)

    def first(inputs):
        return model(inputs)[:, 0]

    for part, name in enumerate(("both", "left", "right")):
        np.testing.assert_allclose(getattr(found, name).numpy(), mean(LEFT, RIGHT, part), atol=1e-5)
    for draw in range(draws):
        np.testing.assert_allclose(found.controls[0, draw], mean(LEFT, rights[1 + draw], 3), atol=2e-5)
        np.testing.assert_allclose(found.controls[1, draw], mean(lefts[1 + draw], RIGHT, 3), atol=2e-5)


def test_a_score_that_adds_positions_up_has_no_interaction():
    found = asked(naive.Additive(50), gaps=(3,), draws=4)
    assert (found.both - found.left - found.right).abs().max() < 1e-5
    assert found.controls.abs().max() < 1e-5


def test_refusals():
    with pytest.raises(InputError, match="draws must be 1 or more"):
        asked(naive.Additive(50), gaps=(3,), draws=0)
    with pytest.raises(InputError, match="a gap of -1 would put 1"):
        asked(naive.Additive(50), gaps=(-1,))
