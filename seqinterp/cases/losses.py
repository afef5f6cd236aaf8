"""The losses that training minimises, example by example, and the labels that they take."""

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

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


def checked_labels(labels: object, count: int, task: Task) -> Tensor:
    """Labels on the CPU: whole numbers `(batch,)` for classes, else double `(batch,)` or `(batch, outputs)`.

    Raises:
        ShapeError: not one label, or one row of labels, per example.
        InputError: labels that are not finite, not 0 or 1 for `binary`, no whole numbers from 0 for `classes`.
    """
    check_task(task)
    try:
        values = torch.as_tensor(labels if isinstance(labels, Tensor) else np.asarray(labels, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise InputError("labels must be numbers, but some are words") from error
    values = values.detach().to("cpu", torch.float64)
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
