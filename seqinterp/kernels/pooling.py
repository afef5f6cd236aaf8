"""The cross-maximum rule of max pooling, row against row, in one sweep over the windows."""

from seqinterp.kernels import kernel
from seqinterp.shapes import Counters, Matrix, Places


@kernel
def cross_maximum(
    gradient: Matrix, values: Matrix, winners: Places, partner: Counters, planes: int, result: Matrix
) -> None:
    """Add to `result` what each cell of `values` receives from the windows it won, at its own row or at its partner's.

    Rows of the matrices are planes: `planes` of them (channels) belong to one row of `partner`. `winners` are the
    cells of a plane that won each window. With y the maximum here, z at the partner and h the larger: here's winner
    receives gradient * (h - z) / its step, the partner's winner gradient * (y - h) / its step. `result` comes as zeros.
    """
    for plane in range(gradient.shape[0]):
        other = partner[plane // planes] * planes + plane % planes
        for window in range(gradient.shape[1]):
            given = gradient[plane, window]
            here, there = winners[plane, window], winners[other, window]
            best, best_there = values[plane, here], values[other, there]
            ahead = best if best > best_there else best_there
            step = best - values[other, here]
            result[plane, here] += given if step == 0 else given * (ahead - best_there) / step
            step = values[plane, there] - best_there
            if step != 0:
                result[plane, there] += given * (best - ahead) / step
