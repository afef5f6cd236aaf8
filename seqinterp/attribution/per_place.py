"""One number per place out of one per channel, as the method means it."""

import numpy as np

from seqinterp.shapes import Picture, PictureMap

WHOLE_PLACES = frozenset({"gradcam", "gradcam_plus_plus", "occlusion"})  # say of a place, not of its channels


def place_map(values: Picture, method: str) -> PictureMap:
    """Attributions `(channel, row, column)` as a map `(row, column)`: the sum, or the mean where each repeats it.

    Grad-CAM and windows over all channels give a place one number, which stands in every channel.
    """
    over = np.mean if method in WHOLE_PLACES else np.sum
    return np.asarray(over(values, axis=0), dtype=np.float64)
