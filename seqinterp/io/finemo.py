"""Files of Fi-NeMo, the caller of motif hits: regions.npz, which it starts from, and hits.tsv, which it ends with.

regions.npz holds `sequences` int8 (n, 4, width) and `contributions` float16, (n, 4, width) hypothetical or (n, width)
of the bases that are there; with loci also `chr` text, `chr_id` uint32, `start` int32 (its README calls it
peak_region_start), `peak_id` uint32 and `peak_name` text, each (n,). Everything is on the plus strand.

hits.tsv has the columns of HITS, in that order; positions are 0-based and half-open.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from seqinterp.errors import FileError, InputError
from seqinterp.io.atomic import written_whole
from seqinterp.io.bed import places
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.tracks import Tracks, as_tracks
from seqinterp.sequence.examples import Locus

HITS = {
    "chr": str,
    "start": np.int32,
    "end": np.int32,
    "start_untrimmed": np.int32,
    "end_untrimmed": np.int32,
    "motif_name": str,
    "hit_coefficient": np.float32,
    "hit_coefficient_global": np.float32,
    "hit_similarity": np.float32,
    "hit_correlation": np.float32,
    "hit_importance": np.float32,
    "hit_importance_sq": np.float32,
    "strand": str,
    "peak_name": str,
    "peak_id": np.uint32,
}
UNKNOWN = "NA"  # what Fi-NeMo writes for the chromosome and the name of a region without coordinates
_TURN = {"+": "-", "-": "+"}


def write_regions(
    path: Path | str,
    tracks: Tracks,
    loci: Sequence[Locus | None] | None = None,
    *,
    names: Sequence[str] | None = None,
    force: bool = False,
) -> None:
    """Write sequences and their attributions as Fi-NeMo's regions.npz.

    The hypothetical contributions are written where there are any, else the contribution of each position. With loci,
    a region that was read from the minus strand is turned to the plus strand, so that its hits get the right place.

    names: one per example, the names of the peaks; example_0, example_1 ... unless given. They go with the loci.

    Raises:
        InputError: the sequences are mixtures of bases, a locus is missing or has another length, or the attributions
            are too large or too small for half precision.
        FileError: the file exists and `force` is False, or it is not named .npz.
    """
    if Path(path).suffix != ".npz":
        raise FileError(f"{path}: the regions of Fi-NeMo are an npz file; name it .npz")
    if not np.isin(tracks.inputs, (0, 1)).all():
        raise InputError(
            "sequences are whole numbers in Fi-NeMo, but some inputs are mixtures of bases; leave them out"
        )
    scores = tracks.total if tracks.hypothetical is None else tracks.hypothetical
    arrays: dict[str, Any] = {"sequences": tracks.inputs.astype(np.int8), "contributions": _half(scores)}
    if loci is not None:
        known = _known(loci, len(tracks), tracks.length)
        for i, locus in enumerate(known):
            if locus.strand == "-":
                arrays["sequences"][i] = arrays["sequences"][i, ::-1, ::-1]
                arrays["contributions"][i] = np.flip(arrays["contributions"][i])
        arrays |= _peaks(known, names)
    with written_whole(Path(path), force=force) as place:
        np.savez_compressed(place, **arrays)


def read_regions(path: Path | str) -> tuple[Tracks, list[Locus] | None]:
    """The sequences, attributions and loci of Fi-NeMo's regions.npz; None for loci where it has no coordinates.

    Raises:
        FileError: the file is missing, no such file, or damaged.
    """
    try:
        with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, BadZipFile, EOFError, AttributeError, TypeError) as error:
        raise FileError(f"{path}: cannot be read as an npz file ({error})") from error
    needed = ("sequences", "contributions", *(("start",) if "chr" in arrays else ()))
    for name in needed:
        if name not in arrays:
            raise FileError(f"{path}: lacks the array {name!r} that the regions of Fi-NeMo have")
    try:
        tracks = as_tracks(arrays["sequences"], arrays["contributions"])
        if "chr" not in arrays:
            return tracks, None
        starts = zip(arrays["chr"].tolist(), arrays["start"].tolist(), strict=True)
        return tracks, [Locus(chromosome, start, start + tracks.length) for chromosome, start in starts]
    except ValueError as error:
        raise FileError(f"{path}: {error}") from error


def write_hits(
    path: Path | str,
    hits: pd.DataFrame,
    motifs: Sequence[Motif],
    *,
    names: Sequence[str] | None = None,
    trim: float = 0.3,
    force: bool = False,
) -> None:
    """Write a table of hits as Fi-NeMo's hits.tsv, sorted by chromosome (or region, where there are no loci) and start.

    start_untrimmed and end_untrimmed span all columns of the motif; start and end span those from the first to the
    last whose contributions (absolute, of the motif's cwm) reach `trim` of the greatest, all where there is no cwm.
    Positions are on the genome where the table has loci, else in the input with NA for chr. peak_id is the example.

    Not all is what Fi-NeMo would write. It scales each region before it fits, so hit_coefficient (scaled) and
    hit_coefficient_global (not) differ there, and are both the table's coefficient here. hit_correlation is
    hit_similarity, as there. hit_importance is the table's importance; hit_importance_sq, and what the table has not,
    is NaN.

    names: one per example, the names of the peaks; NA unless given.

    Raises:
        InputError: a column is missing, or a hit is of no motif given, not as wide as its motif, or on no strand.
        FileError: the file exists and `force` is False, or it cannot be written.
    """
    lines = _lines(hits, motifs, trim, names)
    with written_whole(Path(path), force=force) as place:
        lines.to_csv(place, sep="\t", index=False, na_rep="NaN", lineterminator="\n")


def read_hits(path: Path | str, *, loci: Sequence[Locus | None] | None = None, trimmed: bool = False) -> pd.DataFrame:
    """The hits of Fi-NeMo's hits.tsv or hits_unique.tsv, in the order of the file.

    One row per hit: example (peak_id), start, stop, strand, motif, coefficient (hit_coefficient_global, Fi-NeMo's
    primary score), similarity, importance, p_value and q_value (NaN). Where the file has coordinates there are also
    chromosome, chromosome_start, chromosome_stop and chromosome_strand; start, stop and strand, which are of the
    input, then need `loci`, one per example, and are left out without.

    trimmed: of the motif's core (start, end) rather than of all its columns (start_untrimmed, end_untrimmed).

    Raises:
        FileError: the file is missing or no such table.
        InputError: there are fewer loci than examples, or a hit outside its locus.
    """
    table = _table(path)
    first, last = ("start", "end") if trimmed else ("start_untrimmed", "end_untrimmed")
    found = pd.DataFrame({"example": table["peak_id"], "start": table[first], "stop": table[last]}).astype(np.int64)
    found["strand"], found["motif"] = table["strand"], table["motif_name"]
    for name in ("coefficient_global", "similarity", "importance"):
        found[name.partition("_")[0]] = table[f"hit_{name}"].astype(np.float64)
    found["p_value"] = found["q_value"] = np.nan
    if (table["chr"] == UNKNOWN).all():
        return found
    there = {"chromosome": table["chr"], "chromosome_start": found["start"], "chromosome_stop": found["stop"]}
    found = found.assign(**there, chromosome_strand=table["strand"])
    return found.drop(columns=["start", "stop", "strand"]) if loci is None else _in_inputs(found, loci)


def _half(scores: np.ndarray) -> np.ndarray:
    """Scores in half precision, if that can hold them."""
    greatest, limits = float(np.abs(scores).max(initial=0.0)), np.finfo(np.float16)
    if greatest > float(limits.max) or 0 < greatest < float(limits.smallest_normal):
        raise InputError(
            f"attributions are of half precision in Fi-NeMo, {limits.smallest_normal:.1g} to {limits.max:.0f}, but the "
            f"greatest here is {greatest:.3g}; scale them all by one number, which hits do not depend on"
        )
    return scores.astype(np.float16)


def _known(loci: Sequence[Locus | None], examples: int, length: int) -> list[Locus]:
    """The loci, if there is one for each example and of its length."""
    if len(loci) != examples:
        raise InputError(f"one locus per example is needed, but {len(loci)} came for {examples} examples")
    known = [locus for locus in loci if locus is not None and len(locus) == length]
    if len(known) < examples:
        i = next(i for i, locus in enumerate(loci) if locus is None or len(locus) != length)
        raise InputError(f"each example needs a locus of {length} positions, but example {i} has {loci[i]}")
    return known


def _peaks(loci: Sequence[Locus], names: Sequence[str] | None) -> dict[str, np.ndarray]:
    """What regions.npz says of the places of its regions; chromosomes are numbered as they come."""
    if names is not None and len(names) != len(loci):
        raise InputError(f"one name per example is needed, but {len(names)} came for {len(loci)} examples")
    chromosomes = [locus.chromosome for locus in loci]
    return {
        "chr": np.array(chromosomes, dtype=np.str_),
        "chr_id": pd.factorize(pd.Series(chromosomes))[0].astype(np.uint32),
        "start": np.array([locus.start for locus in loci], np.int32),
        "peak_id": np.arange(len(loci), dtype=np.uint32),
        "peak_name": np.array([f"example_{i}" for i in range(len(loci))] if names is None else names, dtype=np.str_),
    }


def _lines(hits: pd.DataFrame, motifs: Sequence[Motif], trim: float, names: Sequence[str] | None) -> pd.DataFrame:
    """The lines of hits.tsv."""
    where, example = places(hits), hits["example"].to_numpy(np.int64)
    if names is not None and len(hits) and len(names) <= example.max():
        raise InputError(
            f"one name per example is needed, but {len(names)} came and there is an example {example.max()}"
        )
    left, right = _cores(hits, motifs, trim)
    reverse = (where["strand"] == "-").to_numpy()
    table = {
        "chr": where["chrom"].where(where["on_genome"], UNKNOWN),
        "start": where["start"] + np.where(reverse, right, left),
        "end": where["stop"] - np.where(reverse, left, right),
        "start_untrimmed": where["start"],
        "end_untrimmed": where["stop"],
        "motif_name": hits["motif"].to_numpy(),
        "strand": where["strand"],
        "peak_name": UNKNOWN if names is None else np.asarray(names, dtype=np.str_)[example],
        "peak_id": example,
    }
    scores = {"coefficient": "coefficient", "coefficient_global": "coefficient", "similarity": "similarity"}
    scores |= {"correlation": "similarity", "importance": "importance", "importance_sq": ""}
    for name, column in scores.items():
        table[f"hit_{name}"] = hits[column].to_numpy(np.float64) if column in hits else np.nan
    lines = pd.DataFrame(table, columns=[*HITS])
    # Chromosomes in the order of the first example on each, as Fi-NeMo numbers them.
    regions = pd.Index(where["chrom"].iloc[np.argsort(example, kind="stable")].unique())
    return lines.iloc[np.lexsort((example, lines["start"].to_numpy(), regions.get_indexer(where["chrom"])))]


def _cores(hits: pd.DataFrame, motifs: Sequence[Motif], trim: float) -> tuple[np.ndarray, np.ndarray]:
    """How many columns to leave off at the left and the right of each hit's motif, read forwards."""
    widths = hits["motif"].map({motif.name: motif.width for motif in motifs})
    wrong = {
        "is of a motif that was not given": widths.isna(),
        "is not as wide as its motif": widths != hits["stop"] - hits["start"],
        "is on neither strand (+ or -)": ~hits["strand"].isin(["+", "-"]),
    }
    for what, bad in wrong.items():
        if bad.any():
            hit = "{start}-{stop} of {motif!r} in example {example}".format(**hits[bad].iloc[0])
            raise InputError(f"the hit {hit} {what}")
    sides = {}
    for motif in motifs:
        strength = np.ones(motif.width) if motif.cwm is None else np.abs(motif.cwm).sum(axis=0)
        kept = np.flatnonzero(strength >= trim * strength.max())
        sides[motif.name] = (int(kept[0]), motif.width - 1 - int(kept[-1]))
    both = np.array([sides[name] for name in hits["motif"]], np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _table(path: Path | str) -> pd.DataFrame:
    """The lines of hits.tsv."""
    texts = {name: str for name, kind in HITS.items() if kind is str}
    try:
        table = pd.read_csv(
            path, sep="\t", quoting=csv.QUOTE_NONE, dtype=texts, keep_default_na=False, na_values=["", "NaN", "null"]
        )
    except (OSError, ValueError) as error:  # pandas' own errors are kinds of ValueError
        raise FileError(f"{path}: cannot be read as a table of hits ({error})") from error
    lacking = [name for name in HITS if name not in table]
    if lacking:
        raise FileError(f"{path}: lacks the column {lacking[0]!r} of Fi-NeMo's hits.tsv")
    try:
        return table.astype({name: np.int64 for name, kind in HITS.items() if np.issubdtype(kind, np.integer)})
    except (ValueError, TypeError) as error:
        raise FileError(f"{path}: a position is not a whole number ({error})") from error


def _in_inputs(found: pd.DataFrame, loci: Sequence[Locus | None]) -> pd.DataFrame:
    """The hits with start, stop and strand in their examples, from their places on the genome."""
    known = [loci[i] if i < len(loci) else None for i in found["example"]]
    lows, highs, turned = (
        np.array([0 if locus is None else what(locus) for locus in known], np.int64)
        for what in (lambda locus: locus.start, lambda locus: locus.stop, lambda locus: locus.strand == "-")
    )
    chromosomes = np.array(["" if locus is None else locus.chromosome for locus in known], dtype=np.str_)
    outside = (found["start"] < lows) | (found["stop"] > highs) | (found["chromosome"] != chromosomes)
    if outside.any():
        row = found[outside].iloc[0]
        raise InputError(
            f"the hit {row['chromosome']}:{row['start']}-{row['stop']} is not in the locus of its example "
            f"{row['example']}; give the loci of the regions that hits were called in"
        )
    reverse = turned.astype(np.bool_)
    return found.assign(
        start=np.where(reverse, highs - found["stop"], found["start"] - lows),
        stop=np.where(reverse, highs - found["start"], found["stop"] - lows),
        strand=found["strand"].where(~reverse, found["strand"].map(_TURN)),
    )
