"""Where motifs occur in sequences, whatever a model says: FIMO (Grant et al. 2011, doi:10.1093/bioinformatics/btr064).

The scan itself is memelite's, on both strands.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from seqinterp.errors import InputError, ShapeError
from seqinterp.motifs.false_discovery import q_values
from seqinterp.motifs.hit_templates import check_names
from seqinterp.motifs.motif import Motif
from seqinterp.shapes import Numbers, Pwm

THRESHOLD = 1e-4
BITS = 0.01  # scores are whole multiples, so that their distribution is exact
_LOWEST = -100.0  # bits of a base that cannot be
_NUDGE = 1e-3  # of a multiple, for each column: keeps memelite's sums, in floating point, from falling below one
COLUMNS = ("example", "start", "stop", "strand", "motif", "score", "p_value", "q_value")


def scan_sequences(inputs: np.ndarray, motifs: Sequence[Motif], *, threshold: float = THRESHOLD) -> pd.DataFrame:
    """Windows of sequences (batch, 4, position) that match a motif's PSSM, in order of example, start and motif.

    example, start, stop (0-based, half-open), strand, motif (its name).
    score: the sum of `Motif.pssm`, each entry rounded to 0.01 bits.
    p_value: the exact chance of such a score or a higher one in a window of uniform random bases; rows are those whose
    p-value is below `threshold`.
    q_value: Benjamini and Hochberg over all windows of all sequences, both strands, of one motif.
    Windows with a base that is not known, N or a mixture, have no score, as in FIMO, and are no tests either.

    Raises:
        ShapeError: the inputs are not (batch, 4, position).
        InputError: `threshold` cannot be used, or a motif shares its name with another, does not fit in the sequences,
            or holds so little information that no window of any sequence could have a p-value below `threshold`.
    """
    if inputs.ndim != 3 or inputs.shape[1] != 4 or 0 in inputs.shape:
        raise ShapeError(
            f"the inputs must be one-hot DNA (batch, 4, position), not {inputs.shape}; seqinterp.one_hot makes it"
        )
    if not 0 < threshold < 1:
        raise InputError(f"threshold is a p-value, above 0 and below 1, not {threshold}")
    check_names(motifs)
    scores = [_rounded(motif) for motif in motifs]
    for motif, score in zip(motifs, scores, strict=True):
        _refuse_useless(motif, score, inputs.shape[2], threshold)
    bases = (inputs == 1).astype(np.int8)
    unknown = np.pad((~bases.any(axis=1)).cumsum(axis=1), ((0, 0), (1, 0)))
    parts = [
        _with_rates(part, motif, score, unknown).assign(order=number)
        for number, (motif, score, part) in enumerate(zip(motifs, scores, _fimo(scores, bases, threshold), strict=True))
    ]
    if not parts:
        return pd.DataFrame({column: [] for column in COLUMNS})
    table = pd.concat(parts, ignore_index=True)
    table = table[table["p_value"] < threshold].sort_values(["example", "start", "order", "strand"], kind="stable")
    return table[list(COLUMNS)].reset_index(drop=True)


def survival(scores: Pwm) -> Numbers:
    """P(score >= s) of uniform random bases, for every whole number s from the least score of a matrix to the largest.

    `scores` are whole numbers. The distribution is the convolution of those of the columns (Staden 1989,
    doi:10.1093/bioinformatics/5.2.89).
    """
    chance = np.ones(1)
    for column in (scores - scores.min(axis=0)).T.astype(np.int64):
        longer = np.zeros(len(chance) + int(column.max()))
        for step in column:
            longer[step : step + len(chance)] += chance / 4
        chance = longer
    tail: Numbers = np.minimum(np.cumsum(chance[::-1])[::-1], 1.0)
    return tail


def _with_rates(part: pd.DataFrame, motif: Motif, scores: Pwm, unknown: np.ndarray) -> pd.DataFrame:
    """One motif's rows, scores in multiples, with its name, scores in bits, p- and q-values.

    Windows with unknown bases are left out; `unknown` holds their running number, (batch, position + 1).
    """
    part = part[unknown[part["example"], part["stop"]] == unknown[part["example"], part["start"]]]
    tests = 2 * int((unknown[:, motif.width :] == unknown[:, : -motif.width]).sum())
    place = part["score"].to_numpy(np.int64) - int(scores.min(axis=0).sum())
    p_values = survival(scores)[place]
    bits = np.round(part["score"].to_numpy(np.float64) * BITS, 2)
    return part.assign(motif=motif.name, score=bits, p_value=p_values, q_value=q_values(p_values, tests))


def _rounded(motif: Motif) -> Pwm:
    """The PSSM in whole multiples of 0.01 bits."""
    scores: Pwm = np.round(np.maximum(motif.pssm, _LOWEST) / BITS)
    return scores


def _refuse_useless(motif: Motif, scores: Pwm, length: int, threshold: float) -> None:
    """Refuse a motif that nothing in these sequences can match."""
    if motif.width > length:
        raise InputError(
            f"motif {motif.name} is {motif.width} wide, but the sequences have {length} positions; leave it out, or"
            " give longer sequences"
        )
    least = float(((scores == scores.max(axis=0)).sum(axis=0) / 4).prod())
    if least >= threshold:
        raise InputError(
            f"motif {motif.name} ({motif.width} wide, {motif.information_content:.1f} bits) says too little: its best"
            f" match has a p-value of {least:.2g}, which is not below the threshold of {threshold:g}; leave it out, or"
            " raise threshold"
        )


def _fimo(scores: Sequence[np.ndarray], inputs: np.ndarray, threshold: float) -> list[pd.DataFrame]:
    """memelite's scan of scores in multiples of 0.01 bits: for each motif example, start, stop, strand, score."""
    from memelite import fimo  # loads numba kernels: only when a scan is asked for

    if not scores:
        return []
    # It takes the logarithm to base 2 of four times what it is given.
    odds = {str(number): 0.25 * 2.0 ** (BITS * (score + _NUDGE)) for number, score in enumerate(scores)}
    threads = torch.get_num_threads()
    found = fimo(odds, inputs, bin_size=BITS, eps=0.0, threshold=threshold)
    torch.set_num_threads(threads)  # numba and torch share OpenMP, and memelite sets the number for both
    return [
        pd.DataFrame(
            {
                "example": part["sequence_name"].to_numpy(np.int64),
                "start": part["start"].to_numpy(np.int64),
                "stop": part["end"].to_numpy(np.int64),
                "strand": part["strand"].to_numpy(object),
                "score": np.round(part["score"].to_numpy(np.float64) / BITS),
            }
        )
        for part in found
    ]
