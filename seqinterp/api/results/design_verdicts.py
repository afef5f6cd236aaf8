"""What the evidence about designs means, in sentences with their numbers.

Each sentence is about the designs that are judged together, and is a doubt where a threshold below is passed. The
thresholds are those of the typical design, the median: one odd design among ten is no verdict on the search.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seqinterp.api.results.judgement import Judgement
from seqinterp.design.judging.motif_content import GIVEN, holders, leading_motifs, unnatural

# Points between the percentiles of the typical design by the two models. What says nothing to the second model stands
# at its median, 50 points below the top. Of 22 small networks trained on simulated sequences, and designs of six edits,
# those of the eleven honest ones had gaps of 6 to 25 points, those of the eleven with a shortcut in their training data
# 40 to 77. With edits enough for the shortcut and the motif the gap closes, and only the words that are shared tell.
GAP = 30.0
# Spearman's: below it the second model does not rank natural sequences as the model does, and is no judge.
AGREE = 0.3
# Standard deviations above the mean of the natural sequences: by chance one natural sequence in about 700.
DISAGREE = 3.0
# Per cent of the natural sequences: fewer are as unlikely, as far from the words of the others, as poor or rich in GC.
UNLIKE = 1.0
SHOWN = 3  # motifs that are named


@dataclass(frozen=True)
class Said:
    """A sentence, and whether it is a reason for doubt."""

    sentence: str
    doubt: bool = False


def verdicts(evidence: pd.DataFrame, judgement: Judgement) -> list[Said]:
    """Everything there is to say about designs."""
    facts = judgement.facts
    return [
        *_scores(evidence, facts),
        *_oracle(evidence, facts),
        *_disagreement(evidence, facts),
        *_realism(evidence, facts),
        *_diversity(evidence),
        *_words(evidence, judgement),
        *_motifs(evidence, judgement),
        *_attributions(evidence, facts),
    ]


def _scores(evidence: pd.DataFrame, facts: Any) -> list[Said]:
    """What the model itself says."""
    score, start = (evidence[name].median() for name in ("score", "start_score"))
    sentence = f"the model scores the {_typical(evidence)} {score:.3g} and its start {start:.3g}"
    if facts.get("natural"):
        beyond = int((evidence["score_percentile"] >= 100).sum())
        sentence += f"; {_of(beyond, evidence, 'score')} higher than all {facts['natural']:,} natural sequences"
    found = [Said(sentence)]
    apart = facts.get("score_difference", 0.0)
    if apart:
        found.append(
            Said(
                f"the scores here differ by up to {apart:.3g} from those of the search: another model, or another"
                " target, judges these designs",
                True,
            )
        )
    return found


def _oracle(evidence: pd.DataFrame, facts: Any) -> list[Said]:
    """What a second model says, and whether it can judge."""
    if not facts.get("oracle"):
        return []
    found = []
    if facts["oracle_is_model"]:
        found.append(
            Said(
                "the second model says the same as the model of every design and start: it is the model in another"
                " wrapping, and agrees with it by construction",
                True,
            )
        )
    better = int((evidence["oracle_score"] > evidence["oracle_start_score"]).sum())
    gain = f"the second model scores {_of(better, evidence)} higher than their starts"
    if "oracle_agreement" not in facts:
        return [*found, Said(gain, 2 * better <= len(evidence))]
    agreement = facts["oracle_agreement"]
    if not agreement >= AGREE:
        found.append(
            Said(
                f"the second model ranks the natural sequences unlike the model (rank correlation {agreement:.2f}), so"
                " it can hardly judge the designs",
                True,
            )
        )
    upper, own = (int((evidence[name] > 50).sum()) for name in ("oracle_percentile", "score_percentile"))
    doubt = bool(evidence["oracle_gap"].median() > GAP)
    sentence = (
        f"the second model ranks {_of(upper, evidence)} above the median natural sequence, the model itself"
        f" {own}: their median percentiles are {evidence['oracle_percentile'].median():.0f} and"
        f" {evidence['score_percentile'].median():.0f}, and the {facts['top']} natural sequences that the model scores"
        f" highest stand at {facts['top_oracle_percentile']:.0f} with the second model"
    )
    if doubt:
        sentence += "; the score is not to be trusted, the designs use something that only this model likes"
    return [*found, Said(sentence, doubt), Said(gain, 2 * better <= len(evidence))]


def _disagreement(evidence: pd.DataFrame, facts: Any) -> list[Said]:
    """Whether several models agree about the designs."""
    if evidence["uncertainty"].isna().all():
        return []
    sentence = f"the models differ about the {_typical(evidence)} by {evidence['uncertainty'].median():.3g}"
    if "natural_uncertainty" not in facts:
        return [Said(sentence)]
    z = evidence["uncertainty_z"].median()
    beside = f"; about natural sequences by {facts['natural_uncertainty']:.3g} (z = {z:.1f})"
    return [Said(sentence + beside, bool(z > DISAGREE))]


def _realism(evidence: pd.DataFrame, facts: Any) -> list[Said]:
    """Whether the designs are like natural sequences."""
    if not facts.get("natural"):
        return []
    width = facts["word_width"]
    found = []
    for name, low, high in (
        ("log_likelihood", "less likely than", "more likely than"),
        (
            "kmer_distance",
            f"closer in its words of {width} bases to natural sequences than",
            f"farther in its words of {width} bases from natural sequences than",
        ),
        ("gc", "poorer in GC than", "richer in GC than"),
    ):
        rank, start = (evidence[f"{prefix}{name}_percentile"].median() for prefix in ("", "start_"))
        if not np.isfinite(rank):
            continue
        odd = _odd(name, rank)
        side, share = (low, 100 - rank) if rank < 50 else (high, rank)
        others = "of them" if name == "kmer_distance" else "of the natural sequences"
        sentence = f"the {_typical(evidence)} is {side} {share:.0f} % {others}"
        if odd and _odd(name, start):
            sentence += ", and so is the typical start: that is where the search began"
        elif odd:
            sentence += f" (its start is at percentile {start:.0f}, the design at {rank:.0f})"
        found.append(Said(sentence, odd))
    copies = int((evidence["nearest_natural_edits"] == 0).sum())
    least, middle = evidence["nearest_natural_edits"].min(), evidence["nearest_natural_edits"].median()
    sentence = f"the nearest natural sequence is {middle:.0f} edits away (at least {least:.0f})"
    if copies:
        sentence = f"{_of(copies, evidence, 'are')} natural, letter by letter"
    return [*found, Said(sentence)]


def _odd(name: str, rank: float) -> bool:
    """Whether a percentile is beyond what natural sequences are; a likely sequence, or one with usual words, is not."""
    low, high = rank < UNLIKE, rank > 100 - UNLIKE
    return bool({"log_likelihood": low, "kmer_distance": high}.get(name, low or high))


def _diversity(evidence: pd.DataFrame) -> list[Said]:
    """Whether the designs are several answers or one."""
    apart = evidence["nearest_design_differences"]
    if apart.isna().all():
        return []
    copies = int((apart == 0).sum())
    if copies:
        return [Said(f"{_of(copies, evidence, 'are')} the same as another: the set says less than its size", True)]
    mean = evidence["mean_design_differences"].mean()
    return [Said(f"two designs differ by {mean:.0f} bases on average, and by {apart.min():.0f} at least")]


def _words(evidence: pd.DataFrame, judgement: Judgement) -> list[Said]:
    """Words that designs share and natural sequences lack."""
    rare = judgement.motifs[unnatural(judgement.motifs)]
    held = holders(judgement.sites)
    return [
        Said(
            f"{_of(int(held[word]), evidence, 'hold')} {word}; {_percent(share)} of the {judgement.facts['top']}"
            " natural sequences that the model scores highest hold even its most frequent part: natural sequences do"
            " not show what it does, it may be a shortcut",
            True,
        )
        for word, share in zip(rare["motif"].tolist(), rare["core_share"].tolist(), strict=True)
        if word in held.index
    ]


def _motifs(evidence: pd.DataFrame, judgement: Judgement) -> list[Said]:
    """The motifs that were given, beside the highest natural sequences."""
    facts, given = judgement.facts, judgement.motifs[judgement.motifs["kind"] == GIVEN]
    if given.empty:
        return []
    labels, shares = (dict(zip(given["motif"], given[name].tolist(), strict=True)) for name in ("label", "top_share"))
    own = judgement.sites[judgement.sites["kind"] == GIVEN]
    held = holders(own)
    found = []
    for name in leading_motifs(own, SHOWN, least=len(evidence) / 2 if len(given) > SHOWN else 1):
        sentence = f"{_of(int(held[name]), evidence, 'hold')} {labels[name]}"
        if np.isfinite(shares[name]):
            sentence += (
                f", as {_percent(shares[name])} of the {facts['top']} natural sequences that the model scores highest"
            )
        found.append(Said(sentence))
    none = len(evidence) - own["design"].nunique()
    if none:
        found.append(Said(f"{_of(none, evidence, 'hold')} none of the motifs that were given", none == len(evidence)))
    left_out = facts.get("motifs_left_out", [])
    if left_out:
        some = ", ".join(left_out[:SHOWN]) + (" ..." if len(left_out) > SHOWN else "")
        found.append(Said(f"{len(left_out)} motifs say too little, or are too long, to be looked for: {some}"))
    return found


def _attributions(evidence: pd.DataFrame, facts: Any) -> list[Said]:
    """Whether what the model uses lies in motifs, and whether the attributions can be believed."""
    if "attribution" not in facts:
        return []
    found = [Said(f"the attributions are doubtful: {doubt}", True) for doubt in facts["attribution_doubts"]]
    inside, places = (evidence[name].mean() for name in ("attribution_in_motifs", "positions_in_motifs"))
    if np.isfinite(inside):
        sentence = (
            f"{_percent(inside)} of the attribution lies in the motifs, which cover {_percent(places)} of the bases"
        )
        doubt = bool(inside <= places)
        found.append(Said(sentence + ("; what the model uses is something else" if doubt else ""), doubt))
    return found


def _typical(evidence: pd.DataFrame) -> str:
    return "typical design" if len(evidence) > 1 else "design"


def _of(count: int, evidence: pd.DataFrame, verb: str = "") -> str:
    """How many of the designs, in words, and what they do."""
    if count == 1:
        verb = {"": "", "are": "is"}.get(verb, f"{verb}s")
    return f"{count} of {len(evidence)} designs" + (f" {verb}" if verb else "")


def _percent(share: float) -> str:
    """A share in words."""
    return "under 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"
