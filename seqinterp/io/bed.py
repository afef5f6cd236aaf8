"""BED: seqlets or hits as intervals that genome browsers and bedtools read, 0-based and half-open."""

from pathlib import Path

import numpy as np
import pandas as pd

from seqinterp.errors import InputError
from seqinterp.io.atomic import written_whole

_STRENGTH = ("coefficient", "attribution", "score")  # the first of these that a table has is what scores show


def write_bed(path: Path | str, table: pd.DataFrame, *, force: bool = False) -> None:
    """Write a table of seqlets or hits as BED6, sorted by chromosome (as text), start and stop; gzipped if named .gz.

    The fields are chromosome, start, stop, the motif ('.' for none), a score and the strand. The score is the
    magnitude of the row's coefficient (hits) or attribution (seqlets), 1000 for the greatest of the table and in
    proportion to it. Rows without a locus are on `example_<i>`, at their positions in the input.

    Raises:
        InputError: the table lacks a column, or an interval is empty or starts below 0.
        FileError: the file exists and `force` is False, or it cannot be written.
    """
    bed = places(table).drop(columns="on_genome")
    bed.insert(3, "name", table["motif"].replace("", ".").to_numpy())
    bed.insert(4, "score", _scores(table))
    wrong = bed[(bed["start"] < 0) | (bed["stop"] <= bed["start"])]
    if len(wrong):
        chrom, start, stop = wrong.iloc[0][["chrom", "start", "stop"]]
        raise InputError(f"an interval of BED needs 0 <= start < stop, but {chrom}:{start}-{stop} came")
    bed = bed.sort_values(["chrom", "start", "stop"], kind="stable")
    with written_whole(Path(path), force=force) as place:
        bed.to_csv(place, sep="\t", header=False, index=False, lineterminator="\n")


def places(table: pd.DataFrame) -> pd.DataFrame:
    """Where the rows of a table of seqlets or hits are: chrom, start, stop, strand, on_genome.

    On the genome where a row has a chromosome, with the strand of `chromosome_strand` if the table has that column
    (sequences that were read from the minus strand have one that differs from `strand`); else in the input, the
    chromosome being `example_<i>`.

    Raises:
        InputError: the table lacks a column.
    """
    lacking = [name for name in ("example", "start", "stop", "strand", "motif") if name not in table]
    if lacking:
        raise InputError(f"a table of seqlets or hits has a column {lacking[0]!r}, but it is not among {[*table]}")
    examples = "example_" + table["example"].astype(str)
    found = table[["start", "stop", "strand"]].assign(on_genome=False)
    found.insert(0, "chrom", examples)
    if "chromosome" in table:
        known = found["on_genome"] = table["chromosome"].notna() & (table["chromosome"] != "")
        there = {"chrom": "chromosome", "start": "chromosome_start", "stop": "chromosome_stop"}
        there["strand"] = "chromosome_strand" if "chromosome_strand" in table else "strand"
        for name, column in there.items():
            found[name] = table[column].where(known, found[name])
    return found.astype({"chrom": str, "start": np.int64, "stop": np.int64}).reset_index(drop=True)


def _scores(table: pd.DataFrame) -> np.ndarray:
    """Whole numbers 0 to 1000, in proportion to the strength of each row."""
    strength = next((table[name].abs().fillna(0.0).to_numpy(np.float64) for name in _STRENGTH if name in table), None)
    if strength is None or not len(table) or strength.max() == 0:
        return np.zeros(len(table), np.int64)
    scores: np.ndarray = np.rint(1000 * (strength / strength.max())).astype(np.int64)
    return scores
