"""A method on trial, and its answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from seqinterp.attribution.protocol import Explainer
from seqinterp.shapes import Scores


@dataclass(frozen=True)
class Candidate:
    """A method, ready to run.

    reseeded: the same with other seeds; none where nothing is drawn.
    settings: the same with other settings that a careful person might have chosen, by name.
    """

    name: str
    explainer: Explainer
    reseeded: tuple[Explainer, ...] = ()
    settings: Mapping[str, Explainer] = field(default_factory=dict)


Key = tuple[str, str]  # a measure, and of what: a layer, a null map, a setting; "" where there is only one


@dataclass(frozen=True, eq=False)
class Answers:
    """Numbers by measure: `each` has one for every example, `(batch,)` with NaN where there is none; `whole` one."""

    each: Mapping[Key, Scores] = field(default_factory=dict)
    whole: Mapping[Key, float] = field(default_factory=dict)

    def __or__(self, other: "Answers") -> "Answers":
        return Answers({**self.each, **other.each}, {**self.whole, **other.whole})

    def spread_over(self, rows: Tensor, count: int) -> "Answers":
        """The same for `count` examples of which these are the answers of some."""

        def widened(values: Tensor) -> Tensor:
            wide = torch.full((count,), torch.nan, dtype=torch.float64)
            wide[rows] = values.detach().cpu().double()
            return wide

        return Answers({key: widened(values) for key, values in self.each.items()}, self.whole)
