"""Prototypes and criticisms: a few examples that stand for all, and those that they do not stand for (MMD-critic, Kim,
Khanna & Koyejo 2016, "Examples are not enough, learn to criticize!", NeurIPS 29).

Prototypes S are chosen one by one to maximise J(S) = 2 / (n |S|) sum_i sum_{j in S} k_ij - 1 / |S|^2 sum_{i, j in S}
k_ij, which is the squared maximum mean discrepancy of no prototypes less that of S. Criticisms C are then where the two
densities differ most, chosen one by one to maximise sum_{l in C} |w_l| + log det K_CC, with the witness w_l = mean_i
k_il - mean_{j in S} k_jl; the determinant keeps them apart.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqinterp.errors import InputError
from seqinterp.shapes import Kernel, Representations

FAR = -torch.inf
ALIKE = 1e-12  # of a variance beside what is chosen: below it an example is a copy of one


@dataclass(frozen=True, eq=False)
class Prototypes:
    """Examples by their numbers, in the order in which they were chosen, on the CPU.

    prototypes: `(count,)`. discrepancy: `(count,)`, the squared maximum mean discrepancy between the first 1, 2, ...
        prototypes and all examples. criticisms: `(criticisms,)`. witness: `(training,)`, above 0 where examples are
        denser than prototypes.
    """

    prototypes: Tensor
    discrepancy: Tensor
    criticisms: Tensor
    witness: Tensor


def gaussian_kernel(features: Representations, /, *, width: float | None = None) -> Kernel:
    """exp(-|u - v|^2 / (2 width^2)) of every two representations, double; None takes the median distance as width.

    Raises:
        InputError: a width that is not above 0, fewer than 2 examples, values that are not finite, or half or more of
            the examples alike, whose median distance is 0.
    """
    apart = distances(features)
    return kernel_of(apart, width=median_distance(apart) if width is None else width)


def distances(features: Representations, /) -> Kernel:
    """|u - v| of every two representations, each worked out by itself in double precision.

    Raises:
        InputError: fewer than 2 examples, or values that are not finite.
    """
    values = features.detach().to("cpu", torch.float64)
    if len(values) < 2 or not bool(torch.isfinite(values).all()):
        raise InputError("a kernel needs 2 representations or more, all of them finite")
    return torch.cdist(values, values, compute_mode="donot_use_mm_for_euclid_dist")


def median_distance(apart: Kernel, /) -> float:
    """The median over pairs of two, the width that is taken where none is given."""
    return float(apart[torch.triu(torch.ones_like(apart, dtype=torch.bool), diagonal=1)].median())


def kernel_of(apart: Kernel, /, *, width: float) -> Kernel:
    """The Gaussian kernel of distances; InputError for a width that is not above 0."""
    if not 0 < width < float("inf"):
        raise InputError(f"the width of a kernel must be above 0, but it is {width:g}; give one with width=")
    return torch.exp(-apart.square() / (2 * width**2))


def prototypes(kernel: Kernel, /, *, count: int = 5, criticisms: int = 5) -> Prototypes:
    """Choose prototypes, then criticisms that are none of them; of equally good ones the first.

    kernel: how alike every two examples are, as `gaussian_kernel` gives it; for one class give the rows and columns
        of its examples. Time and memory grow with the square of the examples.

    Raises:
        InputError: numbers of either that there are not, a kernel that is not symmetric or not finite, or no criticism
            left that is not a copy of another.
    """
    table = kernel.detach().to("cpu", torch.float64)
    if count < 1 or criticisms < 0 or count + criticisms > len(table):
        raise InputError(
            f"count must be 1 or more and criticisms 0 or more, {len(table)} together at most, not {count} and"
            f" {criticisms}"
        )
    if not bool(torch.isfinite(table).all()) or not torch.allclose(table, table.T):
        raise InputError("a kernel must be finite and symmetric")
    chosen, gains = _choose(table, count)
    witness = table.mean(dim=0) - table[chosen].mean(dim=0)
    return Prototypes(chosen, table.mean() - gains, _criticise(table, witness.abs(), chosen, criticisms), witness)


def _choose(table: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Greedily, with both sums kept: of S and one more they are sums so far and one column more."""
    density, own = table.mean(dim=0), table.diagonal()
    chosen: list[int] = []
    gains: list[float] = []
    cross, within, beside = 0.0, 0.0, torch.zeros(len(table), dtype=torch.float64)
    for size in range(1, count + 1):
        value = 2 * (cross + density) / size - (within + 2 * beside + own) / size**2
        value[chosen] = FAR
        best = int(value.argmax())
        gains.append(float(value[best]))
        cross, within = cross + float(density[best]), within + float(2 * beside[best] + own[best])
        beside = beside + table[best]
        chosen.append(best)
    return torch.tensor(chosen), torch.tensor(gains, dtype=torch.float64)


def _criticise(table: Tensor, size: Tensor, taken: Tensor, count: int) -> Tensor:
    """Greedily; one more example adds to log det K_CC the log of its variance given C, kept by Cholesky's rows."""
    left = table.diagonal().clone()
    rows = torch.zeros(count, len(table), dtype=torch.float64)
    free = torch.ones(len(table), dtype=torch.bool)
    free[taken] = False
    chosen: list[int] = []
    for step in range(count):
        value = torch.where(free & (left > ALIKE), size + left.clamp_min(ALIKE).log(), FAR)
        best = int(value.argmax())
        if value[best] == FAR:
            raise InputError(
                f"only {step} criticisms can be found, since all other examples are copies of them; ask for fewer"
            )
        row = (table[best] - rows[:step, best] @ rows[:step]) / left[best].sqrt()
        rows[step] = row
        left = left - row.square()
        free[best] = False
        chosen.append(best)
    return torch.tensor(chosen, dtype=torch.int64)
