"""Every seqlet goes to the pattern that explains most of it, and no pattern is there twice."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from planted import effects_of, sharp, simulated
from seqinterp.motifs.assign import Members, assign, is_its_own, least_margin, steady_mean, templates_of
from seqinterp.motifs.frames import COLUMNS, FRAME, Frames, frames_of, unit
from seqinterp.motifs.seqlets import Seqlets

MOTIFS = [sharp("GTAAACAGATTC"), sharp("CCGGAAGTGACA")]


@cache
def sites(count, noise=0.03, seed=0, motifs=(0, 1)):
    """Frames around so many sites of each motif, and the motif of each."""
    sim = simulated([MOTIFS[motif] for motif in motifs], sites=count, noise=noise, seed=seed, length=150)
    example, start, stop = np.array([(site.example, site.start, site.stop) for site in sim.sites]).T.copy()
    nothing = np.zeros(len(example))
    found = Seqlets(example, start, stop, np.ones(len(example), np.int64), nothing, nothing, nothing)
    return frames_of(sim.tracks, found), np.array([site.motif for site in sim.sites])


def template(pwm, begun=9, reverse=False):
    held, effects = np.zeros((COLUMNS, 4), np.float32), effects_of(pwm).T
    held[begun : begun + len(effects)] = effects[::-1, ::-1] if reverse else effects
    return held


def random_template(seed=0):
    held = np.zeros((COLUMNS, 4), np.float32)
    held[10:20] = np.abs(np.random.default_rng(seed).normal(size=(10, 4)))
    return held


def test_each_seqlet_goes_to_its_own_motif():
    frames, motifs = sites(30)
    found = assign(frames, np.stack([template(pwm) for pwm in MOTIFS]), 8)
    assert len(found) == 2
    assert not set(found[0].index) & set(found[1].index)
    for one in found:
        assert len(one) >= 25
        assert np.bincount(motifs[one.index]).max() >= 0.9 * len(one)
    assert {np.bincount(motifs[one.index]).argmax() for one in found} == {0, 1}
    assert len(found[0]) >= len(found[1])


@pytest.mark.parametrize("begun", [2, 9, 18])
@pytest.mark.parametrize("reverse", [False, True])
def test_one_pattern_given_twice_is_one(begun, reverse):
    frames = sites(30, motifs=(0,))[0]
    means = np.stack([template(MOTIFS[0]), template(MOTIFS[0], begun, reverse)])
    found = assign(frames, means, 8)
    assert len(found) == 1
    assert len(found[0]) >= 25


@pytest.mark.parametrize("seed", range(12))
def test_a_pattern_that_nothing_fits_is_none_or_becomes_one_that_is_there(seed):
    frames, motifs = sites(30)
    means = np.stack([random_template(seed), template(MOTIFS[0]), random_template(seed + 100)])
    found = assign(frames, means, 8)
    counts = [np.bincount(motifs[one.index], minlength=2) for one in found]
    assert all(count.max() >= 0.9 * count.sum() for count in counts)
    kinds = [count.argmax() for count in counts]
    assert 0 in kinds
    assert len(set(kinds)) == len(kinds)


def test_no_patterns_have_no_members():
    assert assign(sites(30)[0], np.zeros((0, COLUMNS, 4), np.float32), 8) == []
    assert assign(sites(30)[0], np.zeros((2, COLUMNS, 4), np.float32), 8) == []


@pytest.mark.parametrize(("least", "patterns"), [(8, 2), (25, 2), (31, 0)])
def test_a_pattern_has_at_least_so_many_seqlets(least, patterns):
    found = assign(sites(30)[0], np.stack([template(pwm) for pwm in MOTIFS]), least)
    assert len(found) == patterns
    assert all(len(one) >= least for one in found)


def test_members_are_aligned_with_their_template():
    frames, _ = sites(30)
    for one in assign(frames, np.stack([template(pwm) for pwm in MOTIFS]), 8):
        windows = unit(frames.aligned(one.index, one.shift, one.reverse))
        cosines = (windows * one.template).sum(axis=(1, 2))
        assert cosines.min() > 0.1 and np.median(cosines) > 0.7
        assert np.linalg.norm(one.template) == pytest.approx(1, abs=1e-5)


def test_noise_has_no_members():
    for seed in range(5):
        values = np.random.default_rng(seed).normal(size=(100, FRAME, 4)).astype(np.float32)
        frames = Frames(values, np.full(100, 9))
        assert assign(frames, values[:10, 12:43].copy(), 8) == []


def test_templates_of_members_are_stacked():
    one = Members(np.ones((COLUMNS, 4), np.float32), *(np.zeros(2, np.int64),) * 2, np.zeros(2, bool))
    assert templates_of([one, one]).shape == (2, COLUMNS, 4)
    assert templates_of([]).shape == (0, COLUMNS, 4)


def test_a_pattern_is_its_own_where_no_other_explains_its_members():
    frames = sites(30)[0]
    one, other = assign(frames, np.stack([template(pwm) for pwm in MOTIFS]), 8)
    turned = replace(one, template=np.ascontiguousarray(one.template[::-1, ::-1]))
    assert is_its_own(frames, one, [])
    assert is_its_own(frames, one, [other])
    assert not is_its_own(frames, one, [one])
    assert not is_its_own(frames, one, [other, turned])


def test_few_members_have_to_be_more_unlike():
    margins = [least_margin(members, members) for members in (8, 20, 100, 10_000)]
    assert margins == sorted(margins, reverse=True)
    assert 0.1 <= margins[-1] < margins[0] < 0.5
    assert least_margin(20, 1000) > least_margin(20, 30)
    assert least_margin(8, 10_000) < 1


def test_a_steady_mean_is_zero_where_there_is_noise():
    generator = np.random.default_rng(0)
    windows = generator.normal(0, 0.05, (50, COLUMNS, 4))
    windows[:, 10:20] += effects_of(MOTIFS[0]).T[:10] * 3
    mean, plain = steady_mean(windows), unit(windows).mean(axis=0)
    assert (np.abs(mean).sum(axis=1)[np.r_[0:10, 20:31]] == 0).mean() > 0.6
    np.testing.assert_allclose(mean[10:20], plain[10:20], rtol=0.05)
    assert (np.abs(mean) <= np.abs(plain) + 1e-12).all()
    assert not (mean * plain < 0).any()


def test_a_steady_mean_of_one_is_that_one():
    window = np.random.default_rng(0).normal(size=(1, COLUMNS, 4))
    np.testing.assert_allclose(steady_mean(window), unit(window)[0])
