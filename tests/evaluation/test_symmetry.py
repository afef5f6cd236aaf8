"""Explanations of turned and moved inputs."""

from functools import partial

import pytest
import torch
from torch import nn

from pictures import drawn, picture_network, sequence_network
from seqinterp.attribution.gradient import gradient, gradient_times_input
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.similarity import cosine
from seqinterp.evaluation.symmetry import (
    reverse_complement_consistency,
    shift_change,
    shift_consistency,
    shifted,
    strand_change,
)
from seqinterp.sequence.onehot import decode, one_hot

SEQUENCES = ["ACGTACGTACGTTGCA", "TTTTGGGGCCCCAAAA", "GATTACAGATTACAAG"]
INPUTS = one_hot(SEQUENCES).double()
PICTURES = torch.rand(3, 2, 12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
DNA = Score(sequence_network(), output(0))


class BothStrands(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, inputs):
        return self.model(inputs) + self.model(inputs.flip(1, 2))


class Everywhere(nn.Module):
    """The sum of what a convolution sees at every place: moved inputs have moved contributions."""

    def __init__(self, convolution):
        super().__init__()
        self.convolution = convolution

    def forward(self, inputs):
        return self.convolution(inputs).relu().flatten(1).sum(dim=1, keepdim=True)


def ones(count):
    return torch.ones(count, dtype=torch.float64)


def test_a_model_of_both_strands_is_consistent_and_one_of_a_single_strand_is_not():
    both = Score(BothStrands(DNA.model), output(0))
    values = gradient_times_input(both, INPUTS)
    found = reverse_complement_consistency(both, INPUTS, values, explainer=gradient_times_input)
    torch.testing.assert_close(found, ones(3))
    assert strand_change(both, INPUTS).abs().max() < 1e-12
    one_strand = reverse_complement_consistency(
        DNA, INPUTS, gradient_times_input(DNA, INPUTS), explainer=gradient_times_input
    )
    assert (one_strand < 0.9).all()
    assert strand_change(DNA, INPUTS).abs().max() > 0.01


def test_an_explainer_that_knows_left_from_right_is_inconsistent():
    both = Score(BothStrands(DNA.model), output(0))

    def ramp(score, inputs):
        return inputs * torch.arange(inputs.shape[2], dtype=inputs.dtype)

    found = reverse_complement_consistency(both, INPUTS, ramp(both, INPUTS), explainer=ramp)
    torch.testing.assert_close(found, -ones(3))


@pytest.mark.parametrize("shift", [1, -2, 3])
def test_a_convolution_moves_with_its_input(shift):
    score = Score(Everywhere(drawn(lambda: nn.Conv1d(4, 5, 3, padding=1))), output(0))
    measured = partial(shift_consistency, shift=shift, explainer=gradient_times_input, similarity=cosine)
    values = gradient_times_input(score, INPUTS)
    torch.testing.assert_close(measured(score, INPUTS, values, margin=2), ones(3))
    assert (measured(score, INPUTS, values) < 1 - 1e-6).any()  # near the flank something else is seen
    assert (measured(score, INPUTS, values.roll(5, dims=2), margin=2) < 0.9).all()


def test_pictures_move_too():
    score = Score(Everywhere(drawn(lambda: nn.Conv2d(2, 5, 3, padding=1))), output(0))
    found = shift_consistency(score, PICTURES, gradient(score, PICTURES), explainer=gradient, shift=2, margin=3)
    torch.testing.assert_close(found, ones(3))
    dense = Score(picture_network(), output(0))
    found = shift_consistency(dense, PICTURES, gradient(dense, PICTURES), explainer=gradient, shift=2, margin=3)
    assert (found.abs() < 0.6).all()


def test_what_is_shifted_in_is_dna_of_the_example():
    right, left = shifted(INPUTS, shift=3), shifted(INPUTS, shift=-3)
    assert torch.equal(right[:, :, 3:], INPUTS[:, :, :-3])
    assert torch.equal(left[:, :, :-3], INPUTS[:, :, 3:])
    for row, own in zip(decode(right) + decode(left), SEQUENCES * 2, strict=True):
        assert set(row) <= set(own)
    columns = shifted(PICTURES, shift=2)
    assert torch.equal(columns[..., 2:], PICTURES[..., :-2])
    flank = columns[0, :, :, 0]
    assert any(torch.equal(flank, PICTURES[0, :, :, place]) for place in range(12))


@pytest.mark.parametrize("inputs", [INPUTS, PICTURES], ids=["DNA", "picture"])
def test_batch_order_and_the_global_state_change_nothing(inputs):
    state = torch.random.get_rng_state()
    whole = shifted(inputs, shift=4)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(shifted(inputs.flip(0), shift=4).flip(0), whole)
    assert torch.equal(shifted(inputs[1:2], shift=4), whole[1:2])
    assert not torch.equal(shifted(inputs, shift=4, seed=1), whole)


def test_the_change_of_the_score_is_the_change_of_the_score():
    with torch.no_grad():
        expected = DNA(shifted(INPUTS, shift=2)) - DNA(INPUTS)
    torch.testing.assert_close(shift_change(DNA, INPUTS, shift=2), expected)
    assert expected.abs().max() > 0


@pytest.mark.parametrize("shift", [0, 16, -16])
def test_a_shift_leaves_something(shift):
    with pytest.raises(InputError, match="shift must be"):
        shifted(INPUTS, shift=shift)


@pytest.mark.parametrize(("shift", "margin"), [(15, 0), (2, 7), (1, -1)])
def test_something_is_left_to_compare(shift, margin):
    with pytest.raises(InputError, match="leaves fewer than two"):
        shift_consistency(DNA, INPUTS, INPUTS, explainer=gradient, shift=shift, margin=margin)


def test_pictures_have_no_other_strand():
    with pytest.raises(ShapeError, match="one-hot DNA"):
        reverse_complement_consistency(DNA, PICTURES, PICTURES, explainer=gradient)
    with pytest.raises(ShapeError, match="shift needs"):
        shifted(torch.rand(3, 5), shift=1)
