"""Ways to look for sequences, written down one sequence at a time; a sequence is a list of codes 0..3."""

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

Value = Callable[[Sequence[int]], float]


def every_sequence(length: int) -> list[tuple[int, ...]]:
    return list(itertools.product(range(4), repeat=length))


def edited(codes: Sequence[int], kind: str, position: int, base: int) -> list[int]:
    """One edit; the length is kept at the right end."""
    codes = list(codes)
    if kind == "substitution":
        codes[position] = base
    elif kind == "insertion":
        codes = [*codes[:position], base, *codes[position:-1]]
    else:
        codes = [*codes[:position], *codes[position + 1 :], base]
    return codes


def beam(value: Value, start: Sequence[int], width: int, steps: int) -> tuple[list[int], list[float]]:
    """Keep the best `width` children of every round until the best of them is no better."""
    beams, best, line = [list(start)], list(start), [value(start)]
    for _ in range(steps):
        children = {
            tuple(edited(one, "substitution", p, b))
            for one in beams
            for p in range(len(start))
            for b in range(4)
            if one[p] != b
        }
        ranked = sorted(children, key=lambda one: -value(one))[:width]
        if value(ranked[0]) <= line[-1] + 1e-9:
            return best, line + [line[-1]] * (steps + 1 - len(line))
        beams, best = [list(one) for one in ranked], list(ranked[0])
        line.append(value(best))
    return best, line


def anneal(
    value: Value, start: Sequence[int], proposals: list[tuple[str, int, int]], chances: Sequence[float], first: float
) -> tuple[list[int], list[float]]:
    """Metropolis steps with T falling from `first` to a hundredth of it; the best of all is kept."""
    here, now = list(start), value(start)
    best, line = list(start), [now]
    for step, ((kind, position, base), chance) in enumerate(zip(proposals, chances, strict=True)):
        candidate = edited(here, kind, position, base)
        gain = value(candidate) - now
        cold = first * 0.01 ** (step / len(proposals))
        if gain > 1e-13 or chance < math.exp(min(gain, 0) / cold):
            here, now = candidate, now + gain
        if now > line[-1] and here != best:
            best = list(here)
        line.append(max(line[-1], now))
    return best, line


def insert_motif(value: Value, codes: Sequence[int], words: Sequence[Sequence[int]]) -> tuple[float, list[int]]:
    """The best of all words on both strands at all places."""
    tried = []
    for word in words:
        for strand in (list(word), [3 - base for base in reversed(word)]):
            for position in range(len(codes) - len(word) + 1):
                one = [*codes[:position], *strand, *codes[position + len(word) :]]
                tried.append((value(one), one))
    return max(tried, key=lambda pair: pair[0])


def front(values: np.ndarray) -> list[int]:
    """The candidates that no other one is as good as in everything and better than in something."""
    return [
        i
        for i, mine in enumerate(values)
        if not any((other >= mine).all() and (other > mine).any() for other in values)
    ]


def markov_bits(codes: Sequence[int], start: np.ndarray, transitions: np.ndarray, order: int) -> float:
    """Mean log2-likelihood of a base."""
    total, context = 0.0, 0
    for place, base in enumerate(codes):
        if place >= order:
            total += math.log2(transitions[context, base])
        context = (context * 4 + base) % len(transitions)
        if place == order - 1:
            total += math.log2(start[context])
    return total / len(codes)
