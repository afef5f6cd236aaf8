"""Which examples of many are shown to a call that needs only a few."""

import numpy as np

from seqinterp.shapes import Labels


def evenly_over_labels(labels: Labels, count: int) -> np.ndarray:
    """Indices, ascending, of at most `count` examples: as many of one label as of another where there are as many, each
    at even distances over the data.

    Labels of more than two values are not told apart.
    """
    values = np.unique(labels)
    groups = [np.flatnonzero(labels == value) for value in values] if len(values) == 2 else [np.arange(len(labels))]
    groups.sort(key=len)
    chosen, left = [], count
    for number, group in enumerate(groups):
        part = group[_spaced(len(group), left // (len(groups) - number))]
        chosen.append(part)
        left -= len(part)
    return np.asarray(np.sort(np.concatenate(chosen)), dtype=int)


def _spaced(length: int, most: int) -> np.ndarray:
    """At most `most` of `length` numbers, evenly spread, both ends among them."""
    return np.linspace(0, length - 1, min(length, most)).round().astype(int)
