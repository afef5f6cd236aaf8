"""Which pairs of motifs keep a distance: the pairs whose spacings have the clearest peak."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import binom

from seqinterp.motifs.co_occurrence import CoOccurrence, spacings
from seqinterp.motifs.motif import Motif
from seqinterp.shapes import Numbers

FAR = 100  # base pairs that are looked at on either side
ASKED = 150  # pairs, those that share most sequences
BESIDE, GUARD = 10, 1  # distances on one side of a peak that it is compared with, and those that may be part of it
FEWEST = 10  # pairs of sites, below which no distance can stand out


@dataclass(frozen=True, eq=False)
class Spacing:
    """How far two motifs are apart, and the distance that stands out most.

    table: what `spacings` gives. way: "same" or "opposite", of the peak. count: pairs of sites at the peak.
    p_value: the chance that a distance, given those beside it, holds so many or more, times the distances of
    both ways of all pairs that were looked at (Bonferroni).
    """

    first: Motif
    second: Motif
    table: pd.DataFrame
    distance: float
    way: str
    count: int
    p_value: float


def clearest_spacings(hits: pd.DataFrame, motifs: Sequence[Motif], found: CoOccurrence, *, most: int) -> list[Spacing]:
    """The spacings of the pairs (a motif with itself included) whose peaks are least by chance, clearest first.

    Of equal ones that pair comes first which shares more sequences.
    """
    first, second = np.triu_indices(len(motifs))
    order = np.argsort(-found.together[first, second], kind="stable")[:ASKED]
    asked = ((motifs[first[i]], motifs[second[i]]) for i in order)
    by_motif = {str(name): table for name, table in hits.groupby("motif", sort=False)}
    seen = []
    for one, other in asked:
        if one.name in by_motif and other.name in by_motif:
            own = by_motif[one.name]
            both = own if one is other else pd.concat([own, by_motif[other.name]])
            spacing = _peak(one, other, spacings(both, one.name, other.name, most=FAR))
            if spacing is not None:
                seen.append(spacing)
    told = [replace(spacing, p_value=min(1.0, spacing.p_value * len(seen))) for spacing in seen]
    return sorted(told, key=lambda spacing: spacing.p_value)[:most]


def _peak(first: Motif, second: Motif, table: pd.DataFrame) -> Spacing | None:
    """The distance that stands out most; None where there are too few pairs of sites."""
    found: list[tuple[float, int, str]] = []
    for way in ("same", "opposite"):
        counts = table[way].to_numpy(np.float64)
        if counts.sum() >= FEWEST:
            p_values = peak_p_values(counts)
            place = int(p_values.argmin())
            found.append((float(p_values[place]), place, way))
    if not found:
        return None
    p_value, place, way = min(found)
    row = table.iloc[place]
    tests = 2 * len(table)
    return Spacing(first, second, table, float(row["distance"]), way, int(row[way]), p_value * tests)


def peak_p_values(counts: Numbers) -> Numbers:
    """The chance of as many, or more, at each place, given what stands beside it: binomial, one number per place.

    A place is compared with the richer of both sides, so that neither the edge where motifs would overlap nor a slope
    makes a peak; the places next to it are left out, because sites may be off by one.
    """
    sums = np.pad(counts, BESIDE + GUARD + 1).cumsum()
    here = np.arange(len(counts)) + BESIDE + GUARD + 1  # of each place in `sums`
    left = sums[here - GUARD - 1] - sums[here - GUARD - 1 - BESIDE]
    right = sums[here + GUARD + BESIDE] - sums[here + GUARD]
    beside = np.maximum(left, right)
    p_values: Numbers = binom.sf(counts - 1, counts + beside, 1 / (1 + BESIDE))
    return np.where(counts > 0, p_values, 1.0)
