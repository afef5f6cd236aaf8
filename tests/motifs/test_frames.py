"""Frames around seqlets against slices of the sequences."""

import numpy as np
import pytest

from naive import discovery as naive
from planted import sharp, simulated
from seqinterp.motifs.frames import COLUMNS, DECOYS, FRAME, MARGIN, MIDDLE, SHIFTS, frames_of, unit
from seqinterp.motifs.seqlets import Seqlets
from seqinterp.motifs.tracks import as_tracks

LENGTH = 70
GENERATOR = np.random.default_rng(0)
INPUTS = np.eye(4, dtype=np.float32)[GENERATOR.integers(0, 4, (5, LENGTH))].transpose(0, 2, 1).copy()
TRACKS = as_tracks(INPUTS, GENERATOR.normal(size=INPUTS.shape).astype(np.float32))


def seqlets(places):
    """Seqlets of (example, start, stop, sign), with nothing else known of them."""
    example, start, stop, sign = np.array(places).reshape(-1, 4).T.copy()
    nothing = np.zeros(len(places))
    return Seqlets(example, start, stop, sign, nothing, nothing, nothing)


SOME = [(0, 30, 41, 1), (1, 0, 7, 1), (2, 63, 70, -1), (4, 20, 42, -1), (4, 33, 44, 1), (3, 1, 17, 1)]


def test_templates_fit_into_frames():
    assert FRAME == COLUMNS + SHIFTS - 1 == 2 * MIDDLE + 1


@pytest.mark.parametrize("what", ["contributions", "hypothetical"])
def test_frames_are_cut_around_the_middle_of_each_seqlet(what):
    values = getattr(TRACKS, what)
    frames = frames_of(TRACKS, seqlets(SOME), None if what == "contributions" else values)
    assert frames.values.shape == (len(SOME), FRAME, 4)
    assert frames.values.dtype == np.float32
    for frame, half, (example, start, stop, sign) in zip(frames.values, frames.halves, SOME, strict=True):
        for column in range(FRAME):
            position = (start + stop) // 2 - MIDDLE + column
            inside = 0 <= position < LENGTH
            expected = sign * values[example, :, position] if inside else np.zeros(4)
            np.testing.assert_array_equal(frame[column], expected)
        assert MIDDLE - half <= MIDDLE - (stop - start) // 2 - MARGIN
    assert (frames.halves <= MIDDLE).all()


def test_a_seqlet_as_wide_as_a_frame_is_shuffled_within_it():
    frames = frames_of(TRACKS, seqlets([(0, 2, 68, 1)]))
    assert frames.halves.tolist() == [MIDDLE]
    assert frames.shuffled.values.shape[1:] == (FRAME, 4)


def test_seeds_depend_on_the_contributions_alone():
    frames, order = frames_of(TRACKS, seqlets(SOME)), np.array([3, 1, 5, 0, 4, 2])
    assert len(set(frames.seeds.tolist())) == len(SOME)
    assert (frames.seeds >= 0).all()
    np.testing.assert_array_equal(frames.take(order).seeds, frames.seeds[order])
    np.testing.assert_array_equal(frames_of(TRACKS, seqlets(SOME * 2)).seeds, np.tile(frames.seeds, 2))


def test_some_frames_are_taken():
    frames, index = frames_of(TRACKS, seqlets(SOME)), np.array([4, 0])
    np.testing.assert_array_equal(frames.take(index).values, frames.values[index])
    np.testing.assert_array_equal(frames.take(index).halves, frames.halves[index])
    assert len(frames.take(index)) == 2


def test_shuffled_frames_hold_the_same_columns_in_another_order():
    frames = frames_of(TRACKS, seqlets(SOME))
    shuffled = frames.shuffled
    draws = len(shuffled) // len(frames)
    assert draws * len(frames) == len(shuffled) >= DECOYS
    assert draws == -(-DECOYS // len(frames))
    for number in (0, 1, draws - 1, draws, 3 * draws + 7, len(shuffled) - 1):
        frame, half, seed = (held[number // draws] for held in (frames.values, frames.halves, frames.seeds))
        order = naive.shuffled(FRAME, int(half), int(seed) + number % draws)
        np.testing.assert_array_equal(shuffled.values[number], frame[order])
        inside = [column for column in order if abs(column - MIDDLE) <= half]
        assert order[MIDDLE - half : MIDDLE + half + 1] == inside


def test_the_same_frame_is_shuffled_the_same_way_whatever_it_is_among():
    sim = simulated([sharp("GTAAACAGATTC")], sites=40, per=1)
    some = seqlets([(site.example, site.start, site.stop, 1) for site in sim.sites])
    frames, order = frames_of(sim.tracks, some), np.random.default_rng(0).permutation(40)
    draws = DECOYS // 40
    one = frames.shuffled.values.reshape(40, draws, FRAME, 4)
    other = frames.take(order).shuffled.values.reshape(40, draws, FRAME, 4)
    np.testing.assert_array_equal(one[order], other)
    np.testing.assert_array_equal(frames.values, frames_of(sim.tracks, some).values)  # what is shuffled is a copy


def test_aligned_windows_begin_at_their_shift_and_are_turned():
    frames = frames_of(TRACKS, seqlets(SOME))
    index, shift, reverse = np.array([2, 0, 2]), np.array([0, SHIFTS - 1, 7]), np.array([False, True, True])
    for window, one, begun, turned in zip(frames.aligned(index, shift, reverse), index, shift, reverse, strict=True):
        expected = frames.values[one, begun : begun + COLUMNS]
        np.testing.assert_array_equal(window, expected[::-1, ::-1] if turned else expected)


def test_unit_windows_have_a_norm_of_one_or_are_zero():
    windows = GENERATOR.normal(size=(4, 6, 4)) * np.array([1, 1e-8, 1e8, 0])[:, None, None]
    norms = np.linalg.norm(unit(windows).reshape(4, -1), axis=1)
    np.testing.assert_allclose(norms, [1, 1, 1, 0], rtol=1e-12)
    np.testing.assert_allclose(unit(windows)[0] * np.linalg.norm(windows[0]), windows[0])
