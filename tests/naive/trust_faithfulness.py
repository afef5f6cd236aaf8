"""Faithfulness from its formulas, one example and one row at a time; and models whose contributions are known."""

from math import log2

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output


class Weighted(nn.Module):
    """Sum of weights times inputs, `(batch, *features)` -> `(batch, 1)`."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, inputs: Tensor) -> Tensor:
        return (inputs * self.weights).flatten(1).sum(dim=1, keepdim=True)


class MotifCounter(nn.Module):
    """Sum over places of what a motif's match exceeds a threshold by."""

    def __init__(self, weights: Tensor, threshold: float) -> None:
        super().__init__()
        self.weights, self.threshold = nn.Parameter(weights), threshold

    def forward(self, inputs: Tensor) -> Tensor:
        matches = torch.nn.functional.conv1d(inputs, self.weights.unsqueeze(0))
        return torch.relu(matches - self.threshold).sum(dim=2)


def score_of(model: nn.Module) -> Score:
    return Score(model, output(0))


def random_dna(count: int, length: int, seed: int = 0) -> Tensor:
    codes = np.random.default_rng(seed).integers(0, 4, (count, length))
    return torch.from_numpy(np.eye(4)[codes].transpose(0, 2, 1).copy())


def other_base_effects(inputs: Tensor, weights: Tensor) -> Tensor:
    """What a linear model loses on average when a base becomes one of the other three, at the base that is there."""
    own = inputs * weights
    others = (weights.sum(dim=0) - own.sum(dim=1)) / 3
    return inputs * (weights - others.unsqueeze(1))


def complement(inputs: Tensor, positions: Tensor, /, *, draws: int, seed: int) -> Tensor:
    """A replacement without chance: A for T, C for G."""
    masks = positions if positions.ndim == inputs.ndim else positions.unsqueeze(1).expand(-1, draws, -1)
    return torch.where(masks.unsqueeze(2), inputs.flip(1).unsqueeze(1), inputs.unsqueeze(1))


def deletion_values(f, example: np.ndarray, contributions: np.ndarray, shares, *, insert: bool = False) -> list[float]:
    """f of a sequence whose top positions became their complements; with `insert`, all the others did."""
    order = sorted(range(len(contributions)), key=lambda position: -contributions[position])
    values = []
    for share in shares:
        top = set(order[: round(share * len(order))])
        row = example.copy()
        for position in range(len(order)):
            if (position in top) != insert:
                row[:, position] = example[::-1, position]
        values.append(f(row))
    return values


def trapezium(shares, values) -> float:
    total = 0.0
    for i in range(1, len(shares)):
        total += (shares[i] - shares[i - 1]) * (values[i] + values[i - 1]) / 2
    return total


def infidelity(f, example: np.ndarray, slopes: np.ndarray, perturbed: np.ndarray) -> float:
    """Definition 2.1 of Yeh et al. as a loop."""
    total = 0.0
    for row in perturbed:
        total += (((example - row) * slopes).sum() - (f(example) - f(row))) ** 2
    return total / len(perturbed)


def likelihood(sequence: str, natural: list[str], order: int = 2, pseudocount: float = 1.0) -> float:
    """Mean log2-likelihood per base of a sequence under the chain of `natural`, both strands, from dictionaries."""
    turned = [text[::-1].translate(str.maketrans("ACGT", "TGCA")) for text in natural]
    words: dict[str, int] = {}
    for text in natural + turned:
        for width in (order, order + 1):
            for i in range(len(text) - width + 1):
                word = text[i : i + width]
                words[word] = words.get(word, 0) + 1
    starts = {a + b: words.get(a + b, 0) + pseudocount for a in "ACGT" for b in "ACGT"}
    whole = sum(starts.values())
    total = log2(starts[sequence[:2]] / whole)
    for i in range(order, len(sequence)):
        context = sequence[i - order : i]
        counts = {base: words.get(context + base, 0) + pseudocount for base in "ACGT"}
        total += log2(counts[sequence[i]] / sum(counts.values()))
    return total / len(sequence)
