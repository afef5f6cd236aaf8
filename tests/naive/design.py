"""The published hill climb and the greedy search, one proposal at a time."""

import numpy as np
import torch
from torch import Tensor, nn


def put(one: Tensor, position: int, base: int) -> Tensor:
    """The sequence with another base."""
    changed = one.clone()
    changed[:, position] = 0
    changed[base, position] = 1
    return changed


def value(model: nn.Module, one: Tensor) -> float:
    with torch.no_grad():
        return float(model(one[None]).reshape(-1)[0])


def rises(reached: float, best: float, dtype: torch.dtype) -> bool:
    """Higher by more than rounding."""
    return reached - best > 32 * torch.finfo(dtype).eps * max(1.0, abs(best))


def hill_climb(model: nn.Module, start: Tensor, steps: int, seed: int, design: int) -> tuple[Tensor, list[float]]:
    """Draw a position and a base, keep the edit when the score rises (Ramsundar et al. 2019, chapter 10)."""
    generator = np.random.default_rng([seed, design])
    positions = generator.integers(start.shape[1], size=steps)
    bases = generator.integers(4, size=steps)
    best, scores = start, [value(model, start)]
    for position, base in zip(positions, bases, strict=True):
        candidate = put(best, position, base)
        reached = value(model, candidate)
        if rises(reached, scores[-1], start.dtype):
            best = candidate
            scores.append(reached)
        else:
            scores.append(scores[-1])
    return best, scores


def greedy(model: nn.Module, start: Tensor, steps: int) -> tuple[Tensor, list[float]]:
    """The best of all edits, again and again."""
    best, scores = start, [value(model, start)]
    for _ in range(steps):
        tried = [put(best, p, b) for b in range(4) for p in range(start.shape[1])]
        reached = [value(model, one) for one in tried]
        if not rises(max(reached), scores[-1], start.dtype):
            scores.append(scores[-1])
            continue
        best = tried[int(np.argmax(reached))]
        scores.append(max(reached))
    return best, scores
