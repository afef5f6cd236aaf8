"""Tails of sums against all sums added up, and windows against a search one window at a time."""

import math
from itertools import pairwise

import numpy as np
import pytest

from naive import discovery as naive
from seqinterp.kernels.find_windows import BINS, LEAST, bins_of, find_windows, log_normal_tail, log_tail

LENGTH = 300
CHANCES = [0.3, 0.1, 0.02, 1e-3, 1e-4]


def noisy(values, seed=0):
    return values + np.random.default_rng(seed).normal(0, 0.05, len(values))


def with_stretch(value, width=10):
    track = np.zeros(LENGTH)
    track[100 : 100 + width] = value
    return track


def drawn(kind, *options, seed=0, length=LENGTH):
    return getattr(np.random.default_rng(seed), kind)(*options, size=length)


SMOOTH = {
    "normal": drawn("normal"),
    "laplace": drawn("laplace"),
    "uniform": drawn("uniform", -1, 1),
    "exponential": drawn("exponential"),
    "exponential_to_the_left": 1 - drawn("exponential"),
}
LUMPED = {
    "heavy_tails": drawn("standard_t", 3),
    "motif": noisy(with_stretch(1.0)),
    "two_motifs": noisy(with_stretch(1.0) + np.roll(with_stretch(2.0), 50)),
}
DISCRETE = {
    "one_or_minus_one": drawn("choice", [-1.0, 1.0]),
    "three_values": drawn("choice", [0.0, 1.0, 2.0]),
    "ten_ones": with_stretch(1.0),
}


def chance(track, width, total):
    points, weights = np.empty(BINS), np.empty(BINS)
    held = bins_of(track, points, weights)
    return math.exp(log_tail(points[:held].copy(), weights[:held].copy(), width, total))


@pytest.mark.parametrize("width", [7, 16])
@pytest.mark.parametrize("name", SMOOTH)
def test_chance_is_that_of_all_sums(name, width):
    track, sums = SMOOTH[name], naive.Sums(SMOOTH[name], width)
    for wanted in CHANCES:
        total = sums.total(wanted)
        assert chance(track, width, total) == pytest.approx(sums.chance(total), rel=0.2)


@pytest.mark.parametrize("width", [7, 16])
@pytest.mark.parametrize("name", LUMPED)
def test_chance_is_within_a_factor_of_two_and_a_half_where_values_are_of_two_kinds(name, width):
    track, sums = LUMPED[name], naive.Sums(LUMPED[name], width)
    for wanted in CHANCES:
        total = sums.total(wanted)
        ratio = chance(track, width, total) / sums.chance(total)
        assert 0.4 < ratio < 2.5


@pytest.mark.parametrize("width", [7, 16])
@pytest.mark.parametrize("name", DISCRETE)
def test_chance_of_whole_numbers_lies_between_that_of_as_much_and_that_of_more(name, width):
    """A smooth tail runs through the steps of a discrete one."""
    track, sums = DISCRETE[name], naive.Sums(DISCRETE[name], width)
    step = 2.0 if name == "one_or_minus_one" else 1.0
    for total in np.arange(width * track.max() - step, width * track.mean() + step, -step):
        as_much, more = (sums.chance(float(total + extra)) for extra in (0.0, step))
        if as_much > 1e-8:
            assert 0.8 * more < chance(track, width, float(total)) < 1.05 * as_much


@pytest.mark.parametrize("name", ["normal", "laplace"])
def test_chance_is_that_of_random_draws(name):
    track, width, generator = SMOOTH[name], 7, np.random.default_rng(1)
    sums = sum(track[generator.integers(0, LENGTH, 400_000)] for _ in range(width))
    for wanted in (0.3, 0.03, 0.003):
        total = float(np.quantile(sums, 1 - wanted))
        assert chance(track, width, total) == pytest.approx(wanted, rel=0.2)


@pytest.mark.parametrize("width", [7, 16])
@pytest.mark.parametrize("name", SMOOTH)
def test_chance_falls_as_the_total_rises(name, width):
    """From where windows are looked at, and almost to where every draw has to be the largest value."""
    track = SMOOTH[name]
    least = width * track.mean() + LEAST * np.sqrt(width) * track.std()
    totals = np.linspace(least, max(least, 0.9 * width * track.max()), 200)
    found = [chance(track, width, total) for total in np.unique(totals)]
    assert all(0 < one <= 1 for one in found)
    assert all(later < one for one, later in pairwise(found))


def test_the_largest_total_is_every_draw_in_the_highest_bin():
    track = DISCRETE["three_values"]
    assert chance(track, 7, 14.0) == pytest.approx((track == 2).mean() ** 7)


@pytest.mark.parametrize("factor", [0.25, 64.0, 1e-9, 1e9])
def test_chance_does_not_depend_on_the_scale(factor):
    track = SMOOTH["exponential"]
    for total in (8.0, 12.0, 20.0):
        assert chance(factor * track, 7, factor * total) == pytest.approx(chance(track, 7, total), rel=1e-6)


@pytest.mark.parametrize("z", [-3.0, 0.0, 1.5, 6.0, 29.9, 30.1, 60.0])
def test_normal_tail(z):
    from scipy.stats import norm

    assert log_normal_tail(z) == pytest.approx(norm.logsf(z), rel=2e-3, abs=1e-12)


def test_bins_hold_every_value_once():
    for track in (*SMOOTH.values(), *DISCRETE.values()):
        points, weights = np.empty(BINS), np.empty(BINS)
        held = bins_of(track, points, weights)
        assert weights[:held].sum() == pytest.approx(1)
        assert (points[:held] * weights[:held]).sum() == pytest.approx(track.mean(), abs=1e-12)
        assert (np.diff(points[:held]) > 0).all()
        assert points[0] >= track.min() - 1e-12 and points[held - 1] <= track.max() + 1e-12
    assert bins_of(np.full(50, 0.3), points, weights) == 0


@pytest.mark.parametrize("widths", [[7], [5, 9, 14]])
@pytest.mark.parametrize("name", SMOOTH | LUMPED)
def test_windows_are_those_of_a_search_one_by_one(name, widths):
    tracks = np.stack([np.roll((SMOOTH | LUMPED)[name], shift)[:150] for shift in (0, 150)])
    places, logs = np.empty((200, 3), np.int64), np.empty(200)
    count = find_windows(tracks, np.array(widths), places, logs)
    found = [(*place, log) for place, log in zip(places[:count].tolist(), logs[:count].tolist(), strict=True)]
    expected = []
    for example, track in enumerate(tracks):
        of_track = naive.windows(track, widths, lambda width, total: math.log(chance(track, width, total)))  # noqa: B023
        expected += [(example, *one) for one in of_track]
    assert expected or name not in ("normal", "laplace", *LUMPED)
    assert [one[:3] for one in sorted(found)] == [one[:3] for one in expected]
    np.testing.assert_allclose([one[3] for one in sorted(found)], [one[3] for one in expected], rtol=1e-6, atol=1e-9)


def test_chances_at_one_place_are_spread_evenly_under_noise():
    """One window of each of many sequences of noise: a share t of the p-values is at most t, or somewhat less.

    Less because a sequence has each of its values but once, and draws may have the largest ones again and again.
    """
    tracks = np.random.default_rng(4).normal(size=(3000, 200))
    totals = tracks[:, 50:61].sum(axis=1)
    above = totals > 11 * tracks.mean(axis=1)
    found = np.ones(len(tracks))
    found[above] = [chance(track, 11, total) for track, total in zip(tracks[above], totals[above], strict=True)]
    for level in (0.3, 0.1, 0.03, 0.01):
        share, unsure = (found <= level).mean(), 4 * math.sqrt(level / len(found))
        assert 0.8 * level - unsure < share < level + unsure
