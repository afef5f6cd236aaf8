"""Attributions of designs and of their starts, and how much of them lies in sites of motifs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from seqinterp.api.attribute import attribute
from seqinterp.api.design_parts.goal import Goal
from seqinterp.api.results.attribution import Attribution
from seqinterp.api.results.evidence import Columns
from seqinterp.attribution.evidence import completeness_error
from seqinterp.design.codes import columns_of
from seqinterp.design.judging.motif_content import GIVEN, covered
from seqinterp.shapes import CodeBlock


@dataclass(frozen=True, eq=False)
class Explained:
    """The attributions of designs and of their starts, `(design, 4, position)`, and the evidence for them."""

    designs: Tensor
    starts: Tensor
    hypothetical: Tensor | None
    errors: np.ndarray
    facts: dict[str, Any]


def explained(
    goal: Goal, codes: CodeBlock, starts: CodeBlock, method: str, *, seed: int, device: torch.device
) -> Explained:
    """Attribute the score of the model; of several the mean of their attributions, which is that of their mean.

    Raises:
        InputError: there is no such method.
    """
    inputs = columns_of(np.concatenate([codes, starts]), dtype=goal.dtype)
    asked = [
        attribute(model, inputs, method, target=goal.targets[0], seed=seed, device=device) for model in goal.models
    ]
    values = torch.stack([one.values for one in asked]).mean(dim=0)
    known = [one.hypothetical for one in asked if one.hypothetical is not None]
    count = len(codes)
    every_base = torch.stack(known).mean(dim=0)[:count] if len(known) == len(asked) else None
    facts = {
        "attribution": method,
        "attribution_doubts": sorted({doubt for one in asked for doubt in one.certificate.doubts}),
        "certificates": [one.certificate.to_dict() for one in asked],
    }
    return Explained(values[:count], values[count:], every_base, _errors(asked, values, count), facts)


def attribution_columns(found: Explained, sites: pd.DataFrame, given: bool) -> Columns:
    """Shares of |attribution| and of positions in the sites of given motifs, and how complete the attributions are."""
    columns: Columns = {"completeness_error": found.errors}
    if given:
        size = found.designs.double().abs().sum(dim=1).numpy()
        inside = covered(sites[sites["kind"] == GIVEN], *size.shape)
        total = size.sum(axis=1)
        held = (size * inside).sum(axis=1)
        share = np.divide(held, total, out=np.full(len(total), np.nan), where=total > 0)
        columns |= {"attribution_in_motifs": share, "positions_in_motifs": inside.mean(axis=1)}
    return columns


def _errors(asked: list[Attribution], values: Tensor, count: int) -> np.ndarray:
    """The relative completeness error of each design; that of the certificate where the sum is told by a ledger.

    NaN for methods that promise no sum.
    """
    known = (one.certificate for one in asked)
    if any(one.relative_completeness_error is None or one.promised is None for one in known):
        return np.full(count, np.nan)
    if any(one.certificate.ledger or one.reference_score is None for one in asked):
        worst = max(float(one.certificate.relative_completeness_error or 0.0) for one in asked)
        return np.full(count, worst)
    score = torch.stack([one.score for one in asked]).mean(dim=0)
    zero = torch.stack([one.reference_score for one in asked if one.reference_score is not None]).mean(dim=0)
    rows = [slice(i, i + 1) for i in range(count)]
    return np.array([completeness_error(values[row], score[row], zero[row])[1] for row in rows])
