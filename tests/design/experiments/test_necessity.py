"""What goes with positions, and what comes with them."""

import numpy as np
import pytest
import torch

from naive import motif_questions as naive
from seqinterp.attribution.dna_baselines import dinucleotide_shuffle
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.experiments.necessity import Mixtures, mixtures, shares
from seqinterp.errors import InputError
from seqinterp.sequence.onehot import decode

SEQUENCES = [naive.put(each, 20, "TGACTCA") for each in naive.random_sequences(4, 60, seed=11)]
INPUTS = naive.stacked(SEQUENCES)
SITES = torch.zeros(4, 60, dtype=torch.bool)
SITES[:3, 20:27] = True
SITES[1, 40:45] = True


def mixed(model, chosen=(SITES,), draws=6, seed=2):
    with torch.no_grad():
        return mixtures(Score(model, output(0)).eval(), INPUTS, list(chosen), draws=draws, seed=seed)


def test_equals_forward_passes():
    model = naive.Network()

    def first(inputs):
        return model(inputs)[:, 0]

    found = shares(mixed(model)[0])
    shuffles = dinucleotide_shuffle(INPUTS, draws=6, seed=2)
    assert found.told[:3].any()
    for row in np.flatnonzero(found.told):
        positions = set(SITES[row].nonzero().flatten().tolist())
        expected = naive.necessity_and_sufficiency(first, SEQUENCES[row], decode(shuffles[row]), positions)
        assert (found.necessity[row], found.sufficiency[row]) == pytest.approx(expected, abs=1e-4)


def test_a_motif_that_is_everything():
    found = shares(mixed(naive.Matches(TGACTCA=2.0))[0])
    np.testing.assert_allclose(found.total, 2, atol=1e-5)
    np.testing.assert_allclose(found.necessity, [1, 1, 1, 0], atol=1e-5)  # the last one has no chosen position
    np.testing.assert_allclose(found.sufficiency, [1, 1, 1, 0], atol=1e-5)


def test_two_motifs_that_are_both_needed_and_two_that_replace_each_other():
    """Of AND each is necessary and not sufficient; of OR each is sufficient and not necessary."""
    words = "TGACTCATGG", "GATAAGCCTA"  # long enough for no shuffle to make them again
    sequence = naive.put(naive.put(naive.random_sequences(1, 60, seed=1)[0], 10, words[0]), 30, words[1])
    inputs = naive.stacked([sequence])
    one = torch.zeros(1, 60, dtype=torch.bool)
    one[:, 10:20] = True
    counts = naive.Matches(**dict.fromkeys(words, 1.0))

    def asked(bend):
        class Bent(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.counts = counts

            def forward(self, rows):
                return bend(self.counts(rows))

        with torch.no_grad():
            return shares(mixtures(Score(Bent(), output(0)).eval(), inputs, [one], draws=8, seed=0)[0])

    both = asked(lambda count: torch.relu(count - 1))
    either = asked(lambda count: count.clamp(max=1))
    assert (both.necessity[0], both.sufficiency[0]) == pytest.approx((1, 0), abs=1e-5)
    assert (either.necessity[0], either.sufficiency[0]) == pytest.approx((0, 1), abs=1e-5)


def test_shares_are_equal_where_positions_add_up():
    found = mixed(naive.Additive(60), draws=9)[0]
    lost = found.score[:, None] - found.ablated
    torch.testing.assert_close(lost, found.kept - found.shuffled, rtol=1e-3, atol=1e-4)
    assert lost[:3].abs().min() > 0


def test_several_choices_share_the_shuffles():
    everything = torch.ones_like(SITES)
    some, whole, none = mixed(naive.Network(), [SITES, everything, ~everything])
    assert torch.equal(some.shuffled, whole.shuffled)
    torch.testing.assert_close(whole.ablated, whole.shuffled, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(whole.kept, whole.score[:, None].expand(-1, 6), rtol=1e-4, atol=1e-6)
    assert torch.equal(none.ablated, none.score[:, None].expand(-1, 6))
    assert torch.equal(none.kept, none.shuffled)


def test_nothing_is_divided_by_what_may_be_zero():
    score = torch.tensor([1.0, 1.0, 1.0, 0.5])
    shuffled = torch.tensor([[0.0, 0.1, -0.1], [3.0, -3.0, 1.0], [1.0, 1.0, 1.0], [0.5 + 1e-8, 0.5, 0.5]])
    found = shares(Mixtures(score, shuffled, shuffled, score[:, None].expand(-1, 3)))
    assert found.told.tolist() == [True, False, False, False]
    assert np.isnan(found.necessity[1:]).all()
    assert np.isnan(found.sufficiency[1:]).all()
    np.testing.assert_allclose([found.necessity[0], found.sufficiency[0]], 1)
    np.testing.assert_allclose(found.standard_error[1], np.std([3, -3, 1], ddof=1) / np.sqrt(3))


def test_refusals():
    with pytest.raises(InputError, match="draws must be 2 or more"):
        mixed(naive.Network(), draws=1)
