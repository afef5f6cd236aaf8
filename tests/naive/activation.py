"""Slow, plain versions of what finds inputs by gradients, and of what says how natural they are."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def total_variation(one: Tensor) -> float:
    """The sum of |difference| of every two neighbours, of one example (channel, *places)."""
    values = one.double()
    total = 0.0
    for axis in range(1, values.ndim):
        for place in range(values.shape[axis] - 1):
            total += float((values.select(axis, place + 1) - values.select(axis, place)).abs().sum())
    return total


def background_kl(one: Tensor, background: list[float]) -> float:
    """sum p log(p / q) over bases and positions of one example (4, position)."""
    total = 0.0
    for position in range(one.shape[1]):
        for base in range(4):
            p = float(one[base, position])
            if p > 0:
                total += p * math.log(p / background[base])
    return total


def dream(layers: nn.Module, channel: int, start: Tensor, *, steps: int, octaves: int, step_size: float) -> Tensor:
    """DeepDream (Mordvintsev et al. 2015) without jitter, on one picture (channel, row, column) between 0 and 1."""

    def zoomed(picture: Tensor, rows: int, columns: int, *, down: bool) -> Tensor:
        return F.interpolate(picture[None], size=(rows, columns), mode="bilinear", align_corners=False, antialias=down)[
            0
        ]

    height, width = start.shape[1:]
    sizes = [(round(height / 1.4**k), round(width / 1.4**k)) for k in range(octaves)]
    detail = None
    picture = start
    for rows, columns in reversed(sizes):
        base = start if (rows, columns) == (height, width) else zoomed(start, rows, columns, down=True)
        detail = torch.zeros_like(base) if detail is None else zoomed(detail, rows, columns, down=False)
        picture = (base + detail).clamp(0, 1)
        for _ in range(steps):
            leaf = picture.clone().requires_grad_()
            layers(leaf[None])[0, channel].mean().backward()
            picture = (picture + step_size * leaf.grad / leaf.grad.abs().mean()).clamp(0, 1)
        detail = picture - base
    return picture


def cross_entropy(model: nn.Module, inputs: Tensor, labels: list[int]) -> list[float]:
    """-log p(label) of each example; of one output p is the sigmoid, label 1 says yes."""
    losses = []
    with torch.no_grad():
        for one, label in zip(inputs, labels, strict=True):
            out = model(one[None]).reshape(-1).double()
            if len(out) == 1:
                out = torch.stack([torch.zeros_like(out[0]), out[0]])
            losses.append(float(torch.logsumexp(out, 0) - out[label]))
    return losses


def fgsm(model: nn.Module, one: Tensor, label: int, epsilon: float, low: float, high: float) -> Tensor:
    """clip(x + epsilon sign(d cross-entropy / dx)) of one example (Goodfellow et al. 2015)."""
    leaf = one.clone().requires_grad_()
    out = model(leaf[None]).reshape(1, -1)
    if out.shape[1] == 1:
        loss = F.binary_cross_entropy_with_logits(out[:, 0], torch.tensor([float(label)], dtype=one.dtype))
    else:
        loss = F.cross_entropy(out, torch.tensor([label]))
    loss.backward()
    return (one + epsilon * leaf.grad.sign()).clamp(low, high)


def markov_counts(sequences: list[str], order: int) -> dict[str, dict[str, int]]:
    """How often each letter follows each word of `order` letters, N nowhere."""
    counts: dict[str, dict[str, int]] = {}
    for sequence in sequences:
        for end in range(order, len(sequence)):
            word = sequence[end - order : end + 1]
            if set(word) <= set("ACGT"):
                row = counts.setdefault(word[:-1], {})
                row[word[-1]] = row.get(word[-1], 0) + 1
    return counts


def markov_log2_likelihood(start: dict[str, float], step: dict[str, dict[str, float]], sequence: str) -> float:
    """log2 P of one stretch of A, C, G, T per base: P(first letters) times every transition."""
    order = len(next(iter(start)))
    if len(sequence) <= order:
        chance = sum(p for word, p in start.items() if word.startswith(sequence))
        return math.log2(chance) / len(sequence)
    total = math.log2(start[sequence[:order]])
    for end in range(order, len(sequence)):
        total += math.log2(step[sequence[end - order : end]][sequence[end]])
    return total / len(sequence)


def mahalanobis(fitted: Tensor, one: Tensor, components: int) -> float:
    """Distance under N(mean, C), C with its smallest eigenvalues replaced by their mean, by inverting C."""
    rows = fitted.flatten(1).double()
    centred = rows - rows.mean(0)
    values, vectors = torch.linalg.eigh(centred.T @ centred / (len(rows) - 1))
    noise = values[:-components].mean()
    values = torch.cat([noise.expand(len(values) - components), values[-components:]])
    covariance = vectors @ torch.diag(values) @ vectors.T
    difference = one.flatten().double() - rows.mean(0)
    return float((difference @ torch.linalg.inv(covariance) @ difference).sqrt())


def pgd_places(model: nn.Module, one: Tensor, start: Tensor, label: int, epsilon: float, size: float, steps: int):
    """The places of projected gradient ascent in an L-inf ball and [0, 1], from a start (Madry et al. 2018)."""
    places, here = [start], start
    for _ in range(steps):
        leaf = here.clone().requires_grad_()
        F.cross_entropy(model(leaf[None]), torch.tensor([label])).backward()
        moved = here + size * leaf.grad.sign()
        moved = torch.maximum(torch.minimum(moved, one + epsilon), one - epsilon)
        here = moved.clamp(0, 1)
        places.append(here)
    return places
