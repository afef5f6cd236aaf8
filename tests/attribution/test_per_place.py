"""A map of places: what methods say of a channel is summed, what they say of a place is not."""

import numpy as np

from seqinterp.attribution.per_place import place_map


def test_by_the_method_and_not_by_the_numbers():
    alike = np.ones((3, 2, 2))
    assert (place_map(alike, "gradient") == 3).all()
    assert (place_map(alike, "occlusion") == 1).all()
    assert (place_map(alike, "gradcam") == 1).all()
    nearly = alike + 1e-9 * np.arange(12).reshape(3, 2, 2)
    np.testing.assert_allclose(place_map(nearly, "gradient"), 3, atol=1e-7)
