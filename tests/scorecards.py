"""Made-up scorecards that look like real ones."""

import numpy as np
import pandas as pd

from seqinterp.evaluation.order_of_bases import OrderTest
from seqinterp.evaluation.scorecard.measures import MEASURES
from seqinterp.evaluation.scorecard.model_checks import ModelFacts
from seqinterp.evaluation.scorecard.thresholds import Thresholds
from seqinterp.evaluation.scorecard.verdicts import AVOID, CARE, USE, Verdict
from seqinterp.report.scorecard_contents import AgreedSequence, ScorecardContents

DECISIONS = (CARE, USE, AVOID)
OF = {
    "randomised": ("spearman", "signed"),
    "cascade": ("1 of 4 layers, down to output", "4 of 4 layers, down to first"),
    "null_similarity": ("GC", "rare words"),
    "null_p_value": ("GC", "rare words"),
    "setting_similarity": ("window=3", "window=7"),
    "reseeding": ("", "top surviving", "signs", "motif calls surviving"),
}
CURVES = ("deletion_curve", "insertion_curve")


def names_of(count):
    return [f"method_{number}" for number in range(count)]


def decisions_of(names):
    return {name: DECISIONS[number % 3] for number, name in enumerate(names)}


def summary_of(names, *, measures=None, seed=0):
    """One row per method and measure; every number is 0.5 plus a little."""
    random = np.random.default_rng(seed)
    asked = [name for name in MEASURES if name not in CURVES] if measures is None else measures
    rows = [
        (name, MEASURES[measure].question, measure, of, mean, mean - 0.1, mean + 0.1, 24, MEASURES[measure].better)
        for name in names
        for measure in asked
        for of in OF.get(measure, ("",))
        for mean in [0.5 + 0.3 * random.random()]
    ]
    columns = ["method", "question", "measure", "of", "mean", "low", "high", "examples", "better"]
    return pd.DataFrame(rows, columns=columns)


def curves_of(names):
    rows = [
        (name, measure, share, 3 * share, 3 * share - 0.2, 3 * share + 0.2)
        for name in names
        for measure in CURVES
        for share in (0.0, 0.2, 1.0)
    ]
    return pd.DataFrame(rows, columns=["method", "measure", "share", "mean", "low", "high"])


def table_of(names):
    said = decisions_of(names)
    rows = [(name, said[name], "", 24 if number else 8, 4, 200, 1.5) for number, name in enumerate(names)]
    return pd.DataFrame(
        rows, columns=["method", "verdict", "reasons", "examples", "explained_again", "rows", "seconds"]
    )


def facts_of(*, order=True, labelled=True):
    return ModelFacts(
        order=OrderTest(5.1, 0.4, 0.31, 0.01, 99) if order else None,
        why_no_order="" if order else "only DNA has shuffles",
        labelled=0.93 if labelled else None,
        labelled_low=0.87 if labelled else None,
        chance=0.5 if labelled else None,
        strand_change=0.02 if order else None,
        shift_change=0.11,
    )


def scorecard_of(count, *, measures=None, **changes):
    """A page's contents with `count` methods."""
    names = names_of(count)
    reasons = {USE: (), CARE: ("unstable, 0.64 rank correlation under reseeding",), AVOID: ("ignores the model",)}
    given = {
        "title": "Do explanations of a made-up model deserve belief?",
        "run_id": "5f3a9c01-s7",
        "seed": 7,
        "created": "2025-11-22T00:43:00+00:00",
        "command": "seqinterp evaluate runs/small peaks.tsv --out trial",
        "versions": {"torch": "2.13.0"},
        "data": {"sequences": "peaks.tsv", "model": "5f3a9c0112345678, output logit"},
        "model": Verdict("the model", CARE, ("owes 30% of its score to the same places",)),
        "facts": facts_of(),
        "verdicts": tuple(Verdict(name, said, reasons[said]) for name, said in decisions_of(names).items()),
        "summary": summary_of(names, measures=measures),
        "table": table_of(names),
        "curves": curves_of(names),
        "thresholds": Thresholds(),
        "examples": 24,
        "places": "101 bases",
        "agreement_names": tuple(names),
        "agreement": np.full((count, count), 0.4) + 0.6 * np.eye(count),
        "consensus": (AgreedSequence("peak 1", "ACGTGACTCATT", "....XXXX.X..", 4.2),),
        "refused": {"gradcam": "it has no layer for it"},
        "skipped": {"model": "a layer cannot be copied"},
        "members": "networks thinned by dropout",
        "known": ("labels",),
    }
    return ScorecardContents(**{**given, **changes})
