"""The coalitions of KernelSHAP and what each weighs (Lundberg & Lee 2017, arXiv:1705.07874, theorem 2)."""

from itertools import combinations
from math import comb

import torch
from torch import Tensor

from seqinterp.attribution.coalitions import every_coalition


def kernel(count: int) -> Tensor:
    """The Shapley kernel of a coalition by its size, `(count + 1,)`; 0 for none and all, which the constraint fixes."""
    inner = [(count - 1) / (comb(count, size) * size * (count - size)) for size in range(1, count)]
    return torch.tensor([0.0, *inner, 0.0], dtype=torch.float64)


def weighted_coalitions(count: int) -> tuple[Tensor, Tensor]:
    """All coalitions of `count` groups, `(coalitions, count)`, from none to all, and the weight of each."""
    coalitions = every_coalition(count)
    return coalitions, kernel(count)[coalitions.sum(dim=1)]


def drawn_coalitions(count: int, draws: int, chance: torch.Generator) -> tuple[Tensor, Tensor]:
    """None, `draws` coalitions (rounded up to an even number) and all, and weights that stand for the whole kernel.

    Where there are not so many, all there are. As in the shap package: the smallest coalitions and their complements
    weigh most, so every coalition of a size is taken as long as drawing would bring that many of them; the rest is
    drawn in proportion to the kernel, each coalition with its complement.
    """
    # A size and its complement together: the kernel times the number of such coalitions, and that number.
    sizes = range(1, count // 2 + 1)
    mass = {size: (1.0 if 2 * size == count else 2.0) / (size * (count - size)) for size in sizes}
    number = {size: comb(count, size) * (1 if 2 * size == count else 2) for size in sizes}
    left = draws + draws % 2
    rows: list[Tensor] = []
    weights: list[Tensor] = []
    for size in sizes:
        if left * mass[size] < number[size] * sum(mass.values()):
            break
        taken = _all_of_size(count, size)
        rows.append(taken)
        weights.append(torch.full((len(taken),), mass.pop(size) / number[size], dtype=torch.float64))
        left -= number[size]
    if mass:
        drawn = _pairs(count, mass, left // 2, chance)
        rows.append(drawn)
        weights.append(torch.full((len(drawn),), sum(mass.values()) / len(drawn), dtype=torch.float64))
    none, nothing = torch.zeros(1, count, dtype=torch.bool), torch.zeros(1, dtype=torch.float64)
    return torch.cat((none, *rows, ~none)), torch.cat((nothing, *weights, nothing))


def _all_of_size(count: int, size: int) -> Tensor:
    """Every coalition of `size` groups and every complement of one, each once."""
    members = torch.tensor(list(combinations(range(count), size)))
    rows = torch.zeros(len(members), count, dtype=torch.bool).scatter_(1, members, True)
    return rows if 2 * size == count else torch.cat((rows, ~rows))


def _pairs(count: int, mass: dict[int, float], pairs: int, chance: torch.Generator) -> Tensor:
    """Coalitions of a size drawn by `mass`, then the complement of each, `(2 * pairs, count)`."""
    odds = torch.tensor(list(mass.values()), dtype=torch.float64)
    sizes = torch.tensor(list(mass))[torch.multinomial(odds, pairs, replacement=True, generator=chance)]
    rank = torch.rand(pairs, count, generator=chance).argsort(dim=1).argsort(dim=1)
    rows = rank < sizes.unsqueeze(1)
    return torch.cat((rows, ~rows))
