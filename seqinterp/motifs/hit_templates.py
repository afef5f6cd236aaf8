"""What a site of a motif looks like in contributions: the templates that `call_hits` compares windows with."""

from collections.abc import Sequence

import numpy as np

from seqinterp.errors import InputError
from seqinterp.kernels.match_motifs import Templates
from seqinterp.motifs.motif import Motif
from seqinterp.shapes import Counters, Pwm

INFORMATIVE = 0.3  # of the largest column of a CWM: smaller columns do not count


def informative_columns(motif: Motif) -> Counters:
    """The columns of the CWM that hold at least 0.3 of what its largest one holds, in absolute values."""
    held = np.abs(_cwm(motif)).sum(axis=0)
    found: Counters = np.flatnonzero(held >= INFORMATIVE * held.max())
    return found


def templates_of(motifs: Sequence[Motif], length: int) -> Templates:
    """Templates of both strands of each motif, for sequences of `length` positions.

    The CWM is a mean over sites, so a base that half of them have shows half of what it contributes where it is.
    What is expected at a site is therefore the CWM divided by the probability of the base (`Motif.pwm`).

    Raises:
        InputError: two motifs have one name, or a motif has no CWM, an empty one, or does not fit in the sequences.
    """
    check_names(motifs)
    pattern, expected, odds = [np.empty((0, 4))], [np.empty((0, 4))], [np.empty((0, 4))]
    place, width = [np.empty(0, np.int64)], []
    for motif in motifs:
        if motif.width > length:
            raise InputError(
                f"motif {motif.name} is {motif.width} wide, but the sequences have {length} positions; leave it out,"
                " or give longer sequences"
            )
        cwm, columns = _cwm(motif), informative_columns(motif)
        shown = cwm / np.linalg.norm(cwm[:, columns])
        meant = np.divide(cwm, motif.pwm, out=np.zeros_like(cwm), where=motif.pwm > 0)
        likelier = np.maximum(motif.pssm, -1e3)  # -inf where a base is impossible
        for turn in (1, -1):
            there = columns if turn == 1 else np.sort(motif.width - 1 - columns)
            for parts, values in ((pattern, shown), (expected, meant), (odds, likelier)):
                parts.append(values[::turn, ::turn][:, there].T)
            place.append(there)
            width.append(motif.width)
    return Templates(
        np.concatenate(pattern).astype(np.float32),
        np.concatenate(expected).astype(np.float32),
        np.concatenate(odds).astype(np.float32),
        np.concatenate(place),
        np.cumsum([len(there) for there in place], dtype=np.int64),
        np.array(width, np.int64),
    )


def check_names(motifs: Sequence[Motif]) -> None:
    """Refuse two motifs of one name, since a table could not tell them apart."""
    names = [motif.name for motif in motifs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two motifs are called {twice}; give each its own name, so that the hits can name theirs")


def _cwm(motif: Motif) -> Pwm:
    """The CWM of a motif that has one."""
    if motif.cwm is None:
        raise InputError(
            f"motif {motif.name} has no contribution weights (cwm), as motifs that were discovered in attributions do;"
            " to find a known motif in sequences use scan_sequences"
        )
    if not (np.isfinite(motif.cwm).all() and np.any(motif.cwm)):
        raise InputError(f"the cwm of motif {motif.name} is zero everywhere or not finite; leave the motif out")
    found: Pwm = np.asarray(motif.cwm, np.float64)
    return found
