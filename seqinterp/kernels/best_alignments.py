"""The best of all alignments of windows with templates, and windows with their columns shuffled."""

import numpy as np

from seqinterp.kernels import kernel
from seqinterp.shapes import Blocks, Counters, Matrix, Places


@kernel
def keep_best(products: Matrix, energies: Matrix, best: Matrix, dots: Matrix, where: Places) -> None:
    """For each window and template the largest cosine over shifts and strands, where it is, and the product there.

    products, energies: (windows * shifts, 2 * templates): dot products with unit templates, forward and then
    reversed, and squared norms of what the templates cover. best: the square of the cosine with its sign. where: the
    shift, plus `shifts` on the reverse strand. Of equals the first is kept.
    """
    shifts = len(products) // len(best)
    templates = products.shape[1] // 2
    for window in range(len(best)):
        most, dot, place = best[window], dots[window], where[window]
        for template in range(templates):
            most[template], place[template] = -np.inf, 0
        for strand in range(2):
            for shift in range(shifts):
                row = window * shifts + shift
                product, energy = products[row, strand * templates :], energies[row, strand * templates :]
                for template in range(templates):
                    value = product[template] * abs(product[template]) / (energy[template] + np.float32(1e-20))
                    if value > most[template]:
                        most[template], dot[template] = value, product[template]
                        place[template] = strand * shifts + shift


@kernel
def _shuffle_stretch(window: Matrix, low: int, high: int, state: int) -> int:
    """Fisher and Yates's shuffle of the columns [low, high); the state of the generator after it."""
    number = np.uint64(state)
    for last in range(high - low - 1, 0, -1):
        number += np.uint64(0x9E3779B97F4A7C15)
        mixed = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        other = np.int64((mixed >> np.uint64(11)) % np.uint64(last + 1))
        for base in range(4):
            held = window[low + last, base]
            window[low + last, base] = window[low + other, base]
            window[low + other, base] = held
    return np.int64(number)


@kernel
def shuffle_columns(windows: Blocks, halves: Counters, seeds: Counters) -> None:
    """Shuffle the columns around the middle of each window (positions, bases) in place, `halves` to each side.

    The columns before these, and those after, are shuffled among themselves. Numbers are from splitmix64 (Steele et al.
    2014, doi:10.1145/2660193.2660195), which begins at the window's own seed.
    """
    length = windows.shape[1]
    middle = length // 2
    for index in range(len(windows)):
        low, high = max(0, middle - halves[index]), min(length, middle + halves[index] + 1)
        state = _shuffle_stretch(windows[index], low, high, seeds[index])
        state = _shuffle_stretch(windows[index], np.int64(0), low, state)
        _shuffle_stretch(windows[index], high, length, state)
