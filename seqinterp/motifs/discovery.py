"""Motif discovery: seqlets, patterns of both signs, and motifs.

The questions are those of TF-MoDISco (Shrikumar et al. 2018, arXiv:1811.00416); the ways to the answers are not.
Seqlets are tested against their own sequence, patterns grow from near neighbours and are tested against shuffled
seqlets, and each seqlet goes to the pattern that explains most of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd

from seqinterp.errors import InputError
from seqinterp.motifs.assign import Members
from seqinterp.motifs.describe import Described, describe
from seqinterp.motifs.find_patterns import find_patterns
from seqinterp.motifs.frames import frames_of
from seqinterp.motifs.seqlet_table import seqlet_table
from seqinterp.motifs.seqlets import Seqlets
from seqinterp.motifs.tracks import Tracks

LEAST = 8  # seqlets of a motif
GROUPS = {1: "pos_patterns", -1: "neg_patterns"}  # as TF-MoDISco names them


@dataclass(frozen=True, eq=False)
class Discovery:
    """What was found: motifs with their seqlets, those that raise the score first, and a table of all seqlets."""

    found: list[Described]
    seqlets: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Watch:
    """Who follows a long search: `said` is told what is being done, `kept` what is found so far of either sign.

    begun: what an interrupted search had found, for each sign.
    """

    said: Callable[[str], None] = lambda _: None
    kept: Callable[[int, list[Members]], None] = lambda _, __: None
    begun: Mapping[int, Sequence[Members]] = field(default_factory=dict)


def discover_motifs(tracks: Tracks, seqlets: Seqlets, *, least: int = LEAST, watch: Watch = Watch()) -> Discovery:
    """The motifs of at least `least` seqlets each, largest first within each sign.

    Raises:
        InputError: `least` is below 3.
    """
    if least < 3 or least != int(least):
        raise InputError(f"a motif needs at least 3 seqlets, a whole number, but {least} came")
    found: list[Described] = []
    for sign, group in GROUPS.items():
        chosen = np.flatnonzero(seqlets.sign == sign)
        if len(chosen) < least:
            continue
        watch.said(f"comparing {len(chosen):,} seqlets that {'raise' if sign > 0 else 'lower'} the score")
        some = seqlets.take(chosen)
        patterns = find_patterns(
            frames_of(tracks, some), least=least, begun=watch.begun.get(sign, ()), kept=partial(watch.kept, sign)
        )
        described = [describe(tracks, some, one, f"{group}.pattern") for one in patterns]
        kept = [one for one in described if one is not None]
        kept.sort(key=lambda one: -len(one.index))
        for number, one in enumerate(kept):
            name = f"{group}.pattern_{number}"
            motif, wide = replace(one.motif, name=name), replace(one.wide, name=name)
            found.append(replace(one, motif=motif, wide=wide, index=chosen[one.index]))
    return Discovery(found, seqlet_table(tracks, seqlets, found))
