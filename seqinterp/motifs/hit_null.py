"""How well a motif fits by chance: the worth of windows in shuffled sequences, and p-values from it."""

import hashlib
from dataclasses import dataclass

import numpy as np

from seqinterp.kernels.match_motifs import Templates, worths
from seqinterp.shapes import BaseMap, BaseMaps, MapRows, Numbers, Places, Series

POSITIONS = 500_000  # of shuffled sequences together, so that a tail of one in a million is reached
TAIL = 500  # of the largest values: what the tail is fitted to
FEWEST = 50  # values that a tail can be fitted to


@dataclass(frozen=True, eq=False)
class Null:
    """The chance distribution of one motif's worth: its largest values, in rising order, out of `count`.

    The tail beyond the largest 500 is a generalised Pareto distribution, as Knijnenburg et al. 2009
    (doi:10.1093/bioinformatics/btp211) use it where few or no permutations are as extreme; fitted by
    probability-weighted moments (Hosking and Wallis 1987, doi:10.1080/00401706.1987.10488243). Its shape is held at 0
    or above: a tail that ends would give a p-value of 0.
    """

    largest: Numbers
    count: int

    def limit(self, share: float) -> float:
        """The worth that no more than this share of the windows exceeds; 0 where so many are not worth anything."""
        place = len(self.largest) - int(share * self.count) - 1
        return float(self.largest[place]) if place >= 0 else 0.0

    def p_values(self, worth: Numbers) -> Numbers:
        """(1 + windows worth as much or more) / (1 + windows); beyond the largest 500, the fitted tail.

        Exact for a worth no smaller than the least of `largest`.
        """
        more = len(self.largest) - np.searchsorted(self.largest, worth, side="left")
        found: Numbers = (1 + more) / (1 + self.count)
        tail = self.largest[-TAIL:]
        if len(tail) < FEWEST or tail[-1] <= tail[0]:
            return found
        beyond = worth > tail[0]
        found[beyond] = _pareto_tail(tail[1:] - tail[0], worth[beyond] - tail[0]) * (1 + len(tail)) / (1 + self.count)
        return found


def _pareto_tail(excesses: Series, excess: Numbers) -> Numbers:
    """P(X > excess) of the generalised Pareto distribution that has the moments of the rising `excesses`."""
    count = len(excesses)
    mean = excesses.mean()
    weighted = ((1 - (np.arange(count) + 0.65) / count) * excesses).mean()
    shape = 2 - mean / (mean - 2 * weighted)  # positive: heavier than an exponential
    if shape <= 0:
        light: Numbers = np.exp(-excess / mean)
        return light
    scale = 2 * mean * weighted / (mean - 2 * weighted)
    heavy: Numbers = (1 + shape * excess / scale) ** (-1 / shape)
    return heavy


def shuffled(contributions: BaseMaps, inputs: BaseMaps, seed: int) -> tuple[MapRows, MapRows]:
    """Sequences with their columns in random order, contributions and bases together, 500,000 positions or more.

    Every example as often as that takes, or once some of them, drawn at random. The random numbers come from `seed` and
    the example's own bytes alone, so the order of the examples changes nothing. Columns without a base, as of N, stay.
    """
    length = contributions.shape[2]
    draws = -(-POSITIONS // (len(contributions) * length))
    keys = [_key(*pair, seed) for pair in zip(contributions, inputs, strict=True)]
    taken = np.argsort(np.array(keys, np.uint64), kind="stable")[: -(-POSITIONS // length)]
    orders = [_orders(inputs[i], draws, keys[i]) for i in taken]
    return (
        np.stack([contributions[i].take(row, axis=1) for i, order in zip(taken, orders, strict=True) for row in order]),
        np.stack([inputs[i].take(row, axis=1) for i, order in zip(taken, orders, strict=True) for row in order]),
    )


def null_of(tracks: tuple[MapRows, MapRows], templates: Templates, motif: int, share: float) -> Null:
    """The chance distribution of a motif in shuffled contributions and inputs: the largest `share` of the worths.

    Of windows that may be sites, whose bases are likelier in the motif than in the background; of all, where fewer than
    500 of those are worth anything. The others count as worth nothing.
    """
    worth, count = _worths(tracks, templates, motif, likely=True)
    if len(worth) < TAIL:
        worth, count = _worths(tracks, templates, motif, likely=False)
    return Null(np.sort(worth)[-max(TAIL, int(share * count) + 1) :].astype(np.float64), count)


def _worths(tracks: tuple[MapRows, MapRows], templates: Templates, motif: int, *, likely: bool) -> tuple[Numbers, int]:
    """What the windows on both strands are worth, those left out that are worth nothing; and how many there are."""
    contributions, inputs = tracks
    found = np.empty((len(contributions), contributions.shape[2]), np.float32)
    worth, count = [], 0
    for template in (2 * motif, 2 * motif + 1):
        windows = worths(contributions, inputs, templates, template, likely, found)
        worth.append(found[:, :windows][found[:, :windows] > 0])
        count += len(found) * windows
    return np.concatenate(worth), count


def _key(contributions: BaseMap, inputs: BaseMap, seed: int) -> int:
    """A number made of `seed` and the bytes of one example."""
    made = hashlib.blake2b(f"{seed} hits ".encode(), digest_size=8)
    made.update(np.ascontiguousarray(contributions).tobytes() + np.ascontiguousarray(inputs).tobytes())
    return int.from_bytes(made.digest(), "little")


def _orders(inputs: BaseMap, draws: int, key: int) -> Places:
    """Random orders of the positions, (draws, position), in which positions without a base keep their place."""
    present = np.flatnonzero(inputs.any(axis=0))
    orders = np.tile(np.arange(inputs.shape[1]), (draws, 1))
    orders[:, present] = np.random.default_rng(key).permuted(np.tile(present, (draws, 1)), axis=1)
    return orders
