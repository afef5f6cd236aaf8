"""Natural examples beside what was found."""

import pytest
import torch

from pictures import picture_network
from seqinterp.design.gradients.nearest import neighbours
from seqinterp.design.gradients.unit import Unit
from seqinterp.errors import InputError

MODEL = picture_network()
NATURAL = torch.rand(15, 2, 12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
FOUND = NATURAL[[4, 9]] + 1e-3
UNIT = Unit("features.2", 2)


def test_ranks_are_those_of_a_plain_search():
    found = neighbours(UNIT, Unit("features.1", 0, "max"), MODEL, FOUND, NATURAL, count=4)
    with torch.no_grad():
        excited = MODEL.features[:3](NATURAL)[:, 2].mean((1, 2))
        ours, theirs = (MODEL.features[:2](each).amax((2, 3)) for each in (FOUND, NATURAL))
    torch.testing.assert_close(found.activation, excited)
    assert found.strongest.tolist() == sorted(range(15), key=lambda i: -float(excited[i]))[:4]
    for row in range(2):
        far = [float((ours[row] - other).norm()) for other in theirs]
        order = sorted(range(15), key=lambda i: far[i])[:4]
        assert found.nearest[row].tolist() == order
        assert found.distance[row].tolist() == pytest.approx([far[i] for i in order])
    assert found.nearest[:, 0].tolist() == [4, 9]


def test_equal_examples_come_in_their_order():
    found = neighbours(UNIT, UNIT, MODEL, FOUND, NATURAL[[3, 3, 3, 3]], count=4)
    assert found.strongest.tolist() == [0, 1, 2, 3]
    assert found.nearest.tolist() == [[0, 1, 2, 3]] * 2


def test_outputs_are_compared_when_no_layer_is_named():
    found = neighbours(Unit(None, 1), Unit(None, 1), MODEL, FOUND, NATURAL, count=1)
    with torch.no_grad():
        far = torch.cdist(MODEL(FOUND), MODEL(NATURAL))
    assert found.nearest[:, 0].tolist() == far.argmin(1).tolist()
    torch.testing.assert_close(found.distance[:, 0], far.amin(1))


@pytest.mark.parametrize("count", [0, 16])
def test_refusals(count):
    with pytest.raises(InputError, match="count must be 1 to 15"):
        neighbours(UNIT, UNIT, MODEL, FOUND, NATURAL, count=count)
    with pytest.raises(InputError, match="examples of the same shape"):
        neighbours(UNIT, UNIT, MODEL, FOUND, NATURAL[:, :, :6], count=1)
