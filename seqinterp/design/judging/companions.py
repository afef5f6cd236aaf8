"""What the score of maximisers loses with all sites of a motif, and with random windows in their place."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from seqinterp.attribution.chance import generator
from seqinterp.attribution.protocol import Score
from seqinterp.design.experiments.windows import Windows, emptied
from seqinterp.errors import ModelError
from seqinterp.mutagenesis.edits import Edits, offsets, trusted
from seqinterp.mutagenesis.effects import effects
from seqinterp.shapes import Flags, Indices, Sequences, Truth

DRAWS = 10  # fills of what is emptied
CONTROLS = 20  # sets of random windows, for each sequence and motif
TRIES = 4  # times as many, to find them
GROUPS = 512  # sets of windows that are emptied at once


@dataclass(frozen=True, eq=False)
class Sites:
    """Sites in sequences, each of a numbered motif: the columns `[start, stop)` of an example; of one length."""

    motif: Indices
    example: Indices
    start: Indices
    stop: Indices

    def covered(self, chosen: torch.Tensor, examples: int, length: int) -> Truth:
        """Which columns of which example the chosen sites lie over."""
        edges = torch.zeros(examples, length + 1, dtype=torch.int64)
        for column, step in ((self.start[chosen], 1), (self.stop[chosen], -1)):
            steps = torch.full_like(column, step)
            edges.index_put_((self.example[chosen], column), steps, accumulate=True)
        return edges.cumsum(dim=1)[:, :length] > 0


@dataclass(frozen=True, eq=False)
class Removals:
    """What the score loses with all sites of a motif, the mean over the fills, on the CPU.

    drops: (motif, example); NaN where the example has no site of it, or none that is not under a leading motif's.
    controls: (motif, example, controls), with random windows of the same widths in their place; NaN where there is no
        room for so many.
    """

    drops: torch.Tensor
    controls: torch.Tensor


def removals(
    score: Score, inputs: Sequences, sites: Sites, motifs: int, enriched: Flags, /, *, seed: int = 0
) -> Removals:
    """Empty all sites of each motif at once, and as many random windows: columns of dinucleotide shuffles take over.

    What lies under sites of a leading motif, an `enriched` one or the one whose removal costs most, is left alone when
    weaker ones are emptied, so that these do not get what is the leading one's. The random windows touch no site of the
    motif nor of a leading one. They are a rule of the seed, the example and the widths.

    Raises:
        ModelError: the score is NaN or infinite where sites are emptied.
    """
    count, length = len(inputs), inputs.shape[2]
    if motifs == 0:
        return Removals(torch.zeros(0, count), torch.zeros(0, count, CONTROLS))
    covers = [sites.covered(sites.motif == motif, count, length) for motif in range(motifs)]
    whole = _drops(score, inputs, _groups(covers), 1, motifs * count, seed).reshape(motifs, count)
    strongest = torch.argsort(-whole.nan_to_num(0.0).sum(dim=1), stable=True).tolist()
    taken = torch.zeros(count, length, dtype=torch.bool)
    own = list(covers)
    for motif in strongest:
        own[motif] = covers[motif] & ~taken
        if enriched[motif] or motif == strongest[0]:
            taken |= covers[motif]
    groups = _groups(own)
    drops = _drops(score, inputs, groups, 1, motifs * count, seed)
    others = []
    for group, starts, stops in groups:
        motif, example = divmod(group, count)
        closed = (covers[motif] | taken)[example].numpy()
        widths = stops - starts
        for number, found in enumerate(_free_places(inputs[example], closed, widths, seed)):
            others.append((group * CONTROLS + number, found, found + widths))
    controls = _drops(score, inputs, others, CONTROLS, motifs * count * CONTROLS, seed)
    return Removals(drops.reshape(motifs, count), controls.reshape(motifs, count, CONTROLS))


Stretches = tuple[int, np.ndarray, np.ndarray]  # a number, and where stretches of columns start and stop


def _groups(covers: list[Truth]) -> list[Stretches]:
    """The stretches of columns of every motif in every example that has some, numbered motif by motif."""
    held = [(motif, cover.any(dim=1).nonzero().flatten().tolist()) for motif, cover in enumerate(covers)]
    return [
        (motif * len(covers[0]) + example, *_stretches(covers[motif][example]))
        for motif, examples in held
        for example in examples
    ]


def _stretches(cover: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Where the stretches of covered columns of one example start and stop."""
    steps = np.diff(np.concatenate([[0], cover.numpy().astype(np.int64), [0]]))
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)


def _free_places(one: torch.Tensor, taken: np.ndarray, widths: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Different places for windows of the widths that touch nothing taken nor one another, at most `CONTROLS`."""
    chance = generator(seed, one, f"places of {widths.tolist()}")
    seen: set[tuple[int, ...]] = set()
    for _ in range(TRIES * CONTROLS):
        free, starts = ~taken, np.zeros_like(widths)
        for place in np.argsort(-widths, kind="stable").tolist():
            width = int(widths[place])
            room = np.flatnonzero(np.convolve(free, np.ones(width, np.int64), mode="valid") == width)
            if len(room) == 0:
                break
            starts[place] = room[int(torch.randint(len(room), (1,), generator=chance))]
            free[starts[place] : starts[place] + width] = False
        else:
            if tuple(starts.tolist()) not in seen and len(seen) < CONTROLS:
                seen.add(tuple(starts.tolist()))
                yield starts


def _drops(score: Score, inputs: Sequences, groups: list[Stretches], each: int, size: int, seed: int) -> torch.Tensor:
    """Score before less score after all windows of a group are emptied, the mean over the fills; NaN without a group.

    A group's number says its example: the number over `each`, less the multiples of the examples.
    """
    result = torch.full((size,), torch.nan, dtype=torch.float64)
    parts = [groups[first : first + GROUPS] for first in range(0, len(groups), GROUPS)]
    for part in parts:
        numbers = torch.tensor([group for group, _, _ in part])
        edits = _emptied_together(inputs, numbers // each % len(inputs), part, seed)
        found = effects(score, inputs, edits, repeats=len(parts))
        if not bool(torch.isfinite(found).all()):
            raise ModelError("the score of some edited sequences is NaN or infinite, so what motifs do cannot be told")
        result[numbers] = -found.detach().double().cpu().reshape(len(part), DRAWS).mean(dim=1)
    return result


def _emptied_together(inputs: Sequences, example: Indices, groups: list[Stretches], seed: int) -> Edits:
    """One edit for each group of windows and fill, fills running fastest."""
    counts = torch.tensor([len(starts) for _, starts, _ in groups])
    owner = torch.arange(len(groups)).repeat_interleave(counts)
    start, stop = (torch.from_numpy(np.concatenate([group[side] for group in groups])) for side in (1, 2))
    order = torch.argsort(owner * inputs.shape[2] + start)
    windows = Windows(example[owner], start[order], stop[order])
    edits = emptied(inputs, windows, fill="background", draws=DRAWS, seed=seed)  # by window, then fill
    whole = owner.repeat_interleave(DRAWS) * DRAWS + torch.arange(DRAWS).repeat(len(owner))
    taken = edits.take(torch.argsort(whole, stable=True))
    changed = torch.zeros(len(groups) * DRAWS, dtype=torch.int64).index_add_(0, whole, edits.counts)
    return trusted(example.repeat_interleave(DRAWS), offsets(changed), taken.position, taken.columns)
