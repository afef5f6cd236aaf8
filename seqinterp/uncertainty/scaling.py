"""One number that sets predictions right: temperature scaling (Guo et al. 2017, arXiv:1706.04599) and its like for
variances (Laves et al. 2020, arXiv:2104.12376).

Fit it to examples that the model was not trained on.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp

from seqinterp.errors import InputError
from seqinterp.models.labels import binary_labels
from seqinterp.shapes import AnyNumbers, ClassNumbers, ClassTable, Deviations, Labels, Logits
from seqinterp.uncertainty.checks import check_classes, check_deviations, check_rows

COLDEST, HOTTEST = 1e-3, 1e3  # temperatures that are looked at
SMALLEST = 1e-12  # a probability is kept above this before its logarithm is taken


def class_temperature(labels: ClassNumbers, logits: ClassTable) -> float:
    """The temperature T by which logits are divided so that softmax(logits / T) are most likely.

    Above 1 the model was too sure. The likelihood is concave in 1 / T, so its largest value is the only one; 1 is kept
    unless another is better, so the fitted examples are never less likely than before.

    Raises:
        ShapeError: the arrays do not fit one another.
        InputError: labels that are no columns, or logits that are not finite.
    """
    check_classes(labels, logits, probabilities=False)

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(scaled[np.arange(len(labels)), labels].mean())

    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded", options={"xatol": 1e-8})
    return float(np.exp(found.x)) if found.fun < loss(0.0) else 1.0


def binary_temperature(labels: Labels, logits: Logits) -> float:
    """`class_temperature` of one logit per example and labels 0 and 1.

    Raises:
        ShapeError: the arrays differ in length.
        InputError: labels other than 0 and 1 or of one class, or logits that are not finite.
    """
    check_rows(labels=labels, logits=logits)
    values = binary_labels(labels, what="the data for scaling").astype(np.int64)
    return class_temperature(values, np.column_stack([np.zeros_like(logits), logits]))


def member_temperature(labels: ClassNumbers, members: AnyNumbers) -> float:
    """The temperature of every member's logits that makes the mean of their probabilities most likely.

    members: probabilities, `(members, example, classes)`. 1 is kept unless another is better.

    Raises:
        ShapeError: the arrays do not fit one another.
        InputError: labels that are no columns, or rows that are no probabilities.
    """
    check_classes(labels, members.mean(axis=0), probabilities=True)
    logits = np.log(np.clip(members, SMALLEST, None))
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=2)[:, rows, labels]
        return -float((logsumexp(scaled, axis=0) - np.log(len(members))).mean())

    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded", options={"xatol": 1e-8})
    return float(np.exp(found.x)) if found.fun < loss(0.0) else 1.0


def variance_scale(targets: Labels, means: Logits, deviations: Deviations) -> float:
    """The factor of all standard deviations that makes the Gaussian likelihood largest: root mean squared z-score.

    Raises:
        ShapeError: the arrays differ in length.
        InputError: numbers that are not finite, deviations not above 0, or predictions without any error.
    """
    check_rows(targets=targets, means=means, deviations=deviations)
    check_deviations(deviations)
    scale = float(np.sqrt((((targets - means) / deviations) ** 2).mean()))
    if scale == 0:
        raise InputError("every prediction is exactly right, so no factor above 0 is most likely")
    return scale
