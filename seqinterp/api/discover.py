"""`discover`: from attributions to motifs with names, seqlets, hits and coordinates."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from seqinterp.api.results.attribution import Attribution
from seqinterp.api.results.motifs import Discovered, Motifs
from seqinterp.api.shared.progress import spoken
from seqinterp.errors import InputError
from seqinterp.io.bundled import bundled
from seqinterp.io.discovery_checkpoint import forget_search, load_search, save_search
from seqinterp.io.motif_files import read_motifs
from seqinterp.motifs.assign import Members
from seqinterp.motifs.compare import best_matches
from seqinterp.motifs.describe import Described
from seqinterp.motifs.discovery import LEAST, Watch, discover_motifs
from seqinterp.motifs.hits import call_hits
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.seqlet_table import with_loci
from seqinterp.motifs.seqlets import Seqlets, candidate_seqlets, seqlets_like_control
from seqinterp.motifs.tracks import Tracks, as_tracks, in_single
from seqinterp.sequence.examples import Locus
from seqinterp.shapes import Array

RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)  # false discovery rates of the curve


def discover(
    inputs: Array,
    attributions: Array | Attribution,
    *,
    database: Path | str | Sequence[Motif] | None = None,
    loci: Sequence[Locus | str | None] | None = None,
    control: Array | None = None,
    threshold: float = 0.2,
    least: int = LEAST,
    checkpoint: Path | str | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Motifs:
    """Find the motifs that attributions point at: seqlets, patterns, names, hits.

    Seqlets are called at a false discovery rate, patterns are those that seqlets with shuffled columns do not make, and
    the order of the examples changes nothing. Motifs that raise the score come first, then those that lower it.

    Args:
        inputs: one-hot DNA `(batch, 4, position)`.
        attributions: contributions or hypothetical contributions, `(batch, 4, position)`; contributions of positions,
            `(batch, position)`; or an `Attribution`.
        database: a MEME, JASPAR or TRANSFAC file, or motifs, to take names from; None takes the selection of JASPAR
            that comes with the package. A motif that resembles none (q above 0.05) has `match` None.
        loci: where each example lies, `Locus` or "chr1:100-200" (0-based, half-open; "(-)" after it where the minus
            strand was read); tables then have absolute coordinates.
        control: contributions (not hypothetical) of inputs in which there is nothing to find, shuffled ones, say;
            seqlets are then called against them.
        threshold: false discovery rate of the seqlets. It may be liberal: what is false makes no pattern.
        least: seqlets of a motif.
        checkpoint: a file that what is found is written to, round by round. A search that was interrupted goes on from
            there when it is asked for again; the file is removed at the end.
        seed: of the shuffles that hits are held against.
        progress: say what is being done.

    Raises:
        ShapeError: the inputs are not one-hot DNA, or the attributions have another shape.
        InputError: attributions that are not finite, loci of another number or length, an option out of its range.
        FileError: the database cannot be read.
    """
    if not 0 < threshold <= 1:
        raise InputError(f"threshold must be a false discovery rate above 0 and up to 1, not {threshold}")
    tracks = _tracks(inputs, attributions)
    places = _loci(loci, tracks)
    if database is None:
        database = bundled("jaspar_subset.meme")
    known = read_motifs(database) if isinstance(database, str | Path) else list(database)
    with spoken("discovering motifs", progress) as said:
        candidates = _candidates(tracks, control)
        seqlets = candidates.take(np.flatnonzero(candidates.q_value <= threshold))
        found = discover_motifs(tracks, seqlets, least=least, watch=_watch(tracks, seqlets, least, checkpoint, said))
        said("naming motifs")
        named = _named(found.found, known)
        said("finding hits")
        hits = call_hits(tracks, named, seed=seed)
    if checkpoint is not None:
        forget_search(checkpoint)
    source = Path(database).name if isinstance(database, str | Path) else "the motifs given"
    tables = Discovered(with_loci(found.seqlets, places), with_loci(hits, places), _curve(candidates), tracks)
    return Motifs(named, database=source, database_size=len(known), discovered=tables)


def _tracks(inputs: Array, attributions: Array | Attribution) -> Tracks:
    """The inputs with their attributions; an `Attribution` knows which kind it holds."""
    if not isinstance(attributions, Attribution):
        return as_tracks(_numbers(inputs), _numbers(attributions))
    values = _numbers(attributions.values)
    found = as_tracks(_numbers(inputs), values if values.ndim == 2 else values.sum(axis=1))
    if attributions.hypothetical is None:
        return found
    return Tracks(found.inputs, values.astype(np.float32), _numbers(attributions.hypothetical).astype(np.float32))


def _named(found: Sequence[Described], known: Sequence[Motif]) -> list[Motif]:
    """The motifs with their matches, which are looked for with a few columns more."""
    matches = best_matches([one.wide for one in found], known)
    return [
        replace(one.motif, match=replace(match, offset=match.offset - one.beside) if match else None)
        for one, match in zip(found, matches, strict=True)
    ]


def _numbers(given: Array) -> np.ndarray:
    """What was given as an array on the CPU."""
    return given.detach().cpu().float().numpy() if isinstance(given, torch.Tensor) else np.asarray(given)


def _loci(loci: Sequence[Locus | str | None] | None, tracks: Tracks) -> list[Locus | None] | None:
    """The loci, one for each example and as long as it."""
    if loci is None:
        return None
    places = [Locus.parse(one) if isinstance(one, str) else one for one in loci]
    if len(places) != len(tracks):
        raise InputError(f"{len(tracks)} examples need as many loci, but {len(places)} came")
    for number, place in enumerate(places):
        if place is not None and len(place) != tracks.length:
            raise InputError(
                f"locus {number}, {place}, is {len(place)} long, but its example has {tracks.length} positions"
            )
    return places


def _watch(
    tracks: Tracks, seqlets: Seqlets, least: int, checkpoint: Path | str | None, said: Callable[[str], None]
) -> Watch:
    """Who follows the search: somebody who reads, and a file, if there is to be one."""
    if checkpoint is None:
        return Watch(said)
    digest = hashlib.sha256(f"1 {least}".encode())  # 1: of the way patterns are searched for
    for array in (tracks.contributions, seqlets.example, seqlets.start, seqlets.stop):
        digest.update(np.ascontiguousarray(array).data)
    search = digest.hexdigest()
    found = load_search(checkpoint, search)

    def kept(sign: int, patterns: list[Members]) -> None:
        found[sign] = patterns
        save_search(checkpoint, search, found)

    return Watch(said, kept, dict(found))


def _candidates(tracks: Tracks, control: Array | None) -> Seqlets:
    """All windows that could be seqlets, with q-values."""
    threads = torch.get_num_threads()
    found = candidate_seqlets(tracks.total, threads=threads)
    if control is None:
        return found
    numbers = _numbers(control)
    wrong = numbers.ndim not in (2, 3) or numbers.shape[-1] != tracks.length or len(numbers) == 0
    if wrong or (numbers.ndim == 3 and numbers.shape[1] != 4):
        raise InputError(
            f"the control must be contributions of sequences of {tracks.length} positions, but it is {numbers.shape}"
        )
    numbers = in_single(numbers, "control")
    total = numbers if numbers.ndim == 2 else numbers.sum(axis=1)
    chance = candidate_seqlets(total, threads=threads)
    return seqlets_like_control(found, chance, len(total) / len(tracks))


def _curve(candidates: Seqlets) -> pd.DataFrame:
    """Calls of either sign at false discovery rates, and how many of them chance would make."""
    rows = []
    for rate in RATES:
        good = candidates.q_value <= rate
        up, down = int((good & (candidates.sign > 0)).sum()), int((good & (candidates.sign < 0)).sum())
        rows.append({"rate": rate, "calls": up + down, "positive": up, "negative": down, "false": rate * (up + down)})
    return pd.DataFrame(rows)
