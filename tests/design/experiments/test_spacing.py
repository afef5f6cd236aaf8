"""Two motifs at every distance."""

import numpy as np
import pytest
import torch

from naive import motif_questions as naive
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.experiments.spacing import ORIENTATIONS, fitting_gaps, interaction, spacing_effects, starts
from seqinterp.errors import InputError
from seqinterp.mutagenesis import effects as door

BACKGROUNDS = naive.random_sequences(4, 50, seed=6)
LEFT, RIGHT = "TGACTCA", "GATAN"


def swept(model, gaps, orientations=ORIENTATIONS, backgrounds=BACKGROUNDS):
    score = Score(model, output(0)).eval()
    words = naive.stacked([LEFT]), naive.stacked([RIGHT])
    with torch.no_grad():
        return spacing_effects(score, naive.stacked(backgrounds), *words, gaps=gaps, orientations=orientations)


@pytest.mark.parametrize("worth_a_plan", [0.0, 1e30])
def test_equals_forward_passes(worth_a_plan, monkeypatch):
    monkeypatch.setattr(door, "WORTH_A_PLAN", worth_a_plan)
    model, gaps = naive.Network(), (0, 3, 4, 20)
    found = swept(model, gaps)
    assert found.both.shape == (4, 4, 4)

    def first(inputs):
        return model(inputs)[:, 0]

    for i, orientation in enumerate(ORIENTATIONS):
        for j, gap in enumerate(gaps):
            for b, background in enumerate(BACKGROUNDS):
                expected = naive.spacing(first, background, LEFT, RIGHT, gap, orientation)
                one = [float(part[i, j, b]) for part in (found.both, found.left, found.right)]
                assert one == pytest.approx(expected[:3], abs=1e-5)
                assert one[0] - one[1] - one[2] == pytest.approx(expected[3], abs=2e-5)


def test_a_score_that_adds_positions_up_has_no_interaction():
    found = swept(naive.Additive(50), range(30))
    assert found.both.abs().max() > 1
    assert interaction(found.both, found.left, found.right).abs().max() < 1e-5


def test_an_interaction_at_one_spacing_and_orientation():
    """The network counts the pair with ten bases between, on this strand; it is found there and nowhere else."""
    model = naive.Matches(**{LEFT + "N" * 10 + naive.turned("GATAC"): 3.0})
    score = Score(model, output(0)).eval()
    words = naive.stacked([LEFT]), naive.stacked(["GATAC"])
    with torch.no_grad():
        found = spacing_effects(score, naive.stacked(BACKGROUNDS), *words, gaps=range(8, 13))
    expected = torch.zeros(4, 5, 4)
    expected[1, 2] = 3
    torch.testing.assert_close(interaction(found.both, found.left, found.right), expected, rtol=0, atol=1e-5)


def test_both_strands():
    """Reading everything from the other strand swaps the motifs and turns them."""
    turned = [naive.turned(each) for each in BACKGROUNDS]
    model = naive.Network()

    class Other(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, inputs):
            return self.model(inputs.flip(1, 2))

    score = Score(Other(), output(0)).eval()
    with torch.no_grad():
        # even lengths and widths: the middle is the middle from both sides
        words = naive.stacked(["TGACTC"]), naive.stacked(["GATA"])
        plain = spacing_effects(
            Score(model, output(0)).eval(), naive.stacked(BACKGROUNDS), *words, gaps=[2, 4], orientations=["++", "+-"]
        )
        swapped = spacing_effects(score, naive.stacked(turned), *words[::-1], gaps=[2, 4], orientations=["--", "+-"])
    torch.testing.assert_close(plain.both, swapped.both, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(plain.left, swapped.right, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("gap", [0, 1, 5, 20])
def test_gaps_are_those_of_tangermeme(gap):
    from tangermeme.ersatz import multisubstitute

    for length in (50, 51):
        background = "C" * length
        theirs = multisubstitute(naive.stacked([background]), ["TGACTCA", "GATAA"], [gap])
        (first, one), (second, other) = naive.arranged(length, "TGACTCA", "GATAA", gap, "++")
        assert starts(length, 7, 5, gap) == (first, second)
        assert second == first + 7 + gap
        ours = naive.put(naive.put(background, first, one), second, other)
        assert torch.equal(theirs[0].float(), naive.encoded(ours))


@pytest.mark.parametrize(
    ("gaps", "orientations", "message"),
    [
        ([-3], ["++"], r"a gap of -3 would put 3 base\(s\) of one motif over the other"),
        ([39], ["++"], "the widest gap that fits is 38"),
        ([1, 1], ["++"], "the gaps name one of them twice"),
        ([1], ["+"], "an orientation is one of"),
        ([1], ["++", "++"], "the orientations name one of them twice"),
        ([], ["++"], "there is nothing to place"),
    ],
)
def test_refusals(gaps, orientations, message):
    with pytest.raises(InputError, match=message):
        swept(naive.Additive(50), gaps, orientations)


def test_gaps_that_fit():
    assert fitting_gaps(50, 7, 5, 50) == tuple(range(39))
    assert fitting_gaps(500, 7, 5, 50) == tuple(range(51))
    assert fitting_gaps(10, 7, 5, 50) == (0,)
    assert np.diff([starts(60, 7, 5, gap)[1] for gap in range(9)]).max() == 1
