"""Patterns grow from near neighbours, and only from what shuffled seqlets do not give."""

from functools import cache

import numpy as np
import pytest

from naive import discovery as naive
from planted import effects_of, sharp, simulated
from seqinterp.motifs.frames import COLUMNS, MIDDLE, SHIFT, Frames, frames_of, unit
from seqinterp.motifs.grow import BLOCK, CHANCE, NEIGHBOURS, Neighbours, better_than_chance, grow, neighbours, seeds_of
from seqinterp.motifs.seqlets import Seqlets

MOTIFS = [sharp("GTAAACAGATTC"), sharp("CCGGAAGTGACA")]


@cache
def sites(count, noise=0.03, seed=0):
    """Frames around so many sites of each motif, and the motif of each."""
    sim = simulated(MOTIFS, sites=count, noise=noise, seed=seed, length=150)
    example, start, stop = np.array([(site.example, site.start, site.stop) for site in sim.sites]).T.copy()
    nothing = np.zeros(len(example))
    found = Seqlets(example, start, stop, np.ones(len(example), np.int64), nothing, nothing, nothing)
    return frames_of(sim.tracks, found), np.array([site.motif for site in sim.sites])


def noise(count, seed=0):
    values = np.random.default_rng(seed).normal(size=(count, 2 * MIDDLE + 1, 4)).astype(np.float32)
    return Frames(values, np.full(count, 9))


def likeness(template, pwm):
    """The largest cosine of a template (position, base) with a motif, over overlaps and strands."""
    effects = (pwm * effects_of(pwm)).T
    padded = np.pad(template, ((len(effects), len(effects)), (0, 0)))
    found = [
        (padded[begun : begun + len(effects)] * held).sum()
        for held in (effects, effects[::-1, ::-1])
        for begun in range(len(padded) - len(effects) + 1)
    ]
    return max(found) / np.linalg.norm(template) / np.linalg.norm(effects)


@pytest.mark.parametrize(("count", "decoys"), [(30, 2000), (500, 500), (200, 2000), (40, 0), (3, 10)])
@pytest.mark.parametrize("gap", [0.0, 1.0, 3.0])
def test_the_threshold_leaves_few_decoys(count, decoys, gap):
    generator = np.random.default_rng(count)
    found = np.concatenate([generator.normal(gap, 1, count // 2), generator.normal(0, 1, count - count // 2)])
    chance = generator.normal(0, 1, decoys)
    found[: count // 4] = np.round(found[: count // 4], 1)  # ties
    limit = better_than_chance(found, chance)
    assert limit == naive.threshold_of_target_and_decoy(found.tolist(), chance.tolist(), CHANCE)
    if np.isfinite(limit):
        assert (chance >= limit).sum() * len(found) / max(1, decoys) <= CHANCE * (found >= limit).sum()


def test_no_threshold_where_chance_is_as_good():
    generator = np.random.default_rng(0)
    assert better_than_chance(np.full(50, 0.5), np.full(2000, 0.5)) == np.inf
    limits = [better_than_chance(generator.normal(size=100), generator.normal(size=2000)) for _ in range(20)]
    assert np.isinf(limits).sum() >= 15


def test_neighbours_are_those_of_the_loop():
    frames = sites(6)[0]
    near, columns = neighbours(frames), slice(SHIFT, SHIFT + COLUMNS)
    for one in range(len(frames)):
        inside = (np.abs(np.arange(SHIFT, SHIFT + COLUMNS) - MIDDLE) <= frames.halves[one]).astype(float)
        held = frames.values[one, columns] * inside[:, None]
        fits = [
            naive.best_fit(frames.values[other], held / np.linalg.norm(held), inside) for other in range(len(frames))
        ]
        order = sorted((other for other in range(len(frames)) if other != one), key=lambda other: -fits[other][0])
        assert near.index[one].tolist() == order[:NEIGHBOURS]
        for place, other in enumerate(order[:NEIGHBOURS]):
            assert near.cosine[one, place] == pytest.approx(fits[other][0], abs=1e-5)
            assert (near.shift[one, place], near.reverse[one, place]) == fits[other][2:]


@pytest.mark.parametrize("count", [2, NEIGHBOURS, NEIGHBOURS + 1, BLOCK + 1])
def test_everybody_has_neighbours_and_is_not_his_own(count):
    near = neighbours(noise(count))
    assert near.index.shape == near.cosine.shape == (count, min(NEIGHBOURS, count - 1))
    assert not (near.index == np.arange(count)[:, None]).any()
    assert all(len(set(row)) == len(row) for row in near.index.tolist())
    assert (np.diff(near.cosine, axis=1) <= 0).all()


def test_neighbours_of_a_site_are_of_the_same_motif():
    frames, motifs = sites(40)
    near = neighbours(frames)
    assert (motifs[near.index] == motifs[:, None]).mean() > 0.97


def test_seeds_are_not_near_one_another():
    cosine = np.array([0.5, 0.9, 0.8, 0.1])[:, None] * np.ones((4, 2))
    index = np.array([[1, 2], [0, 3], [1, 0], [2, 1]])
    near = Neighbours(index, cosine, np.zeros((4, 2), np.int64), np.zeros((4, 2), bool))
    assert seeds_of(near).tolist() == [1, 2]
    assert seeds_of(Neighbours(index[:, ::-1], np.ones((4, 2)), near.shift, near.reverse)).tolist() == [0, 3]


def test_what_is_planted_grows():
    templates = grow(sites(40)[0], 8)
    assert len(templates) >= 2
    for motif in MOTIFS:
        assert max(likeness(template, motif) for template in templates) > 0.95


def test_a_pattern_has_as_many_seqlets_as_are_asked_for():
    frames, motifs = sites(40)
    assert len(grow(frames, 20)) >= 2
    assert len(grow(frames.take(np.flatnonzero(motifs == 0)), 39)) <= 1


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_nothing_grows_from_too_few(count):
    frames = sites(40)[0].take(np.arange(count))
    assert grow(frames, 8).shape == (0, COLUMNS, 4)


def test_sites_of_unlike_weight_count_alike():
    frames, motifs = sites(40)
    mine = frames.take(np.flatnonzero(motifs == 0))
    louder = Frames(
        mine.values * np.where(np.arange(len(mine)) == 0, 1000, 1)[:, None, None].astype(np.float32), mine.halves
    )
    assert np.linalg.norm(unit(louder.values)[0] - unit(mine.values)[0]) < 1e-5
    assert likeness(grow(louder, 8)[0], MOTIFS[0]) > 0.95
