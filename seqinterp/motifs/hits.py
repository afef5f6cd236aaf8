"""Where motifs that were discovered in attributions occur, with competition between them.

A window is compared with what its motif leads one to expect of the bases that are there, as Fi-NeMo
(github.com/kundajelab/Fi-NeMo) compares it with the CWM itself; instead of a sparse fit of all motifs together, a
matching pursuit (Mallat and Zhang 1993, doi:10.1109/78.258082) takes the best site, then the best of the rest.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import numpy as np
import pandas as pd
import torch

from seqinterp.errors import InputError
from seqinterp.kernels.match_motifs import COEFFICIENT, FIELDS, SIMILARITY, START, TEMPLATE, WORTH, Templates, match
from seqinterp.motifs.false_discovery import q_values
from seqinterp.motifs.hit_null import Null, null_of, shuffled
from seqinterp.motifs.hit_templates import templates_of
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.tracks import Tracks
from seqinterp.shapes import BaseMaps, Counters, Matrix, Numbers

THRESHOLD = 0.05
COLUMNS = (
    "example",
    "start",
    "stop",
    "strand",
    "motif",
    "coefficient",
    "similarity",
    "importance",
    "p_value",
    "q_value",
)
BLOCK = 64  # sequences that a thread takes at once
T = TypeVar("T")
R = TypeVar("R")


def call_hits(
    tracks: Tracks, motifs: Sequence[Motif], *, threshold: float = THRESHOLD, seed: int = 0, progress: bool = False
) -> pd.DataFrame:
    """Occurrences of motifs in contributions: one row each, in order of example, start and motif.

    Only informative columns count: those that hold 0.3 or more of what the largest column of the CWM holds. At the
    bases that are there, a motif leads one to expect the CWM divided by the probability of the base; similarity is the
    cosine of the contributions with that. A window's worth is the similarity times the dot product of the contributions
    (over the root mean square of their example) with the CWM (over its length). It may be a site if the similarity is
    0.5 or more and its bases are likelier in the motif than in the background. The site of most worth, among all
    motifs, strands and places, is a hit; the contributions it explains are taken away, and what is left is compared
    anew. So no position counts twice, and of a palindrome's two strands the better is reported, + if they are equal.

    example, start, stop (0-based, half-open, the whole motif), strand, motif (its name).
    coefficient: the size of the contributions in units of the motif's mean site (least squares).
    similarity: the cosine, of what earlier hits have left.
    importance: the sum of absolute contributions from start to stop, with the motif's sign.
    p_value: the share of windows that are worth as much in shuffled sequences, contributions and bases moved together:
    one distribution for each motif, of 500,000 positions or more on both strands, with a fitted tail (`hit_null`).
    q_value: Benjamini and Hochberg over all windows, both strands, of one motif; reported are hits with `threshold` or
    less. What was shuffled, hence every row, does not depend on the order of the examples.

    Raises:
        InputError: `threshold` or `seed` cannot be used, or a motif has no CWM, does not fit in the sequences or shares
            its name with another.
    """
    if not 0 < threshold <= 1:
        raise InputError(f"threshold is a q-value, above 0 and up to 1, not {threshold}")
    if seed < 0:
        raise InputError(f"seed must be 0 or more, not {seed}")
    templates = templates_of(motifs, tracks.length)
    scale = np.sqrt((tracks.contributions.astype(np.float64) ** 2).sum(axis=(1, 2)) / tracks.length)
    inputs = np.ascontiguousarray(tracks.inputs, np.float32)
    scaled = tracks.contributions / np.where(scale > 0, scale, 1)[:, None, None]
    scaled = np.ascontiguousarray(scaled, np.float32)
    shares = threshold * _most_hits(templates, tracks) / _tests(templates, tracks)
    control = shuffled(scaled, inputs, seed) if len(motifs) else (scaled, inputs)
    nulls = _in_threads(
        lambda motif: null_of(control, templates, motif, shares[motif]),
        range(len(motifs)),
        "shuffling" if progress else "",
    )
    limits = np.repeat([null.limit(share) for null, share in zip(nulls, shares, strict=True)], 2).astype(np.float64)
    sites = _in_threads(
        partial(_sites, scaled, inputs, templates, limits),
        range(0, len(tracks) if len(motifs) else 0, BLOCK),
        "matching" if progress else "",
    )
    found = np.concatenate([*sites, np.empty((0, 1 + FIELDS))])
    found[:, 1 + COEFFICIENT] *= scale[found[:, 0].astype(np.int64)]
    rates = _rates(found, nulls, _tests(templates, tracks))
    table = _table(found, rates, tracks, motifs)
    return table[table["q_value"] <= threshold].reset_index(drop=True)


def _tests(templates: Templates, tracks: Tracks) -> Counters:
    """How many windows each motif is compared with: both strands, every place."""
    return 2 * len(tracks) * (tracks.length - templates.width[::2] + 1)


def _most_hits(templates: Templates, tracks: Tracks) -> Counters:
    """How many hits each motif can have, since they share no position: no larger p-value can be significant."""
    return len(tracks) * (tracks.length // np.diff(templates.first)[::2])


def _in_threads(task: Callable[[T], R], parts: Sequence[T], description: str) -> list[R]:
    """`task` of each part, in order, each thread taking what is next; with a bar where there is a description."""
    pool = ThreadPoolExecutor(max(1, min(torch.get_num_threads(), len(parts))))
    try:
        results: Iterable[R] = pool.map(task, parts)
        if description:
            from rich.console import Console  # rich costs a tenth of a second to import
            from rich.progress import track

            console = Console(stderr=True)
            results = track(results, total=len(parts), description=description, console=console, transient=True)
        return list(results)
    finally:  # also when somebody interrupts: nothing more begins
        pool.shutdown(cancel_futures=True)


def _sites(contributions: BaseMaps, inputs: BaseMaps, templates: Templates, limits: Numbers, first: int) -> Matrix:
    """The sites of a block of sequences: the example, and what `match` gives."""
    found, parts = np.empty((contributions.shape[2], FIELDS)), [np.empty((0, 1 + FIELDS))]
    for example in range(first, min(first + BLOCK, len(contributions))):
        count = match(contributions[example].copy(), inputs[example], templates, limits, found)
        parts.append(np.insert(found[:count], 0, example, axis=1))
    return np.concatenate(parts)


def _rates(found: Matrix, nulls: Sequence[Null], tests: Counters) -> np.ndarray:
    """The p- and q-value of each site, (site, 2)."""
    rates = np.empty((len(found), 2))
    owner = found[:, 1 + TEMPLATE].astype(np.int64) // 2
    for motif, null in enumerate(nulls):
        mine = np.flatnonzero(owner == motif)
        p_values = null.p_values(found[mine, 1 + WORTH])
        rates[mine, 0], rates[mine, 1] = p_values, q_values(p_values, int(tests[motif]))
    return rates


def _table(found: Matrix, rates: np.ndarray, tracks: Tracks, motifs: Sequence[Motif]) -> pd.DataFrame:
    """The sites as a table, in order of example, start and motif."""
    order = np.lexsort((found[:, 1 + TEMPLATE], found[:, 1 + START], found[:, 0]))
    found, rates = found[order], rates[order]
    example, template, start = (found[:, column].astype(np.int64) for column in (0, 1 + TEMPLATE, 1 + START))
    owner = template // 2
    stop = start + np.array([motif.width for motif in motifs], np.int64)[owner]
    signs = np.array([motif.sign or np.sign(np.sum(np.asarray(motif.cwm))) for motif in motifs], np.float64)
    held = np.pad(np.abs(tracks.total, dtype=np.float64).cumsum(axis=1), ((0, 0), (1, 0)))
    columns = (
        example,
        start,
        stop,
        np.where(template % 2, "-", "+"),
        np.array([motif.name for motif in motifs], object)[owner],
        found[:, 1 + COEFFICIENT],
        found[:, 1 + SIMILARITY],
        signs[owner] * (held[example, stop] - held[example, start]),
        *rates.T,
    )
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
