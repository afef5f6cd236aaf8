"""Inputs next to an example that are predicted alike."""

from functools import partial

import pytest
import torch
from torch import nn

from pictures import drawn, picture_network, sequence_network
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.neighbours import ball, nearby, substitutions
from seqinterp.sequence.onehot import one_hot

SEQUENCES = ["ACGTACGTACGTTGCA", "TTTTGGGGCCCCAAAA", "GATTACAGATTACANN"]
INPUTS = one_hot(SEQUENCES).double()
PICTURES = torch.rand(3, 2, 12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
DNA = Score(sequence_network(), output(0))
IMAGE = Score(picture_network(), output(0))
NEAR = [
    (DNA, INPUTS, partial(substitutions, edits=3, draws=4, tolerance=0.05)),
    (IMAGE, PICTURES, partial(ball, radius=0.05, draws=4, tolerance=0.001)),
]


def distances(found, inputs):
    return (found.inputs != inputs.unsqueeze(1)).any(dim=2).flatten(2).sum(dim=2)


@pytest.mark.parametrize(("score", "inputs", "near"), NEAR, ids=["DNA", "picture"])
def test_scores_stay_within_the_tolerance(score, inputs, near):
    found = near(score, inputs)
    with torch.no_grad():
        change = (score(found.inputs.flatten(0, 1)).reshape(3, -1) - score(inputs)[:, None]).abs()
    assert found.count.min() >= 2  # the law is not about nothing
    assert (change[found.found] <= near.keywords["tolerance"]).all()
    everything = near(score, inputs, tolerance=1e9)
    with torch.no_grad():
        change = (score(everything.inputs.flatten(0, 1)).reshape(3, -1) - score(inputs)[:, None]).abs()
    assert (change > near.keywords["tolerance"]).any()  # and candidates were indeed turned away
    assert everything.tried.tolist() == [4, 4, 4]


@pytest.mark.parametrize(("score", "inputs", "near"), NEAR, ids=["DNA", "picture"])
def test_batch_order_and_the_global_state_change_nothing(score, inputs, near):
    state = torch.random.get_rng_state()
    whole = near(score, inputs)
    assert torch.equal(torch.random.get_rng_state(), state)
    turned = near(score, inputs.flip(0))
    alone = near(score, inputs[1:2])
    assert torch.equal(turned.inputs.flip(0), whole.inputs)
    assert torch.equal(alone.inputs[0], whole.inputs[1])
    assert torch.equal(alone.tried, whole.tried[1:2])
    assert not torch.equal(near(score, inputs, seed=1).inputs, whole.inputs)


def test_substitutions_are_bases_few_and_leave_n_alone():
    found = substitutions(DNA, INPUTS, edits=3, draws=60, tolerance=1e9)
    assert found.found.all()
    made = found.inputs.flatten(0, 1)
    assert torch.isin(made, torch.tensor([0.0, 1.0], dtype=made.dtype)).all()
    assert torch.equal(made.sum(dim=1), INPUTS.sum(dim=1).repeat_interleave(60, 0))  # one base each, and N stays N
    counts = distances(found, INPUTS)
    assert set(counts.flatten().tolist()) == {1, 2, 3}
    edited = (found.inputs != INPUTS.unsqueeze(1)).any(dim=2).any(dim=1)
    assert edited[0].all()
    assert edited[2].tolist() == [True] * 14 + [False] * 2


def test_every_other_base_is_equally_likely():
    score = Score(drawn(lambda: nn.Sequential(nn.Flatten(), nn.Linear(4, 1))), output(0))
    found = substitutions(score, one_hot("A").double(), draws=300, tolerance=1e9)
    shares = found.inputs[0, :, :, 0].mean(dim=0)
    assert shares[0] == 0
    torch.testing.assert_close(shares[1:], torch.full((3,), 1 / 3, dtype=torch.float64), atol=0.1, rtol=0)


def test_the_ball_is_a_ball():
    found = ball(IMAGE, PICTURES, radius=0.05, draws=4, tolerance=1e9)
    away = (found.inputs - PICTURES.unsqueeze(1)).abs()
    assert 0.049 < away.max() <= 0.05
    assert away.mean() == pytest.approx(0.025, rel=0.05)


def test_what_is_not_found_is_said():
    steep = Score(drawn(lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 1))), output(0))
    found = substitutions(steep, INPUTS, draws=3, tolerance=0.0, attempts=4)
    assert found.count.tolist() == [0, 0, 0]
    assert found.tried.tolist() == [12, 12, 12]
    assert torch.equal(found.inputs, INPUTS.unsqueeze(1).expand_as(found.inputs))


def test_an_example_that_holds_no_base_has_no_neighbour():
    found = substitutions(DNA, one_hot("NNNNNNNNNNNN").double(), draws=2, tolerance=1e9)
    assert found.count.tolist() == [0]


def test_nearby_knows_what_the_inputs_are():
    assert (distances(nearby(DNA, INPUTS), INPUTS) <= 1).all()
    assert (nearby(IMAGE, PICTURES).inputs - PICTURES.unsqueeze(1)).abs().max() <= 0.02


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (partial(substitutions, DNA, INPUTS, edits=0), "edits"),
        (partial(substitutions, DNA, INPUTS, draws=0), "draws"),
        (partial(substitutions, DNA, INPUTS, attempts=0), "attempts"),
        (partial(substitutions, DNA, INPUTS, tolerance=-1.0), "tolerance"),
        (partial(substitutions, DNA, INPUTS, tolerance=float("nan")), "tolerance"),
        (partial(ball, IMAGE, PICTURES, radius=0.0), "radius"),
        (partial(ball, DNA, INPUTS), "substitutions"),
    ],
)
def test_refusals(call, says):
    with pytest.raises(InputError, match=says):
        call()


def test_pictures_have_no_substitutions():
    with pytest.raises(ShapeError, match="one-hot DNA"):
        substitutions(IMAGE, PICTURES)
