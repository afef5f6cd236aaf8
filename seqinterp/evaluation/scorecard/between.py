"""Do the methods agree? Every two of them over the examples that both explained."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from seqinterp.evaluation.agreement import Agreement, agreement, consensus
from seqinterp.shapes import Attributions, PlaceMask


def between(attributions: Mapping[str, Attributions], *, seed: int = 0) -> Agreement | None:
    """`agreement` pair by pair, so that a method that explained few examples takes none from the others.

    An example is NaN throughout where it was not explained. None with fewer than two methods.
    """
    names = tuple(attributions)
    if len(names) < 2:
        return None
    count, batch = len(names), len(next(iter(attributions.values())))
    tables = {name: np.ones((count, count)) for name in ("mean", "low", "high")}
    counted = np.zeros((count, count))
    each = np.full((count, count, batch), np.nan)
    explained = {name: _explained(values) for name, values in attributions.items()}
    for number in range(count):
        counted[number, number] = int(explained[names[number]].sum())
    for one, other in combinations(range(count), 2):
        both = explained[names[one]] & explained[names[other]]
        pair = agreement({name: attributions[name][both] for name in (names[one], names[other])}, draws=200, seed=seed)
        for at in ((one, other), (other, one)):
            for name, table in tables.items():
                table[at] = getattr(pair, name)[0, 1]
            counted[at] = pair.counted[0, 1]
            each[at][both.numpy()] = pair.per_example[0, 1]
    return Agreement(names, tables["mean"], tables["low"], tables["high"], counted, each)


def agreed_places(attributions: Mapping[str, Attributions], *, top: int = 10) -> PlaceMask:
    """Places among the `top` largest of more than half of the methods, over those that explained every example."""
    whole = {name: values for name, values in attributions.items() if bool(_explained(values).all())}
    return consensus(whole, top=top)


def _explained(values: Attributions) -> Tensor:
    """Which examples were explained."""
    return torch.isfinite(values.flatten(1)).all(dim=1).cpu()
