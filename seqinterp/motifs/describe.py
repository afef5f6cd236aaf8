"""A pattern as a motif: counts, contributions and places of its seqlets, trimmed to the columns that say something."""

from dataclasses import dataclass, replace

import numpy as np

from seqinterp.motifs.assign import Members, steady_mean
from seqinterp.motifs.frames import COLUMNS, MIDDLE
from seqinterp.motifs.low_complexity import repeat_note
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.seqlets import Seqlets
from seqinterp.motifs.tracks import Tracks
from seqinterp.shapes import BaseMaps, Blocks, Counters, Flags, Listing

FLANK = 2  # columns beside those that say something which names are looked for with: of few sites they cannot say yet
BITS = 0.25  # of a column at an end
SHARE = 0.2  # or of the largest column's contribution
# bits that one of a thousand columns of n random sites exceeds, times n: 2 n ln(2) bits are a chi-squared of 3 degrees
BY_CHANCE = 16.27 / (2 * np.log(2))


@dataclass(frozen=True, eq=False)
class Described:
    """A motif and its seqlets: which, and the window [start, start + width) of each with its strand.

    wide: the motif with a few columns more, `beside` of them on its left.
    """

    motif: Motif
    wide: Motif
    beside: int
    index: Listing
    start: Counters
    reverse: Flags


def describe(tracks: Tracks, seqlets: Seqlets, members: Members, name: str) -> Described | None:
    """The motif of a pattern, on the strand that most of its seqlets are on.

    Seqlets whose window would leave the sequence, or is another's, are left out; None when nothing is left.
    """
    first = (seqlets.start[members.index] + seqlets.stop[members.index]) // 2 - MIDDLE + members.shift
    example, reverse = seqlets.example[members.index], members.reverse
    if 2 * int(reverse.sum()) > len(reverse):
        reverse = ~reverse
    low, high = _informative(tracks, example, first, reverse)
    start = first + np.where(reverse, COLUMNS - high, low)
    inside = (start >= 0) & (start + high - low <= tracks.length)
    inside &= _first_of_each(example, start)  # seqlets side by side may be aligned with one and the same site
    example, start, reverse = example[inside], start[inside], reverse[inside]
    if len(example) == 0:
        return None
    counts = windows_of(tracks.inputs, example, start, reverse, high - low).sum(axis=0).T
    shown = windows_of(tracks.contributions, example, start, reverse, high - low).mean(axis=0).T
    asked = tracks.contributions if tracks.hypothetical is None else tracks.hypothetical
    hypothetical = windows_of(asked, example, start, reverse, high - low).mean(axis=0).T
    motif = Motif(
        name=name,
        pfm=counts,
        hits=len(example),
        cwm=shown.astype(np.float64),
        hypothetical_cwm=hypothetical.astype(np.float64),
        sign=int(seqlets.sign[members.index[0]]),
    )
    around = windows_of(tracks.inputs, example, start - FLANK, reverse, high - low + 2 * FLANK)
    notes = [note for note in (repeat_note(motif), _copies_note(tracks, example, start)) if note]
    wide = Motif(name=name, pfm=around.sum(axis=0).T)
    return Described(replace(motif, note="; ".join(notes)), wide, FLANK, members.index[inside], start, reverse)


def windows_of(values: BaseMaps, example: Counters, start: Counters, reverse: Flags, width: int) -> Blocks:
    """Windows (site, position, base) of (batch, 4, position), turned where reversed; zero beyond the sequence."""
    columns = start[:, None] + np.arange(width)
    inside = (columns >= 0) & (columns < values.shape[2])
    found: Blocks = values[example[:, None], :, columns.clip(0, values.shape[2] - 1)] * inside[:, :, None]
    found[reverse] = found[reverse, ::-1, ::-1]
    return found


def _informative(tracks: Tracks, example: Counters, first: Counters, reverse: Flags) -> tuple[int, int]:
    """The columns from the first to the last that say something, by information or by a steady contribution."""
    counts = windows_of(tracks.inputs, example, first, reverse, COLUMNS).sum(axis=0)
    sizes = np.abs(steady_mean(windows_of(tracks.contributions, example, first, reverse, COLUMNS))).sum(axis=1)
    sites = counts.sum(axis=1)
    shares = counts / np.maximum(sites, 1)[:, None]
    bits = 2 + (shares * np.log2(np.maximum(shares, 1e-12))).sum(axis=1)
    telling = (bits >= np.maximum(BITS, BY_CHANCE / np.maximum(sites, 1))) & (sites > len(example) / 2)
    good = np.flatnonzero(telling | (sizes >= SHARE * sizes.max()))
    return int(good[0]), int(good[-1]) + 1


def _first_of_each(example: Counters, start: Counters) -> Flags:
    """Whether no earlier seqlet has the same window."""
    _, first = np.unique(np.stack([example, start]), axis=1, return_index=True)
    kept: Flags = np.isin(np.arange(len(example)), first)
    return kept


def _copies_note(tracks: Tracks, example: Counters, start: Counters) -> str:
    """Says so when most sites lie in copies of one another, as in overlapping inputs."""
    around = windows_of(tracks.inputs, example, start - COLUMNS, np.zeros(len(start), bool), 3 * COLUMNS)
    inside = around.any(axis=(0, 2))
    kinds = len(np.unique(around[:, inside].reshape(len(around), -1), axis=0))
    return f"{len(around)} sites, of which {kinds} in different sequences" if 2 * kinds <= len(around) else ""
