"""Do explanations of this model deserve belief? From a scorecard, or a small trial made here."""

from dataclasses import asdict
from typing import Any

import numpy as np

from seqinterp.api.evaluate import evaluate
from seqinterp.api.evidence_parts.question import Known, Question
from seqinterp.api.results.scorecard import Scorecard
from seqinterp.attribution.evidence import model_hash
from seqinterp.errors import InputError
from seqinterp.evaluation.scorecard.verdicts import Verdict
from seqinterp.report.evidence_contents import Trial

EXAMPLES = 24


def trial(question: Question, card: Scorecard | bool | None, methods: tuple[str, ...]) -> Trial:
    """The verdicts of a card.

    Raises:
        InputError: there is no card and too few examples to make one, or none is wanted.
    """
    if card is False:
        raise InputError("a trial was not wanted (card=False)")
    if isinstance(card, Scorecard):
        if card.facts["model_hash"] != model_hash(question.model):
            raise InputError("the scorecard that was given is of another model")
        if isinstance(question.target, int) and card.facts.get("target", question.target) != question.target:
            raise InputError(f"the scorecard that was given is of target {card.facts['target']}, not {question.target}")
        missing = [name for name in methods if name not in card.verdicts]
        if missing:
            raise InputError(f"the scorecard that was given did not try {', '.join(missing)}")
        return _told(card, f"a scorecard that was given, of {len(card.inputs)} examples")
    held, what = question.calibration, "calibration"
    if held is None:
        held, what = question.training, "training"
    if held is None:
        raise InputError(
            "no examples were given to put the methods on trial with; pass card=, calibration= or training="
        )
    if len(held) < EXAMPLES:
        raise InputError(f"a trial needs {EXAMPLES} examples, but {len(held)} {what} examples came")
    chosen = held.some(EXAMPLES)
    found = evaluate(
        question.model,
        chosen.inputs,
        methods,
        target=question.target,
        members=question.models,
        seed=question.seed,
        device=question.device,
        **_known_labels(question, chosen),
    )
    return _told(found, f"{len(chosen)} of {len(held):,} {what} examples, evenly over labels")


def _known_labels(question: Question, chosen: Known) -> dict[str, Any]:
    """Labels for the trial: of classes those of the one that is explained, against all others; none where all agree."""
    labels = chosen.labels
    if labels is not None and question.task == "classes":
        labels = (labels == question.target).astype(np.float64) if isinstance(question.target, int) else None
    return {} if labels is None or len(np.unique(labels)) < 2 else {"labels": labels}


def _told(card: Scorecard, where: str) -> Trial:
    return Trial(_row(card.model), tuple(_row(said) for said in card.verdicts.values()), len(card.inputs), where)


def _row(said: Verdict) -> dict[str, Any]:
    return {**asdict(said), "reasons": list(said.reasons)}
