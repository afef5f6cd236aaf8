"""A pattern of two kinds becomes two, and a pattern of one kind stays one."""

import numpy as np
import pytest

from planted import effects_of, sharp, simulated
from seqinterp.motifs.assign import Members
from seqinterp.motifs.frames import COLUMNS, SHIFT, frames_of
from seqinterp.motifs.seqlets import Seqlets
from seqinterp.motifs.split import split

HALF = "TGACCTTT"


def pattern(words, counts, seed=0, noise=0.02):
    """Frames and one pattern of sites of several words that begin with the same letters, aligned at these."""
    sim = simulated([sharp(word) for word in words], sites=counts, per=1, seed=seed, noise=noise, strands="+")
    example, start = np.array([(site.example, site.start) for site in sim.sites]).T.copy()
    nothing, count = np.zeros(len(example)), len(example)
    seqlets = Seqlets(example, start, start + len(HALF), np.ones(count, np.int64), nothing, nothing, nothing)
    frames = frames_of(sim.tracks, seqlets)
    shift, forward = np.full(count, SHIFT), np.zeros(count, bool)
    mean = frames.values[:, SHIFT : SHIFT + COLUMNS].mean(axis=0)
    one = Members(mean / np.linalg.norm(mean), np.arange(count), shift, forward)
    return frames, one, np.array([site.motif for site in sim.sites])


def cosine(template, word):
    """Of a template with the word, whose first letter is at the first column of the middle seqlet."""
    effects, begun = (sharp(word) * effects_of(sharp(word))).T, COLUMNS // 2 - len(HALF) // 2
    held = np.zeros((COLUMNS, 4))
    held[begun : begun + len(effects)] = effects
    return (held * template).sum() / np.linalg.norm(held) / np.linalg.norm(template)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("counts", [(40, 40), (30, 90)])
def test_two_kinds_are_two(counts, seed):
    words = [HALF, HALF + "GCGTTGCAA"]
    frames, one, _ = pattern(words, counts, seed)
    means = split(frames, [one], 8)
    assert means.shape == (2, COLUMNS, 4)
    assert sorted(max(range(2), key=lambda kind: cosine(mean, words[kind])) for mean in means) == [0, 1]
    for word in words:
        assert max(cosine(mean, word) for mean in means) > 0.95


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("noise", [0.0, 0.02, 0.06])
def test_one_kind_stays_as_it_is(noise, seed):
    frames, one, _ = pattern([HALF + "GCG"], [80], seed, noise)
    np.testing.assert_array_equal(split(frames, [one], 8), one.template[None])


def test_a_kind_of_too_few_is_none():
    frames, one, _ = pattern([HALF, HALF + "GCGTTGCAA"], [60, 5])
    np.testing.assert_array_equal(split(frames, [one], 8), one.template[None])


def test_each_pattern_is_looked_at_by_itself():
    frames, one, motifs = pattern([HALF, HALF + "GCGTTGCAA"], [40, 40])
    single = Members(one.template, *(held[motifs == 0] for held in (one.index, one.shift, one.reverse)))
    assert len(split(frames, [single, one], 8)) == 3
    assert len(split(frames, [single, single], 8)) == 2
    assert split(frames, [], 8).shape == (0, COLUMNS, 4)
