"""Uncertainty from its formulas, one example, member and class at a time."""

from itertools import pairwise
from math import ceil, exp, log

import numpy as np


def total_variance(means, variances):
    """Aleatoric, epistemic and total variance of one example, by E[y^2] - E[y]^2 for the total."""
    count = len(means)
    mean = sum(means) / count
    aleatoric = sum(variances) / count
    epistemic = sum((each - mean) ** 2 for each in means) / count
    total = sum(v + m * m for m, v in zip(means, variances, strict=True)) / count - mean * mean
    return aleatoric, epistemic, total


def entropy(probabilities):
    return -sum(p * log(p) for p in probabilities if p > 0)


def entropies(table):
    """Total, aleatoric and epistemic of one example whose members' probabilities are rows."""
    mean = [sum(column) / len(table) for column in zip(*table, strict=True)]
    aleatoric = sum(entropy(row) for row in table) / len(table)
    return entropy(mean), aleatoric, entropy(mean) - aleatoric


def softmax(logits):
    largest = max(logits)
    weights = [exp(logit - largest) for logit in logits]
    return [weight / sum(weights) for weight in weights]


def linear_dropout_variance(weights, inputs, rate):
    """Of sum w x m / (1 - rate), m being 0 with probability rate: p / (1 - p) sum (w x)^2."""
    return rate / (1 - rate) * float(((weights * inputs) ** 2).sum())


def conformal_threshold(scores, level):
    """The smallest t such that at least (n + 1) level of the n scores and an infinite one are at or below it."""
    for candidate in [*sorted(scores), float("inf")]:
        if sum(score <= candidate for score in [*scores, float("inf")]) >= (len(scores) + 1) * level - 1e-9:
            return candidate
    raise AssertionError


def calibration_error(labels, probabilities, bins):
    """By bins of equally many, where no two probabilities are equal."""
    order = sorted(range(len(labels)), key=lambda i: probabilities[i])
    edges = [(k * len(order)) // bins for k in range(bins + 1)]
    total = 0.0
    for start, stop in pairwise(edges):
        chosen = order[start:stop]
        if chosen:
            gap = sum(labels[i] for i in chosen) / len(chosen) - sum(probabilities[i] for i in chosen) / len(chosen)
            total += abs(gap) * len(chosen) / len(order)
    return total


def risks(losses, uncertainty):
    """The mean loss of the surest k, for each k, where no two uncertainties are equal."""
    order = sorted(range(len(losses)), key=lambda i: uncertainty[i])
    return [sum(losses[i] for i in order[:k]) / k for k in range(1, len(order) + 1)]


def adaptive_score(probabilities, label, chance):
    """The probability of the classes above the label's, and `chance` of its own."""
    return sum(p for p in probabilities if p > probabilities[label]) + chance * probabilities[label]


def energy_distance(first, second):
    """2 E|A - B| - E|A - A'| - E|B - B'|, over all pairs."""

    def mean(one, other):
        return float(np.mean([np.linalg.norm(a - b) for a in one for b in other]))

    return 2 * mean(first, second) - mean(first, first) - mean(second, second)


def mahalanobis(fitted, shown, shrinkage):
    """From the mean, with the covariance of standardised features shrunk towards a multiple of the identity."""
    deviation = fitted.std(axis=0)
    made = (fitted - fitted.mean(axis=0)) / deviation
    covariance = made.T @ made / len(made)
    target = np.eye(len(covariance)) * np.trace(covariance) / len(covariance)
    inverse = np.linalg.inv((1 - shrinkage) * covariance + shrinkage * target)
    rows = (shown - fitted.mean(axis=0)) / deviation
    return np.array([np.sqrt(row @ inverse @ row) for row in rows])


def rank(count, level):
    """Which of `count` scores, from 1, is the conformal quantile."""
    return ceil((count + 1) * level - 1e-9)


def gaussian_nll(mean, variance, target):
    return 0.5 * log(2 * np.pi * variance) + (target - mean) ** 2 / (2 * variance)
