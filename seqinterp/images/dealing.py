"""Groups of examples dealt whole to parts of unequal size, every class in every part by about its fraction.

`models.split` deals two classes, the one after the other. Here groups hold examples of several classes at once, so that
the dealing of one class can undo that of another, and all are weighed together.
"""

import numpy as np
from numpy.typing import NDArray

from seqinterp.shapes import Counters, Series


def dealt(groups: Counters, labels: Counters, fractions: Series, *, seed: int) -> NDArray[np.int64]:
    """The part of every example; examples with one group number stand in one part.

    The largest group first, each goes to the part in which the sum of (held - wanted)^2 / wanted over parts and classes
    grows the least, the terms of a class divided by its size; so a part that lacks much is dealt to first, and single
    examples are dealt as seats are by Sainte-Lague. A part without a class is served first once the groups that have
    the class are no more than such parts. The seed decides among equal groups.
    """
    group_of = np.unique(groups, return_inverse=True)[1]
    classes, class_of = np.unique(labels, return_inverse=True)
    counts = np.zeros((group_of.max() + 1, len(classes)))
    np.add.at(counts, (group_of, class_of), 1)
    shares = counts / counts.sum(axis=0)
    sizes = np.round(np.square(shares).sum(axis=1), 12)
    order = np.random.default_rng(seed).permutation(len(shares))
    order = order[np.argsort(-sizes[order], kind="stable")]
    left = (counts > 0).sum(axis=0)  # groups of each class that are not dealt yet
    loads = np.zeros((len(fractions), len(classes)))
    part_of = np.empty(len(shares), dtype=np.int64)
    for group in order:
        own = shares[group]
        # (load + own)^2 / f - load^2 / f = own (2 load + own) / f; the wanted shares are the same in all choices
        growth = np.round((own * (2 * loads + own)).sum(axis=1) / fractions, 12)
        empty = loads == 0
        waiting = (empty & (own > 0) & (left <= empty.sum(axis=0))).sum(axis=1)
        part = int(np.where(waiting == waiting.max(), growth, np.inf).argmin())
        part_of[group] = part
        loads[part] += own
        left -= own > 0
    return part_of[group_of]
