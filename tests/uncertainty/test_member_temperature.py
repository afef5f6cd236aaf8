"""A temperature for every member of an ensemble."""

import numpy as np
import pytest
from scipy.special import softmax

from seqinterp.uncertainty.scaling import class_temperature, member_temperature

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.standard_normal((5, 300, 3))
LABELS = RANDOM.integers(3, size=300)


def loss(members, temperature):
    tempered = softmax(np.log(members) / temperature, axis=2).mean(axis=0)
    return -np.log(tempered[np.arange(300), LABELS]).mean()


def test_no_temperature_on_a_grid_is_better():
    members = softmax(3 * LOGITS, axis=2)
    found = member_temperature(LABELS, members)
    best = min(loss(members, temperature) for temperature in np.geomspace(0.05, 50, 200))
    assert loss(members, found) <= best + 1e-9


def test_one_member_is_the_plain_temperature():
    members = softmax(LOGITS[:1], axis=2)
    assert member_temperature(LABELS, members) == pytest.approx(class_temperature(LABELS, LOGITS[0]), rel=1e-4)
