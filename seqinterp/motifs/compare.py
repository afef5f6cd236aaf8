"""Names for motifs by Tomtom (Gupta et al. 2007, doi:10.1186/gb-2007-8-2-r24), with an honest "no match".

The comparison itself is memelite's Tomtom (complete scores, both strands).
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.stats import false_discovery_control

from seqinterp.errors import InputError
from seqinterp.motifs.motif import Match, Motif

MIN_BITS = 5.0  # a motif with less information than two and a half bases resembles too much to have a name
EDGE_BITS = 0.3  # columns below this are cut from the ends before comparing: they only dilute the score
# A name must rest on letters that say something in both motifs. Tomtom scores a flat column that meets a flat column
# as a good match, so a diffuse motif fits the empty middle of a long one (extended CTCF, say) with a tiny p-value.
# The least cosine of the letter heights was set by eye on one simulated run: clear sites lay above 0.9, most diffuse
# filters below 0.75, distorted sites between.
ALIKE = 0.75

ABOUT_AS_GOOD = 100.0  # p-values within this factor of the best do not tell the members of a family apart
NAMES = 5  # at most so many more names are given


def best_matches(motifs: Sequence[Motif], database: Sequence[Motif], *, threshold: float = 0.05) -> list[Match | None]:
    """The best match of each motif in `database`, or None where nothing is similar enough.

    A match has a q-value of `threshold` or less (Benjamini-Hochberg over the database, for each motif by itself, as
    MEME's tomtom gives them), and its logo is alike: the cosine of the letter heights is at least 0.75. Motifs with
    little information (under 5 bits) have no match whatever their p-value.

    Raises:
        InputError: the database is empty.
    """
    if not database:
        raise InputError("the motif database is empty; give at least one motif to compare with")
    trimmed = [motif.trim(EDGE_BITS) for motif in motifs]
    asked = [i for i, motif in enumerate(trimmed) if motif.information_content >= MIN_BITS]
    matches: list[Match | None] = [None] * len(motifs)
    if not asked:
        return matches
    found = _tomtom([trimmed[i].pwm for i in asked], [target.pwm for target in database])
    for row, i in enumerate(asked):
        near = _nearest(found, row, database, threshold, cut=_first_kept_column(motifs[i], trimmed[i]))
        alike = [match for match, target in near if similarity(motifs[i], target, match) >= ALIKE]
        matches[i] = _with_family(alike) if alike else None
    return matches


def _with_family(alike: Sequence[Match]) -> Match:
    """The nearest match, and the other names that fit about as well."""
    best = alike[0]
    close = (match.label or match.name for match in alike if match.p_value <= ABOUT_AS_GOOD * best.p_value)
    also = [label for label in dict.fromkeys(close) if label != (best.label or best.name)]
    return replace(best, also=tuple(also[:NAMES]))


def similarity(motif: Motif, target: Motif, match: Match) -> float:
    """Cosine between the logos' letter heights, as aligned, over the motif's columns: 0 to 1.

    Letters of the motif beside the target count against it; what the target has beside the motif does not, so that a
    filter may be half of a known motif.
    """
    turned = target.reverse_complement() if match.reverse else target
    start, stop = max(0, match.offset), min(motif.width, match.offset + turned.width)
    heights = motif.information
    known = np.zeros_like(heights)
    known[:, start:stop] = turned.information[:, start - match.offset : stop - match.offset]
    length = np.linalg.norm(heights) * np.linalg.norm(known)
    return float((heights * known).sum() / length) if length > 0 else 0.0


@dataclass(frozen=True)
class _Alignments:
    """The best alignment of each query with each target, every array `(query, target)`."""

    p_values: np.ndarray
    offsets: np.ndarray
    strands: np.ndarray


def _nearest(
    found: _Alignments, row: int, database: Sequence[Motif], threshold: float, *, cut: int
) -> Iterator[tuple[Match, Motif]]:
    """The targets within the threshold, nearest first; `cut` columns of the query were trimmed from its left."""
    p_values = found.p_values[row]
    q_values = false_discovery_control(p_values)
    for j in np.argsort(p_values, kind="stable"):
        if q_values[j] <= threshold:
            target = database[j]
            # Tomtom's offset counts from the target's first column to the query's
            offset, reverse = cut - int(found.offsets[row, j]), bool(found.strands[row, j])
            yield Match(target.name, target.label, float(p_values[j]), float(q_values[j]), offset, reverse), target


def _tomtom(queries: list[np.ndarray], targets: list[np.ndarray]) -> _Alignments:
    """Compare every query with every target on both strands."""
    from memelite import tomtom  # loads numba kernels: only when a name is asked for

    threads = torch.get_num_threads()
    with warnings.catch_warnings():
        # memelite warns below 25 targets; our result carries the size of the database instead.
        warnings.filterwarnings("ignore", message="tomtom was given", category=UserWarning)
        p_values, _, offsets, _, strands = tomtom(queries, targets)
    torch.set_num_threads(threads)  # numba and torch share OpenMP, and memelite sets the number for both
    # A p-value of 0 is an underflow and above 1 a rounding error of the binned distribution.
    return _Alignments(np.clip(p_values, np.finfo(float).tiny, 1.0), offsets, strands)


def _first_kept_column(motif: Motif, trimmed: Motif) -> int:
    """How many columns were cut from the left."""
    return next(
        start
        for start in range(motif.width - trimmed.width + 1)
        if np.array_equal(motif.pfm[:, start : start + trimmed.width], trimmed.pfm)
    )
