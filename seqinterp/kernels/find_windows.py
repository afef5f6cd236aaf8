"""Windows of a track whose sums are larger than chance, by the saddle point of each sequence's own values.

The sum of w values drawn from those of the sequence: Lugannani and Rice 1980, doi:10.2307/1426607, equation for the
tail of a sum. The values are put into bins first, each of the mean of what it holds.
"""

import math

import numpy as np

from seqinterp.kernels import kernel
from seqinterp.shapes import Counters, Matrix, Numbers, Places

BINS = 64
STEPS = 40  # of Newton's method, more than it ever takes
LEAST = 2.0  # standard deviations below which a sum is not looked at: its p-value is above 0.02
_LOWEST = -690.0  # of a logarithm: about what a double can hold


@kernel
def bins_of(values: Numbers, points: Numbers, weights: Numbers) -> int:
    """Fill the mean of each bin that holds a value, and its share of the values; how many there are."""
    low, high = values[0], values[0]
    for value in values:
        low, high = min(low, value), max(high, value)
    points[:] = 0.0
    weights[:] = 0.0
    width = (high - low) / BINS
    if width <= 0.0:
        return 0
    for value in values:
        place = min(BINS - 1, int((value - low) / width))
        points[place] += value
        weights[place] += 1.0
    found = 0
    for place in range(BINS):
        if weights[place] > 0.0:
            points[found], weights[found] = points[place] / weights[place], weights[place] / len(values)
            found += 1
    return found


@kernel
def log_normal_tail(z: float) -> float:
    """log P(Z > z) of a standard normal variable."""
    if z < 30.0:
        return math.log(0.5 * math.erfc(z / math.sqrt(2.0)))
    return -0.5 * z * z - math.log(z * math.sqrt(2.0 * math.pi))


@kernel
def log_tail(points: Numbers, weights: Numbers, draws: int, total: float) -> float:
    """log P(sum of `draws` values >= total), for a total above the mean of such sums."""
    mean, highest = total / draws, points[len(points) - 1]
    if mean >= highest * (1.0 - 1e-9):
        return float(max(_LOWEST, draws * math.log(weights[len(points) - 1])))
    slope, low, high = 0.0, 0.0, np.inf
    growth, first, second = 0.0, 0.0, 0.0
    for _ in range(STEPS):
        growth, first, second = 0.0, 0.0, 0.0
        for place in range(len(points)):  # relative to the highest value, so that nothing overflows
            share = weights[place] * math.exp(slope * (points[place] - highest))
            growth += share
            first += share * points[place]
            second += share * points[place] * points[place]
        first /= growth
        second = second / growth - first * first
        if abs(first - mean) <= 1e-6 * abs(highest - mean) or second <= 0.0:
            break
        if first < mean:
            low = slope
        else:
            high = slope
        slope += (mean - first) / second
        if slope <= low or slope >= high:
            slope = 0.5 * (low + high) if high < np.inf else 2.0 * low + 1e-9
    exponent = draws * (slope * mean - math.log(growth) - slope * highest)
    if exponent <= 1e-8 or second <= 0.0:
        return math.log(0.5)
    root, scaled = math.sqrt(2.0 * exponent), slope * math.sqrt(draws * second)
    if root > 25.0:  # the normal tail and its correction both vanish; what remains is their sum's leading term
        return float(max(_LOWEST, -exponent - math.log(scaled * math.sqrt(2.0 * math.pi))))
    tail = 0.5 * math.erfc(root / math.sqrt(2.0))
    tail += math.exp(-exponent) / math.sqrt(2.0 * math.pi) * (1.0 / scaled - 1.0 / root)
    return min(0.0, math.log(max(tail, 1e-300)))


@kernel
def _keep_apart(starts: Counters, stops: Counters, logs: Numbers, count: int, kept: Counters) -> int:
    """Of `count` windows the most significant, then the next that does not overlap those kept; how many."""
    order = np.argsort(logs[:count])
    found = 0
    for place in order:
        free = True
        for other in kept[:found]:
            free &= starts[place] >= stops[other] or stops[place] <= starts[other]
        if free:
            kept[found] = place
            found += 1
    return found


@kernel
def find_windows(tracks: Matrix, widths: Counters, places: Places, logs: Numbers) -> int:
    """Windows that do not overlap, in order of example; how many.

    tracks: (example, position), float64. places: filled with (example, start, stop). logs: filled with log p, of the
    most significant of `widths`, which is corrected for their number. A window is looked at where no other of its width
    that begins less than half its width away has a larger sum.
    """
    length, found, many = tracks.shape[1], 0, math.log(len(widths))
    points, weights, sums = np.empty(BINS), np.empty(BINS), np.empty(length + 1)
    most = length * len(widths)
    starts, stops, kept = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    tails = np.empty(most)
    for example in range(len(tracks)):
        track = tracks[example]
        held = bins_of(track, points, weights)
        if held < 2:
            continue
        mean, deviation = np.mean(track), np.std(track)
        sums[0] = 0.0
        for position in range(length):
            sums[position + 1] = sums[position] + track[position]
        count = 0
        for width in widths:
            least = width * mean + LEAST * deviation * math.sqrt(width)
            for start in range(length - width + 1):
                total = sums[start + width] - sums[start]
                if total <= max(least, 0.0):
                    continue
                best = True
                for other in range(max(0, start - width // 2), min(length - width, start + width // 2) + 1):
                    here = sums[other + width] - sums[other]
                    best &= here < total or (here == total and other >= start)
                if best:
                    log = log_tail(points[:held], weights[:held], width, total)
                    starts[count], stops[count], tails[count] = start, start + width, min(0.0, log + many)
                    count += 1
        for place in np.sort(kept[: _keep_apart(starts, stops, tails, count, kept)]):
            places[found, 0], places[found, 1], places[found, 2] = example, starts[place], stops[place]
            logs[found] = tails[place]
            found += 1
    return found
