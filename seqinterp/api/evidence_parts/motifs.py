"""Which known motifs stand in the sequence, and do the explanations look at them?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from seqinterp.api.evidence_parts.question import Question
from seqinterp.api.seqlet_calls import calls
from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.scan import BITS, THRESHOLD, scan_sequences
from seqinterp.motifs.seqlets import Seqlets
from seqinterp.report.evidence_contents import NO_MOTIFS, MotifsPresent
from seqinterp.sequence.onehot import decode

SHARED = 0.5  # of the shorter of two windows: so much in common, and they are one
LEAST = 14  # bases: in shorter sequences no stretch can be called


def motifs_present(question: Question, maps: Mapping[str, Tensor], consensus: Sequence[int]) -> MotifsPresent:
    """Windows of known matrices on both strands, and called stretches that match none.

    Raises:
        InputError: the example is no DNA, or there are no matrices.
    """
    if not question.dna:
        raise InputError(NO_MOTIFS)
    if not question.motifs:
        raise InputError("no matrices were given; pass motifs=None for those that come along")
    table, tried = _windows(question)
    length = question.inputs.shape[2]
    sums = {method: values[0].double().sum(dim=0).cumsum(0).tolist() for method, values in maps.items()}
    called = {method: calls(values) for method, values in maps.items()} if length >= LEAST else {}
    known = tuple(_known(site, question.motifs, sums, called) for site in _sites(table))
    unnamed = [] if not called else _unnamed(called, known, sums)
    sequence = decode(question.inputs)[0]
    inside = [any(site["start"] <= place < site["stop"] for site in known if site["methods"]) for place in consensus]
    return MotifsPresent(
        known=known,
        unnamed=tuple({**row, "sequence": sequence[row["start"] : row["stop"]]} for row in unnamed),
        windows=len(table),
        expected=sum(2 * (length - motif.width + 1) for motif in tried) * THRESHOLD,
        threshold=THRESHOLD,
        database=question.database,
        matrices=len(question.motifs),
        left_out=len(question.motifs) - len(tried),
        explained=sum(inside) / len(inside) if inside else None,
        asked=tuple(called),
    )


def _windows(question: Question) -> tuple[pd.DataFrame, list[Motif]]:
    """All windows, and the matrices that hold enough information to have any."""
    length = question.inputs.shape[2]
    tried = [motif for motif in question.motifs if motif.width <= length and _least(motif) < THRESHOLD]
    if not tried:
        raise InputError("no matrix holds enough information to be found at a p-value of 1e-4")
    return scan_sequences(question.inputs.numpy(), tried), tried


def _least(motif: Motif) -> float:
    """The p-value of a matrix's best match: how often random bases are the best in every column."""
    scores = np.round(motif.pssm / BITS)
    return float(((scores == scores.max(axis=0)).sum(axis=0) / 4).prod())


def _sites(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The best windows; those that share half of the shorter with a better one stand under it."""
    sites: list[dict[str, Any]] = []
    for row in table.sort_values(["p_value", "start", "motif"], kind="stable").to_dict("records"):
        start, stop = int(row["start"]), int(row["stop"])
        better = next((site for site in sites if shares(start, stop, site["start"], site["stop"])), None)
        if better is not None:
            better["also"].append(str(row["motif"]))
            continue
        sites.append(
            {
                "name": str(row["motif"]),
                "start": start,
                "stop": stop,
                "strand": str(row["strand"]),
                "p_value": float(row["p_value"]),
                "also": [],
            }
        )
    return sorted(sites, key=lambda site: site["start"])


def _known(
    site: dict[str, Any], motifs: Sequence[Motif], sums: Mapping[str, list[float]], called: Mapping[str, Seqlets]
) -> dict[str, Any]:
    """A site with the names people use, what it contributes, and the methods that call a stretch there."""
    labels = {motif.name: motif.label or motif.name for motif in motifs}
    start, stop = site["start"], site["stop"]
    also = [labels[name] for name in dict.fromkeys(site["also"]) if labels[name] != labels[site["name"]]]
    methods = [method for method, found in called.items() if _calls(found, start, stop)]
    return {
        **site,
        "label": labels[site["name"]],
        "also": list(dict.fromkeys(also)),
        "contributions": _within(sums, start, stop),
        "methods": methods,
    }


def _unnamed(
    called: Mapping[str, Seqlets], known: Sequence[Mapping[str, Any]], sums: Mapping[str, list[float]]
) -> list[dict[str, Any]]:
    """Stretches that more than half of the methods call and that are no known site."""
    rows: list[dict[str, Any]] = []
    spans = [(int(a), int(b)) for found in called.values() for a, b in zip(found.start, found.stop, strict=True)]
    for start, stop in sorted(set(spans), key=lambda span: (span[1] - span[0], span)):
        methods = [method for method, found in called.items() if _calls(found, start, stop)]
        taken = any(shares(start, stop, row["start"], row["stop"]) for row in [*known, *rows])
        if 2 * len(methods) > len(called) and not taken:
            rows.append({"start": start, "stop": stop, "contributions": _within(sums, start, stop), "methods": methods})
    return sorted(rows, key=lambda row: int(row["start"]))


def _calls(found: Seqlets, start: int, stop: int) -> bool:
    """Whether a method calls a stretch there."""
    return any(shares(start, stop, int(a), int(b)) for a, b in zip(found.start, found.stop, strict=True))


def shares(start: int, stop: int, other_start: int, other_stop: int) -> bool:
    """Whether two windows have half of the shorter in common."""
    common = min(stop, other_stop) - max(start, other_start)
    return common >= SHARED * min(stop - start, other_stop - other_start)


def _within(sums: Mapping[str, list[float]], start: int, stop: int) -> dict[str, float]:
    """What each method says a window contributes."""
    return {method: total[stop - 1] - (total[start - 1] if start else 0.0) for method, total in sums.items()}
