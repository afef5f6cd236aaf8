"""The nearest training examples are those of all distances sorted, equal ones by their number."""

import numpy as np
import pytest
import torch

from naive.influence import nearest
from seqinterp.cases import nearest as module
from seqinterp.cases.nearest import nearest_cases
from seqinterp.errors import InputError, ShapeError

CHANCE = torch.Generator().manual_seed(0)
TRAINING = torch.randn(40, 6, generator=CHANCE)
ASKED = torch.randn(9, 6, generator=CHANCE)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("count", [1, 7, 40])
def test_it_is_the_sorted_list(distance, count, monkeypatch):
    wanted = nearest(ASKED.double(), TRAINING.double(), count, distance == "cosine")
    for numbers in (module.NUMBERS, 100):
        monkeypatch.setattr(module, "NUMBERS", numbers)
        found = nearest_cases(ASKED, TRAINING, count=count, distance=distance)
        assert found.examples.tolist() == [[index for _, index in row] for row in wanted]
        np.testing.assert_allclose(found.distances.numpy(), [[apart for apart, _ in row] for row in wanted], atol=1e-12)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_equal_ones_come_by_number(distance):
    doubled = torch.cat([TRAINING, TRAINING, TRAINING])
    found = nearest_cases(torch.cat([ASKED, TRAINING]), doubled, count=6, distance=distance)
    assert torch.equal(found.examples[:, 1], found.examples[:, 0] + 40)
    assert torch.equal(found.examples[:, 2], found.examples[:, 0] + 80)
    assert torch.equal(found.distances[:, 0], found.distances[:, 2])
    assert (found.distances[9:, 0] == 0).all()
    assert torch.equal(found.examples[9:, 0], torch.arange(40))


def test_cosine_knows_no_length():
    sizes = torch.logspace(-30, 30, 40)[:, None].double()
    plain = nearest_cases(ASKED, TRAINING.double(), count=40, distance="cosine")
    scaled = nearest_cases(ASKED, TRAINING.double() * sizes, count=40, distance="cosine")
    assert torch.equal(plain.examples, scaled.examples)
    torch.testing.assert_close(plain.distances, scaled.distances)


def test_the_answer_does_not_depend_on_the_batch():
    whole = nearest_cases(ASKED, TRAINING)
    for row in range(len(ASKED)):
        one = nearest_cases(ASKED[[row]], TRAINING)
        assert torch.equal(one.distances[0], whole.distances[row])


def test_itself_can_be_left_out():
    found = nearest_cases(TRAINING, TRAINING, count=39, leave_out=torch.arange(40))
    assert all(row.sort().values.tolist() == [i for i in range(40) if i != k] for k, row in enumerate(found.examples))
    assert torch.isfinite(found.distances).all()


def test_refusals():
    with pytest.raises(InputError, match="count must be 1 to 40"):
        nearest_cases(ASKED, TRAINING, count=41)
    with pytest.raises(InputError, match="count must be 1 to 39"):
        nearest_cases(TRAINING, TRAINING, count=40, leave_out=torch.arange(40))
    with pytest.raises(InputError, match="no direction"):
        nearest_cases(torch.zeros(1, 6), TRAINING, distance="cosine")
    with pytest.raises(InputError, match="NaN"):
        nearest_cases(ASKED * torch.nan, TRAINING)
    with pytest.raises(ShapeError, match="one whole number per example"):
        nearest_cases(ASKED, TRAINING, leave_out=torch.arange(3))
    with pytest.raises(InputError, match="0 to 39"):
        nearest_cases(ASKED, TRAINING, leave_out=torch.arange(32, 41))
