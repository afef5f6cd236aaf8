"""Evolution with crossover; with several objectives NSGA-II (Deb et al. 2002, doi:10.1109/4235.996017)."""

import numpy as np

from seqinterp.design.edit_script import KINDS
from seqinterp.design.search.moves import moved
from seqinterp.design.search.pareto import best_first
from seqinterp.design.walk import Problem, Walk
from seqinterp.errors import InputError
from seqinterp.shapes import CodeBlock, Counters, Matrix


def evolve(
    problem: Problem, walk: Walk, /, *, population: int = 50, mutations: float = 1.5, crossover: float = 0.5
) -> None:
    """One generation of each design's population: as many children as parents, the best of both stay.

    A child has the left part of one parent and the right part of another with probability `crossover`, and then
    Poisson(`mutations`) random edits. Parents win tournaments of two. Children that break a rule are left out.

    Raises:
        InputError: `population` is below 2, or a rate is out of its range.
    """
    if population < 2 or mutations <= 0 or not 0 <= crossover <= 1:
        raise InputError(
            "population must be 2 or more, mutations above 0 and crossover from 0 to 1, not"
            f" {population}, {mutations} and {crossover}"
        )
    memory = walk.memory
    if "population" not in memory:
        memory["population"] = np.repeat(walk.codes[:, None], population, axis=1)
        first = values_of(problem, walk.codes, walk.starts)
        memory["values"] = np.repeat(first[:, None], population, axis=1)  # (design, member, objective)
    for name in walk.open.tolist():
        generator = problem.generator(name, int(walk.done[name]), 5)
        parents, start = memory["population"][name], walk.starts[name]
        children = _children(problem, parents, generator, mutations, crossover)
        children = children[problem.rules.keep(children, np.broadcast_to(start, children.shape))]
        every = np.concatenate([parents, children])
        values = np.concatenate(
            [memory["values"][name], values_of(problem, children, np.broadcast_to(start, children.shape))]
        )
        chosen = _survivors(every, values, population)
        memory["population"][name], memory["values"][name] = every[chosen], values[chosen]
        walk.done[name] += 1
        top = chosen[int(values[chosen, 0].argmax())]
        if values[top, 0] > walk.values[name]:
            walk.reach(name, every[top], float(values[top, 0]), walk.done[name])


def values_of(problem: Problem, codes: CodeBlock, starts: CodeBlock) -> Matrix:
    """All objectives of sequences, (batch, objective)."""
    return np.stack([objective.values(codes, starts) for objective in problem.objectives], axis=1)


def _children(
    problem: Problem, parents: CodeBlock, generator: np.random.Generator, mutations: float, crossover: float
) -> CodeBlock:
    """As many children as there are parents, which come best first."""
    count, length = parents.shape
    # the winner of a tournament is the better of two: the one that comes first
    left, right = generator.integers(count, size=(2, 2, count)).min(axis=1)
    cut = np.where(generator.random(count) < crossover, generator.integers(1, max(2, length), size=count), length)
    found: CodeBlock = np.where(np.arange(length) < cut[:, None], parents[left], parents[right])
    edits: Counters = np.asarray(generator.poisson(mutations, size=count))
    kinds = np.array([KINDS.index(kind) for kind in problem.kinds])
    for made in range(int(edits.max(initial=0))):
        kind = kinds[generator.integers(len(kinds), size=count)]
        position, base = (np.asarray(generator.integers(most, size=count)) for most in (length, 4))
        found = np.where((edits > made)[:, None], moved(found, kind, position, base), found)
    return found


def _survivors(codes: CodeBlock, values: Matrix, count: int) -> Counters:
    """The best `count`, different ones before copies, best first."""
    order = best_first(values)
    _, first = np.unique(codes[order], axis=0, return_index=True)
    copies = np.ones(len(order), bool)
    copies[first] = False
    return order[np.lexsort((np.arange(len(order)), copies))][:count]
