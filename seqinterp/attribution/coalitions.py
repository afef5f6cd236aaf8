"""The game behind Shapley values and LIME: what is the score when only some groups of features are there?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from seqinterp.attribution.groups import group_count
from seqinterp.attribution.protocol import Baseline, Score
from seqinterp.attribution.rows import by_rows, rows_at_once
from seqinterp.shapes import Inputs

ENUMERATED = 12  # groups of which all 4096 coalitions are scored; beyond, coalitions are drawn


def mixture_scores(
    score: Score, one: Tensor, references: Tensor, kept: Callable[[int, int], Tensor], count: int
) -> Tensor:
    """The score of `count` mixtures of an example and its references, `(count,)`, the mean over the references.

    `kept(start, stop)` gives those masks, `(stop - start, *features)`: True where the example's own feature stays,
    False where the reference's stands. No more rows are made at a time than the model is shown at once. The result
    is in double precision on the CPU, where all that is computed from it is the same on every device.
    """
    size = max(1, rows_at_once(one.numel()) // len(references))
    done: list[Tensor] = []
    with torch.no_grad():
        for start in range(0, count, size):
            keep = kept(start, min(start + size, count)).to(one.device)
            rows = torch.where(keep.unsqueeze(1), one, references)
            scores = by_rows(score, rows.flatten(0, 1)).cpu().double()
            done.append(scores.reshape(rows.shape[:2]).mean(dim=1))
    return torch.cat(done)


@dataclass(frozen=True)
class Game:
    """One example, its references `(draws, *features)` and the groups its features form."""

    score: Score
    one: Tensor
    references: Tensor
    groups: Tensor

    @property
    def players(self) -> int:
        """How many groups there are."""
        return group_count(self.groups)

    def worth(self, coalitions: Tensor) -> Tensor:
        """The score when only the groups of a coalition are there: `(coalitions, groups)` bool -> `(coalitions,)`.

        The features of the other groups are those of a reference; with several references it is the mean.
        """
        groups = self.groups

        def kept(start: int, stop: int) -> Tensor:
            return coalitions[start:stop].to(groups.device)[:, groups]

        return mixture_scores(self.score, self.one, self.references, kept, len(coalitions))


def games(score: Score, inputs: Inputs, groups: Tensor, baseline: Baseline) -> Iterator[Game]:
    """A game per example. References are made one example at a time, so that many of them fit in memory."""
    groups = groups.to(inputs.device)
    for one in inputs.detach():
        yield Game(score, one, baseline(one.unsqueeze(0))[0], groups)


def every_coalition(count: int) -> Tensor:
    """All coalitions of `count` groups, `(2 ** count, count)`: group g is in coalition c where bit g of c is set."""
    return (torch.arange(2**count).unsqueeze(1) >> torch.arange(count)) % 2 == 1
