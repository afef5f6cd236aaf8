"""Is an input like those the model knows? Likelihood under a Markov chain, and distance in a layer's numbers
(Lee et al. 2018, arXiv:1807.03888; Sun et al. 2022, arXiv:2204.06507), each as a p-value.

A p-value here is the rank of an input among reference examples that the chain or the distance was not fitted to, so
among inputs like these one in twenty is at 0.05 or below (Bates et al. 2023, arXiv:2104.08279).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.neighbors import NearestNeighbors

from seqinterp.attribution.dna import require_dna
from seqinterp.errors import InputError, ShapeError
from seqinterp.sequence.markov_fit import fit_background, log_likelihood
from seqinterp.sequence.onehot import decode
from seqinterp.shapes import Features, Natural, NewFeatures, NewNumbers, Numbers, Sequences
from seqinterp.uncertainty.checks import check_rows
from seqinterp.uncertainty.keys import example_keys

ORDER = 2
NEIGHBOURS = 5
FEWEST = 20  # reference examples, half of which are held out: of fewer, no p-value is below 0.09


@dataclass(frozen=True)
class Strangeness:
    """How unlike the reference each input is.

    score: the mean log2-likelihood per base, or the distance.
    held_out: that of the reference examples it was not fitted to.
    p_value: small for strangers; at least 1 / (held out + 1), or twice that where both sides count.
    """

    score: NewNumbers
    held_out: Numbers
    p_value: NewNumbers


def sequence_strangeness(inputs: Sequences, natural: Natural, *, order: int = ORDER, seed: int = 0) -> Strangeness:
    """Are these sequences of the composition of `natural`, one-hot DNA of the same length?

    A Markov chain of `order` (0 to 3) is fitted to both strands of one half of `natural`; the other half says what
    likelihoods are usual. Too likely is strange as well as too unlikely, so p-values are of both sides: that finds most
    repeats (six to eight in ten), not all. Which half an example is in is a rule of `seed` and the example.

    Raises:
        ShapeError: inputs or natural sequences that are not one-hot DNA, or differ in length.
        InputError: fewer than 20 natural sequences, an order other than 0 to 3, or a sequence of N alone.
    """
    require_dna(inputs, "sequence_strangeness")
    require_dna(natural, "sequence_strangeness")
    if natural.shape[2] != inputs.shape[2]:
        raise ShapeError(
            f"inputs have {inputs.shape[2]} positions but natural sequences {natural.shape[2]}; crop the longer, for"
            " a mean over fewer bases varies more"
        )
    texts = np.array(decode(natural), dtype=object)
    fitted, held = _halves(example_keys(natural.detach().cpu().flatten(1).numpy(), seed, "halves"))
    chain = fit_background(texts[fitted].tolist(), order, both_strands=True)
    # sums of the same logarithms in another order are equal: rounding must not rank them
    usual = log_likelihood(chain, texts[held].tolist()).round(12)
    score = log_likelihood(chain, decode(inputs)).round(12)
    low, high = _share_at_least(-usual, -score), _share_at_least(usual, score)
    return Strangeness(score, usual, np.minimum(1.0, 2 * np.minimum(low, high)))


def latent_strangeness(
    features: NewFeatures,
    known: Features,
    *,
    distance: Literal["mahalanobis", "neighbours"] = "mahalanobis",
    neighbours: int = NEIGHBOURS,
    seed: int = 0,
) -> Strangeness:
    """Do a layer's numbers for new examples, `(new, feature)`, lie among those of `known` ones, `(example, feature)`?

    distance: from the mean of known examples, in units of their covariance, shrunk as Ledoit and Wolf (2004) say; or to
        the `neighbours`-th nearest known example, every feature over its standard deviation. One half of them is
        measured from, the other says what distances are usual. Only what is far is strange.

    Raises:
        ShapeError: the numbers of features differ.
        InputError: fewer than 20 known examples, numbers that are not finite, no such distance, or not as many
            neighbours.
    """
    check_rows(features=features)
    check_rows(known=known)
    if features.shape[1] != known.shape[1] or features.shape[1] == 0:
        raise ShapeError(f"features are {features.shape[1]}, but those of the known examples {known.shape[1]}")
    if distance not in ("mahalanobis", "neighbours"):
        raise InputError(f"distance must be 'mahalanobis' or 'neighbours', not {distance!r}")
    fitted, held = _halves(example_keys(known, seed, "halves"))
    if not 1 <= neighbours <= len(fitted):
        raise InputError(f"neighbours must be 1 to {len(fitted)}, half of the known examples, but it is {neighbours}")
    measure = _mahalanobis if distance == "mahalanobis" else _to_neighbour
    both = measure(known[fitted], np.concatenate([known[held], features]), neighbours)
    usual, score = both[: len(held)], both[len(held) :]
    return Strangeness(score, usual, _share_at_least(usual, score))


def _mahalanobis(fitted: np.ndarray, shown: np.ndarray, _: int) -> np.ndarray:
    """Distance from the mean in units of the covariance, features made alike in scale first.

    The shrunk covariance is (1 - s) X'X / n + s m I. Its inverse is taken in the span of the rows of X, and is
    1 / (s m) outside of it, so that a layer of thousands of numbers needs no matrix of their square.
    """
    centre, scale = _scale(fitted)
    rows, far = (fitted - centre) / scale, (shown - centre) / scale
    shrinkage = float(ledoit_wolf_shrinkage(rows, assume_centered=True))
    mean_variance = float((rows**2).sum() / rows.size)
    if mean_variance == 0:
        return np.asarray(np.linalg.norm(far, axis=1))
    sizes, spanned = np.linalg.svd(rows, full_matrices=False)[1:]
    kept = sizes > sizes[0] * 1e-10
    axes: np.ndarray = spanned[kept]
    variances = (1 - shrinkage) * sizes[kept] ** 2 / len(rows) + shrinkage * mean_variance
    within = far @ axes.T
    outside = np.maximum((far**2).sum(axis=1) - (within**2).sum(axis=1), 0.0)
    beyond = outside / (shrinkage * mean_variance) if shrinkage > 0 else np.where(outside > 1e-9, np.inf, 0.0)
    return np.asarray(np.sqrt((within**2 / variances).sum(axis=1) + beyond))


def _to_neighbour(fitted: np.ndarray, shown: np.ndarray, neighbours: int) -> np.ndarray:
    """Distance to the k-th nearest."""
    centre, scale = _scale(fitted)
    found = NearestNeighbors(n_neighbors=neighbours).fit((fitted - centre) / scale).kneighbors((shown - centre) / scale)
    return np.asarray(found[0][:, -1])


def _scale(fitted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each feature; 1 for one that never changes."""
    deviation = fitted.std(axis=0)
    return fitted.mean(axis=0), np.where(deviation > 0, deviation, 1.0)


def _halves(keys: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of the reference, by the order of the examples' keys."""
    if len(keys) < FEWEST:
        raise InputError(
            f"at least {FEWEST} reference examples are needed, of which half are held out, not {len(keys)}"
        )
    order = np.argsort(np.array(keys), kind="stable")
    return order[::2], order[1::2]


def _share_at_least(usual: np.ndarray, score: np.ndarray) -> np.ndarray:
    """(1 + how many usual ones are at least as large) / (1 + their number), for every score."""
    below = np.searchsorted(np.sort(usual), score, side="left")
    return np.asarray((1 + len(usual) - below) / (1 + len(usual)))
