"""Constraints on designed sequences, and several of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from seqinterp.shapes import CodeBlock, Codes, Costs, Frozen, Keeps, Listing


@runtime_checkable
class Constraint(Protocol):
    """Something that a designed sequence must keep."""

    @property
    def name(self) -> str:
        """What is asked for, for messages: "GC between 0.4 and 0.6 in every window of 50 bases"."""
        ...

    def cost(self, codes: CodeBlock, starts: CodeBlock, /) -> Costs:
        """How far each candidate, begun from its row of `starts`, is from keeping it; 0 where it is kept."""
        ...

    def said(self, codes: Codes, start: Codes, /) -> str:
        """How one sequence stands, a clause with the numbers: "GC is 0.36 to 0.58"."""
        ...


@runtime_checkable
class Mending(Constraint, Protocol):
    """A constraint that knows where it is broken, which `repaired` asks for."""

    @property
    def unit(self) -> int:
        """About how much of the cost one substitution takes away."""
        ...

    def spots(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> Listing:
        """Positions of one place where it is broken; a substitution there may help."""
        ...

    def moves(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> CodeBlock:
        """Whole sequences, nearer to keeping it, that no single substitution gives; there may be none."""
        ...


@runtime_checkable
class Fixing(Constraint, Protocol):
    """A constraint by which some positions cannot change at all."""

    @property
    def positions(self) -> Listing:
        """Those positions."""
        ...


@dataclass(frozen=True)
class Rules:
    """Constraints that a sequence keeps together; checked one after the other, those first that are quick."""

    constraints: tuple[Constraint, ...] = ()

    def keep(self, codes: CodeBlock, starts: CodeBlock) -> Keeps:
        """Which candidates keep every constraint; each is asked only about those that keep the ones before it."""
        left = np.arange(len(codes))
        for constraint in self.constraints:
            whole = len(left) == len(codes)
            cost = constraint.cost(codes, starts) if whole else constraint.cost(codes[left], starts[left])
            left = left[cost == 0]
            if len(left) == 0:
                break
        kept: Keeps = np.zeros(len(codes), dtype=bool)
        kept[left] = True
        return kept

    def cost(self, codes: CodeBlock, starts: CodeBlock) -> Costs:
        """The sum of all costs."""
        total: Costs = np.zeros(len(codes), dtype=np.int64)
        for constraint in self.constraints:
            total += constraint.cost(codes, starts)
        return total

    def broken(self, codes: Codes, start: Codes) -> "tuple[Constraint, ...]":
        """The constraints that one sequence does not keep."""
        one, begun = codes[None], start[None]
        return tuple(each for each in self.constraints if each.cost(one, begun)[0] > 0)

    def report(self, codes: Codes, start: Codes) -> list[dict[str, Any]]:
        """One row for each constraint: constraint (its name), kept, said (how the sequence stands)."""
        one, begun = codes[None], start[None]
        return [
            {
                "constraint": each.name,
                "kept": bool(each.cost(one, begun)[0] == 0),
                "said": each.said(codes, start),
            }
            for each in self.constraints
        ]

    def frozen(self, length: int) -> Frozen:
        """Positions that no substitution may touch, so that a search need not try them."""
        found: Frozen = np.zeros(length, dtype=bool)
        for each in self.constraints:
            if isinstance(each, Fixing):
                found[each.positions] = True
        return found

    def without(self, constraint: Constraint) -> "Rules":
        """The others."""
        return Rules(tuple(each for each in self.constraints if each is not constraint))


def no_moves(codes: Codes) -> CodeBlock:
    """No candidates of this length."""
    return np.empty((0, len(codes)), dtype=np.uint8)


def listed(names: Sequence[str]) -> str:
    """Names as a person lists them: "a", "a and b", "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
