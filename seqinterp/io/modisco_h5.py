"""TF-MoDISco's HDF5 file of motifs and seqlets, as modisco-lite 2 and 3 write and read it.

    /                                  attribute window_size: the centre of the inputs that was looked at
    pos_patterns/pattern_<i>/          neg_patterns/ for motifs that lower the score; no empty groups
        sequence                       (width, 4) float64, mean of the seqlets' bases
        contrib_scores                 (width, 4) float64, mean of their contributions
        hypothetical_contribs          (width, 4) float64, mean of what every base would contribute
        seqlets/n_seqlets              (1,) int64
        seqlets/start, end             (n,) int64, 0-based half-open, counted from the start of the window
        seqlets/example_idx            (n,) int64
        seqlets/is_revcomp             (n,) bool
        seqlets/sequence, contrib_scores, hypothetical_contribs    (n, width, 4) float32, turned to the motif's strand

The window of `length` positions starts at length // 2 - window_size // 2 and is 2 * (window_size // 2) long. Groups are
listed as text is sorted (pattern_10 before pattern_2), so readers must sort by number.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from seqinterp.errors import FileError, InputError
from seqinterp.io.atomic import written_whole
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.tracks import Tracks

GROUPS = {1: "pos_patterns", -1: "neg_patterns"}
_NAME = re.compile(r"(pos_patterns|neg_patterns)\.pattern_(\d+)")
_WHOLE = 1e-6  # how near a count must be to a whole number to be one


def write_modisco(
    path: Path | str,
    motifs: Sequence[Motif],
    tracks: Tracks,
    seqlets: pd.DataFrame,
    *,
    window: int | None = None,
    width: int | None = None,
    force: bool = False,
) -> None:
    """Write motifs and the seqlets they were made of as TF-MoDISco's HDF5 file.

    A motif is written under its own name (`pos_patterns.pattern_0`) where all have such names; else they are numbered
    in their order, by sign. Of `seqlets` the columns example, start, stop, strand and motif are read, and rows without
    motif are left out. Where the tracks have no hypothetical contributions, the contributions stand in for them, as
    in a file made from projected scores.

    window: the centre of the inputs that seqlets are counted from; the length of the inputs unless given.
    width: columns of every pattern. Unless given, patterns have the columns of their motifs, which modisco-lite reads;
        Fi-NeMo needs all patterns to be equally wide, so it needs a width. The flanks are read from the tracks, the
        matrices are made anew, and seqlets whose flanks reach past the window are left out, as TF-MoDISco does.

    Raises:
        InputError: a table without these columns, a motif without cwm, sign or seqlets, a name used twice, or a seqlet
            that is not as wide as its motif, not in the window, not in the inputs, or on no strand.
        FileError: the file exists and `force` is False, or it cannot be written.
    """
    names = _groups(motifs)
    lacking = [name for name in ("example", "start", "stop", "strand", "motif") if name not in seqlets]
    if lacking:
        raise InputError(f"a table of seqlets has a column {lacking[0]!r}, but it is not among {[*seqlets]}")
    low, high, window = _window(tracks.length, window)
    placed = [_rows(motif, seqlets, len(tracks), low, high) for motif in motifs]
    if width is not None:
        placed = [_widened(*pair, width, low, high) for pair in zip(motifs, placed, strict=True)]
    with written_whole(Path(path), force=force) as place:
        try:
            with h5py.File(place, "w") as file:
                file.attrs["window_size"] = window
                for name, motif, rows in zip(names, motifs, placed, strict=True):
                    _write_pattern(file.create_group(name), motif, tracks, rows, low)
        except OSError as error:
            raise FileError(f"{path} cannot be written as HDF5 ({error}); choose another place") from error


def read_modisco(path: Path | str, *, length: int | None = None) -> tuple[list[Motif], pd.DataFrame]:
    """The motifs and seqlets of a TF-MoDISco HDF5 file; positive motifs first, each sign in the order of its numbers.

    Motifs are named `pos_patterns.pattern_0` and so on; counts are frequencies times seqlets. Sub-patterns are not
    read. The table has one row per seqlet: example, start, stop, strand, motif, sign, attribution (the sum of its
    contributions; NaN where the file has none), p_value and q_value (NaN: TF-MoDISco has none).

    length: of the inputs that TF-MoDISco was given. With it, start and stop are positions of these inputs; without,
        they are as written, counted from the start of the window of `window_size` in their centre.

    Raises:
        FileError: the file is missing, no such file, or damaged, or has no window_size where `length` is given.
    """
    try:
        with h5py.File(path, "r") as file:
            _check(path, file)
            offset = 0 if length is None else _offset(path, file, length)
            found = [
                _read_pattern(path, f"{group}.{name}", file[group][name], sign, offset)
                for sign, group in GROUPS.items()
                for name in _numbered(file.get(group, {}))
            ]
    except FileError:
        raise
    except (OSError, KeyError, ValueError, IndexError, AttributeError) as error:
        raise FileError(f"{path}: cannot be read as TF-MoDISco HDF5 ({str(error).strip()})") from error
    columns = ("example", "start", "stop", "strand", "motif", "sign", "attribution", "p_value", "q_value")
    tables = [table for _, table in found] or [pd.DataFrame(columns=list(columns))]
    return [motif for motif, _ in found], pd.concat(tables, ignore_index=True)


def _groups(motifs: Sequence[Motif]) -> list[str]:
    """Where each motif goes in the file."""
    for motif in motifs:
        if motif.cwm is None or motif.sign not in GROUPS:
            raise InputError(
                f"the file of TF-MoDISco holds motifs of attributions, but {motif.name} has no cwm or no sign; "
                "write_meme writes motifs of any origin"
            )
    names = [motif.name for motif in motifs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"each motif needs a name of its own, but {twice!r} came twice; rename one")
    if all((match := _NAME.fullmatch(m.name)) and match[1] == GROUPS[m.sign] for m in motifs):
        return [name.replace(".", "/") for name in names]
    signs = [motif.sign for motif in motifs]
    return [f"{GROUPS[sign]}/pattern_{signs[:i].count(sign)}" for i, sign in enumerate(signs)]


def _window(length: int, window: int | None) -> tuple[int, int, int]:
    """The positions [low, high) that the window spans, and its size."""
    window = length if window is None else window
    if not 2 <= window <= length:
        raise InputError(f"the window must be 2 to {length} positions, as the inputs have, but {window} came")
    # An odd window loses its last position, unless it is all there is: TF-MoDISco's arithmetic.
    low = length // 2 - window // 2
    return low, length if window == length else low + 2 * (window // 2), window


def _rows(motif: Motif, seqlets: pd.DataFrame, examples: int, low: int, high: int) -> pd.DataFrame:
    """The seqlets of one motif, checked."""
    rows = seqlets.loc[seqlets["motif"] == motif.name, ["example", "start", "stop", "strand"]].reset_index(drop=True)
    if rows.empty:
        raise InputError(f"{motif.name} has no seqlets in the table; leave the motif out, or give its seqlets")
    wrong = {
        f"is not {motif.width} positions wide as the motif is": rows["stop"] - rows["start"] != motif.width,
        f"is not within the positions {low} to {high} of the window": (rows["start"] < low) | (rows["stop"] > high),
        f"is of none of the {examples} inputs": (rows["example"] < 0) | (rows["example"] >= examples),
        "is on neither strand (+ or -)": ~rows["strand"].isin(["+", "-"]),
    }
    for what, bad in wrong.items():
        if bad.any():
            row = rows[bad].iloc[0]
            raise InputError(
                f"the seqlet {row['start']}-{row['stop']} of {motif.name} in example {row['example']} {what}"
            )
    return rows


def _widened(motif: Motif, rows: pd.DataFrame, width: int, low: int, high: int) -> pd.DataFrame:
    """The seqlets with flanks, so that they are `width` wide; those whose flanks leave the window are left out."""
    if not motif.width <= width <= high - low:
        raise InputError(
            f"the width must be {motif.width} (as {motif.name} has) to {high - low} columns, but {width} came"
        )
    left = (width - motif.width) // 2
    right = width - motif.width - left
    start = rows["start"] - np.where(rows["strand"] == "-", right, left)
    wide = rows.assign(start=start, stop=start + width)[(start >= low) & (start + width <= high)]
    if wide.empty:
        raise InputError(f"no seqlet of {motif.name} has room for {width} columns in the window; choose a lesser width")
    return wide


def _write_pattern(group: Any, motif: Motif, tracks: Tracks, rows: pd.DataFrame, low: int) -> None:
    """One motif, its matrices as they are unless its seqlets have been widened."""
    arrays = _seqlet_arrays(tracks, rows)
    if arrays["sequence"].shape[1] == motif.width:
        hypothetical = motif.cwm if motif.hypothetical_cwm is None else motif.hypothetical_cwm
        matrices = (motif.pfm / max(motif.hits, motif.nsites), motif.cwm, hypothetical)
        means = {name: np.asarray(m, np.float64).T for name, m in zip(arrays, matrices, strict=True)}
    else:
        means = {name: array.mean(axis=0, dtype=np.float64) for name, array in arrays.items()}
    for name, mean in means.items():
        group.create_dataset(name, data=mean)
    held = group.create_group("seqlets")
    held.create_dataset("n_seqlets", data=np.array([len(rows)], np.int64))
    held.create_dataset("start", data=rows["start"].to_numpy(np.int64) - low)
    held.create_dataset("end", data=rows["stop"].to_numpy(np.int64) - low)
    held.create_dataset("example_idx", data=rows["example"].to_numpy(np.int64))
    held.create_dataset("is_revcomp", data=(rows["strand"] == "-").to_numpy(np.bool_))
    for name, array in arrays.items():
        held.create_dataset(name, data=array)


def _seqlet_arrays(tracks: Tracks, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Bases, contributions and hypothetical contributions of seqlets, each (seqlet, width, 4), in their motif's way."""
    width = int(rows["stop"].iloc[0] - rows["start"].iloc[0])
    example, reverse = rows["example"].to_numpy(np.int64)[:, None], (rows["strand"] == "-").to_numpy(np.bool_)
    positions = rows["start"].to_numpy(np.int64)[:, None] + np.arange(width)
    hypothetical = tracks.contributions if tracks.hypothetical is None else tracks.hypothetical
    arrays = {}
    for name, maps in zip(
        ("sequence", "contrib_scores", "hypothetical_contribs"),
        (tracks.inputs, tracks.contributions, hypothetical),
        strict=True,
    ):
        arrays[name] = np.asarray(maps[example, :, positions], np.float32)
        arrays[name][reverse] = arrays[name][reverse][:, ::-1, ::-1]
    return arrays


def _check(path: Path | str, file: Any) -> None:
    """FileError for a file that is not TF-MoDISco's."""
    if "metacluster_idx_to_submetacluster_results" in file:
        raise FileError(f"{path}: is of the first TF-MoDISco; `modisco convert` of modisco-lite makes it readable")
    if "window_size" not in file.attrs and not any(group in file for group in GROUPS.values()):
        raise FileError(f"{path}: holds neither pos_patterns nor neg_patterns, so TF-MoDISco did not write it")


def _offset(path: Path | str, file: Any, length: int) -> int:
    """Where the window starts in inputs of this length."""
    if "window_size" not in file.attrs:
        raise FileError(
            f"{path}: does not say its window_size, so positions of the inputs are unknown; leave out length"
        )
    window = int(file.attrs["window_size"])
    if window > length:
        raise FileError(f"{path}: has a window of {window} positions, which inputs of {length} positions cannot have")
    return length // 2 - window // 2


def _numbered(group: Any) -> list[str]:
    """The patterns of a group in the order of their numbers; those without number, which people make, come first."""
    names = [name for name, held in group.items() if isinstance(held, h5py.Group)]
    numbers = {name: re.search(r"\d*$", name) for name in names}
    return sorted(names, key=lambda name: (int(number[0]) if (number := numbers[name]) and number[0] else -1, name))


def _read_pattern(path: Path | str, name: str, group: Any, sign: int, offset: int) -> tuple[Motif, pd.DataFrame]:
    """One motif and its seqlets."""
    held, count = group["seqlets"], int(group["seqlets"]["n_seqlets"][0])
    sequence, cwm, hypothetical = (
        np.asarray(group[what][:], np.float64).T for what in ("sequence", "contrib_scores", "hypothetical_contribs")
    )
    counts, whole = sequence * count, np.rint(sequence * count)
    try:
        motif = Motif(
            name,
            np.where(np.abs(counts - whole) < _WHOLE, whole, counts),
            hits=count,
            cwm=cwm,
            # Only where contributions stood in for them are the two the same.
            hypothetical_cwm=None if np.array_equal(cwm, hypothetical) else hypothetical,
            sign=sign,
        )
    except InputError as error:
        raise FileError(f"{path}: {error}") from error
    start, stop = (held[what][:].astype(np.int64) + offset for what in ("start", "end"))
    known = held["contrib_scores"][:].sum(axis=(1, 2), dtype=np.float64) if "contrib_scores" in held else np.nan
    table = {"example": held["example_idx"][:].astype(np.int64), "start": start, "stop": stop}
    table |= {"strand": np.where(held["is_revcomp"][:], "-", "+"), "motif": name, "sign": sign, "attribution": known}
    return motif, pd.DataFrame(table | {"p_value": np.nan, "q_value": np.nan}, index=np.arange(count))
