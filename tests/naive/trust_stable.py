"""Similarity of maps, from the formulas, one example at a time."""

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import pearsonr, spearmanr


def pearson(one: np.ndarray, other: np.ndarray) -> float:
    return float(pearsonr(one.ravel(), other.ravel())[0])


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    return float(spearmanr(one.ravel(), other.ravel())[0])


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))


def ssim(one: np.ndarray, other: np.ndarray, data_range: float) -> float:
    """What skimage.metrics.structural_similarity(gaussian_weights=True, use_sample_covariance=False) computes."""

    def windowed(values: np.ndarray) -> np.ndarray:
        return gaussian_filter(values, sigma=1.5, truncate=3.5, mode="reflect")

    mean, other_mean = windowed(one), windowed(other)
    variance, other_variance = windowed(one * one) - mean**2, windowed(other * other) - other_mean**2
    covariance = windowed(one * other) - mean * other_mean
    small, smaller = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    luminance = (2 * mean * other_mean + small) / (mean**2 + other_mean**2 + small)
    structure = (2 * covariance + smaller) / (variance + other_variance + smaller)
    inside = tuple(slice(5, size - 5) for size in one.shape)
    return float((luminance * structure)[inside].mean())


def top_k_overlap(one: np.ndarray, other: np.ndarray, top: int) -> float:
    """For maps without ties."""
    sets = [set(np.argsort(-values.ravel())[:top].tolist()) for values in (one, other)]
    return len(sets[0] & sets[1]) / top


def sign_agreement(one: np.ndarray, other: np.ndarray) -> float:
    pairs = [(np.sign(a), np.sign(b)) for a, b in zip(one.ravel(), other.ravel(), strict=True) if a != 0 or b != 0]
    return float(np.mean([a == b for a, b in pairs]))


def surviving(maps: np.ndarray, top: int) -> float:
    """The share of the largest |places| of the first map that are among them in every map `(repeat, place)`."""
    sets = [set(np.argsort(-np.abs(values))[:top].tolist()) for values in maps]
    return len(set.intersection(*sets)) / top
