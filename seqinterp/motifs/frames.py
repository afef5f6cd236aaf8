"""Frames: what stands around each seqlet, wide enough for a motif that the seqlet holds only in part."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seqinterp.kernels.best_alignments import shuffle_columns
from seqinterp.motifs.seqlets import Seqlets
from seqinterp.motifs.tracks import Tracks
from seqinterp.shapes import BaseMaps, Blocks, Counters, Flags, Listing, Numbers

COLUMNS = 31  # of a template
SHIFT = 12  # positions that a template may move away from the middle of a frame
SHIFTS = 2 * SHIFT + 1
FRAME = COLUMNS + 2 * SHIFT
MIDDLE = FRAME // 2
DECOYS = 2000  # shuffled seqlets at least
MARGIN = 4  # positions beside a seqlet that are shuffled with it


@dataclass(frozen=True, eq=False)
class Frames:
    """Contributions around the middle of each seqlet, zero beyond the sequence.

    values: (seqlets, FRAME, 4), in single precision; of seqlets that lower the score with the other sign.
    halves: positions on either side of the middle that belong to the seqlet.
    """

    values: Blocks
    halves: Counters

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def seeds(self) -> Counters:
        """A number for each seqlet that depends on its contributions alone."""
        return np.array(
            [int.from_bytes(hashlib.blake2b(row.tobytes(), digest_size=7).digest(), "big") for row in self.values],
            np.int64,
        )

    @cached_property
    def shuffled(self) -> "Frames":
        """The same with the columns of each seqlet in random order, and those beside it: what chance looks like.

        Each several times where there are few.
        """
        draws = max(1, -(-DECOYS // len(self)))
        values, halves = np.repeat(self.values, draws, axis=0), np.repeat(self.halves, draws)
        shuffle_columns(values, halves, np.repeat(self.seeds, draws) + np.tile(np.arange(draws), len(self)))
        return Frames(values, halves)

    def take(self, index: Listing) -> "Frames":
        """Some of them."""
        return Frames(self.values[index], self.halves[index])

    def aligned(self, index: Listing, shift: Counters, reverse: Flags) -> Blocks:
        """The windows of some, (seqlets, COLUMNS, 4), that begin at their shifts; turned where reversed."""
        columns = shift[:, None] + np.arange(COLUMNS)
        found: Blocks = self.values[index[:, None], columns]
        found[reverse] = found[reverse, ::-1, ::-1]
        return found


def frames_of(tracks: Tracks, seqlets: Seqlets, values: BaseMaps | None = None) -> Frames:
    """The frames of seqlets, of contributions unless other values (batch, 4, position) are given."""
    shown = tracks.contributions if values is None else values
    padded = np.pad(shown, ((0, 0), (0, 0), (MIDDLE, MIDDLE)))
    middle = (seqlets.start + seqlets.stop) // 2
    columns = middle[:, None] + np.arange(FRAME)
    found = padded[seqlets.example[:, None], :, columns] * seqlets.sign[:, None, None]
    halves = np.minimum((seqlets.stop - seqlets.start) // 2 + MARGIN, MIDDLE)
    return Frames(np.ascontiguousarray(found, np.float32), halves)


def unit(windows: Blocks) -> Blocks:
    """Each window with a norm of 1; zero where it is zero."""
    norms: Numbers = np.sqrt((windows**2).sum(axis=(1, 2), keepdims=True))
    scaled: Blocks = windows / np.maximum(norms, 1e-20)
    return scaled
