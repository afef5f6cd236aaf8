"""The best alignments of frames with templates against a loop over shifts, strands, positions and bases."""

import numpy as np
import pytest
import torch

from naive import discovery as naive
from seqinterp.motifs import alignment
from seqinterp.motifs.alignment import EDGE, best_fits, centred, compared
from seqinterp.motifs.frames import COLUMNS, FRAME, SHIFT, SHIFTS, Frames, unit

GENERATOR = np.random.default_rng(0)


def frames(count, seed=0):
    values = np.random.default_rng(seed).normal(size=(count, FRAME, 4)).astype(np.float32)
    return Frames(values, np.full(count, 8))


def templates(*spans):
    """Unit templates that are zero outside their span, and which columns those are."""
    held, covered = np.zeros((len(spans), COLUMNS, 4), np.float32), np.zeros((len(spans), COLUMNS), np.float32)
    for number, (low, high) in enumerate(spans):
        held[number, low:high] = GENERATOR.normal(size=(high - low, 4))
        covered[number, low:high] = 1
    return unit(held).astype(np.float32), covered


SPANS = [(0, COLUMNS), (10, 21), (0, 7), (24, 31), (15, 16)]


def planted(held, shift, reverse, size=1.0, seed=1):
    """A frame of faint noise with a template at a shift on a strand."""
    frame = np.random.default_rng(seed).normal(0, 0.01, (FRAME, 4)).astype(np.float32)
    frame[shift : shift + COLUMNS] += size * (held[::-1, ::-1] if reverse else held)
    return frame


def test_best_fits_are_those_of_the_loop():
    some, (held, covered) = frames(4), templates(*SPANS)
    some.values[1, :20] = 0  # beyond the sequence
    fits = best_fits(some, held, covered)
    for frame in range(4):
        for template in range(len(SPANS)):
            cosine, product, shift, reverse = naive.best_fit(some.values[frame], held[template], covered[template])
            assert fits.cosine[frame, template] == pytest.approx(cosine, abs=2e-5)
            assert fits.dot[frame, template] == pytest.approx(product, abs=2e-5)
            assert (fits.shift[frame, template], fits.reverse[frame, template]) == (shift, reverse)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("shift", [0, 5, SHIFT, SHIFTS - 1])
@pytest.mark.parametrize("span", SPANS[:4])
def test_what_is_planted_is_found_where_it_is(span, shift, reverse):
    held, covered = templates(span)
    some = Frames(planted(held[0], shift, reverse)[None], np.array([8]))
    fits = best_fits(some, held, covered)
    assert (fits.shift.item(), fits.reverse.item()) == (shift, reverse)
    assert fits.cosine.item() > 0.98
    assert fits.dot.item() == pytest.approx(1, abs=0.05)
    index, begun, turned = fits.of(0, np.array([0]))
    window = some.aligned(index, begun, turned)[0] * covered[0][:, None]
    assert (window * held[0]).sum() == pytest.approx(fits.dot.item(), abs=1e-6)


def test_the_cosine_does_not_depend_on_the_size_of_either():
    held, covered = templates((8, 20))
    some = Frames(np.stack([planted(held[0], 9, True, size) * size for size in (1, 1)]), np.array([8, 8]))
    some.values[1] *= 1000
    fits = best_fits(some, held, covered)
    assert fits.cosine[0] == pytest.approx(fits.cosine[1], rel=1e-5)
    assert fits.dot[1] == pytest.approx(1000 * fits.dot[0], rel=1e-5)


def test_a_palindrome_is_read_forward():
    held, covered = templates((8, 20))
    held[0] = held[0] + held[0, ::-1, ::-1]
    covered[0] = np.maximum(covered[0], covered[0, ::-1])
    held = unit(held).astype(np.float32)
    fits = best_fits(Frames(planted(held[0], 4, False, seed=3)[None], np.array([8])), held, covered)
    assert (fits.shift.item(), fits.reverse.item()) == (4, False)


def test_an_empty_frame_fits_nothing():
    held, covered = templates(*SPANS)
    fits = best_fits(Frames(np.zeros((2, FRAME, 4), np.float32), np.array([8, 8])), held, covered)
    assert not fits.cosine.any() and not fits.dot.any()


def test_frames_are_compared_one_by_one(monkeypatch):
    """How many are compared at once changes no more than rounding; neither do threads."""
    some, (held, covered) = frames(50), templates(*SPANS)
    together = best_fits(some, held, covered)
    monkeypatch.setattr(alignment, "AT_ONCE", SHIFTS * 2 * len(SPANS) * 7)
    parts = best_fits(some, held, covered)
    torch.set_num_threads(2)
    threads = best_fits(some, held, covered)
    for name in ("shift", "reverse"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(together, name))
    np.testing.assert_allclose(parts.cosine, together.cosine, atol=1e-6)
    for name in ("cosine", "dot", "shift", "reverse"):
        np.testing.assert_array_equal(getattr(threads, name), getattr(parts, name))


def test_compared_columns_reach_from_the_first_large_one_to_the_last():
    means = np.full((3, COLUMNS, 4), 0.01, np.float32)
    means[0, [9, 12, 19]] = 1.0
    means[1, 30] = -2.0
    means[2, [0, 30]] = 0.5
    held, covered = compared(means)
    spans = [(9, 20), (30, 31), (0, 31)]
    for number, (low, high) in enumerate(spans):
        expected = np.zeros(COLUMNS)
        expected[low:high] = 1
        np.testing.assert_array_equal(covered[number], expected)
        kept = means[number] * expected[:, None]
        np.testing.assert_allclose(held[number], kept / np.linalg.norm(kept), rtol=1e-6)


@pytest.mark.parametrize(("size", "kept"), [(1.01 * EDGE, True), (0.99 * EDGE, False)])
def test_small_columns_at_the_ends_are_not_compared(size, kept):
    means = np.zeros((1, COLUMNS, 4), np.float32)
    means[0, 10:15, 2], means[0, 9, 1] = 1.0, size
    assert compared(means)[1][0].argmax() == (9 if kept else 10)


@pytest.mark.parametrize("low", [0, 3, 10, 19])
def test_centred_templates_have_their_weight_in_the_middle(low):
    means = np.zeros((1, COLUMNS, 4), np.float32)
    means[0, low : low + 11, 1] = np.array([1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1])
    moved = centred(means)[0]
    assert moved[:, 1].argmax() == COLUMNS // 2 + np.sign(low + 5 - COLUMNS // 2) * max(
        0, abs(low + 5 - COLUMNS // 2) - SHIFT
    )
    assert moved.sum() == pytest.approx(means.sum())
    np.testing.assert_array_equal(centred(moved[None])[0], moved)


def test_centred_templates_stay_where_they_are_in_the_middle():
    means = np.zeros((1, COLUMNS, 4), np.float32)
    means[0, 10:21] = GENERATOR.normal(size=4)
    np.testing.assert_array_equal(centred(means), means)
    assert not centred(np.zeros((1, COLUMNS, 4), np.float32)).any()
