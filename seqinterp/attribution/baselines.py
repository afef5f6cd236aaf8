"""References that an explanation is measured against, each a rule of the example alone."""

from seqinterp.shapes import Inputs, References


def zeros(inputs: Inputs, /) -> References:
    """One reference, `(batch, 1, *features)`: nothing present."""
    return inputs.new_zeros(inputs.shape).unsqueeze(1)
