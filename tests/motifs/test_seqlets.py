"""Windows larger than chance: what their p-values depend on, and what they do not."""

from itertools import pairwise

import numpy as np
import pytest

from naive import discovery as naive
from naive.hits import benjamini_hochberg
from seqinterp.errors import InputError
from seqinterp.motifs.seqlets import BLOCK, WIDTHS, candidate_seqlets, seqlets_like_control

LENGTH = 200


def noise(count, seed=0, kind="normal", length=LENGTH):
    return getattr(np.random.default_rng(seed), kind)(size=(count, length)).astype(np.float32)


def with_stretches(count, width, seed=0, size=1.0):
    """Noise with a stretch of that width in the middle of every example; of either sign by turns."""
    generator = np.random.default_rng(seed)
    tracks = generator.normal(0, 0.1, (count, LENGTH))
    signs = np.resize([1, -1], count)[:, None]
    tracks[:, 90 : 90 + width] += size * signs * generator.uniform(0.5, 1.5, (count, width))
    return tracks.astype(np.float32)


def rows(seqlets, *, attribution=False):
    """Every window as a tuple: example, start, stop, sign, p-value."""
    names = ["example", "start", "stop", "sign", "p_value"] + ["attribution"] * attribution
    return list(zip(*(getattr(seqlets, name).tolist() for name in names), strict=True))


def places(seqlets):
    return [row[:4] for row in rows(seqlets)]


def test_what_else_is_in_the_batch_changes_no_p_value():
    tracks = np.concatenate([with_stretches(BLOCK, 9), noise(10), 100 * noise(5, 1)])
    together = rows(candidate_seqlets(tracks), attribution=True)
    alone = []
    for example in range(len(tracks)):
        alone += [
            (example, *row[1:]) for row in rows(candidate_seqlets(tracks[example : example + 1]), attribution=True)
        ]
    assert together == alone
    assert len(together) > len(tracks)


def test_the_order_of_the_examples_changes_nothing():
    tracks = with_stretches(BLOCK + 20, 12)
    order = np.random.default_rng(3).permutation(len(tracks))
    found, shuffled = candidate_seqlets(tracks), candidate_seqlets(tracks[order])
    assert sorted(rows(found)) == sorted((int(order[row[0]]), *row[1:]) for row in rows(shuffled))
    assert sorted(found.q_value) == sorted(shuffled.q_value)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_nothing(threads):
    tracks = with_stretches(3 * BLOCK + 5, 9)
    one, more = candidate_seqlets(tracks), candidate_seqlets(tracks, threads=threads)
    for name in one.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one, name), getattr(more, name))


def test_windows_come_in_order_of_example_and_start():
    found = candidate_seqlets(with_stretches(BLOCK + 5, 9))
    assert places(found) == sorted(places(found))


@pytest.mark.parametrize("factor", [4.0, 2.0**-20, 3.0, 1e-6, 1e6])
def test_scale_changes_nothing(factor):
    tracks = with_stretches(20, 9)
    found, scaled = candidate_seqlets(tracks), candidate_seqlets((tracks * np.float32(factor)).astype(np.float32))
    assert places(found) == places(scaled)
    np.testing.assert_allclose(scaled.p_value, found.p_value, rtol=0 if factor in (4.0, 2.0**-20) else 0.02)
    np.testing.assert_allclose(scaled.attribution, factor * found.attribution, rtol=1e-5)


def test_the_other_sign_swaps_the_signs():
    tracks = with_stretches(20, 9)
    found, turned = candidate_seqlets(tracks), candidate_seqlets(-tracks)
    assert sorted((*row[:3], -row[3], row[4]) for row in rows(turned)) == sorted(rows(found))
    np.testing.assert_array_equal(np.sort(turned.q_value), np.sort(found.q_value))


def test_tracks_read_backwards_have_the_same_windows():
    tracks = with_stretches(20, 9)
    found, turned = candidate_seqlets(tracks), candidate_seqlets(np.ascontiguousarray(tracks[:, ::-1]))
    mirrored = sorted((row[0], LENGTH - row[2], LENGTH - row[1], row[3], row[4]) for row in rows(turned))
    assert [row[:4] for row in mirrored] == [row[:4] for row in sorted(rows(found))]
    np.testing.assert_allclose([row[4] for row in mirrored], [row[4] for row in sorted(rows(found))], rtol=1e-6)


@pytest.mark.parametrize("shift", [-0.02, 0.02])
def test_what_is_added_to_every_position_leaves_a_window_as_unlikely(shift):
    """A sum is compared with sums of the same values, and both rise; but a positive window needs a positive sum."""
    tracks = with_stretches(20, 9)
    found, shifted = candidate_seqlets(tracks), candidate_seqlets(tracks + np.float32(shift))
    before, after = ({row[:4]: row[4] for row in rows(seqlets)} for seqlets in (found, shifted))
    shared = before.keys() & after.keys()
    assert len(shared) > 0.9 * len(before)
    for place in shared:
        assert after[place] == pytest.approx(before[place], rel=0.1)
    assert (np.sign(shifted.attribution) == shifted.sign).all()


@pytest.mark.parametrize("widths", [WIDTHS, (5,), (6, 30)])
def test_windows_lie_within_the_sequences_and_do_not_overlap(widths):
    tracks = with_stretches(40, 14)
    found = candidate_seqlets(tracks, widths=widths)
    assert set((found.stop - found.start).tolist()) <= set(widths)
    assert found.start.min() >= 0 and found.stop.max() <= LENGTH
    for example in range(len(tracks)):
        for sign in (1, -1):
            mine = [row for row in rows(found) if row[0] == example and row[3] == sign]
            assert all(one[2] <= other[1] for one, other in pairwise(mine))


def test_attribution_is_the_sum_of_the_window():
    tracks = with_stretches(10, 9)
    found = candidate_seqlets(tracks)
    for example, start, stop, sign, _, attribution in rows(found, attribution=True):
        assert attribution == pytest.approx(float(tracks[example, start:stop].astype(np.float64).sum()), abs=1e-9)
        assert np.sign(attribution) == sign


def test_a_window_of_a_single_width_is_as_unlikely_as_such_a_sum():
    tracks = noise(30, 5, length=300)
    found = candidate_seqlets(tracks, widths=[9])
    for example, _, _, sign, p_value, attribution in rows(found, attribution=True):
        values = sign * tracks[example].astype(np.float64)
        assert p_value == pytest.approx(naive.Sums(values, 9).chance(sign * attribution), rel=0.2)


@pytest.mark.parametrize(("planted", "widths"), {
    5: (7,), 7: (7,), 9: (7, 11), 11: (11,), 14: (11, 16), 16: (16,), 20: (16, 22), 22: (22,), 30: (22,),
}.items())  # fmt: skip
def test_the_best_window_is_about_as_wide_as_what_is_planted(planted, widths):
    tracks = with_stretches(40, planted)
    found = candidate_seqlets(tracks)
    for example in range(len(tracks)):
        mine = [row for row in rows(found) if row[0] == example]
        _, start, stop, sign, p_value = min(mine, key=lambda row: row[4])
        assert sign == (-1 if example % 2 else 1)
        assert p_value < 1e-4
        assert stop - start in widths
        assert min(stop, 90 + planted) - max(start, 90) >= 0.7 * min(planted, stop - start)


def test_what_is_planted_is_found_in_one_piece():
    found = candidate_seqlets(with_stretches(40, 16))
    at_it = found.take(np.flatnonzero((found.q_value <= 0.05) & (found.start < 106) & (found.stop > 90)))
    assert at_it.example.tolist() == list(range(40))


def test_constant_tracks_have_no_seqlets():
    for value in (0.0, 1.0, -0.3):
        assert len(candidate_seqlets(np.full((3, LENGTH), value, np.float32))) == 0
    tracks = with_stretches(3, 9)
    tracks[1] = 0.5
    assert set(candidate_seqlets(tracks).example) == {0, 2}


@pytest.mark.parametrize("length", [5, 13])
def test_sequences_too_short_for_a_window_are_refused(length):
    with pytest.raises(InputError, match=f"these have {length} positions and the windows 7, 11, 16, 22"):
        candidate_seqlets(noise(3, length=length))


def test_widths_that_fit_are_tried_where_others_do_not():
    short = noise(30, 1, length=20)
    found, only = candidate_seqlets(short), candidate_seqlets(short, widths=[7])
    assert rows(found) == rows(only)
    assert len(found)
    with pytest.raises(InputError, match="the windows 11, 16"):
        candidate_seqlets(short, widths=[11, 16])


@pytest.mark.parametrize("kind", ["normal", "laplace", "standard_exponential", "random"])
def test_noise_has_few_significant_windows(kind):
    """Windows lie at every position, so more than one in a thousand of those side by side has a p-value of 0.001."""
    tracks = noise(200, 7, kind, 300)
    found = candidate_seqlets(tracks)
    tests = 2 * tracks.size / WIDTHS[0]
    for level, excess in {0.01: 2.0, 0.001: 3.5}.items():
        assert (found.p_value <= level).sum() <= excess * level * tests + 3 * np.sqrt(level * tests)
    assert (found.q_value <= 0.2).sum() <= 3


def test_q_values_of_candidates_are_over_windows_side_by_side():
    tracks = with_stretches(20, 9)
    found = candidate_seqlets(tracks)
    expected = benjamini_hochberg(found.p_value.tolist(), 2 * 20 * LENGTH // 7)
    np.testing.assert_allclose(found.q_value, expected, rtol=1e-12)


@pytest.mark.parametrize("size", [0.5, 1.0, 3.0])
def test_rates_against_a_control(size):
    found, control = (candidate_seqlets(tracks) for tracks in (with_stretches(6, 9), noise(8, 2)))
    against = seqlets_like_control(found, control, size)
    expected = naive.rates_by_control(found.p_value.tolist(), control.p_value.tolist(), size)
    np.testing.assert_allclose(against.q_value, expected, rtol=1e-12)
    assert places(against) == places(found)
    order = np.argsort(found.p_value)
    assert (np.diff(against.q_value[order]) >= 0).all()


@pytest.mark.parametrize("spread", [0, 3])
def test_a_control_like_the_tracks_themselves_leaves_hardly_anything(spread):
    """Neighbours in smoothed noise are alike, which a sum of draws takes for a signal, and a control does not."""
    kernel = np.ones(1 + 2 * spread)
    tracks, control = (np.array([np.convolve(row, kernel, "same") for row in noise(150, seed)]) for seed in (1, 2))
    found = candidate_seqlets(tracks.astype(np.float32))
    against = seqlets_like_control(found, candidate_seqlets(control.astype(np.float32)), 1.0)
    assert (against.q_value <= 0.2).sum() <= 5
    assert np.median(against.q_value) > 0.8
    assert spread == 0 or (found.q_value <= 0.05).sum() > 100


def test_a_control_without_windows_leaves_everything():
    found, control = candidate_seqlets(with_stretches(5, 9)), candidate_seqlets(np.zeros((5, LENGTH), np.float32))
    against = seqlets_like_control(found, control, 1.0)
    np.testing.assert_allclose(against.q_value, 1 / len(found))  # one window might have been there


def test_some_seqlets_are_taken():
    found = candidate_seqlets(with_stretches(10, 9))
    index = np.array([4, 0, 2])
    assert rows(found.take(index)) == [rows(found)[place] for place in (4, 0, 2)]
