"""Cases from their formulas: retraining without each example, one gradient at a time, every subset by its sum."""

import math

import numpy as np
import torch
from scipy.optimize import minimize
from torch import nn


def logistic_loss(table, rows, labels, l2):
    """sum log(1 + exp(-s z)) + l2 / 2 |w|^2 and its gradient; the last column of `rows` is 1, its weight is free."""
    signs = 2 * labels - 1
    margins = signs * (rows @ table)
    free = np.append(table[:-1], 0.0)
    slope = -(signs / (1 + np.exp(margins))) @ rows + l2 * free
    return np.logaddexp(0, -margins).sum() + l2 / 2 * free @ free, slope


def softmax_loss(flat, rows, labels, l2, classes):
    table = flat.reshape(classes, -1)
    scores = rows @ table.T
    scores = scores - scores.max(axis=1, keepdims=True)
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    truth = np.eye(classes)[labels.astype(int)]
    free = np.column_stack([table[:, :-1], np.zeros(classes)])
    loss = -np.log((chances * truth).sum(axis=1)).sum() + l2 / 2 * (free**2).sum()
    return loss, ((chances - truth).T @ rows + l2 * free).ravel()


def retrained(features, labels, task, l2):
    """Weights and bias, (outputs, feature + 1), of the least loss, by quasi-Newton or the normal equations."""
    rows = np.column_stack([features, np.ones(len(features))])
    if task == "regression":
        penalty = l2 * np.diag([1.0] * features.shape[1] + [0.0])
        return np.linalg.solve(rows.T @ rows + penalty, rows.T @ labels)[None]
    if task == "binary":
        start, arguments, loss = np.zeros(rows.shape[1]), (rows, labels, l2), logistic_loss
    else:
        classes = int(labels.max()) + 1
        start, arguments, loss = np.zeros(classes * rows.shape[1]), (rows, labels, l2, classes), softmax_loss
    found = minimize(loss, start, arguments, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 2000})
    return found.x.reshape(-1, rows.shape[1])


def left_out(features, labels, task, l2):
    """The table of all examples, and the tables without each of them."""
    every = range(len(features))
    without = [retrained(np.delete(features, each, axis=0), np.delete(labels, each), task, l2) for each in every]
    return retrained(features, labels, task, l2), without


def loss_of(table, features, label, task):
    """Of one example."""
    scores = table[:, :-1] @ features + table[:, -1]
    if task == "regression":
        return float((scores[0] - label) ** 2 / 2)
    if task == "binary":
        return math.log1p(math.exp(-(2 * label - 1) * scores[0]))
    return float(np.log(np.exp(scores).sum()) - scores[int(label)])


def one_gradient(model, loss, inputs, labels, names):
    """The gradient of one example's loss by the named parameters, by the plain backward pass."""
    wanted = [value for name, value in model.named_parameters() if name in names]
    found = torch.autograd.grad(loss(model(inputs[None]), labels[None]).sum(), wanted, allow_unused=True)
    return torch.cat(
        [
            torch.zeros(v.numel(), dtype=v.dtype) if g is None else g.flatten()
            for g, v in zip(found, wanted, strict=True)
        ]
    )


def tracin(model, checkpoints, rates, loss, training, asked, names):
    """sum_t rate_t <grad loss(asked), grad loss(training)>, one example at a time; the model holds the last weights."""
    total = torch.zeros(len(asked[0]), len(training[0]), dtype=torch.float64)
    for weights, rate in zip(checkpoints, rates, strict=True):
        model.load_state_dict(weights)
        model.eval()
        theirs = [one_gradient(model, loss, x, y, names).double() for x, y in zip(*training, strict=True)]
        for row, (x, y) in enumerate(zip(*asked, strict=True)):
            ours = one_gradient(model, loss, x, y, names).double()
            for column, gradient in enumerate(theirs):
                total[row, column] += rate * float(ours @ gradient)
    return total


def nearest(rows, others, count, cosine):
    """Indices and distances by sorting pairs (distance, index)."""
    found = []
    for row in rows:
        pairs = []
        for index, other in enumerate(others):
            if cosine:
                distance = 1 - float(row @ other) / math.sqrt(float(row @ row) * float(other @ other))
            else:
                distance = math.sqrt(sum((float(a) - float(b)) ** 2 for a, b in zip(row, other, strict=True)))
            pairs.append((distance, index))
        found.append(sorted(pairs)[:count])
    return found


def squared_mmd_gain(kernel, chosen):
    """J(S) = MMD^2 of nothing less MMD^2 of S: 2 / (n m) sum_i sum_S k - 1 / m^2 sum_S sum_S k."""
    n, m = len(kernel), len(chosen)
    cross = sum(kernel[i, j] for i in range(n) for j in chosen)
    within = sum(kernel[i, j] for i in chosen for j in chosen)
    return 2 * cross / (n * m) - within / m**2


def greedy_prototypes(kernel, count):
    chosen = []
    for _ in range(count):
        rest = [each for each in range(len(kernel)) if each not in chosen]
        gains = [squared_mmd_gain(kernel, [*chosen, each]) for each in rest]
        chosen.append(rest[int(np.argmax(gains))])
    return chosen


def witness(kernel, prototypes):
    return [kernel[:, each].mean() - kernel[prototypes, each].mean() for each in range(len(kernel))]


def greedy_criticisms(kernel, prototypes, count):
    """By sum |witness| + log det of the kernel among criticisms."""
    size, chosen = np.abs(witness(kernel, prototypes)), []
    for _ in range(count):
        rest = [each for each in range(len(kernel)) if each not in chosen and each not in prototypes]
        values = []
        for each in rest:
            new = [*chosen, each]
            values.append(sum(size[i] for i in new) + np.linalg.slogdet(kernel[np.ix_(new, new)])[1])
        chosen.append(rest[int(np.argmax(values))])
    return chosen


class Counted(nn.Module):
    """Decides by a number that it reads: what torch.func cannot map over examples."""

    def __init__(self):
        super().__init__()
        self.bank, self.head = nn.Conv1d(4, 3, 4), nn.Linear(3, 1)

    def forward(self, inputs):
        hidden = torch.relu(self.bank(inputs)).amax(dim=2)
        return self.head(hidden if float(hidden.detach().sum()) > 0 else -hidden)
