"""What a design is for: the number that a search raises."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from seqinterp.attribution.protocol import Score
from seqinterp.design.codes import columns_of, edits_between
from seqinterp.errors import ModelError
from seqinterp.mutagenesis.effects import effects
from seqinterp.mutagenesis.every_base import every_base
from seqinterp.shapes import AnyNumbers, BaseMaps, Candidates, CodeBlock, Counters, Numbers, Scores, Sequences

# What is taken off the score of one-hot candidates, given what each was begun from; differentiable in the first.
Penalty = Callable[[Sequences, Sequences], Scores]


@runtime_checkable
class KnowsSubstitutions(Protocol):
    """A penalty that knows what every substitution does to it without trying them all."""

    def of_substitutions(self, codes: CodeBlock, starts: CodeBlock, /) -> BaseMaps:
        """By how much every base at every position raises it."""
        ...


ROWS = 256  # candidates in one forward pass
PENALIZED = 2**25  # numbers of edited sequences that are held at once for the penalties


@dataclass(frozen=True, eq=False)
class Objective:
    """The mean score of one or several models, less their disagreement and the penalties.

    value = mean - uncertainty * standard deviation over the models - sum of the penalties

    repeats: how many rounds will ask what edits do; planning pays for all of them.
    """

    members: Sequence[Score]
    uncertainty: float = 0.0
    penalties: Sequence[Penalty] = ()
    dtype: torch.dtype = torch.float32
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    repeats: int = 1

    @property
    def rounding(self) -> float:
        """Relative differences below this are rounding of the models' arithmetic."""
        return 32 * float(torch.finfo(self.dtype).eps)

    def columns(self, codes: CodeBlock) -> Sequences:
        """Codes as the models read them."""
        return columns_of(codes, dtype=self.dtype, device=self.device)

    def relaxed(self, sequences: Sequences, starts: Sequences) -> Scores:
        """The value with its graph, for searches that follow gradients."""
        value = self._joined(torch.stack([score(sequences) for score in self.members]))
        for penalty in self.penalties:
            value = value - penalty(sequences, starts)
        return value

    @torch.no_grad()
    def values(self, codes: CodeBlock, starts: CodeBlock) -> Numbers:
        """The value of each candidate (batch, position), begun from its row of `starts`."""
        parts = range(0, len(codes), ROWS)
        found = [self.relaxed(self.columns(codes[i : i + ROWS]), self.columns(starts[i : i + ROWS])) for i in parts]
        return finite(np.concatenate([part.double().cpu().numpy() for part in found]) if found else np.zeros(0))

    @torch.no_grad()
    def gains(
        self, codes: CodeBlock, starts: CodeBlock, candidates: Candidates, example: Counters, *, check: bool = True
    ) -> Numbers:
        """By how much each candidate is better than `codes[example]`, which it is an edit of.

        check: compare a few effects with forward passes; once in a search is enough.
        """
        here = self.columns(codes)
        edits = edits_between(codes, candidates, example, self.dtype)
        changes = [effects(score, here, edits, repeats=self.repeats, check=check) for score in self.members]
        gain = self._change(changes, here, torch.from_numpy(example).to(self.device))
        if self.penalties:
            before = self._penalty(codes, starts)[example]
            gain = gain - (self._penalty(candidates, starts[example]) - before)
        return finite(gain.double().cpu().numpy())

    @torch.no_grad()
    def gains_of_substitutions(self, codes: CodeBlock, starts: CodeBlock, *, check: bool = True) -> BaseMaps:
        """By how much every base at every position is better, (batch, 4, position); zero at the base that is there."""
        here = self.columns(codes)
        changes = [every_base(score, here, repeats=self.repeats, check=check) for score in self.members]
        gain = self._change(changes, here, torch.arange(len(here), device=self.device))
        found: BaseMaps = gain.double().cpu().numpy()
        if self.penalties:
            found = found - sum(self._of_substitutions(one, codes, starts) for one in self.penalties)
        return finite(found)

    def _joined(self, scores: Tensor) -> Tensor:
        """One number of those of the members, (member, ...) -> (...)."""
        if len(scores) == 1:
            return scores[0]
        mean = scores.mean(dim=0)
        return mean - self.uncertainty * scores.std(dim=0, correction=0) if self.uncertainty else mean

    def _change(self, changes: list[Tensor], here: Sequences, example: Tensor) -> Tensor:
        """What edits do to the joined scores; `changes` is what they do to each member's."""
        if len(changes) == 1 or not self.uncertainty:
            return torch.stack(changes).mean(dim=0)
        before = torch.stack([score(here) for score in self.members])[:, example]
        before = before.reshape(*before.shape, *(1 for _ in changes[0].shape[1:]))
        return self._joined(before + torch.stack(changes)) - self._joined(before)

    def _penalty(self, codes: CodeBlock, starts: CodeBlock) -> Tensor:
        """The sum of the penalties, (batch,)."""
        rows = max(1, PENALIZED // (4 * codes.shape[1]))
        total = []
        for i in range(0, len(codes), rows):
            some, begun = self.columns(codes[i : i + rows]), self.columns(starts[i : i + rows])
            total.append(torch.stack([penalty(some, begun) for penalty in self.penalties]).sum(dim=0))
        return torch.cat(total) if total else torch.zeros(0, dtype=self.dtype, device=self.device)

    def _of_substitutions(self, penalty: Penalty, codes: CodeBlock, starts: CodeBlock) -> BaseMaps:
        """By how much every base at every position raises a penalty, (batch, 4, position)."""
        if isinstance(penalty, KnowsSubstitutions):
            return penalty.of_substitutions(codes, starts)
        alone = replace(self, penalties=(penalty,))
        length = codes.shape[1]
        base, position = (part.ravel() for part in np.meshgrid(np.arange(4), np.arange(length), indexing="ij"))
        found = np.zeros((len(codes), 4 * length))
        before = alone._penalty(codes, starts).double().cpu().numpy()
        for number, one in enumerate(codes):
            edited = np.repeat(one[None], 4 * length, axis=0)
            edited[np.arange(4 * length), position] = base
            begun = np.broadcast_to(starts[number], edited.shape)
            found[number] = alone._penalty(edited, begun).double().cpu().numpy() - before[number]
        return found.reshape(len(codes), 4, length)


def finite(values: AnyNumbers) -> AnyNumbers:
    """The values.

    Raises:
        ModelError: one is not a finite number.
    """
    if not np.isfinite(values).all():
        raise ModelError(
            "a model or a penalty gives NaN or an infinite number for a sequence that was designed, so sequences cannot"
            " be compared; mend it, or forbid such sequences"
        )
    return values
