"""The table of evidence that `judge_designs` makes: its columns, and what each says."""

from typing import Any

import numpy as np
import pandas as pd

from seqinterp.design.judging.diversity import diversity
from seqinterp.shapes import CodeBlock

Columns = dict[str, Any]  # one array or list for each column of evidence, in the order of the designs

SCORES = {
    "score": "what the model says, or the mean of several",
    "start_score": "the same of the start",
    "score_percentile": "per cent of the natural sequences that it scores lower, those equal counted half",
}
ORACLE = {
    "oracle_score": "what the second model says",
    "oracle_start_score": "the same of the start",
    "oracle_percentile": "per cent of the natural sequences that the second model scores lower",
    "oracle_gap": "score_percentile - oracle_percentile",
}
DISAGREEMENT = {
    "uncertainty": "standard deviation of the scores of several models",
    "uncertainty_z": "how many standard deviations that lies above the mean of the natural sequences",
}
REALISM = {
    "log_likelihood": "mean log2-likelihood per base under a Markov chain of order 2 of the natural sequences",
    "log_likelihood_percentile": "per cent of the natural sequences that are less likely",
    "start_log_likelihood_percentile": "the same of the start",
    "kmer_distance": "Jensen-Shannon divergence of its words from those of the natural sequences, in bits",
    "kmer_distance_percentile": "per cent of the natural sequences that are nearer to the others",
    "start_kmer_distance_percentile": "the same of the start",
    "gc": "share of G and C",
    "gc_percentile": "per cent of the natural sequences that hold less",
    "start_gc_percentile": "the same of the start",
    "nearest_natural": "number of the natural sequence, of either strand, that is fewest edits away",
    "nearest_natural_edits": "how many those are",
}
DIVERSITY = {
    "nearest_design": "number of the design that differs least",
    "nearest_design_differences": "at how many positions it does",
    "mean_design_differences": "the mean over all other designs",
}
MOTIFS = {
    "motifs": "which motifs it holds, and how often",
    "motif_sites": "how many sites of motifs",
    "motif_top_share": "which share of the highest natural sequences hold one of these motifs, the mean over them",
}
ATTRIBUTION = {
    "attribution_in_motifs": "the share of |attribution| that lies in sites of the motifs that were given",
    "positions_in_motifs": "the share of the positions that does",
    "completeness_error": "by how much attributions that promise a sum miss the score difference, as a share of it",
}
COLUMNS = SCORES | ORACLE | DISAGREEMENT | REALISM | DIVERSITY | MOTIFS | ATTRIBUTION
TEXT = ("motifs",)


def evidence_frame(columns: Columns, count: int) -> pd.DataFrame:
    """All columns in their order; those that are not there are NaN, or "" for text."""
    empty = {name: [""] * count if name in TEXT else np.full(count, np.nan) for name in COLUMNS}
    return pd.DataFrame(empty | columns)[list(COLUMNS)]


def diversity_columns(codes: CodeBlock) -> Columns:
    """How unlike one another the designs are; NaN for one alone."""
    found = diversity(codes)
    numbers = found.nearest if len(codes) > 1 else np.full(len(codes), np.nan)
    return dict(zip(DIVERSITY, (numbers, found.smallest, found.mean), strict=True))
