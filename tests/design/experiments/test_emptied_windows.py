"""What windows become when they are emptied."""

import pytest
import torch

from naive import motif_questions as naive
from seqinterp.attribution.dna_baselines import dinucleotide_shuffle
from seqinterp.design.experiments.windows import Windows, emptied, joined
from seqinterp.errors import InputError
from seqinterp.sequence.onehot import decode

SEQUENCES = [*naive.random_sequences(3, 30, seed=4), "ACGTNNACGTACGATCGATCAGCTACGACT"]
INPUTS = naive.stacked(SEQUENCES)


def windows(*rows):
    return Windows(*(torch.tensor(column) for column in zip(*rows, strict=True)))


SOME = windows((0, 3, 10), (2, 0, 30), (0, 8, 9), (3, 2, 9))


def test_of_background_are_columns_of_a_shuffle_of_the_whole():
    edits = emptied(INPUTS, SOME, fill="background", draws=3, seed=7)
    references = dinucleotide_shuffle(INPUTS, draws=3, seed=7)
    made = edits.apply(INPUTS)
    assert len(made) == 12
    for number, (example, start, stop) in enumerate(
        zip(SOME.example.tolist(), SOME.start.tolist(), SOME.stop.tolist(), strict=True)
    ):
        for draw in range(3):
            expected = INPUTS[example].clone()
            expected[:, start:stop] = references[example, draw, :, start:stop]
            assert torch.equal(made[3 * number + draw], expected)


def test_shuffles_are_the_windows_own_bases():
    made = decode(emptied(INPUTS, SOME, fill="shuffle", draws=4, seed=7).apply(INPUTS))
    for number, (example, start, stop) in enumerate(
        zip(SOME.example.tolist(), SOME.start.tolist(), SOME.stop.tolist(), strict=True)
    ):
        before, after = SEQUENCES[example], made[4 * number : 4 * number + 4]
        assert all(sorted(each[start:stop]) == sorted(before[start:stop]) for each in after)
        assert all(each[:start] + each[stop:] == before[:start] + before[stop:] for each in after)
        assert len(set(after)) > 1 or stop - start == 1


@pytest.mark.parametrize("fill", ["background", "shuffle"])
def test_a_rule_of_the_example_and_the_window(fill):
    """Neither the other windows nor the other examples change it; the seed does."""
    alone = emptied(INPUTS[2:3], windows((0, 4, 12)), fill=fill, draws=2, seed=1).apply(INPUTS[2:3])
    among = emptied(INPUTS, joined(SOME, windows((2, 4, 12))), fill=fill, draws=2, seed=1).apply(INPUTS)
    assert torch.equal(alone, among[-2:])
    other = emptied(INPUTS[2:3], windows((0, 4, 12)), fill=fill, draws=2, seed=2).apply(INPUTS[2:3])
    assert not torch.equal(alone, other)


def test_those_of_some_examples():
    some, index = SOME.within(2, 4)
    assert (some.example.tolist(), some.start.tolist(), index.tolist()) == ([0, 1], [0, 2], [1, 3])


def test_refusals():
    with pytest.raises(InputError, match="fill must be one of background, shuffle, not 'zeros'"):
        emptied(INPUTS, SOME, fill="zeros", draws=1, seed=0)
    with pytest.raises(InputError, match="draws must be 1 or more and seed 0 or more"):
        emptied(INPUTS, SOME, fill="shuffle", draws=0, seed=0)
