"""Seqlets, and sites of motifs, as tables: one row each, with places in the genome where these are known."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqinterp.motifs.describe import Described
from seqinterp.motifs.seqlets import Seqlets
from seqinterp.motifs.tracks import Tracks
from seqinterp.sequence.examples import Locus


def seqlet_table(tracks: Tracks, seqlets: Seqlets, found: Sequence[Described]) -> pd.DataFrame:
    """One row per seqlet, in order of example and start.

    example, start, stop (0-based, half-open, in the input), strand and motif (of a seqlet in a motif start and stop are
    those of the motif's columns; in none the strand is "." and the motif ""), sign, attribution (the sum from start to
    stop), and p_value and q_value of the window that was called.
    """
    start, stop = seqlets.start.copy(), seqlets.stop.copy()
    strand, motif = np.full(len(seqlets), ".", object), np.full(len(seqlets), "", object)
    for one in found:
        start[one.index], stop[one.index] = one.start, one.start + one.motif.width
        strand[one.index] = np.where(one.reverse, "-", "+")
        motif[one.index] = one.motif.name
    sums = np.pad(tracks.total.astype(np.float64).cumsum(axis=1), ((0, 0), (1, 0)))
    table = pd.DataFrame(
        {
            "example": seqlets.example,
            "start": start,
            "stop": stop,
            "strand": strand,
            "motif": motif,
            "sign": seqlets.sign,
            "attribution": sums[seqlets.example, stop] - sums[seqlets.example, start],
            "p_value": seqlets.p_value,
            "q_value": seqlets.q_value,
        }
    )
    return table.sort_values(["example", "start", "stop", "sign"], kind="stable", ignore_index=True)


def with_loci(table: pd.DataFrame, loci: Sequence[Locus | None] | None) -> pd.DataFrame:
    """The table with the places in the genome: chromosome, chromosome_start, chromosome_stop, chromosome_strand.

    0-based and half-open; of an example read from the minus strand the window is counted from its other end.
    """
    if loci is None or all(locus is None for locus in loci):
        return table
    rows = [loci[example] for example in table["example"]]
    chromosome, low, high, strand = [], [], [], []
    other = {"+": "-", "-": "+", ".": "."}
    for locus, start, stop, read in zip(rows, table["start"], table["stop"], table["strand"], strict=True):
        plus = locus is None or locus.strand == "+"
        chromosome.append("" if locus is None else locus.chromosome)
        low.append(-1 if locus is None else locus.start + start if plus else locus.stop - stop)
        high.append(-1 if locus is None else locus.start + stop if plus else locus.stop - start)
        strand.append("." if locus is None else read if plus else other[read])
    places = {"chromosome": chromosome, "chromosome_start": low, "chromosome_stop": high, "chromosome_strand": strand}
    return table.assign(**places)
