"""Certified attributions of the example by several methods, and how far they agree."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqinterp.api.attribute import attribute
from seqinterp.api.attribution_uncertainty import attribution_uncertainty
from seqinterp.api.evidence_parts.question import Question, asked
from seqinterp.api.results.attribution import Attribution
from seqinterp.api.results.attribution_uncertainty import AttributionUncertainty
from seqinterp.api.shared.candidates import of_present_bases
from seqinterp.errors import InputError, SeqinterpError
from seqinterp.evaluation.agreement import agreement, consensus
from seqinterp.evaluation.places import place_contributions
from seqinterp.report.evidence_contents import Explanations

TOP = 10  # largest places of a method that vote for the consensus; of pictures a twentieth
SHARE = 20
BAND = "deeplift"  # the method that is explained again and again, where it is among those asked
REPEATS = 10


@dataclass(frozen=True, eq=False)
class Explained:
    """The part, with the maps it speaks of: by method, and mean, low and high of the band, `(1, *features)`."""

    part: Explanations
    maps: dict[str, Tensor]
    band: dict[str, Tensor]


def explanations(question: Question) -> Explained:
    """Explain the example by every method that suits the model.

    Raises:
        InputError: none does.
    """
    found: dict[str, Attribution] = {}
    refused: dict[str, str] = {}
    for method in question.methods:
        try:
            found[method] = _explained(question, method)
        except SeqinterpError as error:
            refused[method] = str(error)
    if not found:
        raise InputError("; ".join(f"{method}: {why}" for method, why in refused.items()) or "no method was asked")
    maps = {method: of_present_bases(one.values, question.inputs) for method, one in found.items()}
    pairs, mean = _agreement(maps)
    places = place_contributions(next(iter(maps.values())))[0].numel()
    top = min(places, TOP if question.dna else max(TOP, places // SHARE))
    band = asked(lambda: _band(question, list(found)))
    part = Explanations(
        methods=tuple(_row(method, one, maps[method]) for method, one in found.items()),
        refused=refused,
        pairs=pairs,
        agreement=mean,
        top=top,
        consensus=_consensus(maps, top),
        band=band if isinstance(band, str) else _band_row(band),
    )
    drawn = {} if isinstance(band, str) else {"mean": band.mean, "low": band.low, "high": band.high}
    return Explained(part, maps, drawn)


def _explained(question: Question, method: str) -> Attribution:
    return attribute(
        question.model, question.inputs, method, target=question.target, seed=question.seed, device=question.device
    )


def _row(method: str, found: Attribution, values: Tensor) -> dict[str, Any]:
    """One line of the table of methods."""
    return {
        "method": method,
        "verdict": found.certificate.verdict,
        "doubts": list(found.certificate.doubts),
        "sum": float(values.double().sum()),
        "completeness": found.certificate.relative_completeness_error,
        "certificate": found.certificate.in_words(),
    }


def _agreement(maps: dict[str, Tensor]) -> tuple[tuple[dict[str, Any], ...], float | None]:
    """Spearman's correlation of every two methods, and the mean of those that have one."""
    if len(maps) < 2:
        return (), None
    table = agreement(maps, draws=1).per_example[:, :, 0]
    names = tuple(maps)
    rows = tuple(
        {"one": names[i], "other": names[j], "spearman": float(table[i, j]) if table[i, j] == table[i, j] else None}
        for i, j in combinations(range(len(names)), 2)
    )
    known = table[np.triu_indices(len(names), 1)]
    known = known[~np.isnan(known)]
    return rows, float(known.mean()) if len(known) else None


def _consensus(maps: dict[str, Tensor], top: int) -> tuple[int, ...]:
    """Places that more than half of the methods name, in reading order; none with a single method."""
    if len(maps) < 2:
        return ()
    named = consensus(maps, top=top)[0].flatten().nonzero().flatten()
    return tuple(int(place) for place in named)


def _band(question: Question, methods: list[str]) -> AttributionUncertainty:
    """How far one method's explanation moves over members, dropout masks, seeds or references."""
    return attribution_uncertainty(
        question.members,
        question.inputs,
        BAND if BAND in methods else methods[0],
        target=question.target,
        draws=REPEATS,
        seed=question.seed,
        device=question.device,
    )


def _band_row(band: AttributionUncertainty) -> dict[str, Any]:
    """What the page says of it."""
    called = band.called()[0]
    sizes = band.contributions[0].abs()
    top = sizes.flatten().argsort(descending=True, stable=True)[:TOP]
    return {
        "method": str(band.facts["method"]),
        "over": str(band.facts["over"]),
        "repeats": band.repeats,
        "called": int(called.sum()),
        "places": called.numel(),
        "sign_agreement": float(band.sign_agreement[0].flatten()[top].mean()),
        "signal": bool(torch.any(sizes > 0)),
    }
