"""The rules of max pooling, row against row, in one sweep over the windows.

Rows of the matrices are planes: `planes` of them (channels) belong to one row of `partner`. `winners` are the cells of
a plane that won each window. `result` comes as zeros, and what a cell receives is added to it.
"""

from seqinterp.kernels import kernel
from seqinterp.shapes import Counters, Matrix, Places


@kernel
def cross_maximum(
    gradient: Matrix, values: Matrix, winners: Places, partner: Counters, planes: int, result: Matrix
) -> None:
    """The change of each maximum goes to the winner of the end that is ahead.

    With y the maximum here, z at the partner and h the larger: here's winner receives gradient * (h - z) / its step,
    the partner's winner gradient * (y - h) / its step.
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


@kernel
def crossing(gradient: Matrix, values: Matrix, winners: Places, partner: Counters, planes: int, result: Matrix) -> None:
    """On the straight way from the partner the partner's winner leads until here's winner overtakes it."""
    for plane in range(gradient.shape[0]):
        other = partner[plane // planes] * planes + plane % planes
        for window in range(gradient.shape[1]):
            given = gradient[plane, window]
            here, there = winners[plane, window], winners[other, window]
            behind = values[other, there] - values[other, here]
            ahead = values[plane, here] - values[plane, there]
            early = behind / (behind + ahead) if behind + ahead > 0 else behind * 0
            result[plane, here] += given * (1 - early)
            result[plane, there] += given * early
