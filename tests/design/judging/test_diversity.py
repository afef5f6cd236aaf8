"""How unlike one another designs are."""

import numpy as np
import pytest

from naive import judging as naive
from naive.motif_questions import random_sequences
from seqinterp.design.judging.diversity import diversity
from seqinterp.sequence.alphabet import code_block


@pytest.mark.parametrize("count", [2, 3, 7])
def test_distances_are_those_of_the_letters(count):
    sequences = random_sequences(count, 12, seed=count)
    found = diversity(code_block(sequences, str))
    for i, one in enumerate(sequences):
        apart = {j: naive.differences(one, other) for j, other in enumerate(sequences) if j != i}
        assert found.smallest[i] == min(apart.values())
        assert apart[int(found.nearest[i])] == min(apart.values())
        assert found.mean[i] == pytest.approx(np.mean(list(apart.values())))


def test_copies_are_at_no_distance_and_one_alone_has_no_company():
    found = diversity(code_block(["ACGTN", "ACGTN", "ACGTA"], str))
    assert found.smallest.tolist() == [0, 0, 1]
    assert found.nearest.tolist() == [1, 0, 0]
    assert found.mean.tolist() == [0.5, 0.5, 1]
    alone = diversity(code_block(["ACGT"], str))
    assert alone.nearest.tolist() == [-1]
    assert np.isnan([*alone.smallest, *alone.mean]).all()
