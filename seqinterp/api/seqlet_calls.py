"""Which stretches of a sequence would be called a motif's site, and which calls survive another explanation."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from seqinterp.motifs.seqlets import Seqlets, candidate_seqlets
from seqinterp.shapes import Attributions, Scores

CALLED = 0.05  # false discovery rate
OVERLAP = 0.5  # of the shorter of two calls that must be shared


def surviving_calls(values: Attributions, others: Sequence[Attributions]) -> Scores:
    """The share of the seqlets called in an example that all of `others` call as well, `(batch,)`; NaN without any.

    A call survives where another of the same sign covers at least half of the shorter of the two.
    """
    own, rest = calls(values), [calls(other) for other in others]
    total, kept = torch.zeros(len(values)), torch.zeros(len(values))
    for number in range(len(own)):
        example = int(own.example[number])
        total[example] += 1
        kept[example] += all(_called(own, number, other) for other in rest)
    return (kept / total.where(total > 0, torch.nan)).double()


def calls(values: Attributions) -> Seqlets:
    """Seqlets at a false discovery rate of 0.05; of those that overlap only the most significant."""
    found = candidate_seqlets(values.detach().cpu().double().sum(dim=1).numpy())
    taken: list[int] = []
    for number in found.p_value.argsort(kind="stable").tolist():
        if found.q_value[number] <= CALLED and not any(_shared(found, number, found, other) > 0 for other in taken):
            taken.append(number)
    return found.take(torch.tensor(sorted(taken), dtype=torch.long).numpy())


def _called(own: Seqlets, number: int, others: Seqlets) -> bool:
    """Whether one of `others` is the same call."""
    width = int(own.stop[number] - own.start[number])
    return any(
        _shared(own, number, others, other) >= OVERLAP * min(width, int(others.stop[other] - others.start[other]))
        and bool(own.sign[number] == others.sign[other])
        for other in (others.example == own.example[number]).nonzero()[0].tolist()
    )


def _shared(one: Seqlets, number: int, other: Seqlets, place: int) -> int:
    """How many positions two seqlets have in common, at least 0."""
    if one.example[number] != other.example[place]:
        return 0
    return max(0, int(min(one.stop[number], other.stop[place]) - max(one.start[number], other.start[place])))


def supported_calls(repeats: Tensor) -> pd.DataFrame:
    """The seqlets called in the mean of repeats `(repeat, batch, 4, position)`, and the share that calls each.

    Columns: example, start, stop (0-based, half-open), sign, attribution, q_value, support.
    """
    own = calls(repeats.mean(dim=0))
    others = [calls(one) for one in repeats]
    support = [float(np.mean([_called(own, number, other) for other in others])) for number in range(len(own))]
    columns = {name: getattr(own, name) for name in ("example", "start", "stop", "sign", "attribution", "q_value")}
    return pd.DataFrame(columns).assign(support=np.array(support, dtype=np.float64))
