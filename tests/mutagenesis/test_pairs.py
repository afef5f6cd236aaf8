"""Two edits at once: against four forward passes, and where the answer is known in closed form."""

import pytest
import torch
from torch import nn

from cases import DNA_CASES
from naive import edits as naive
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError
from seqinterp.mutagenesis import pairs as module
from seqinterp.mutagenesis.every_base import every_base
from seqinterp.mutagenesis.pairs import pair_effects

CASE = DNA_CASES[0]


class Additive(nn.Module):
    """The sum of one weight per base and position, and a function of it."""

    def __init__(self, length, function):
        super().__init__()
        generator = torch.Generator().manual_seed(4)
        self.weights = torch.randn(4, length, generator=generator, dtype=torch.float64) / 4
        self.function = function

    def forward(self, inputs):
        return self.function((inputs * self.weights).sum(dim=(1, 2)))


@pytest.mark.parametrize("case", DNA_CASES, ids=lambda case: case.name)
def test_equals_forward_passes(case):
    score, inputs = Score(case.model().eval(), output(0)), case.inputs(2)
    inputs[0, :, 4] = 0  # an N
    found = pair_effects(score, inputs, start=2, stop=7, piece=100)
    interaction = found.interaction
    for example in range(2):
        for i, a, j, b in ((0, 0, 3, 1), (1, 2, 2, 3), (4, 1, 0, 0), (2, 2, 3, 1), (0, 3, 4, 3)):
            expected = naive.interaction(score, inputs[example], 2 + i, a, 2 + j, b)
            assert float(found.both[example, i, a, j, b]) == pytest.approx(expected[0], abs=1e-12)
            assert float(interaction[example, i, a, j, b]) == pytest.approx(expected[1], abs=1e-12)


def test_single_edits_are_those_of_mutagenesis():
    score, inputs = Score(CASE.model().eval(), output(1)), CASE.inputs(2)
    found = pair_effects(score, inputs, start=5, stop=9)
    torch.testing.assert_close(found.single, every_base(score, inputs, start=5, stop=9)[:, :, 5:9])


def test_a_sum_has_no_interactions():
    found = pair_effects(Additive(20, lambda total: total), CASE.inputs(2), stop=8)
    assert found.both.abs().max() > 0.5
    assert found.interaction.abs().max() < 1e-12


def test_a_product_has_those_of_a_product():
    """exp: E(ij) - E(i) - E(j) = f (r_i - 1) (r_j - 1), where r is the factor of one edit."""
    model, inputs = Additive(20, torch.exp), CASE.inputs(2)
    found = pair_effects(model, inputs, stop=8)
    own = (inputs * model.weights).sum(dim=1, keepdim=True)
    gain = ((model.weights - own).exp() - 1)[:, :, :8].transpose(1, 2)  # (batch, W, 4)
    expected = model(inputs)[:, None, None, None, None] * gain[:, :, :, None, None] * gain[:, None, None]
    expected.diagonal(dim1=1, dim2=3).zero_()
    torch.testing.assert_close(found.interaction, expected)


def test_both_is_symmetric_and_falls_back_to_the_other_edit():
    inputs = CASE.inputs(2)
    found = pair_effects(Score(CASE.model().eval(), output(0)), inputs, stop=6)
    assert torch.equal(found.both, found.both.permute(0, 3, 4, 1, 2))
    assert not found.both.diagonal(dim1=1, dim2=3).any()
    here = inputs[0, :, :6].argmax(dim=0)
    assert torch.equal(found.both[0, 1, here[1], 4], found.single[0, :, 4])
    assert not found.interaction[0, 1, here[1]].any()


def test_edits_stream_through_the_door_with_few_examples_at_a_time(monkeypatch):
    asked = []

    def watched(score, inputs, edits):
        asked.append((len(inputs), len(edits)))
        return real(score, inputs, edits)

    real = module.effects
    monkeypatch.setattr(module, "effects", watched)
    score, inputs = Score(CASE.model().eval(), output(0)), CASE.inputs(5)
    whole = pair_effects(score, inputs, stop=5)  # 90 pairs each
    assert asked == [(5, 75), (5, 450)]
    asked.clear()
    pieces = pair_effects(score, inputs, stop=5, piece=50)
    assert len(asked) == 1 + 9
    assert max(edits for _, edits in asked[1:]) == 50
    assert max(examples for examples, _ in asked[1:]) == 2
    torch.testing.assert_close(pieces.both, whole.both, rtol=0, atol=1e-13)


def test_a_window_of_one_position_has_no_pair():
    found = pair_effects(Score(CASE.model().eval(), output(0)), CASE.inputs(1), start=3, stop=4)
    assert found.both.shape == (1, 1, 4, 1, 4)
    assert not found.both.any()


def test_an_impossible_window_is_refused():
    with pytest.raises(InputError, match="is empty or leaves the sequence"):
        pair_effects(Score(CASE.model(), output(0)), CASE.inputs(1), start=3, stop=21)
