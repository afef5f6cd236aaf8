"""The rescale rule of a rectifier, row against row, in one sweep over memory."""

import numpy as np

from seqinterp.kernels import kernel
from seqinterp.shapes import Counters, Matrix


@kernel
def rescaled(gradient: Matrix, values: Matrix, partner: Counters, start: int, stop: int, result: Matrix) -> None:
    """Write gradient * (relu(a) - relu(b)) / (a - b) into rows [start, stop) of `result`.

    a is a row of `values` and b its partner row. With p the larger of a, b and 0, and n the smaller, the fraction is
    p / (p - n): nothing cancels, and where both are zero it is zero, the slope torch takes there.
    """
    zero = values.dtype.type(0)
    tiny = values.dtype.type(np.finfo(np.float32).tiny)
    for row in range(start, stop):
        other = partner[row]
        for place in range(values.shape[1]):
            here, there = values[row, place], values[other, place]
            high = here if here > there else there
            low = there if here > there else here
            high = high if high > zero else zero
            low = low if low < zero else zero
            result[row, place] = gradient[row, place] * (high / (high - low + tiny))
