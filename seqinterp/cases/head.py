"""The last linear layer of a network on its own, fitted to the end by Newton's method (Boyd & Vandenberghe 2004, 9.5).

Influence functions hold where the loss is least. A network seldom stops there; its last layer can be fitted to the end.
"""

from dataclasses import dataclass
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from seqinterp.cases.losses import Task, check_task, checked_labels, example_losses
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.shapes import HeadWeights, NewRepresentations

LARGEST = 8000  # weights, whose squared number is held as the Hessian
SMALLEST = 1e-12  # of the Hessian's eigenvalues beside the largest: what is below is a direction without effect
TOLERANCE = 1e-12  # of the gradient beside the sum of the sizes of its terms
CLOSE = 1e-6  # likewise: so near the minimum Newton's steps need no care
TINY = 1e-12
STEPS = 100


@dataclass(frozen=True, eq=False)
class Head:
    """A linear layer, and what it minimises: sum_i loss_i + l2 / 2 |weights|^2, the bias left free.

    weights: `(outputs, feature)`, double, on the CPU. bias: `(outputs,)`, None where there is none.
    task: which loss, as in `seqinterp.cases.losses`. Ridge regression has alpha = l2, scikit-learn's logistic
        regression C = 1 / l2; weight decay d of a loss that is a mean over n examples is l2 = n d.
    """

    weights: HeadWeights
    bias: Tensor | None
    task: Task
    l2: float

    def __post_init__(self) -> None:
        check_task(self.task)
        check_l2(self.l2)
        if self.bias is not None and self.bias.shape != self.weights.shape[:1]:
            raise ShapeError(f"weights {tuple(self.weights.shape)} do not fit a bias {tuple(self.bias.shape)}")
        if self.task == "classes" and len(self.weights) < 2:
            raise ShapeError("the task 'classes' needs an output for each of 2 classes or more; take 'binary' for one")
        # frozen: the caller's layer may be trained on, what is kept here may not follow
        object.__setattr__(self, "weights", _settled(self.weights))
        object.__setattr__(self, "bias", None if self.bias is None else _settled(self.bias))

    def columns(self, features: NewRepresentations) -> Tensor:
        """The features in double precision, with a 1 beside them for the bias, `(batch, column)`."""
        return _columns(features, self.bias is not None, self.weights.shape[1])

    def scores(self, features: NewRepresentations) -> Tensor:
        """What the layer answers, `(batch, outputs)`: logits, or predicted values."""
        return self.columns(features) @ self.table().T

    def table(self) -> Tensor:
        """Weights and bias beside one another, `(outputs, column)`."""
        return self.weights if self.bias is None else torch.cat([self.weights, self.bias[:, None]], dim=1)


def check_l2(l2: Any) -> None:
    """Refuse a weight of the penalty that is no number from 0."""
    if isinstance(l2, bool) or not isinstance(l2, Real) or not 0 <= float(l2) < float("inf"):
        raise InputError(f"l2 must be a number, 0 or positive, but it is {l2!r}")


def fit_head(
    features: NewRepresentations, labels: object, *, task: Task, l2: Any, bias: bool = True, steps: int = STEPS
) -> Head:
    """The layer that minimises sum_i loss_i + l2 / 2 |weights|^2 over the training examples, to full precision.

    steps: the most of Newton's; mostly ten are enough.

    Raises:
        ShapeError: labels that do not fit the features.
        InputError: labels that the task does not take, a negative l2, more weights than a Hessian can be held of.
        ModelError: there is no minimum, as for classes that a plane separates and l2 = 0.
    """
    check_l2(l2)
    values = checked_labels(labels, len(features), task)
    wanted = targets(values, task, int(values.max()) + 1 if task == "classes" else 0)
    start = torch.zeros(wanted.shape[1], features.shape[1], dtype=torch.float64)
    head = Head(start, start[:, 0].clone() if bias else None, task, float(l2))
    columns = head.columns(features)
    weights, penalty = head.table().clone(), penalised(head)

    def objective(at: Tensor) -> float:
        losses = example_losses(task)(columns @ at.T, values)
        return float(losses.sum() + (penalty * at.square()).sum() / 2)

    for _ in range(steps):
        errors = residuals(columns @ weights.T, wanted, task)
        slope = errors.T @ columns + penalty * weights
        steep = float(
            slope.abs().sum() / (errors.abs().T @ columns.abs() + penalty * weights.abs()).sum().clamp_min(TINY)
        )
        if steep <= TOLERANCE:
            break
        step = -(inverse_hessian(columns, columns @ weights.T, head) @ slope.flatten()).reshape(weights.shape)
        now, rate, gain = objective(weights), 1.0, float((slope * step).sum())
        # close to the minimum the objective is flat to its last digit and says nothing; there Newton's step is right
        while steep > CLOSE and rate > TINY and objective(weights + rate * step) > now + 1e-4 * rate * gain:
            rate /= 2
        weights = weights + rate * step
    if steep <= CLOSE:
        return _made(weights, head)
    raise ModelError(
        f"the last layer has no minimum that {steps} Newton steps come to, as where a plane separates the classes;"
        f" give l2 above {l2:g}"
    )


def targets(labels: Tensor, task: Task, outputs: int) -> Tensor:
    """Labels as `(batch, outputs)`, what outputs (after the sigmoid or softmax) should be."""
    if task != "classes":
        return labels.reshape(len(labels), -1)
    if int(labels.max()) >= outputs:
        raise InputError(f"labels must be 0 to {outputs - 1}, the outputs of the layer, but one is {int(labels.max())}")
    return torch.nn.functional.one_hot(labels, outputs).double()


def residuals(scores: Tensor, wanted: Tensor, task: Task) -> Tensor:
    """The derivative of each example's loss by its scores, prediction less target, `(batch, outputs)`."""
    if scores.shape != wanted.shape:
        raise ShapeError(
            f"the layer has {scores.shape[1]} outputs, but the labels are {wanted.shape[1]} per example; give as many"
        )
    return predicted(scores, task) - wanted


def predicted(scores: Tensor, task: Task) -> Tensor:
    """Probabilities, or values as they are."""
    if task == "binary":
        return scores.sigmoid()
    return scores.softmax(dim=1) if task == "classes" else scores


def curvatures(scores: Tensor, task: Task) -> Tensor:
    """The second derivative of each example's loss by its scores, `(batch, outputs, outputs)`."""
    chance = predicted(scores, task)
    if task == "classes":
        return torch.diag_embed(chance) - chance.unsqueeze(2) * chance.unsqueeze(1)
    return torch.diag_embed(chance * (1 - chance) if task == "binary" else torch.ones_like(chance))


def penalised(head: Head) -> Tensor:
    """l2 for each weight and 0 for the bias, `(outputs, column)`."""
    table = torch.full(head.table().shape, head.l2, dtype=torch.float64)
    if head.bias is not None:
        table[:, -1] = 0
    return table


def inverse_hessian(columns: Tensor, scores: Tensor, head: Head) -> Tensor:
    """The inverse of sum_i A_i (x) h_i h_i' + l2, weights counted output by output; `(weights, weights)`.

    Where a direction of the weights changes no loss (a constant added to all classes) the inverse is that of the
    others: no example moves the weights along it.
    """
    outputs, width = scores.shape[1], columns.shape[1]
    if outputs * width > LARGEST:
        raise InputError(
            f"the last layer has {outputs * width} weights and its exact Hessian can be held for {LARGEST} at most;"
            " give fewer features, such as their leading principal components"
        )
    curved = curvatures(scores, head.task)
    hessian = torch.zeros(outputs, width, outputs, width, dtype=torch.float64)
    for row in range(outputs):
        for column in range(row + 1):
            block = columns.T @ (curved[:, row, column, None] * columns)
            hessian[row, :, column] = block
            hessian[column, :, row] = block
    flat = hessian.reshape(outputs * width, outputs * width) + torch.diag(penalised(head).flatten())
    # columns are brought to one size, so that those of large features do not hide the others from the cut; all outputs
    # alike, so that a constant added to all classes stays what it is
    size = flat.diagonal().reshape(outputs, width).mean(dim=0).sqrt()
    scale = torch.where(size > 0, 1 / size, 1.0).repeat(outputs)
    flat = scale[:, None] * ((flat + flat.T) / 2) * scale
    inverse: Tensor = scale[:, None] * torch.linalg.pinv(flat, hermitian=True, rtol=SMALLEST) * scale
    return inverse


def _made(weights: Tensor, head: Head) -> Head:
    """The table taken apart."""
    if head.bias is None:
        return Head(weights, None, head.task, head.l2)
    return Head(weights[:, :-1], weights[:, -1], head.task, head.l2)


def _settled(values: Tensor) -> Tensor:
    """A copy in double precision on the CPU, found finite."""
    copy = values.detach().to("cpu", torch.float64, copy=True)
    if not bool(torch.isfinite(copy).all()):
        raise InputError("the weights of the last layer hold NaN or infinite values")
    return copy


def _columns(features: Tensor, bias: bool, width: int) -> Tensor:
    """Features found usable, with a 1 beside them."""
    if len(features) == 0 or features.shape[1] != width:
        raise ShapeError(f"features must have shape (examples, {width}), but have {tuple(features.shape)}")
    table = features.detach().to("cpu", torch.float64)
    if not bool(torch.isfinite(table).all()):
        raise InputError("features hold NaN or infinite values")
    return torch.cat([table, torch.ones(len(table), 1, dtype=torch.float64)], dim=1) if bias else table
