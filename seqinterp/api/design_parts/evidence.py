"""The columns of evidence for and against designs, each group from what it needs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr

from seqinterp.api.design_parts.goal import Goal
from seqinterp.api.results.designs import Designs
from seqinterp.api.results.evidence import Columns
from seqinterp.api.shared.score import finite_scores
from seqinterp.design.codes import columns_of
from seqinterp.design.judging.realism import (
    LEAST,
    compare_gc,
    compare_likelihoods,
    compare_words,
    nearest_natural,
    percentiles,
    word_width,
)
from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import N_CODE, code_block, letters_of
from seqinterp.shapes import Candidates, CodeBlock, Features, Matrix, Numbers, Series

_AT_ONCE = 2**24  # positions of sequences that are scored by one call
ROUNDING = 32 * float(np.finfo(np.float32).eps)  # of the largest score, as searches take it
SAME = 1e-3  # of the spread of scores: scores that differ by less are one number, rounded in two ways


@dataclass(frozen=True, eq=False)
class Material:
    """What is judged and what it is compared with, as codes of one length; `natural` may be none."""

    codes: CodeBlock
    starts: CodeBlock
    natural: Candidates | None

    @classmethod
    def of(cls, designs: Designs, natural: list[str] | None) -> "Material":
        """Check and code the sequences.

        Raises:
            InputError: there is no design, lengths differ, a natural sequence has no known base or a letter for
                several bases, or there are fewer than ten.
        """
        if len(designs) == 0:
            raise InputError("there is no design to judge")
        codes = code_block(designs.sequences, lambda i: f"design {i}")
        starts = code_block([design.start for design in designs], lambda i: f"the start of design {i}")
        if natural is None:
            return cls(codes, starts, None)
        if len(natural) < LEAST:
            raise InputError(
                f"designs are compared with at least {LEAST} natural sequences, not {len(natural)}; percentiles of"
                " fewer say nothing"
            )
        others = code_block(natural, lambda i: f"natural sequence {i}")
        if others.shape[1] != codes.shape[1]:
            raise InputError(
                f"the designs have {codes.shape[1]} bases and the natural sequences {others.shape[1]}; cut both to one"
                " length, or composition and motifs cannot be compared"
            )
        wrong = (others > N_CODE).any(axis=1) | (others >= N_CODE).all(axis=1)
        if wrong.any():
            raise InputError(
                f"natural sequence {int(wrong.argmax())} (counting from 0) has a letter that stands for several bases,"
                " or no known base; leave it out, or write N"
            )
        return cls(codes, starts, others)

    def letters(self) -> list[str]:
        """The designs as text."""
        return [letters_of(one) for one in self.codes]


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of the designs, their starts and the natural sequences by each of several models, (model, sequence)."""

    designs: Matrix
    starts: Matrix
    natural: Features | None

    @classmethod
    def by(cls, goal: Goal, material: Material, device: torch.device) -> "Scored":
        """Ask each model.

        Raises:
            ModelError: a score is not one finite number per sequence.
        """
        natural = None if material.natural is None else _scores(goal, material.natural, device)
        return cls(_scores(goal, material.codes, device), _scores(goal, material.starts, device), natural)


def score_columns(scored: Scored) -> Columns:
    """What the model, or the mean of several, says."""
    designs = scored.designs.mean(axis=0)
    found: Columns = {"score": designs, "start_score": scored.starts.mean(axis=0)}
    if scored.natural is not None:
        found["score_percentile"] = _ranks(designs, scored.natural.mean(axis=0))
    return found


def oracle_columns(scored: Scored, oracle: Scored, top: np.ndarray) -> tuple[Columns, dict[str, Any]]:
    """What a second model says, and how far it can be trusted to judge; `top` are numbers of natural sequences."""
    designs = oracle.designs.mean(axis=0)
    found: Columns = {"oracle_score": designs, "oracle_start_score": oracle.starts.mean(axis=0)}
    facts: dict[str, Any] = {"oracle": True, "oracle_is_model": _equal(scored, oracle)}
    if scored.natural is not None and oracle.natural is not None:
        own, other = scored.natural.mean(axis=0), oracle.natural.mean(axis=0)
        rank = _ranks(designs, other)
        found |= {"oracle_percentile": rank, "oracle_gap": _ranks(scored.designs.mean(axis=0), own) - rank}
        facts["oracle_agreement"] = _rank_correlation(own, other)
        facts["top_oracle_percentile"] = float(np.median(_ranks(other[top], other)))
    return found, facts


def uncertainty_columns(scored: Scored) -> tuple[Columns, dict[str, Any]]:
    """How far several models disagree; nothing for a single one."""
    if len(scored.designs) < 2:
        return {}, {}
    spread = scored.designs.std(axis=0)
    if scored.natural is None:
        return {"uncertainty": spread}, {}
    natural = scored.natural.std(axis=0)
    size = float(natural.std())
    z = (spread - natural.mean()) / size if size > 0 else np.full(len(spread), np.nan)
    return {"uncertainty": spread, "uncertainty_z": z}, {"natural_uncertainty": float(natural.mean())}


def realism_columns(material: Material) -> tuple[Columns, dict[str, Any]]:
    """How like the natural sequences the designs and their starts are; nothing without any."""
    natural = material.natural
    if natural is None:
        return {}, {}
    both = np.concatenate([material.codes, material.starts])
    count = len(material.codes)
    found: Columns = {}
    for name, compared in (
        ("log_likelihood", compare_likelihoods(both, natural)),
        ("kmer_distance", compare_words(both, natural)),
        ("gc", compare_gc(both, natural)),
    ):
        rank = compared.percentiles
        found |= {name: compared.designs[:count], f"{name}_percentile": rank[:count]}
        found[f"start_{name}_percentile"] = rank[count:]
    nearest, edits = nearest_natural(material.codes, natural)
    found |= {"nearest_natural": nearest, "nearest_natural_edits": edits}
    return found, {"natural": len(natural), "word_width": word_width(natural.shape[1])}


def _scores(goal: Goal, codes: Candidates, device: torch.device) -> Matrix:
    """The score of each sequence by each model, (model, sequence)."""
    rows = max(1, _AT_ONCE // codes.shape[1])
    found = []
    for score in goal.scores(goal.targets[0]):
        parts = [columns_of(codes[i : i + rows], dtype=goal.dtype) for i in range(0, len(codes), rows)]
        asked = [finite_scores(score, part, batch_size=None, device=device).double().numpy() for part in parts]
        found.append(np.concatenate(asked))
    return np.stack(found)


def _ranks(scores: Numbers, natural: Series) -> Numbers:
    """Percentiles of scores; sequences with one site each have one score, up to rounding, and none is above another."""
    return percentiles(scores, natural, tolerance=ROUNDING * float(np.abs(natural).max()))


def _equal(scored: Scored, oracle: Scored) -> bool:
    """Whether the oracle says the same of everything."""
    pairs = [(one, other) for one, other in ((scored.designs, oracle.designs), (scored.starts, oracle.starts))]
    own, other = (np.concatenate([pair[i].mean(axis=0) for pair in pairs]) for i in (0, 1))
    return bool(np.abs(own - other).max() <= SAME * max(float(np.ptp(own)), float(np.finfo(np.float32).eps)))


def _rank_correlation(own: Numbers, other: Numbers) -> float:
    """Spearman's; NaN where one of the models says the same of all."""
    if np.ptp(own) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(spearmanr(own, other).statistic)
