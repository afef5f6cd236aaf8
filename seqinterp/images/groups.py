"""Whom images are of: from their names, or because one was made from another."""

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from seqinterp.errors import InputError

Grouping = str | Callable[[str], str] | None  # a regular expression, a function of the name, or each on its own

_KERMANY = re.compile(r"(person\d+)_|((?:NORMAL2-)?IM-\d+)-")


def kermany_patient(name: str) -> str:
    """The patient of a chest X-ray of Kermany et al. 2018 (doi:10.1016/j.cell.2018.02.010), from its file's name.

    `person123_bacteria_456.jpeg` is of person123, `NORMAL2-IM-0033-0001-0002.jpeg` of NORMAL2-IM-0033. A number may
    have been given twice, in the training and in the test files; that joins two patients and never parts one.

    Raises:
        InputError: the name is not of this kind.
    """
    found = _KERMANY.match(name.rsplit("/", 1)[-1])
    if not found:
        raise InputError(
            f"{name} is not named like the X-rays of Kermany et al. (person123_virus_4.jpeg, IM-0033-0001.jpeg); give a"
            " pattern of your own as groups"
        )
    return found[1] or found[2]


def groups_of_names(names: Sequence[str], groups: Grouping) -> tuple[str, ...] | None:
    """The group of each image by its name; None where each is on its own.

    Args:
        names: what the images are called, with the folders they lie in.
        groups: a regular expression that is searched for in each name, whose first parenthesis is the group, or a
            function that is given the name.

    Raises:
        InputError: an expression that is none, has no parenthesis, or is not found in a name.
    """
    if groups is None:
        return None
    if not isinstance(groups, str):
        return tuple(str(groups(name)) for name in names)
    try:
        pattern = re.compile(groups)
    except re.error as error:
        raise InputError(f"groups is not a regular expression: {groups!r} ({error})") from error
    if not pattern.groups:
        raise InputError(f"groups needs a parenthesis around what names the group, as in '(person[0-9]+)_': {groups!r}")
    found = [pattern.search(name) for name in names]
    for name, match in zip(names, found, strict=True):
        if match is None or match[1] is None:
            raise InputError(f"the pattern {groups!r} of the groups does not fit {name}; widen it")
    return tuple(match[1] for match in found if match)


def linked(count: int, pairs: NDArray[np.int64], *keys: Sequence[str] | None) -> NDArray[np.int64]:
    """A number per image; alike for images that share one of their keys or stand in a pair, directly or by a chain."""
    ends = [pairs.reshape(-1, 2)]
    for key in keys:
        if key is not None:
            _, first, of = np.unique(np.asarray(key), return_index=True, return_inverse=True)
            ends.append(np.stack([np.arange(count), first[of]], axis=1))
    both = np.concatenate(ends)
    graph = sparse.coo_array((np.ones(len(both), dtype=np.int8), (both[:, 0], both[:, 1])), shape=(count, count))
    numbers: NDArray[np.int64] = sparse.csgraph.connected_components(graph, directed=False)[1].astype(np.int64)
    return numbers
