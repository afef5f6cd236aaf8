"""Squares of pixels that are taken away together."""

import pytest
import torch

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import as_target
from seqinterp.errors import InputError
from seqinterp.evaluation.cells import cell_means, cell_of, usual_cell
from seqinterp.evaluation.deletion import deletion_curve, removal_order, taken_at
from seqinterp.evaluation.replacements import random_sets
from seqinterp.evaluation.sensitivity_n import set_correlation


def test_squares_in_reading_order():
    numbers = cell_of(torch.Size([3, 5]), 2)
    assert numbers.reshape(3, 5).tolist() == [[0, 0, 1, 1, 2], [0, 0, 1, 1, 2], [3, 3, 4, 4, 5]]
    means = cell_means(torch.arange(15.0)[None], numbers)
    assert means[0].tolist() == [3.0, 5.0, 6.5, 10.5, 12.5, 14.0]
    assert cell_of(torch.Size([7]), 1).tolist() == list(range(7))


def test_the_side():
    assert usual_cell(torch.zeros(1, 3, 224, 300)) == 16
    assert usual_cell(torch.zeros(1, 1, 20, 20)) == 1
    assert usual_cell(torch.zeros(1, 4, 500)) == 1


@pytest.mark.parametrize(("places", "cell"), [((9,), 2), ((4, 4), 0), ((4, 4), 1.5), ((4, 4), True)])
def test_what_is_no_side(places, cell):
    with pytest.raises(InputError, match=r"squares|cell must be"):
        cell_of(torch.Size(places), cell)


def test_the_order_is_that_of_the_squares_and_whole_squares_go_together():
    torch.manual_seed(0)
    inputs, values = torch.rand(2, 1, 6, 6), torch.randn(2, 1, 6, 6)
    ranks = removal_order(inputs, values, cell=2)
    numbers = cell_of(torch.Size([6, 6]), 2)
    means = cell_means(values.double().flatten(1), numbers)
    for example in range(2):
        assert sorted(ranks[example].tolist()) == list(range(36))
        first = [int(numbers[(ranks[example] == rank).nonzero()]) for rank in range(36)]
        assert first[::4] == means[example].argsort(descending=True).tolist()
        assert all(len(set(first[start : start + 4])) == 1 for start in range(0, 36, 4))
    assert taken_at(inputs, ranks, (0.0, 4 / 36, 1.0))[:, 1].sum(dim=(1, 2)).tolist() == [4, 4]
    flat = removal_order(inputs, torch.zeros_like(values), cell=3)  # of a flat map squares are still whole
    assert taken_at(inputs, flat, (0.0, 0.25, 1.0))[0, 1].reshape(2, 3, 2, 3).sum(dim=(1, 3)).max() == 9


def test_random_sets_are_squares():
    masks = random_sets(torch.rand(1, 1, 8, 8), 16, sets=50, seed=0, cell=4)
    assert masks.flatten(1).sum(dim=1).tolist() == [16] * 50
    squares = masks.reshape(50, 2, 4, 2, 4).sum(dim=(2, 4)).flatten(1)
    assert squares.max(dim=1).values.tolist() == [16] * 50
    assert squares.sum(dim=0).min() > 0  # each square is chosen sometimes


def test_noise_hides_less_of_the_truth():
    """A network that answers to a bright square, and to roughness, which scattered pixels make and squares hardly."""

    class Square(torch.nn.Module):
        def forward(self, inputs):
            rough = (inputs[..., 1:] - inputs[..., :-1]).square().mean(dim=(1, 2, 3))
            return (inputs[:, 0, 4:8, 4:8].mean(dim=(1, 2)) - 60 * rough)[:, None]

    generator = torch.Generator().manual_seed(0)
    inputs = 0.02 * torch.rand(6, 1, 16, 16, generator=generator) + torch.linspace(0, 0.5, 16)
    inputs[:, :, 4:8, 4:8] += 0.3
    truth = torch.zeros_like(inputs)
    truth[:, :, 4:8, 4:8] = inputs[:, :, 4:8, 4:8] / 16
    score = Score(Square().eval(), as_target(0))
    given = {"sizes": [32] * 6, "sets": 60, "draws": 1, "replacement": None, "seed": 0}
    single, squares = (set_correlation(score, inputs, truth, cell=cell, **given).mean() for cell in (1, 4))
    assert squares > single + 0.1 > 0.3


def test_dna_has_none():
    inputs = torch.eye(4).repeat(1, 3)[None]
    score = Score(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 1)), as_target(0))
    with pytest.raises(InputError, match="need images"):
        deletion_curve(score, inputs, torch.rand(1, 4, 12), cell=2)
