"""Stretches of sequences, and what they become when what they say is taken out."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch

from seqinterp.attribution.chance import generator
from seqinterp.attribution.dna_baselines import dinucleotide_shuffle
from seqinterp.errors import InputError
from seqinterp.mutagenesis.edits import Edits, offsets, ragged_range, trusted
from seqinterp.shapes import EditColumns, Indices, Sequences

Fill = Literal["background", "shuffle"]


@dataclass(frozen=True, eq=False)
class Windows:
    """The columns `[start, stop)` of an example each, 0-based; one or more columns wide."""

    example: Indices
    start: Indices
    stop: Indices

    def __len__(self) -> int:
        return len(self.example)

    @property
    def width(self) -> Indices:
        """How many columns each one has."""
        return self.stop - self.start

    def columns(self, draws: int) -> Indices:
        """The positions of every window, `draws` times each, one after the other."""
        return ragged_range(self.start.repeat_interleave(draws), self.width.repeat_interleave(draws))

    def within(self, first: int, last: int) -> "tuple[Windows, Indices]":
        """Those of the examples `[first, last)`, counted from the first, and which they are."""
        index = ((self.example >= first) & (self.example < last)).nonzero().flatten()
        return Windows(self.example[index] - first, self.start[index], self.stop[index]), index


def joined(one: Windows, other: Windows) -> Windows:
    """Two lists as one."""
    return Windows(*(torch.cat([getattr(w, name) for w in (one, other)]) for name in ("example", "start", "stop")))


def emptied(inputs: Sequences, windows: Windows, *, fill: str, draws: int, seed: int) -> Edits:
    """One edit for each window and draw, draws running fastest: its columns say nothing any more.

    fill: "background" takes the same columns of a random sequence with the pairs of neighbouring bases of the whole
        example (a dinucleotide shuffle), "shuffle" the window's own columns in a random order. Both are rules of the
        seed, the draw, the example and the window.

    Raises:
        InputError: the fill is unknown, or `draws` or `seed` cannot be used.
    """
    if fill not in get_args(Fill):
        raise InputError(f"fill must be one of {', '.join(get_args(Fill))}, not {fill!r}")
    if draws < 1 or seed < 0:
        raise InputError(f"draws must be 1 or more and seed 0 or more, not draws={draws} and seed={seed}")
    held = inputs.detach().cpu()
    example, counts = windows.example.repeat_interleave(draws), windows.width.repeat_interleave(draws)
    owner = torch.repeat_interleave(torch.arange(len(counts)), counts)
    position = windows.columns(draws)
    columns = (_of_background if fill == "background" else _reordered)(held, windows, draws, seed)
    differs = (held[example[owner], :, position] != columns).any(dim=1)
    changed = torch.bincount(owner[differs], minlength=len(counts))
    return trusted(example, offsets(changed), position[differs], columns[differs])


def _of_background(held: Sequences, windows: Windows, draws: int, seed: int) -> EditColumns:
    """The columns of shuffles of the examples, window by window and draw by draw."""
    wanted, place = windows.example.unique(return_inverse=True)
    references = dinucleotide_shuffle(held[wanted], draws=draws, seed=seed)
    counts = windows.width.repeat_interleave(draws)
    draw = torch.arange(draws).repeat(len(windows)).repeat_interleave(counts)
    return references[place.repeat_interleave(draws).repeat_interleave(counts), draw, :, windows.columns(draws)]


def _reordered(held: Sequences, windows: Windows, draws: int, seed: int) -> EditColumns:
    """The windows' own columns in the order of random numbers that belong to the positions of an example."""
    keys = {
        number: torch.rand(draws, held.shape[2], generator=generator(seed, held[number], "emptied windows"))
        for number in windows.example.unique().tolist()
    }
    rows = zip(windows.example.tolist(), windows.start.tolist(), windows.stop.tolist(), strict=True)
    sources = [start + keys[number][:, start:stop].argsort(dim=1).flatten() for number, start, stop in rows]
    owner = windows.example.repeat_interleave(draws * windows.width)
    return held[owner, :, torch.cat([torch.zeros(0, dtype=torch.int64), *sources])]
