"""q-values against scipy's, all tests given, and against the definition."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from seqinterp.motifs.false_discovery import q_values
from tests.naive import hits as naive


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rest", [0, 1, 1000])
def test_tests_that_are_not_given_have_a_p_value_of_1(seed, rest):
    generator = np.random.default_rng(seed)
    p_values = np.concatenate([generator.uniform(size=30) ** 3, [0.01, 0.01, 1e-9]])
    found = q_values(p_values, len(p_values) + rest)
    every = np.concatenate([p_values, np.ones(rest)])
    np.testing.assert_allclose(found, false_discovery_control(every)[: len(p_values)], rtol=1e-12)
    np.testing.assert_allclose(found, naive.benjamini_hochberg(list(p_values), len(every)), rtol=1e-12)


def test_nothing_tested():
    assert q_values(np.empty(0), 100).shape == (0,)
