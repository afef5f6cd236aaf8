"""Influence functions of the last layer: what each training example did to a prediction (Koh & Liang 2017,
arXiv:1703.04730), by the exact inverse of the Hessian.

The gradient of the loss of example i by the weights is r_i (x) h_i, its residual times its features. Without it they
move by H_-i^-1 (r_i (x) h_i), one Newton step of the fit to the others. With M_i = (I (x) h_i') H^-1 (I (x) h_i) and
the curvature A_i of its loss that is H^-1 (r'_i (x) h_i), r'_i = (I - A_i M_i)^-1 r_i (Woodbury): exact for squared
loss, and nearer than Koh and Liang's r'_i = r_i for the others.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from seqinterp.cases.head import Head, curvatures, inverse_hessian, penalised, residuals, targets
from seqinterp.cases.losses import checked_labels, example_losses
from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import HeadGradients, Influences, NewRepresentations, Representations

NUMBERS = 2**22  # in double precision held at once beside what is returned
ALONE = 1e-9  # of 1 - leverage: an example below it is all there is to decide some weight


@dataclass(frozen=True, eq=False)
class LastLayerInfluence:
    """What each training example did: a quantity as it is, less what it would be had the example been left out.

    Losses are turned about, so that a positive number always speaks for the example: it raised the score or the
    quantity, it lowered the loss.

    slope: the gradient of what the head minimises, beside the sum of the sizes of its terms. Near 0 for a head at its
        minimum; the numbers below mean little where it is not (fit the head with `fit_head`).
    """

    head: Head
    slope: float
    _columns: Tensor = field(repr=False)  # (training, column)
    _inverse: Tensor = field(repr=False)  # (weights, weights)
    _removed: Tensor = field(repr=False)  # r' of each training example, (training, outputs)
    _losses: Tensor = field(repr=False)  # (2, training): its own loss as it is, and had it been left out

    def of(self, gradients: HeadGradients) -> Influences:
        """On any quantities, given their gradients by the weights (the bias in the last column), to first order.

        Exact for quantities that are linear in the weights: scores, differences of scores, sums of contributions.

        Raises:
            ShapeError: gradients of another shape than the weights.
        """
        wanted = self.head.table().shape
        if gradients.shape[1:] != wanted:
            raise ShapeError(
                f"gradients must have shape (quantities, {wanted[0]}, {wanted[1]}), one column per feature and a last"
                f" one for the bias where there is one, but have {tuple(gradients.shape)}"
            )
        moved = (gradients.detach().to("cpu", torch.float64).flatten(1) @ self._inverse).reshape(-1, *wanted)
        total = torch.zeros(len(moved), len(self._columns), dtype=torch.float64)
        for number, removed in enumerate(self._removed.T):
            total -= moved[:, number] @ self._columns.T * removed
        return total

    def on(self, quantity: Callable[[Tensor, Tensor | None], Tensor]) -> Influences:
        """On any function of the layer, `(weights, bias)` -> a number or `(quantities,)`, through its gradient.

        It gets weights `(outputs, feature)` and bias `(outputs,)` in double precision, and must be differentiable.
        """

        def whole(table: Tensor) -> Tensor:
            return quantity(*((table, None) if self.head.bias is None else (table[:, :-1], table[:, -1]))).reshape(-1)

        with torch.inference_mode(False), torch.enable_grad():
            return self.of(torch.autograd.functional.jacobian(whole, self.head.table().clone()))

    def on_scores(self, features: NewRepresentations, *, output: int = 0) -> Influences:
        """On one output of each example that is asked about, `(batch, training)`; positive raised it."""
        return self.of(self._at_output(self.head.columns(features), output))

    def on_changes(self, features: NewRepresentations, changed: NewRepresentations, *, output: int = 0) -> Influences:
        """On score(features) - score(changed), `(batch, training)`: what taught the model that a change matters.

        With `changed` the representations of the same inputs without a motif: which examples taught it that motif.
        """
        if features.shape != changed.shape:
            raise ShapeError(f"features {tuple(features.shape)} and changed {tuple(changed.shape)} differ in shape")
        return self.of(self._at_output(self.head.columns(features) - self.head.columns(changed), output))

    def on_contributions(self, contributions: NewRepresentations, *, output: int = 0) -> Influences:
        """On sum_k weight_k contributions_k, `(batch, training)`: contributions of a window, or of anything, to score.

        `window_features` gives what a motif contributes to each feature: which examples taught the model that motif.
        """
        columns = self.head.columns(contributions)
        if self.head.bias is not None:
            columns[:, -1] = 0  # the bias has no part in what is contributed
        return self.of(self._at_output(columns, output))

    def on_losses(self, features: NewRepresentations, labels: object) -> Influences:
        """On the loss of each example that is asked about, `(batch, training)`; positive lowered it.

        The loss is worked out at the scores that the layer would have given, not from its slope.
        """
        values = checked_labels(labels, len(features), self.head.task)
        scores, loss = self.head.scores(features), example_losses(self.head.task)
        targets(values, self.head.task, scores.shape[1])
        without = torch.stack(
            [scores[:, each, None] - self.on_scores(features, output=each) for each in range(scores.shape[1])], dim=2
        )
        spread = values.repeat_interleave(without.shape[1], dim=0)
        return loss(without.flatten(0, 1), spread).reshape(without.shape[:2]) - loss(scores, values)[:, None]

    def self_influence(self) -> Tensor:
        """How much each training example lowered its own loss, `(training,)`, never negative but for rounding.

        Large where the others would have said something else: outliers and wrong labels.
        """
        return self._losses[1] - self._losses[0]

    def _at_output(self, columns: Tensor, output: int) -> Tensor:
        """Gradients of one score."""
        count = len(self.head.weights)
        if not 0 <= output < count:
            raise InputError(f"output {output} was asked for, but the layer has {count}, numbered 0 to {count - 1}")
        gradients = torch.zeros(len(columns), count, columns.shape[1], dtype=torch.float64)
        gradients[:, output] = columns
        return gradients


def last_layer_influence(
    head: Head, features: Representations, labels: object, /, *, newton: bool = True
) -> LastLayerInfluence:
    """Prepare the influence of training examples, given what the head read of each when it was fitted.

    newton: a Newton step without the example; False gives Koh and Liang's formula as it stands, to first order in the
        weight of the example.

    Raises:
        ShapeError: features or labels that do not fit the head.
        InputError: labels that the task does not take; an example without which some weight has no value.
    """
    values = checked_labels(labels, len(features), head.task)
    columns, scores = head.columns(features), head.scores(features)
    errors = residuals(scores, targets(values, head.task, scores.shape[1]), head.task)
    inverse = inverse_hessian(columns, scores, head)
    own = _own_blocks(columns, inverse, scores.shape[1])
    removed = _without(own, scores, errors, head) if newton else errors
    loss = example_losses(head.task)
    left_out = scores + (own @ removed[:, :, None])[:, :, 0]
    return LastLayerInfluence(
        head,
        _slope(head, columns, errors),
        columns,
        inverse,
        removed,
        torch.stack([loss(scores, values), loss(left_out, values)]),
    )


def _own_blocks(columns: Tensor, inverse: Tensor, outputs: int) -> Tensor:
    """M_i = (I (x) h_i') H^-1 (I (x) h_i) of each example, `(training, outputs, outputs)`."""
    width = columns.shape[1]
    by_output = inverse.reshape(outputs, width, outputs, width)
    blocks = torch.empty(len(columns), outputs, outputs, dtype=torch.float64)
    size = max(1, NUMBERS // (outputs * width))
    for start in range(0, len(columns), size):
        part = columns[start : start + size]
        for row in range(outputs):
            reached = (part @ by_output[row].flatten(1)).reshape(len(part), outputs, width)
            blocks[start : start + size, row] = (reached * part[:, None]).sum(dim=2)
    return blocks


def _without(own: Tensor, scores: Tensor, errors: Tensor, head: Head) -> Tensor:
    """r'_i = (I - A_i M_i)^-1 r_i."""
    left = torch.eye(scores.shape[1], dtype=torch.float64) - curvatures(scores, head.task) @ own
    alone = torch.linalg.det(left) < ALONE
    if bool(alone.any()):
        raise InputError(
            f"without training example {int(alone.nonzero()[0])} some weight of the last layer has no value; give the"
            " head a larger l2, or newton=False"
        )
    solved: Tensor = torch.linalg.solve(left, errors[:, :, None])[:, :, 0]
    return solved


def _slope(head: Head, columns: Tensor, errors: Tensor) -> float:
    """The gradient at the head, beside the sizes of its terms."""
    pull = penalised(head) * head.table()
    size = float((errors.abs().T @ columns.abs() + pull.abs()).sum())
    return float((errors.T @ columns + pull).abs().sum()) / size if size > 0 else 0.0
