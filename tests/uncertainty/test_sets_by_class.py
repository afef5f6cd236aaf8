"""Conformal sets that keep their promise within every class."""

import numpy as np
import pytest

from seqinterp.uncertainty.conformal import sets_by_class, threshold_sets


def drawn(count, random):
    """A rare class that looks much like the common one."""
    labels = (random.random(count) < 0.08).astype(int)
    score = random.standard_normal(count) + 1.5 * labels - 4
    yes = 1 / (1 + np.exp(-score))
    return labels, np.column_stack([1 - yes, yes])


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_each_class_is_covered(level):
    random = np.random.default_rng(0)
    covered, plain = [], []
    for _ in range(60):
        labels, held = drawn(600, random)
        new_labels, new = drawn(600, random)
        for found, sets in ((covered, sets_by_class), (plain, threshold_sets)):
            inside = sets(labels, held, new, level=level)[np.arange(600), new_labels]
            found.append([inside[new_labels == kind].mean() for kind in (0, 1)])
    assert np.mean(covered, axis=0) == pytest.approx([level, level], abs=0.03)
    assert np.mean(plain, axis=0)[1] < 0.2  # the rare class is left out and the promise over all is kept


def test_a_class_that_was_not_held_out_is_always_possible():
    labels, held = np.zeros(30, dtype=np.int64), np.tile([0.9, 0.1], (30, 1))
    assert sets_by_class(labels, held, held[:2])[:, 1].all()
