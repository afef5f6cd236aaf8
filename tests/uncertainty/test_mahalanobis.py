"""The distance in the span of the rows equals the one by inverting the whole covariance."""

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from seqinterp.uncertainty.out_of_distribution import _mahalanobis, _scale


@pytest.mark.parametrize(("rows", "features"), [(60, 5), (30, 80), (20, 20)])
def test_equals_scikit_learn(rows, features):
    random = np.random.default_rng(0)
    fitted = random.standard_normal((rows, features)) @ random.standard_normal((features, features))
    shown = 3 * random.standard_normal((12, features))
    centre, scale = _scale(fitted)
    expected = LedoitWolf().fit((fitted - centre) / scale).mahalanobis((shown - centre) / scale)
    assert _mahalanobis(fitted, shown, 0) == pytest.approx(np.sqrt(expected), rel=1e-6)


def test_thousands_of_features_are_quick_and_constant_ones_do_no_harm():
    random = np.random.default_rng(1)
    fitted = np.concatenate([random.standard_normal((50, 3000)), np.ones((50, 3))], axis=1)
    assert np.isfinite(_mahalanobis(fitted, fitted[:5] + 1, 0)).all()
    assert _mahalanobis(np.ones((30, 2)), np.ones((3, 2)), 0).tolist() == [0, 0, 0]
