"""The prediction, how sure the model is of it, and whether that is right."""

from dataclasses import replace

import numpy as np
import torch

from seqinterp.api.calibrate import calibrate
from seqinterp.api.evidence_parts.question import Question, asked
from seqinterp.api.predict_uncertainty import predict_uncertainty
from seqinterp.api.results.calibrator import Calibrator
from seqinterp.api.results.uncertainty import Uncertainty
from seqinterp.api.shared.score import finite_scores
from seqinterp.attribution.run import borrowed
from seqinterp.errors import InputError, ModelError
from seqinterp.report.evidence_contents import Calibrated, Prediction, Spread
from seqinterp.uncertainty.outputs import one_tensor

LEVEL = 0.9  # of conformal intervals and sets
EDGES = (0.05, 0.95)  # of what members or masks say: nine in ten lie between
EDGE = 0.01  # a score that is a probability and this near to 0 or 1 is saturated
HELD = 1000  # examples that calibration looks at, at most


def prediction(question: Question) -> Prediction:
    """What the model says of the example."""
    score = float(finite_scores(question.score, question.inputs, batch_size=None, device=question.device)[0])
    kind = "unknown" if question.task == "regression" else question.outputs
    line = _line(question, kind)
    probability, called = _call(question, score, kind)
    labels = None if question.training is None else question.training.labels
    found = asked(lambda: _uncertainty(question))
    return Prediction(
        task=question.task,
        score=score,
        kind=kind,
        probability=probability,
        called=called,
        base_rate=None if labels is None else _base_rate(labels, question.task, called),
        base_examples=0 if labels is None else len(labels),
        saturated=kind == "probability" and not EDGE <= score <= 1 - EDGE,
        spread=found if isinstance(found, str) else _spread(found, called),
        line=line,
        classes=question.classes,
        calibrated=asked(lambda: _calibrated(question, None if isinstance(found, str) else found, called)),
    )


def _call(question: Question, score: float, kind: str) -> tuple[float | None, int | None]:
    """The probability, and the label that it is of; neither for a regression."""
    if question.task == "regression":
        return None, None
    if question.task == "classes":
        table = _class_table(question)
        called = int(table.argmax())
        return float(table[called]), called
    probability = score if kind == "probability" else float(torch.tensor(score, dtype=torch.float64).sigmoid())
    if question.threshold is not None:
        return probability, int(score > question.threshold)
    return probability, int(probability >= 0.5)


def _line(question: Question, kind: str) -> float | None:
    """The probability of label 1 from which it is called."""
    if question.task != "binary":
        return None
    if question.threshold is None:
        return 0.5
    at = torch.tensor(question.threshold, dtype=torch.float64)
    return float(at if kind == "probability" else at.sigmoid())


def _class_table(question: Question) -> torch.Tensor:
    """The probability of every class."""
    with borrowed(question.model, question.device), torch.no_grad():
        found = one_tensor(question.model(question.inputs.to(question.device)))[0].flatten().double().cpu()
    if len(found) < 2:
        raise ModelError("the task 'classes' needs an output for every class, but the model has one; take 'binary'")
    return found if question.outputs == "probability" else found.softmax(dim=0)


def _base_rate(labels: np.ndarray, task: str, called: int | None) -> float:
    """The share of label 1, or of the class that is called; the mean of measured values."""
    if task == "classes":
        return float((labels == called).mean())
    return float(labels.mean())


def _uncertainty(question: Question) -> Uncertainty:
    """Of the example."""
    return _of(question, question.inputs)


def _of(question: Question, inputs: torch.Tensor, *, twice: bool = False) -> Uncertainty:
    """Of inputs; of one model that drops nothing, counted `twice`, only the probabilities mean anything."""
    return predict_uncertainty(
        [question.model, question.model] if twice else question.members,
        inputs,
        task=question.task,
        target=question.read,
        outputs=None if question.task == "regression" else question.outputs,
        seed=question.seed,
        device=question.device,
    )


def _spread(found: Uncertainty, called: int | None) -> Spread:
    """Of the first output, or of the class that is called."""
    column = called if found.task == "classes" and called is not None else 0
    said = found.members[:, 0].reshape(len(found.members), -1)[:, column]
    first = {name: float(getattr(found, name).flatten()[0]) for name in ("total", "aleatoric", "epistemic")}
    return Spread(
        source=found.source,
        repeats=len(said),
        mean=float(found.mean[0].flatten()[column]),
        low=float(said.quantile(EDGES[0])),
        high=float(said.quantile(EDGES[1])),
        deviation=float(found.deviation[0].flatten()[column]),
        **first,
    )


def _calibrated(question: Question, found: Uncertainty | None, called: int | None) -> Calibrated:
    """The prediction set right on the calibration examples."""
    if question.calibration is None or question.calibration.labels is None:
        raise InputError("no calibration examples with labels were given; pass calibration=(inputs, labels)")
    alone = found is None
    if found is None:
        if question.task == "regression":
            raise InputError("the uncertainty is not known, so there is nothing to calibrate")
        found = _of(question, question.inputs, twice=True)
    held = question.calibration.some(HELD)
    before = _of(question, held.inputs, twice=alone)
    fitted = calibrate(before, held.labels)
    checked = before.check(held.labels)
    error = checked.error if checked.reliability is None else checked.reliability.error
    whole = Calibrated(len(held), _value(fitted, found, called), _factor(fitted), float(error), LEVEL)
    if question.task == "regression":
        row = fitted.intervals(found, level=LEVEL).iloc[0]
        return replace(whole, interval=(float(row["low"]), float(row["high"])))
    possible = np.flatnonzero(fitted.sets(found, level=LEVEL, seed=question.seed)[0])
    return replace(whole, possible=tuple(int(label) for label in possible))


def _value(fitted: Calibrator, found: Uncertainty, called: int | None) -> float:
    """The calibrated probability, or the mean."""
    said = fitted.apply(found).mean[0].flatten()
    return float(said[called if found.task == "classes" and called is not None else 0])


def _factor(fitted: Calibrator) -> float:
    return fitted.scale if fitted.held.task == "regression" else fitted.temperature
