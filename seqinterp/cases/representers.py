"""Representer points: a score as a sum over training examples (Yeh et al. 2018, arXiv:1811.09720).

Where sum_i loss_i + l2 / 2 |weights|^2 is least, weights = -sum_i r_i (x) h_i / l2, so that the score of features h is
sum_i -r_i (h_i . h) / l2 and the bias: examples that look alike and were hard to fit speak the loudest.
"""

from dataclasses import dataclass

from seqinterp.cases.head import Head, residuals, targets
from seqinterp.cases.losses import checked_labels
from seqinterp.errors import InputError
from seqinterp.shapes import Influences, NewRepresentations, Representations, Scores, Suspicions


@dataclass(frozen=True, eq=False)
class Representers:
    """The parts that training examples have in a score.

    values: `(batch, training)`; positive raises the score. rest: `(batch,)`, the score less the sum of the values:
    the bias where the head is at its minimum; what differs from it says how far off it is.
    """

    values: Influences
    rest: Scores


def representers(
    head: Head, training: Representations, labels: object, features: NewRepresentations, /, *, output: int = 0
) -> Representers:
    """Share one output of the head for each example that is asked about among the training examples.

    Raises:
        ShapeError: features or labels that do not fit the head.
        InputError: a head without l2, which has no such sum; labels that the task does not take; no such output.
    """
    if head.l2 <= 0:
        raise InputError("a head that was fitted without l2 is no sum over its training examples; fit it with l2 > 0")
    count = len(head.weights)
    if not 0 <= output < count:
        raise InputError(f"output {output} was asked for, but the layer has {count}, numbered 0 to {count - 1}")
    values = checked_labels(labels, len(training), head.task)
    errors = residuals(head.scores(training), targets(values, head.task, count), head.task)
    width = head.weights.shape[1]
    alike = head.columns(features)[:, :width] @ head.columns(training)[:, :width].T
    parts = -alike * errors[:, output] / head.l2
    return Representers(parts, head.scores(features)[:, output] - parts.sum(dim=1))


def own_parts(head: Head, training: Representations, labels: object, /) -> Suspicions:
    """How much of its own score each training example holds, `(training,)`: |r_i| |h_i|^2 / l2, r_i of the output where
    it is largest.

    Large where an example is far out, or was not fitted.

    Raises:
        InputError: a head without l2, labels that the task does not take.
    """
    if head.l2 <= 0:
        raise InputError("a head that was fitted without l2 is no sum over its training examples; fit it with l2 > 0")
    values = checked_labels(labels, len(training), head.task)
    errors = residuals(head.scores(training), targets(values, head.task, len(head.weights)), head.task)
    size = head.columns(training)[:, : head.weights.shape[1]].square().sum(dim=1)
    return errors.abs().amax(dim=1) * size / head.l2
