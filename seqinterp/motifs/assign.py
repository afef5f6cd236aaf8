"""Every seqlet given to the pattern that explains most of it; patterns that are one and the same made one."""

from dataclasses import dataclass

import numpy as np

from seqinterp.motifs.alignment import best_fits, centred, compared
from seqinterp.motifs.frames import COLUMNS, Frames, unit
from seqinterp.motifs.grow import better_than_chance
from seqinterp.shapes import Blocks, Flags, Listing, Matrix, Numbers, Patterns, Templates

ROUNDS = 4
UNSURE = 2.0  # more than James and Stein's own factor of 1/2: a column has to be seen, not suspected
MARGIN = 0.2  # least share of what a pattern explains of its members that another does not, of many members
FAR = 5  # times fewer members than the other
OF_FAR_FEWER = 0.3  # more than that for so few
OF_FEW = 0.5  # more than that for few members: this over the root of their number


@dataclass(frozen=True, eq=False)
class Members:
    """The seqlets of one pattern, and how they are aligned with its template."""

    template: Matrix
    index: Listing
    shift: Listing
    reverse: Flags

    def __len__(self) -> int:
        return len(self.index)


def assign(frames: Frames, means: Templates, least: int) -> list[Members]:
    """Patterns with the seqlets that they explain best and better than chance, largest first.

    At least `least` seqlets each have to fit the mean of the others, too: a pattern fits what it was made of. Of two
    patterns that explain each other's seqlets the larger remains.
    """
    found: list[Members] = []
    for _ in range(ROUNDS):
        if len(means) == 0:
            return []
        means, found = _assigned(frames, centred(means), least)
        kept: list[int] = []
        for place, one in enumerate(found):
            if is_its_own(frames, one, [found[other] for other in kept]):
                kept.append(place)
        means, found = means[kept], [found[place] for place in kept]
    return found


def templates_of(found: list[Members]) -> Templates:
    """The templates of some patterns, (patterns, COLUMNS, 4)."""
    return np.array([one.template for one in found], np.float32).reshape(-1, COLUMNS, 4)


def is_its_own(frames: Frames, members: Members, others: list[Members]) -> bool:
    """Whether a pattern explains its members by so much better than each of the others does that it is another one."""
    if len(others) == 0:
        return True
    templates = templates_of(others)
    fits = best_fits(frames.take(members.index), templates, (templates != 0).any(axis=2).astype(np.float32))
    own = float((np.maximum(_by_the_others(frames, members)[0], 0) ** 2).sum())
    explained = (np.maximum(fits.dot, 0) ** 2).sum(axis=0)
    least = np.array([least_margin(len(members), len(other)) for other in others])
    return bool((explained <= (1 - least) * own).all())


def least_margin(members: int, others: int) -> float:
    """The share of what a pattern of so many members explains that another, of so many, must not explain.

    More where it is far smaller: of many sites of one motif those with the same odd base look like another.
    """
    return MARGIN + OF_FEW / float(np.sqrt(members)) + (OF_FAR_FEWER if FAR * members < others else 0.0)


def steady_mean(windows: Blocks) -> Matrix:
    """The mean of windows, each scaled to a norm of 1; columns shrunk by how unsure they are, to zero where noise.

    James and Stein's factor (1961) for each column, 1 - UNSURE * variance of the mean / squared mean.
    """
    scaled = unit(windows)
    mean: Matrix = scaled.mean(axis=0)
    squares = (mean**2).sum(axis=1)
    variance = ((scaled**2).sum(axis=2).mean(axis=0) - squares) / max(1, len(windows) - 1)
    shrunk: Matrix = mean * np.maximum(0, 1 - UNSURE * variance / np.maximum(squares, 1e-20))[:, None]
    return shrunk


def _assigned(frames: Frames, means: Templates, least: int) -> tuple[Patterns, list[Members]]:
    """One round: the members of each pattern, largest first, and the means of these.

    Of the patterns that a seqlet fits better than chance it goes to the one that explains most of it.
    """
    templates, covered = compared(means)
    fits, chance = best_fits(frames, templates, covered), best_fits(frames.shuffled, templates, covered)
    limits = [better_than_chance(fits.cosine[:, place], chance.cosine[:, place]) for place in range(len(means))]
    good = fits.cosine >= np.array(limits, np.float32)
    own = np.where(good, fits.dot, -np.inf).argmax(axis=1)
    found = []
    for place in range(len(means)):
        index = np.flatnonzero((own == place) & good[:, place])
        if len(index) < least:
            continue
        one = Members(templates[place], *fits.of(place, index))
        mean = steady_mean(frames.aligned(*fits.of(place, index)))
        # what is of the other sign has strayed into the frames from beside the seqlets
        if mean.sum() > 0 and (_by_the_others(frames, one)[1] >= limits[place]).sum() >= least:
            found.append((mean, one))
    found.sort(key=lambda pair: -len(pair[1]))
    return np.array([mean for mean, _ in found], np.float32).reshape(-1, COLUMNS, 4), [one for _, one in found]


def _by_the_others(frames: Frames, members: Members) -> tuple[Numbers, Numbers]:
    """Product and cosine of each member with the unit mean of all the others: with its own it would fit in any case."""
    windows = frames.aligned(members.index, members.shift, members.reverse)
    windows *= (members.template != 0).any(axis=1)[:, None]
    scaled = unit(windows)
    others = unit(scaled.sum(axis=0) - scaled)
    return (windows * others).sum(axis=(1, 2)), (scaled * others).sum(axis=(1, 2))
