"""Which training examples are nearest, and which ones taught the model to say what it says?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from seqinterp.api.evidence_parts.question import Known, Question
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import borrowed
from seqinterp.attribution.targets import flattened
from seqinterp.cases.head import fit_head
from seqinterp.cases.last_layer_influence import last_layer_influence
from seqinterp.cases.losses import Task
from seqinterp.cases.nearest import nearest_cases
from seqinterp.errors import InputError, SeqinterpError
from seqinterp.evaluation.last_layer import last_layer_inputs
from seqinterp.report.evidence_contents import Cases

NEAREST = 5
SHOWN = 4  # most influential examples of either kind
NEIGHBOURS = 2000  # training examples among which the nearest are looked for
YARDSTICK = 200  # of which the distance to their own nearest is measured
FITTED = 400  # training examples that the last layer is fitted to
PENALTY = 1.0  # on squared weights of features whose mean squared length is 1
SMALL = 1e-9  # of the largest singular value: a direction in which training examples do not differ


def cases(question: Question, called: int | None) -> tuple[Cases, Tensor]:
    """The part, and the nearest examples themselves.

    Raises:
        InputError: there are no training examples.
    """
    if question.training is None:
        raise InputError("no training examples were given; pass training=(inputs, labels)")
    among = question.training.some(NEIGHBOURS)
    features = _features(question, torch.cat([question.inputs, among.inputs]))
    own, known = features[:1], features[1:]
    near = nearest_cases(own, known, count=min(NEAREST, len(among)))
    rows = [
        {**_named(among, int(number)), "distance": float(distance)}
        for number, distance in zip(near.examples[0], near.distances[0], strict=True)
    ]
    taught = _taught(question, among, own, known, called)
    part = Cases(
        nearest=tuple(rows),
        usual=_usual(known),
        examples=len(among),
        features=features.shape[1],
        **taught,
    )
    return part, among.inputs[near.examples[0]]


def _usual(known: Tensor) -> float:
    """The median distance of training examples to their own nearest; 0 where there is only one."""
    if len(known) < 2:
        return 0.0
    rows = torch.from_numpy(_rows(len(known), YARDSTICK))
    return float(nearest_cases(known[rows], known, count=1, leave_out=rows).distances.median())


def _features(question: Question, inputs: Tensor) -> Tensor:
    """What the last layer reads."""
    score = Score(question.model, flattened(0))
    with torch.inference_mode(False), borrowed(score, question.device):
        return last_layer_inputs(score, inputs.to(question.device)).cpu().double()


def _named(known: Known, number: int) -> dict[str, Any]:
    label = None if known.labels is None else float(known.labels[number])
    return {"name": known.names[number], "number": number, "label": label}


def _taught(question: Question, among: Known, own: Tensor, known: Tensor, called: int | None) -> dict[str, Any]:
    """The most influential examples, or why they are not known."""
    nothing = {"helped": (), "hindered": (), "fitted_to": 0, "follows": None}
    if among.labels is None:
        return {**nothing, "influence": "training labels were not given"}
    try:
        return _influence(question, among, own, known, called)
    except SeqinterpError as error:
        return {**nothing, "influence": str(error)}


def _influence(question: Question, among: Known, own: Tensor, known: Tensor, called: int | None) -> dict[str, Any]:
    """Influence on the score, of a last layer fitted anew: the network's own seldom stands at its minimum."""
    if among.labels is None or len(np.unique(among.labels)) < 2:
        raise InputError("all training labels are the same")
    task: Task = question.task  # type: ignore[assignment] # checked when the question was made
    rows = _rows(len(among), FITTED)
    labels = among.labels[rows]
    training, asked = _condensed(known[torch.from_numpy(rows)], own)
    head = fit_head(training, labels, task=task, l2=PENALTY)
    output = called if task == "classes" and called is not None else 0
    scores = head.scores(training)[:, output].numpy()
    influence = last_layer_influence(head, training, labels).on_scores(asked, output=output)[0].numpy()
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


def _condensed(training: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    """Features along the directions in which training examples lie.

    The weights that minimise a penalised loss lie in their span, so nothing is lost, and a Hessian of as many weights
    as examples is enough.
    """
    scale = training.square().sum(dim=1).mean().sqrt()
    if not bool(scale > 0):
        raise InputError("what the last layer reads is zero for every training example")
    _, sizes, directions = torch.linalg.svd(training / scale, full_matrices=False)
    kept = directions[sizes > SMALL * sizes[0]]
    return training / scale @ kept.T, own / scale @ kept.T


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
