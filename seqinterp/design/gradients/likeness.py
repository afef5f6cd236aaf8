"""How like natural pictures an input is: its distance under a normal distribution fitted to them.

The covariance is that of probabilistic principal components (Tipping & Bishop 1999, doi:10.1111/1467-9868.00196): the
largest directions as they are, and one variance, the mean of what is left, in all others.
"""

from dataclasses import dataclass

import numpy as np

from seqinterp.errors import InputError
from seqinterp.shapes import Features, Matrix, Numbers, Series

COMPONENTS, LEAST = 50, 10  # the most directions that are kept, and the fewest examples to learn from


@dataclass(frozen=True, eq=False)
class Gaussian:
    """mean `(feature,)`, directions `(component, feature)` of length 1 and their variances, and that of all others."""

    mean: np.ndarray
    directions: np.ndarray
    variances: np.ndarray
    noise: float

    def distance(self, examples: Features) -> Numbers:
        """Mahalanobis distance of each example `(example, feature)` from the mean, in standard deviations.

        Of examples as they were learned from it is about the root of the number of features.
        """
        centred = examples.astype(np.float64) - self.mean
        along = centred @ self.directions.T
        across = np.maximum((centred**2).sum(axis=1) - (along**2).sum(axis=1), 0)
        distance: Numbers = np.sqrt((along**2 / self.variances).sum(axis=1) + across / self.noise)
        return distance


def fit_gaussian(examples: Features, *, components: int = COMPONENTS) -> Gaussian:
    """Fit to `(example, feature)`; of few examples no more than half as many directions are kept.

    Raises:
        InputError: there are too few examples, they are all the same, or components is not above 0.
    """
    count, features = examples.shape
    if components < 1:
        raise InputError(f"components must be 1 or more directions, not {components}")
    if count < 2:
        raise InputError(f"a distribution needs at least two examples, not {count}")
    plain = examples.astype(np.float64)
    mean = plain.mean(axis=0)
    _, lengths, directions = np.linalg.svd(plain - mean, full_matrices=False)
    variances = lengths**2 / (count - 1)
    kept = min(components, max(1, (count - 1) // 2), max(1, features - 1))
    left = variances[kept:].sum() / max(features - kept, 1)
    if not variances[0] > 0:
        raise InputError("the natural examples are all the same, so nothing can be told to be unlike them")
    noise = max(float(left), 1e-12 * float(variances[0]))
    return Gaussian(mean, directions[:kept], np.maximum(variances[:kept], noise), noise)


def unlike(found: Matrix, natural: Features, *, components: int = COMPONENTS, seed: int = 0) -> tuple[Numbers, Series]:
    """The distances of inputs found, `(found,)`, and of natural examples, `(held out,)`.

    The distribution is fitted to one half of the natural examples, drawn by the seed, and the distances are those of
    the other half: examples it was fitted to lie too near.

    Raises:
        InputError: there are fewer than ten natural examples, or they are all the same.
    """
    if len(natural) < LEAST:
        raise InputError(
            f"at least {LEAST} natural examples are needed to tell what is unlike them, not {len(natural)}"
        )
    order = np.random.default_rng(seed).permutation(len(natural))
    half = len(natural) // 2
    fitted = fit_gaussian(natural[order[:half]], components=components)
    return fitted.distance(found), fitted.distance(natural[order[half:]])
