"""AUROC by looking at every pair."""

import numpy as np


def auroc(importance: np.ndarray, truth: np.ndarray) -> float:
    """Share of (planted, other) pairs that are ranked right; a tie counts half."""
    wins = [(a > b) + 0.5 * (a == b) for a in importance[truth] for b in importance[~truth]]
    return float(np.mean(wins))
