"""Does the map rank planted bases first?"""

import numpy as np
import pytest
import torch

from naive.evaluation import auroc
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.planted_truth import planted_truth

GENERATOR = np.random.default_rng(0)
TRUTH = torch.from_numpy(GENERATOR.random((6, 30)) < 0.3)


def test_equals_the_share_of_pairs_ranked_right():
    importance = torch.from_numpy(GENERATOR.integers(0, 8, size=(6, 30)).astype(float))
    found = planted_truth(importance, TRUTH)
    expected = [auroc(a.numpy(), t.numpy()) for a, t in zip(importance, TRUTH, strict=True)]
    np.testing.assert_allclose(found.per_sequence, expected)
    assert found.auroc == pytest.approx(np.mean(expected))
    assert found.low < found.auroc < found.high


def test_the_truth_itself_is_perfect_and_its_opposite_is_worst():
    assert planted_truth(TRUTH.double(), TRUTH).auroc == 1
    assert planted_truth(-TRUTH.double(), TRUTH).auroc == 0
    assert planted_truth(torch.zeros(6, 30), TRUTH).auroc == 0.5


def test_sequences_without_sites_are_left_out():
    truth = TRUTH.clone()
    truth[0], truth[1] = False, True
    assert len(planted_truth(torch.rand(6, 30), truth).per_sequence) == 4


def test_nothing_to_rank_is_refused():
    with pytest.raises(InputError, match="nothing to rank"):
        planted_truth(torch.rand(2, 5), torch.zeros(2, 5, dtype=torch.bool))


def test_shapes_must_agree():
    with pytest.raises(ShapeError, match="both must be"):
        planted_truth(torch.rand(2, 5), torch.zeros(2, 6, dtype=torch.bool))
