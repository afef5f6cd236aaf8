"""Occlusion, Shapley values, KernelSHAP and LIME, from their formulas, a feature or a coalition at a time."""

from itertools import combinations, product
from math import comb, exp, factorial, sqrt

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.chance import generator
from seqinterp.attribution.kernel_coalitions import drawn_coalitions
from seqinterp.attribution.sampled_shapley import permutations


def scores_of(model: nn.Module, rows: list[Tensor], index: int) -> list[float]:
    """Output `index` for each row."""
    with torch.no_grad():
        outputs = model(torch.stack(rows))
    return outputs.reshape(len(rows), -1)[:, index].tolist()


def places_as_groups(one: Tensor) -> Tensor:
    """Each place a group of all its channels."""
    groups = torch.zeros(one.shape, dtype=torch.long)
    places = one.shape[1:] if one.ndim > 1 else one.shape
    for number, place in enumerate(product(*map(range, places))):
        groups[(..., *place)] = number
    return groups


def worth_of(model, one, references, groups, index):
    """A function from a set of groups to the mean score of the mixtures in which only they are there."""
    known: dict[frozenset, float] = {}
    numbers = groups.flatten().tolist()

    def mixture(reference, there):
        keep = torch.tensor([group in there for group in numbers]).reshape(one.shape)
        return torch.where(keep, one, reference)

    def worth(coalitions):
        new = [there for there in dict.fromkeys(coalitions) if there not in known]
        for start in range(0, len(new), 512):
            part = new[start : start + 512]
            rows = [mixture(reference, there) for there in part for reference in references]
            scores = scores_of(model, rows, index)
            for number, there in enumerate(part):
                mine = scores[number * len(references) : (number + 1) * len(references)]
                known[there] = sum(mine) / len(mine)
        return [known[there] for there in coalitions]

    return worth


def spread(values: list[float], one: Tensor, groups: Tensor) -> Tensor:
    """Each group's value shared by its features that are present, by all of them where none is."""
    result = torch.zeros(one.numel(), dtype=one.dtype)
    x, g = one.reshape(-1), groups.reshape(-1)
    for group, value in enumerate(values):
        members = [i for i in range(len(x)) if g[i] == group]
        present = [i for i in members if x[i] != 0] or members
        for i in present:
            result[i] = value / len(present)
    return result.reshape(one.shape)


def explained(solve):
    """Make an oracle of a rule that gives the values of the groups of one example."""

    def oracle(model, inputs, index=0, *, groups=None, baseline=zeros, **options):
        results = []
        for one in inputs:
            chosen = places_as_groups(one) if groups is None else groups
            worth = worth_of(model, one, baseline(one[None])[0], chosen, index)
            values = solve(worth, int(chosen.max()) + 1, one, **options)
            results.append(spread(values, one, chosen))
        return torch.stack(results)

    return oracle


def subsets(things):
    """All subsets, small ones first."""
    return [frozenset(some) for size in range(len(things) + 1) for some in combinations(things, size)]


def exact_values(worth, count, one=None):
    """Shapley 1953: sum over S without i of |S|! (n - |S| - 1)! / n! (v(S + i) - v(S))."""
    worth(subsets(range(count)))
    values = []
    for group in range(count):
        total = 0.0
        for others in subsets([g for g in range(count) if g != group]):
            before, after = worth([others, others | {group}])
            total += factorial(len(others)) * factorial(count - len(others) - 1) / factorial(count) * (after - before)
        values.append(total)
    return values


def sampled_values(worth, count, one, *, draws=24, seed=0):
    """Castro et al. 2009: mean gain over orders."""
    values = [0.0] * count
    for order in permutations(count, draws, generator(seed, one, "shapley")).tolist():
        chain = worth([frozenset(order[:size]) for size in range(count + 1)])
        for step, group in enumerate(order):
            values[group] += (chain[step + 1] - chain[step]) / draws
    return values


def shapley_values(worth, count, one, *, draws=24, seed=0):
    """Exact up to twelve groups."""
    return exact_values(worth, count) if count <= 12 else sampled_values(worth, count, one, draws=draws, seed=seed)


def kernel_values(worth, count, one, *, draws=2048, seed=0):
    """Lundberg & Lee 2017, theorem 2: weighted least squares with a Lagrange multiplier for the sum."""
    if count <= 12:
        drawn = [some for some in subsets(range(count)) if 0 < len(some) < count]
        weights = [(count - 1) / (comb(count, len(some)) * len(some) * (count - len(some))) for some in drawn]
    else:
        rows, weights = drawn_coalitions(count, draws, generator(seed, one, "kernel_shap"))
        drawn, weights = [frozenset(row.nonzero().flatten().tolist()) for row in rows], weights.tolist()
    empty, full = worth([frozenset(), frozenset(range(count))])
    system, right = np.zeros((count + 1, count + 1)), np.zeros(count + 1)
    for some, weight, score in zip(drawn, weights, worth(drawn), strict=True):
        row = np.array([float(g in some) for g in range(count)])
        system[:count, :count] += weight * np.outer(row, row)
        right[:count] += weight * row * (score - empty)
    system[:count, count] = system[count, :count] = 1
    right[count] = full - empty
    return np.linalg.lstsq(system, right, rcond=1e-12)[0][:count].tolist()


def lime_values(worth, count, one, *, draws=1000, kernel_width=0.25, surrogate="ridge", alpha=0.001, seed=0):
    """Ribeiro et al. 2016, equation 1, with a ridge in closed form or a lasso by coordinate descent."""
    if 2**count <= draws:
        drawn = subsets(range(count))
    else:
        rows = torch.rand(draws, count, generator=generator(seed, one, "lime")) < 0.5
        drawn = [frozenset(row.nonzero().flatten().tolist()) for row in rows]
        drawn[0] = frozenset(range(count))
    weights = np.array([exp(-((1 - sqrt(len(some) / count)) ** 2) / (2 * kernel_width**2)) for some in drawn])
    weights /= weights.sum()
    masks = np.array([[float(g in some) for g in range(count)] for some in drawn])
    scores = np.array(worth(drawn))
    masks, scores = masks - weights @ masks, scores - weights @ scores
    if surrogate == "ridge":
        system = masks.T @ (weights[:, None] * masks) + alpha * np.eye(count)
        return np.linalg.solve(system, masks.T @ (weights * scores)).tolist()
    values = np.zeros(count)
    for _ in range(500):
        for group in range(count):
            rest = scores - masks @ values + masks[:, group] * values[group]
            pull = float(weights @ (masks[:, group] * rest))
            size = float(weights @ masks[:, group] ** 2)
            values[group] = np.sign(pull) * max(abs(pull) - alpha, 0.0) / size if size > 0 else 0.0
    return values.tolist()


def starts_of_windows(length, size, step):
    """Where windows start: one after another until one reaches the end."""
    starts = [0]
    while starts[-1] + size < length:
        starts.append(starts[-1] + step)
    return starts


def occlusion(model, inputs, index=0, *, window=1, stride=1, baseline=zeros):
    """Zeiler & Fergus 2014: the mean drop over the windows that cover a feature, window by window."""
    features = inputs.shape[1:]
    places = len(features) - 1 or 1
    sizes = [window] * places if isinstance(window, int) else list(window)
    steps = [stride] * places if isinstance(stride, int) else list(stride)
    if len(sizes) < len(features):
        sizes = [features[0], *sizes]
    if len(steps) < len(features):
        steps = [1, *steps]
    every = [starts_of_windows(*axis) for axis in zip(features, sizes, steps, strict=True)]
    total, cover = torch.zeros_like(inputs), torch.zeros_like(inputs)
    for example, one in enumerate(inputs):
        before = scores_of(model, [one], index)[0]
        references = baseline(one[None])[0]
        for corner in product(*every):
            where = tuple(slice(start, start + size) for start, size in zip(corner, sizes, strict=True))
            rows = [one.clone() for _ in references]
            for row, reference in zip(rows, references, strict=True):
                row[where] = reference[where]
            after = scores_of(model, rows, index)
            total[example][where] += before - sum(after) / len(after)
            cover[example][where] += 1
    return total / cover


exact_shapley = explained(exact_values)
sampled_shapley = explained(sampled_values)
shapley = explained(shapley_values)
kernel_shap = explained(kernel_values)
lime = explained(lime_values)

METHODS = {"occlusion": occlusion, "shapley": shapley, "kernel_shap": kernel_shap, "lime": lime}
