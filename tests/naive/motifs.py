"""Filters as motifs, window by window."""

import numpy as np


def scan(weights: np.ndarray, sequence: str) -> np.ndarray:
    """PSSM score of each window: add the weight of each base; N adds nothing."""
    width = weights.shape[1]
    scores = []
    for start in range(len(sequence) - width + 1):
        window = sequence[start : start + width]
        scores.append(sum(weights["ACGT".index(base), i] for i, base in enumerate(window) if base != "N"))
    return np.array(scores)


def activating_counts(weights: np.ndarray, bias: float, sequences: list[str]) -> tuple[np.ndarray, int, int]:
    """Base counts, windows and sequences above half of the largest activation, counted from a positive mean."""
    width = weights.shape[1]
    scores = [scan(weights, sequence) + bias for sequence in sequences]
    largest = max(each.max() for each in scores)
    threshold = (largest + max(0.0, np.concatenate(scores).mean())) / 2
    counts, windows, active = np.zeros((4, width)), 0, 0
    if largest <= 0:
        return counts, windows, active
    for sequence, each in zip(sequences, scores, strict=True):
        above = np.flatnonzero(each > threshold)
        active += len(above) > 0
        windows += len(above)
        for start in above:
            for i, base in enumerate(sequence[start : start + width]):
                if base != "N":
                    counts["ACGT".index(base), i] += 1
    return counts, windows, active
