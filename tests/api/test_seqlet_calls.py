"""Motif calls that survive another explanation."""

import pytest
import torch

from seqinterp.api.seqlet_calls import calls, surviving_calls
from tests.naive.trust_scorecard import surviving


def maps(places, *, seed=0, noise=0.02, length=80):
    """Explanations of as many examples, each with stretches (start, stop, height)."""
    made = noise * torch.randn(len(places), 4, length, generator=torch.Generator().manual_seed(seed))
    for number, stretches in enumerate(places):
        for start, stop, height in stretches:
            made[number, 0, start:stop] += height
    return made


STRETCHES = [[(10, 20, 1.0), (40, 50, -1.0)], [(30, 42, 1.0)], []]


def listed(values, example):
    found = calls(values)
    return [
        (int(a), int(b), int(s))
        for e, a, b, s in zip(found.example, found.start, found.stop, found.sign, strict=True)
        if e == example
    ]


def test_calls_are_where_the_stretches_are():
    found = [listed(maps(STRETCHES), example) for example in range(3)]
    assert [call[2] for call in found[0]] == [1, -1] and len(found[1]) == 1 and not found[2]
    assert abs(found[0][0][0] - 10) <= 2 and abs(found[0][0][1] - 20) <= 2


@pytest.mark.parametrize(
    "others",
    [
        [maps(STRETCHES, seed=1)],
        [maps([[(11, 21, 1.0)], [(30, 42, 1.0)], []], seed=2)],
        [maps(STRETCHES, seed=3), maps([[(10, 20, -1.0), (40, 50, -1.0)], [(60, 70, 1.0)], []], seed=4)],
    ],
)
def test_equals_the_count_by_hand(others):
    own = maps(STRETCHES)
    found = surviving_calls(own, others)
    for example in range(3):
        expected = surviving(listed(own, example), [listed(other, example) for other in others])
        assert float(found[example]) == pytest.approx(expected, nan_ok=True)
