"""Motif discovery, one window, one alignment and one site at a time."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

GRID = 4096  # steps that the range of a track's values is cut into


@dataclass(frozen=True)
class Sums:
    """The chance of the sum of `draws` values, drawn with replacement: all sums, added up on a fine grid."""

    values: np.ndarray
    draws: int

    @cached_property
    def step(self) -> float:
        return float(self.values.max() - self.values.min()) / GRID

    @cached_property
    def tail(self) -> np.ndarray:
        """P(sum >= lowest sum + place * step) at every place."""
        once = np.bincount(np.rint((self.values - self.values.min()) / self.step).astype(int), minlength=GRID + 1)
        size = self.draws * GRID + 1
        padded = 1 << (size - 1).bit_length()
        sums = np.fft.irfft(np.fft.rfft(once / len(self.values), padded) ** self.draws, padded)[:size]
        return sums[::-1].cumsum()[::-1]

    def chance(self, total: float) -> float:
        """P(sum >= total)."""
        place = math.ceil((total - self.draws * self.values.min()) / self.step - 1e-6)
        return float(self.tail[place]) if place < len(self.tail) else 0.0

    def total(self, chance: float) -> float:
        """The largest total that is reached with at least this chance."""
        return float(self.draws * self.values.min() + self.step * np.flatnonzero(self.tail >= chance)[-1])


def windows(
    track: np.ndarray, widths: Sequence[int], log_p: Callable[[int, float], float]
) -> list[tuple[int, int, float]]:
    """(start, stop, log p) of windows that do not overlap: the most significant, then the next, and so on.

    Windows above the mean by two standard deviations, with a sum above 0, that no other of their width begins near to
    with a larger sum.
    """
    found = []
    for width in widths:
        sums = [float(track[start : start + width].sum()) for start in range(len(track) - width + 1)]
        for start, total in enumerate(sums):
            near = sums[max(0, start - width // 2) : start + width // 2 + 1]
            usual = width * track.mean() + 2 * track.std() * math.sqrt(width)
            if total == max(near) and total > max(usual, 0):
                found.append((start, start + width, min(0.0, log_p(width, total) + math.log(len(widths)))))
    kept: list[tuple[int, int, float]] = []
    for start, stop, log in sorted(found, key=lambda one: one[2]):
        if all(start >= other[1] or stop <= other[0] for other in kept):
            kept.append((start, stop, log))
    return sorted(kept)


def rates_by_control(p_values: Sequence[float], control: Sequence[float], size: float) -> list[float]:
    """The least share, over thresholds that a p-value passes, of the control's calls and one more among the calls."""
    found = []
    for p in p_values:
        shares = []
        for threshold in [other for other in p_values if other >= p]:
            calls = sum(other <= threshold for other in p_values)
            shares.append(min(1.0, (1 + sum(other <= threshold for other in control)) / size / calls))
        found.append(min(shares))
    return found


def best_fit(frame: np.ndarray, template: np.ndarray, covered: np.ndarray) -> tuple[float, float, int, bool]:
    """(cosine, product, shift, reverse) of a template (position, base) on a frame, over all shifts and both strands.

    The cosine with that part of the frame that lies under covered columns.
    """
    best = (-2.0, 0.0, 0, False)
    for reverse in (False, True):
        held, mask = (template[::-1, ::-1], covered[::-1]) if reverse else (template, covered)
        for shift in range(len(frame) - len(template) + 1):
            product = energy = 0.0
            for position in range(len(template)):
                for base in range(4):
                    value = float(frame[shift + position, base])
                    product += value * float(held[position, base])
                    energy += value**2 * float(mask[position])
            cosine = product / math.sqrt(energy) if energy > 0 else 0.0
            if cosine > best[0]:
                best = (cosine, product, shift, reverse)
    return best


def splitmix64(state: int) -> Iterator[int]:
    """Steele et al. 2014: numbers of 64 bits."""
    most = 2**64 - 1
    while True:
        state = (state + 0x9E3779B97F4A7C15) & most
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & most
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & most
        yield mixed ^ (mixed >> 31)


def shuffled(width: int, half: int, seed: int) -> list[int]:
    """The order of columns after three shuffles by Fisher and Yates: up to `half` from the middle, then either side.

    Each from its last place down, on one row of numbers without their lowest eleven bits.
    """
    numbers, low, high = splitmix64(seed), max(0, width // 2 - half), min(width, width // 2 + half + 1)
    order = list(range(width))
    for begun, ended in ((low, high), (0, low), (high, width)):
        for last in range(ended - 1, begun, -1):
            other = begun + (next(numbers) >> 11) % (last - begun + 1)
            order[last], order[other] = order[other], order[last]
    return order


def site(values: np.ndarray, start: int, stop: int, strand: str) -> np.ndarray:
    """One stretch of (4, position) as it is read on a strand."""
    cut = values[:, start:stop]
    return cut[::-1, ::-1] if strand == "-" else cut


def threshold_of_target_and_decoy(found: Sequence[float], decoys: Sequence[float], share: float) -> float:
    """Where (decoys as large + 1), scaled, are at most a share of those found as large: half-way to what is below."""
    good = [
        value
        for value in found
        if (sum(decoy >= value for decoy in decoys) + 1) * len(found) / max(1, len(decoys))
        <= share * sum(other >= value for other in found)
    ]
    if not good:
        return math.inf
    least = min(good)
    return (least + max((value for value in (*found, *decoys) if value < least), default=least)) / 2
