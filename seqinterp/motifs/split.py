"""A pattern whose members are of two kinds made two: along the direction in which they differ most."""

import numpy as np

from seqinterp.motifs.assign import Members, least_margin, templates_of
from seqinterp.motifs.frames import COLUMNS, Frames, unit
from seqinterp.shapes import Blocks, Flags, Templates

ROUNDS = 10  # of 2-means, which settles in fewer
MOST = 5000  # members that are looked at


def split(frames: Frames, found: list[Members], least: int) -> Templates:
    """The templates of patterns, and of those whose members are of two kinds the means of both kinds instead.

    2-means over the whole windows of the members, from the two sides of their first principal component. They are two
    where the mean of the one kind explains so much less of the other than that one's own mean does that it would be
    held for another pattern.
    """
    means: list[np.ndarray] = []
    for one, template in zip(found, templates_of(found), strict=True):
        windows = unit(frames.aligned(one.index[:MOST], one.shift[:MOST], one.reverse[:MOST]))
        side = _sides(windows, least)
        if side is not None and _are_two(windows, side):
            means += [windows[side].mean(axis=0), windows[~side].mean(axis=0)]
        else:
            means.append(template)
    return np.array(means, np.float32).reshape(-1, COLUMNS, 4)


def _sides(windows: Blocks, least: int) -> Flags | None:
    """Which of two kinds each window is of; None where one of them would have fewer than `least`."""
    flat = windows.reshape(len(windows), -1).astype(np.float64)
    centred = flat - flat.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    side: Flags = centred @ vectors[:, -1] > 0
    for _ in range(ROUNDS):
        if min(side.sum(), (~side).sum()) < least:
            return None
        one, other = (((flat - flat[part].mean(axis=0)) ** 2).sum(axis=1) for part in (side, ~side))
        side = one < other
    return side if min(side.sum(), (~side).sum()) >= least else None


def _are_two(windows: Blocks, side: Flags) -> bool:
    """Whether each kind is explained by the mean of its others so much better than by the mean of the other kind."""
    for part in (side, ~side):
        own = unit(windows[part].sum(axis=0) - windows[part])
        other = unit(windows[~part].mean(axis=0, keepdims=True))
        explained = [(np.maximum((windows[part] * mean).sum(axis=(1, 2)), 0) ** 2).sum() for mean in (own, other)]
        if explained[1] > (1 - least_margin(int(part.sum()), int((~part).sum()))) * explained[0]:
            return False
    return True
