"""The losses that training minimises, example by example, and the labels that they take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from seqinterp.attribution.targets import flattened
from seqinterp.errors import InputError, ShapeError

Task = Literal["binary", "classes", "regression"]
Loss = Callable[[Any, Tensor], Tensor]  # outputs and labels of several examples -> one number each
TASKS = get_args(Task)


def check_task(task: str) -> None:
    """Refuse a task that has no loss."""
    if task not in TASKS:
        raise InputError(f"task must be one of {', '.join(TASKS)}, not {task!r}")


def example_losses(task: Task) -> Loss:
    """The loss `(batch,)` of a task, of logits or predicted values `(batch, outputs)` or `(batch,)`.

    binary: cross-entropy (nats) with labels of 0 and 1, summed over outputs; classes: cross-entropy of the softmax
    with the number of the class; regression: half the squared error, summed over outputs.

    Raises:
        InputError: another task.
    """
    check_task(task)
    return {"binary": _binary, "classes": _classes, "regression": _half_squares}[task]


@dataclass(frozen=True)
class LossOfChances:
    """The loss of the task 'binary' or 'classes' of outputs that are probabilities, those of a sigmoid or softmax."""

    task: Task

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """-log p of the label, summed over outputs, `(batch,)`."""
        if self.task == "classes":
            return functional.nll_loss(_logarithm(outputs), labels.long(), reduction="none")
        chances, wanted = _table(outputs, labels)
        return -(wanted * _logarithm(chances) + (1 - wanted) * _logarithm(1 - chances)).sum(dim=1)

    def lost(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Whether the probability of a label was rounded to 0, so that the loss has no slope, `(batch,)`."""
        if self.task == "classes":
            return _is_none(outputs.gather(1, labels.long()[:, None]))[:, 0]
        chances, wanted = _table(outputs, labels)
        return _is_none(torch.where(wanted > 0, chances, 1 - chances)).any(dim=1)


@dataclass(frozen=True)
class LogScore:
    """What stands for the score of a model that answers with probabilities: the log-odds of an output of the task
    'binary', which is the logit that a sigmoid squashed; the logarithm of the probability of a class.
    """

    task: Task
    index: int

    def __call__(self, outputs: Any) -> Tensor:
        """`(batch,)`."""
        chances = flattened(self.index)(outputs)
        return _logarithm(chances) - (_logarithm(1 - chances) if self.task == "binary" else 0)

    def lost(self, outputs: Tensor, _: Tensor) -> Tensor:
        """Whether it was rounded away, `(batch,)`."""
        chances = flattened(self.index)(outputs)
        return _is_none(chances) | (_is_none(1 - chances) if self.task == "binary" else False)


def _logarithm(chances: Tensor) -> Tensor:
    """log p, of the smallest p that the kind of number has where it is 0."""
    return chances.clamp_min(torch.finfo(chances.dtype).tiny).log()


def _is_none(chances: Tensor) -> Tensor:
    """Where a probability is 0, as far as the kind of number tells."""
    return chances < torch.finfo(chances.dtype).tiny


def with_rows(outputs: Any, count: int) -> Any:
    """Outputs with a batch axis: of one example a model that ends in `squeeze()` has lost it."""
    lost = count == 1 and isinstance(outputs, Tensor) and outputs.shape[:1] != (1,)
    return outputs[None] if lost else outputs


def checked_labels(labels: object, count: int, task: Task) -> Tensor:
    """Labels on the CPU: whole numbers `(batch,)` for classes, else double `(batch,)` or `(batch, outputs)`.

    Raises:
        ShapeError: not one label, or one row of labels, per example.
        InputError: labels that are not finite, not 0 or 1 for `binary`, no whole numbers from 0 for `classes`.
    """
    check_task(task)
    values = numbers_of(labels).double()
    if values.ndim not in (1, 2) or len(values) != count or (task == "classes" and values.ndim == 2):
        raise ShapeError(f"there are {count} examples but labels of shape {tuple(values.shape)}")
    if not bool(torch.isfinite(values).all()):
        raise InputError(f"labels must be finite, but {int((~torch.isfinite(values)).sum())} are NaN or infinite")
    if task == "binary" and not bool(((values == 0) | (values == 1)).all()):
        raise InputError("labels of the task 'binary' must be 0 or 1; for other numbers take 'classes' or 'regression'")
    if task == "classes":
        if not bool(((values >= 0) & (values == values.round())).all()):
            raise InputError("labels of the task 'classes' must be whole numbers from 0, the numbers of the classes")
        return values.long()
    return values


def numbers_of(labels: object) -> Tensor:
    """Labels in whatever holds them (a list, an array, a pandas Series with any index) as a tensor on the CPU.

    Raises:
        InputError: labels that are no numbers, or rows of unlike length.
    """
    try:
        table = labels if isinstance(labels, Tensor) else np.asarray(labels)
        if isinstance(table, np.ndarray):
            table = np.array(table, dtype=table.dtype if table.dtype.kind in "biuf" else np.float64)
        return torch.as_tensor(table).detach().cpu()
    except (TypeError, ValueError) as error:
        raise InputError("labels must be numbers, one or one row per example, but some are words or missing") from error


def _table(outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Both as `(batch, outputs)`; a pair that does not fit would be spread over one another unseen."""
    table, wanted = outputs.reshape(len(outputs), -1), labels.reshape(len(labels), -1)
    if table.shape != wanted.shape:
        raise ShapeError(f"outputs of shape {tuple(outputs.shape)} do not fit labels of shape {tuple(labels.shape)}")
    return table, wanted.to(table.dtype)


def _binary(outputs: Tensor, labels: Tensor) -> Tensor:
    """-log p of the label, p = sigmoid(output)."""
    return functional.binary_cross_entropy_with_logits(*_table(outputs, labels), reduction="none").sum(dim=1)


def _classes(outputs: Tensor, labels: Tensor) -> Tensor:
    """-log p of the label, p = softmax(outputs)."""
    return functional.cross_entropy(outputs, labels.long(), reduction="none")


def _half_squares(outputs: Tensor, labels: Tensor) -> Tensor:
    """(output - label)^2 / 2."""
    table, wanted = _table(outputs, labels)
    return (table - wanted).square().sum(dim=1) / 2
