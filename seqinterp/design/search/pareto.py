"""Which of several candidates are not beaten in everything, and how far apart they lie.

Deb et al. 2002, A fast and elitist multiobjective genetic algorithm: NSGA-II, doi:10.1109/4235.996017.
"""

import numpy as np

from seqinterp.shapes import Counters, Flags, Matrix, Numbers


def dominated(values: Matrix) -> Flags:
    """Whether another row (candidate, objective) is as high in everything and higher in something."""
    as_high = np.all(values[None] >= values[:, None], axis=2)  # [i, j]: j is as high as i
    higher = np.any(values[None] > values[:, None], axis=2)
    found: Flags = np.any(np.logical_and(as_high, higher), axis=1)
    return found


def fronts(values: Matrix) -> Counters:
    """The number of each candidate's front: 0 for those that nothing dominates, 1 for those that only these do ..."""
    rank = np.full(len(values), -1, np.int64)
    level = 0
    while (rank < 0).any():
        left = np.flatnonzero(rank < 0)
        rank[left[~dominated(values[left])]] = level
        level += 1
    return rank


def crowding(values: Matrix) -> Numbers:
    """The distance between each candidate's neighbours, summed over the objectives; infinite at the ends."""
    found = np.zeros(len(values))
    for column in values.T:
        order = np.argsort(column, kind="stable")
        spread = column[order[-1]] - column[order[0]]
        found[order[[0, -1]]] = np.inf
        if spread > 0:
            found[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / spread
    return found


def best_first(values: Matrix) -> Counters:
    """Candidates (candidate, objective) by front, those far from others first; for one objective by its value."""
    if values.shape[1] == 1:
        order: Counters = np.argsort(-values[:, 0], kind="stable")
        return order
    rank, lonely = fronts(values), np.zeros(len(values))
    for level in range(int(rank.max(initial=-1)) + 1):
        lonely[rank == level] = crowding(values[rank == level])
    return np.lexsort((np.arange(len(values)), -lonely, rank))
