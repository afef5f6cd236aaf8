"""Both searches equal their one-at-a-time loops."""

import pytest
import torch

from cases import DNA_CASES
from naive import design as naive
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.greedy import greedy
from seqinterp.design.hill_climb import hill_climb, random_starts
from seqinterp.errors import InputError


def model_and_score(case):
    model = case.model().eval()
    return model, Score(model, output(0))


@pytest.mark.parametrize("case", DNA_CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("steps", [1, 31, 32, 33, 200])
def test_hill_climb_is_the_published_loop(case, steps):
    model, score = model_and_score(case)
    starts = random_starts(3, case.shape[1], seed=4).double()
    found = hill_climb(score, starts, steps=steps, seed=9)
    for design, start in enumerate(starts):
        sequence, scores = naive.hill_climb(model, start, steps, 9, design)
        assert torch.equal(found.sequences[design], sequence)
        torch.testing.assert_close(found.trajectory[design], torch.tensor(scores, dtype=torch.float64))


@pytest.mark.parametrize("case", DNA_CASES, ids=lambda case: case.name)
def test_greedy_makes_the_best_of_all_edits(case):
    model, score = model_and_score(case)
    starts = case.inputs(3)
    found = greedy(score, starts, steps=6)
    for design, start in enumerate(starts):
        sequence, scores = naive.greedy(model, start, 6)
        assert torch.equal(found.sequences[design], sequence)
        torch.testing.assert_close(found.trajectory[design], torch.tensor(scores, dtype=torch.float64))


@pytest.mark.parametrize("search", [hill_climb, greedy])
def test_scores_never_fall_and_belong_to_the_sequences(search):
    _, score = model_and_score(DNA_CASES[0])
    starts = DNA_CASES[0].inputs(4)
    copy = starts.clone()
    found = search(score, starts, steps=40)
    assert torch.equal(starts, copy)
    assert found.trajectory.shape == (4, 41)
    assert bool((found.trajectory.diff(dim=1) >= 0).all())
    torch.testing.assert_close(found.trajectory[:, -1], score(found.sequences).detach())
    torch.testing.assert_close(found.trajectory[:, 0], score(starts).detach())
    assert bool((found.sequences.sum(dim=1) == 1).all())


@pytest.mark.parametrize("search", [hill_climb, greedy])
def test_no_steps_give_the_starts_back(search):
    _, score = model_and_score(DNA_CASES[0])
    starts = DNA_CASES[0].inputs(2)
    found = search(score, starts, steps=0)
    assert torch.equal(found.sequences, starts)
    assert found.trajectory.shape == (2, 1)


@pytest.mark.parametrize("search", [hill_climb, greedy])
def test_negative_steps_are_refused(search):
    _, score = model_and_score(DNA_CASES[0])
    with pytest.raises(InputError, match="steps must be 0 or more"):
        search(score, DNA_CASES[0].inputs(2), steps=-1)


def test_greedy_stops_at_the_top():
    counts_a = Score(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 1)), output(0))
    with torch.no_grad():
        counts_a.model[1].weight.copy_(torch.tensor([[1.0] * 3 + [0.0] * 9]))
    start = torch.zeros(1, 4, 3)
    start[:, 3] = 1
    found = greedy(counts_a, start, steps=20)
    assert found.trajectory.shape == (1, 21)
    assert found.sequences[0, 0].tolist() == [1.0, 1.0, 1.0]


def test_more_designs_do_not_change_the_first():
    _, score = model_and_score(DNA_CASES[0])
    many, few = random_starts(6, 20, seed=1).double(), random_starts(2, 20, seed=1).double()
    assert torch.equal(many[:2], few)
    found = hill_climb(score, many, steps=100, seed=1).sequences[:2]
    assert torch.equal(found, hill_climb(score, few, steps=100, seed=1).sequences)


def test_random_starts_are_one_hot_and_differ():
    starts = random_starts(5, 40, seed=0)
    assert starts.shape == (5, 4, 40)
    assert bool((starts.sum(dim=1) == 1).all())
    assert len({tuple(row.flatten().tolist()) for row in starts}) == 5
    assert not torch.equal(starts, random_starts(5, 40, seed=1))


@pytest.mark.parametrize("seed", range(3))
def test_rounding_never_decides(seed):
    """Most edits of a max-pooled model change nothing; in single precision the batch must not make them count."""
    case = next(case for case in DNA_CASES if case.name == "pooled")
    model = case.model().float().eval()
    starts = random_starts(6, 17, seed=seed)
    many = hill_climb(Score(model, output(0)), starts, steps=150, seed=seed)
    few = hill_climb(Score(model, output(0)), starts[:2], steps=150, seed=seed)
    assert torch.equal(many.sequences[:2], few.sequences)
    for design, start in enumerate(starts):
        assert torch.equal(many.sequences[design], naive.hill_climb(model, start, 150, seed, design)[0])
