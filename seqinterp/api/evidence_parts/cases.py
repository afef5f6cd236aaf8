"""Which training examples are nearest, and which ones taught the model to say what it says?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from seqinterp.api.evidence_parts.question import Known, Question
from seqinterp.api.influence_parts.latent import Taught, latent_of, near_of, standard_of
from seqinterp.api.shared.representations import latent_layer
from seqinterp.attribution.run import borrowed
from seqinterp.cases.head import fit_head
from seqinterp.cases.last_layer_influence import last_layer_influence
from seqinterp.cases.losses import Task
from seqinterp.cases.nearest import nearest_cases
from seqinterp.errors import InputError, SeqinterpError
from seqinterp.report.evidence_contents import Cases

SHOWN = 4  # most influential examples of either kind
NEIGHBOURS = 2000  # training examples among which the nearest are looked for
YARDSTICK = 200  # of which the distance to their own nearest is measured
FITTED = 400  # training examples that the last layer is fitted to
PENALTY = 1.0  # on squared weights, as `si.influence` has it


def cases(question: Question, called: int | None) -> tuple[Cases, Tensor]:
    """The part, and the nearest examples themselves.

    Raises:
        InputError: there are no training examples.
        ModelError: the model has no one last layer, and none was named.
    """
    if question.training is None:
        raise InputError("no training examples were given; pass training=(inputs, labels)")
    among = question.training.some(NEIGHBOURS)
    name = latent_layer(question.model, question.inputs, question.device, question.layer)
    taught = _taught_by(question, among, called)
    own, known, _ = standard_of(taught, name)
    examples, distances = near_of(own, known)
    rows = [
        {**_named(among, int(number)), "distance": float(distance)}
        for number, distance in zip(examples[0], distances[0], strict=True)
    ]
    part = Cases(
        nearest=tuple(rows),
        usual=_usual(known),
        examples=len(among),
        features=known.shape[1],
        **_taught(question, among, called, name),
    )
    return part, among.inputs[examples[0]]


def _taught_by(question: Question, among: Known, called: int | None) -> Taught:
    """The example beside training examples."""
    task: Task = question.task  # type: ignore[assignment] # checked when the question was made
    output = called if task == "classes" and called is not None else 0
    return Taught(question.model, question.inputs, among.inputs, among.labels, task, output, question.device)


def _usual(known: Tensor) -> float:
    """The median distance of training examples to their own nearest; 0 where there is only one."""
    if len(known) < 2:
        return 0.0
    rows = torch.from_numpy(_rows(len(known), YARDSTICK))
    return float(nearest_cases(known[rows], known, count=1, leave_out=rows).distances.median())


def _named(known: Known, number: int) -> dict[str, Any]:
    label = None if known.labels is None else float(known.labels[number])
    return {"name": known.names[number], "number": number, "label": label}


def _taught(question: Question, among: Known, called: int | None, layer: str) -> dict[str, Any]:
    """The most influential examples, or why they are not known."""
    nothing = {"helped": (), "hindered": (), "fitted_to": 0, "follows": None}
    if among.labels is None:
        return {**nothing, "influence": "training labels were not given"}
    try:
        return _influence(question, among, called, layer)
    except SeqinterpError as error:
        return {**nothing, "influence": str(error)}


def _influence(question: Question, among: Known, called: int | None, layer: str) -> dict[str, Any]:
    """Influence on the score, as `si.influence` has it, of a last layer fitted to some examples."""
    if among.labels is None or len(np.unique(among.labels)) < 2:
        raise InputError("all training labels are the same")
    rows = _rows(len(among), FITTED)
    taught = _taught_by(question, among.take(rows), called)
    latent = latent_of(taught, layer, None, None, None)
    head = fit_head(latent.learned, taught.labels, task=taught.task, l2=PENALTY)
    scores = head.scores(latent.learned)[:, taught.target].numpy()
    traced = last_layer_influence(head, latent.learned, taught.labels)
    influence = traced.on_scores(latent.quantity, output=taught.target)[0].numpy()
    order = np.argsort(-influence, kind="stable")
    return {
        "helped": tuple(_influential(among, rows, influence, order[:SHOWN], 1)),
        "hindered": tuple(_influential(among, rows, influence, order[::-1][:SHOWN], -1)),
        "fitted_to": len(rows),
        "follows": _follows(question, among, rows, scores),
        "influence": "",
    }


def _rows(length: int, count: int) -> np.ndarray:
    """At most `count` examples at even distances."""
    return np.linspace(0, length - 1, min(count, length)).round().astype(np.int64)


def _influential(
    among: Known, rows: np.ndarray, influence: np.ndarray, order: Sequence[int] | np.ndarray, sign: int
) -> list[dict[str, Any]]:
    """Examples whose influence has this sign, in order."""
    return [
        {**_named(among, int(rows[place])), "influence": float(influence[place])}
        for place in order
        if sign * influence[place] > 0
    ]


def _follows(question: Question, among: Known, rows: np.ndarray, scores: np.ndarray) -> float | None:
    """Spearman's correlation of the fitted layer's scores with the model's own."""
    score, inputs = question.score, among.inputs[torch.from_numpy(rows)]
    with borrowed(score, question.device), torch.no_grad():
        own = torch.cat([score(part.to(question.device)).cpu() for part in inputs.split(256)]).double().numpy()
    if np.ptp(own) == 0 or np.ptp(scores) == 0:
        return None
    return float(spearmanr(own, scores).statistic)
