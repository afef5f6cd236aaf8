"""Patterns grown from seqlets that have many near neighbours, each held against seqlets with shuffled columns."""

from dataclasses import dataclass

import numpy as np

from seqinterp.motifs.alignment import Fits, best_fits, centred, compared
from seqinterp.motifs.frames import COLUMNS, MIDDLE, SHIFT, Frames, unit
from seqinterp.shapes import Listing, Matrix, Numbers, Patterns, Places, Series, Templates

NEIGHBOURS = 10  # nearest seqlets that a pattern begins with
SEEDS = 12  # patterns that are grown side by side
PATIENCE = 6  # times that nothing new grows, after which nothing more is expected
BLOCK = 48  # seqlets that are compared with all others at once
ROUNDS = 4  # of looking for members and taking their mean
CHANCE = 0.05  # largest share of a pattern's members that shuffled seqlets would be
NEW = 0.5  # least share of a pattern's members that are in no larger pattern


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest of each seqlet, nearest first, all (seqlets, NEIGHBOURS), with their alignments to it."""

    index: Places
    cosine: Matrix
    shift: Places
    reverse: np.ndarray


def neighbours(frames: Frames) -> Neighbours:
    """Compare every seqlet, with a few positions beside it, with the frames of all others."""
    columns = np.arange(SHIFT, SHIFT + COLUMNS)
    inside = np.abs(columns - MIDDLE) <= frames.halves[:, None]
    templates = unit(frames.values[:, columns] * inside[:, :, None]).astype(np.float32)
    count = min(NEIGHBOURS, len(frames) - 1)
    found: list[tuple[np.ndarray, ...]] = []
    for first in range(0, len(frames), BLOCK):
        here = slice(first, first + BLOCK)
        fits = best_fits(frames, templates[here], inside[here].astype(np.float32))
        itself = np.arange(first, min(first + BLOCK, len(frames)))
        fits.cosine[itself, itself - first] = -np.inf
        index = np.argsort(-fits.cosine, axis=0, kind="stable")[:count].T
        column = (itself - first)[:, None]
        found.append((index, *(held[index, column] for held in (fits.cosine, fits.shift, fits.reverse))))
    return Neighbours(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def seeds_of(near: Neighbours) -> Listing:
    """Seqlets whose neighbours are nearest first; none that is a near neighbour of one before it."""
    order = np.argsort(-near.cosine.mean(axis=1), kind="stable")
    taken = np.zeros(len(order), bool)
    seeds: list[int] = []
    for place in order.tolist():
        if not taken[place]:
            seeds.append(place)
            taken[near.index[place]] = True
    return np.array(seeds, np.int64)


def grow(frames: Frames, least: int) -> Templates:
    """Templates of patterns that at least `least` seqlets belong to, those of most seqlets first."""
    if len(frames) < max(3, least):
        return np.zeros((0, COLUMNS, 4), np.float32)
    near = neighbours(frames)
    seeds, found = seeds_of(near), []
    claimed, idle = np.zeros(len(frames), bool), 0
    while len(seeds) and idle < PATIENCE:
        some, seeds = seeds[:SEEDS], seeds[SEEDS:]
        means, members = refine(frames, beginnings(frames, near, some), least)
        idle += 1
        for place in np.argsort([-len(one) for one in members], kind="stable"):
            if len(members[place]) >= least and (~claimed[members[place]]).mean() >= NEW:
                claimed[members[place]] = True
                found.append(means[place])
                idle = 0
        seeds = seeds[~claimed[seeds]]
    return np.array(found, np.float32).reshape(-1, COLUMNS, 4)


def beginnings(frames: Frames, near: Neighbours, seeds: Listing) -> Templates:
    """The mean of each seed and its nearest seqlets."""
    found = []
    for seed in seeds:
        own = frames.aligned(np.array([seed]), np.array([SHIFT]), np.array([False]))
        others = frames.aligned(near.index[seed], near.shift[seed], near.reverse[seed])
        found.append(unit(np.concatenate([own, others])).mean(axis=0))
    return np.array(found, np.float32)


def refine(frames: Frames, means: Templates, least: int) -> tuple[Patterns, list[Listing]]:
    """Means of the members that each pattern finds, again and again, and the members at last.

    Patterns that have found nobody after two rounds are given up.
    """
    members: list[Listing] = []
    for number in range(ROUNDS):
        templates, covered = compared(centred(means))
        fits, chance = best_fits(frames, templates, covered), best_fits(frames.shuffled, templates, covered)
        members = [
            _members(fits.cosine[:, one], chance.cosine[:, one], least if number == 0 else 0)
            for one in range(len(means))
        ]
        means = np.array(
            [mean_of(frames, fits, one, index, means[one]) for one, index in enumerate(members)], np.float32
        )
        if number == 1:
            going = [place for place, index in enumerate(members) if len(index) > 0]
            means, members = means[going], [members[place] for place in going]
        if len(means) == 0:
            break
    return means, members


def mean_of(frames: Frames, fits: Fits, template: int, index: Listing, otherwise: Matrix) -> Matrix:
    """The mean of aligned members, each scaled to a norm of 1; where there are none, what there was."""
    if len(index) == 0:
        return otherwise
    mean: Matrix = unit(frames.aligned(*fits.of(template, index))).mean(axis=0)
    return mean


def _members(cosine: Numbers, chance: Series, least: int) -> Listing:
    """The seqlets that fit better than chance, or at least the `least` best."""
    found = np.flatnonzero(cosine >= better_than_chance(cosine, chance))
    if len(found) < least:
        found = np.sort(np.argsort(-cosine, kind="stable")[:least])
    return found


def better_than_chance(cosine: Numbers, chance: Series) -> float:
    """The least cosine at which shuffled seqlets are at most a share CHANCE of those found; infinite if there is none.

    The target-decoy estimate of Elias and Gygi 2007, doi:10.1038/nmeth1019, with one added to the decoys.
    """
    ordered = np.sort(cosine)[::-1]
    decoys = np.searchsorted(-np.sort(chance)[::-1], -ordered, side="right")
    rates = (decoys + 1) / np.arange(1, len(ordered) + 1) * (len(cosine) / max(1, len(chance)))
    good = np.flatnonzero(rates <= CHANCE)
    if len(good) == 0:
        return np.inf
    # halfway down to what comes next, of either kind: members are not what sets the limit
    last = float(ordered[good[-1]])
    below = np.concatenate([cosine[cosine < last], chance[chance < last]])
    return (last + float(below.max())) / 2 if len(below) else last
