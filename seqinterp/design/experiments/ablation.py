"""What the score loses when sites are emptied, and when other places of the same sequences are."""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqinterp.attribution.chance import generator
from seqinterp.attribution.protocol import Score
from seqinterp.design.experiments.windows import Windows, emptied, joined
from seqinterp.errors import InputError
from seqinterp.mutagenesis.effects import effects
from seqinterp.shapes import Indices, Sequences


@dataclass(frozen=True, eq=False)
class Ablations:
    """What emptying takes from the score: score before less score after, on the CPU.

    drops: (sites, draws).
    controls: (sites, controls), of equally wide places of the same example that touch no site, the mean over the draws;
        NaN where there are not so many. Sites of one width in one example share them.
    """

    drops: Tensor
    controls: Tensor


def ablations(
    score: Score,
    inputs: Sequences,
    sites: Windows,
    /,
    *,
    fill: str = "background",
    draws: int = 10,
    controls: int = 40,
    seed: int = 0,
    repeats: int = 1,
) -> Ablations:
    """Empty every site, and `controls` free places for each width and example, `draws` times.

    Control places are drawn without repeats, all equally likely, by a rule of the seed, the example and the width.

    Raises:
        InputError: an option cannot be used.
    """
    if controls < 0:
        raise InputError(f"controls must be 0 or more, not {controls}")
    kind, width_of, places = _kinds(sites)
    free = [_free_places(inputs, sites, e, w, controls, seed) for e, w in zip(places, width_of, strict=True)]
    sizes = torch.tensor([len(one) for one in free], dtype=torch.int64)
    begin = torch.cat([torch.zeros(0, dtype=torch.int64), *free])
    others = Windows(
        torch.tensor(places).repeat_interleave(sizes), begin, begin + torch.tensor(width_of).repeat_interleave(sizes)
    )
    edits = emptied(inputs, joined(sites, others), fill=fill, draws=draws, seed=seed)
    drops = -effects(score, inputs, edits, repeats=repeats).detach().cpu().reshape(-1, draws)
    table = drops.new_full((len(free), controls), torch.nan)
    column = torch.cat([torch.zeros(0, dtype=torch.int64), *(torch.arange(len(one)) for one in free)])
    table[torch.arange(len(free)).repeat_interleave(sizes), column] = drops[len(sites) :].mean(dim=1)
    return Ablations(drops[: len(sites)], table[kind])


def _kinds(sites: Windows) -> tuple[Indices, list[int], list[int]]:
    """Which kind each site is of, and the width and the example of every kind."""
    pairs, kind = torch.stack([sites.width, sites.example], dim=1).unique(dim=0, return_inverse=True)
    return kind, pairs[:, 0].tolist(), pairs[:, 1].tolist()


def _free_places(inputs: Sequences, sites: Windows, example: int, width: int, controls: int, seed: int) -> Indices:
    """Where windows start that touch no site of the example: `controls` of them, or all there are."""
    taken = torch.zeros(inputs.shape[2] + 1, dtype=torch.int64)
    mine = sites.example == example
    for start, stop in zip(sites.start[mine].tolist(), sites.stop[mine].tolist(), strict=True):
        taken[start + 1 : stop + 1] = 1
    before = taken.cumsum(dim=0)  # columns of sites in front of each position
    free = (before[width:] == before[: len(before) - width]).nonzero().flatten()
    chance = torch.rand(len(free), generator=generator(seed, inputs[example], f"free places of {width}"))
    return free[chance.argsort()[:controls]].sort().values
