"""The best of all alignments against loops, and shuffles against the same generator in whole numbers."""

import numpy as np
import pytest

from naive import discovery as naive
from seqinterp.kernels.best_alignments import keep_best, shuffle_columns


def kept(products, energies, frames):
    """What `keep_best` fills in: (best, dots, where), each (frames, templates)."""
    shape = (frames, products.shape[1] // 2)
    best, dots, where = np.empty(shape, np.float32), np.empty(shape, np.float32), np.empty(shape, np.int64)
    keep_best(products, energies, best, dots, where)
    return best, dots, where


def test_best_of_all_shifts_and_strands():
    generator = np.random.default_rng(0)
    products = generator.normal(size=(6 * 5, 2 * 3)).astype(np.float32)
    energies = generator.uniform(0.1, 2, size=(6 * 5, 2 * 3)).astype(np.float32)
    best, dots, where = kept(products, energies, 6)
    cosines = (products / np.sqrt(energies)).reshape(6, 5, 2, 3)
    for frame in range(6):
        for template in range(3):
            here = cosines[frame, :, :, template].T.ravel()  # forward shifts first, then those of the reverse strand
            place = int(here.argmax())
            assert where[frame, template] == place
            assert best[frame, template] == pytest.approx(here[place] * abs(here[place]), rel=1e-5)
            assert dots[frame, template] == products[frame * 5 + place % 5, place // 5 * 3 + template]


def test_of_equals_the_first_is_kept():
    products, energies = np.ones((2 * 4, 2), np.float32), np.ones((2 * 4, 2), np.float32)
    assert kept(products, energies, 2)[2].tolist() == [[0], [0]]
    products[2], products[3] = [1, 2], [2, 2]  # the largest lies forward at shift 3, and twice on the reverse strand
    assert kept(products, energies, 2)[2].tolist() == [[3], [0]]


def test_of_negative_products_the_least_negative_cosine_is_kept():
    products = np.array([[-3.0, -1.0], [-2.0, -4.0]], np.float32)
    best, dots, where = kept(products, np.ones((2, 2), np.float32), 1)
    assert (best.item(), dots.item(), where.item()) == (-1.0, -1.0, 2)


def test_nothing_fits_nothing():
    best, dots, where = kept(np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32), 1)
    assert (best.item(), dots.item(), where.item()) == (0.0, 0.0, 0)


def numbered(count, width):
    """Windows whose columns can be told apart."""
    columns = np.arange(width, dtype=np.float32)
    return np.repeat((columns[:, None] * 10 + np.arange(4, dtype=np.float32))[None], count, axis=0)


def order_of(window):
    assert (window - window[:, :1] == np.arange(4)).all(), "a column was torn apart"
    return (window[:, 0] / 10).astype(int).tolist()


@pytest.mark.parametrize("half", [0, 1, 4, 7, 20])
def test_the_middle_and_both_sides_are_shuffled_among_themselves(half):
    windows, seeds = numbered(40, 15), np.arange(40) * 7919
    shuffle_columns(windows, np.full(40, half), seeds)
    low, high = max(0, 7 - half), min(15, 8 + half)
    for window, seed in zip(windows, seeds.tolist(), strict=True):
        order = order_of(window)
        for begun, ended in ((0, low), (low, high), (high, 15)):
            assert sorted(order[begun:ended]) == list(range(begun, ended))
        assert order == naive.shuffled(15, half, seed)


def test_each_window_has_its_own_half_and_seed():
    windows, halves, seeds = numbered(3, 9), np.array([1, 4, 0]), np.array([5, 2**56 - 1, 5])
    shuffle_columns(windows, halves, seeds)
    expected = [naive.shuffled(9, half, seed) for half, seed in zip(halves.tolist(), seeds.tolist(), strict=True)]
    assert [order_of(window) for window in windows] == expected


def test_the_same_seed_gives_the_same_order():
    one, other = numbered(5, 31), numbered(5, 31)
    shuffle_columns(one, np.full(5, 12), np.arange(5))
    shuffle_columns(other[::-1], np.full(5, 12), np.arange(5)[::-1].copy())
    np.testing.assert_array_equal(one, other)
    assert len({tuple(order_of(window)) for window in one}) == 5


def test_all_orders_of_three_columns_are_as_frequent():
    windows = numbered(6000, 3)
    shuffle_columns(windows, np.ones(6000, np.int64), np.arange(6000))
    _, counts = np.unique([order_of(window) for window in windows], axis=0, return_counts=True)
    assert len(counts) == 6
    assert np.abs(counts - 1000).max() < 4 * np.sqrt(1000 * 5 / 6)
