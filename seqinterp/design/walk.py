"""Where a search stands, and the one loop that moves it on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import SupportsIndex

import numpy as np

from seqinterp.design.constraints.rules import Rules
from seqinterp.design.edit_script import Kind
from seqinterp.design.objective import Objective
from seqinterp.shapes import CodeBlock, Codes, Counters, Matrix, Numbers

Whole = SupportsIndex
SUBSTITUTIONS: tuple[Kind, ...] = ("substitution",)


@dataclass(frozen=True, eq=False)
class Problem:
    """What is looked for, within which rules, and for how long.

    objectives: one, or several where a search keeps a front of them.
    kinds: of edits that may be made.
    """

    objectives: Sequence[Objective]
    rules: Rules = field(default_factory=Rules)
    steps: int = 100
    seed: int = 0
    kinds: tuple[Kind, ...] = SUBSTITUTIONS

    @property
    def objective(self) -> Objective:
        """The one number that is raised."""
        return self.objectives[0]

    def generator(self, *numbers: int) -> np.random.Generator:
        """Random numbers that follow from the seed and, say, the design and the step."""
        return np.random.default_rng([self.seed, *numbers])

    def margin(self, value: float) -> float:
        """A gain counts when it is above this: an edit that changes nothing must not count as help.

        Rounding depends on how many sequences are scored together; without the margin it would decide neutral edits.
        """
        return self.objective.rounding * max(abs(value), 1.0)

    def margins(self, values: Numbers) -> Numbers:
        """`margin` of each value."""
        found: Numbers = self.objective.rounding * np.maximum(np.abs(values), 1)
        return found


@dataclass(eq=False)
class Walk:
    """The state of a search: all it needs to go on.

    starts: (design, position), what edits are counted from.
    codes, values: the best of each design so far, (design, position) and (design,).
    trajectory: (design, steps + 1), the best value after each step; the first column is that of the beginning.
    done: (design,), steps that each design has made.
    memory: what the way of searching keeps from round to round.
    """

    starts: CodeBlock
    codes: CodeBlock
    values: Numbers
    trajectory: Matrix
    done: Counters
    memory: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """How many steps a design makes at most."""
        return int(self.trajectory.shape[1]) - 1

    @property
    def open(self) -> Counters:
        """The designs that have steps left."""
        return np.flatnonzero(self.done < self.steps)

    def reach(self, design: Whole, codes: Codes, value: float, step: Whole) -> None:
        """A design has become better at `step`, counted from 1."""
        self.codes[design] = codes
        self.values[design] = value
        self.trajectory[design, step:] = value

    def close(self, design: Whole) -> None:
        """A design will not become better: its last value stands for the steps that were not needed."""
        self.done[design] = self.steps


Advance = Callable[[Problem, Walk], None]  # one round of a way of searching
Watch = Callable[[Walk], None]


def begin(problem: Problem, codes: CodeBlock, starts: CodeBlock) -> Walk:
    """The walk before its first step."""
    values = problem.objective.values(codes, starts)
    trajectory = np.repeat(values[:, None], problem.steps + 1, axis=1)
    return Walk(starts.copy(), codes.copy(), values, trajectory, np.zeros(len(codes), np.int64))


def go(problem: Problem, walk: Walk, advance: Advance, watch: Watch | None = None) -> Walk:
    """Advance round by round until no design has steps left; `watch` is told after every round."""
    while len(walk.open):
        advance(problem, walk)
        if watch is not None:
            watch(walk)
    return walk
