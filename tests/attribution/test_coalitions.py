"""The score of mixtures: right, and never more of them at a time than the model is shown at once."""

import torch

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.coalitions import every_coalition, games, mixture_scores
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import CELLS, row_limit
from seqinterp.attribution.targets import output


class Sum(torch.nn.Module):
    """The sum of the features, and how many rows were shown at a time."""

    def __init__(self):
        super().__init__()
        self.shown = []

    def forward(self, inputs):
        self.shown.append(len(inputs))
        return inputs.flatten(1).sum(1)


def test_every_coalition_once_in_the_order_of_its_bits():
    found = every_coalition(3).long()
    assert found.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]]


def test_worth_of_coalitions():
    inputs = torch.tensor([[[1.0, 2, 3], [10, 20, 30]]])
    (game,) = games(Score(Sum(), output(0)), inputs, torch.tensor([[0, 1, 1], [0, 2, 2]]), zeros)
    assert game.players == 3
    assert game.worth(every_coalition(3)).tolist() == [0, 11, 5, 16, 50, 61, 55, 66]


def test_4096_coalitions_of_a_long_sequence_are_never_held_at_once():
    model = Sum()
    asked = []

    def kept(start, stop):
        asked.append(stop - start)
        return torch.ones(1, 1, 1, dtype=torch.bool).expand(stop - start, 4, 2000)

    one = torch.ones(4, 2000)
    found = mixture_scores(Score(model, output(0)), one, torch.zeros(2, 4, 2000), kept, 4096)
    assert torch.equal(found, torch.full((4096,), 8000.0, dtype=torch.float64))
    assert sum(asked) == 4096
    assert max(asked) * 2 * 8000 <= CELLS
    assert max(model.shown) * 8000 <= CELLS
    assert min(asked[:-1]) * 2 * 8000 > CELLS / 2  # and not a row at a time


def test_a_limit_on_rows_is_kept():
    model = Sum()
    with row_limit(7):
        (game,) = games(Score(model, output(0)), torch.ones(1, 4), torch.arange(4), zeros)
        game.worth(every_coalition(4))
    assert model.shown == [7, 7, 2]
