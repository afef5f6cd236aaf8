"""Which part of a long sequence is drawn: as many columns as letters can be read of, where there is most to see."""

import numpy as np

from seqinterp.errors import InputError
from seqinterp.shapes import Certainties

MOST = 120  # columns whose letters can be read on a page


def shown_window(weight: Certainties, *, start: int | None = None, stop: int | None = None) -> tuple[int, int]:
    """The columns `[start, stop)` that are drawn; those given, else all, else the 120 that hold most `weight`.

    Of several such windows the one whose weight lies most in its middle.

    Raises:
        InputError: the window that was given is empty or leaves the sequence.
    """
    length = len(weight)
    if start is not None or stop is not None:
        low, high = start or 0, length if stop is None else stop
        if not 0 <= low < high <= length:
            raise InputError(f"the window [{low}, {high}) is empty or leaves the sequence of {length} bases")
        return low, high
    if length <= MOST:
        return 0, length
    sums = np.convolve(weight.astype(np.float64), np.ones(MOST), mode="valid")
    best = np.flatnonzero(sums >= sums.max() - 1e-9 * max(1.0, float(sums.max())))
    places = np.arange(length)
    middle = [abs(_centre(weight, places, int(low)) - (low + (MOST - 1) / 2)) for low in best]
    low = int(best[int(np.argmin(middle))])
    return low, low + MOST


def _centre(weight: Certainties, places: np.ndarray, low: int) -> float:
    """Where the weight of a window lies; its middle where it has none."""
    own = weight[low : low + MOST]
    total = float(own.sum())
    return float((own * places[low : low + MOST]).sum() / total) if total else low + (MOST - 1) / 2
